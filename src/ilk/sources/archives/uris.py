"""How a picture in an archive is called, and how it is found again.

::

    shards/train-003.tar!/birds/0042.jpg      the archive, from the gallery's base; ``!/``; the member

The archive's name comes first, so equal names in two shards stay apart; and it is relative, so gallery and archives
can be moved together.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from ilk import pictures
from ilk.errors import PictureError
from ilk.sources import names
from ilk.sources.archives.members import Break, Member, Reader
from ilk.sources.archives.opening import open_archive
from ilk.sources.tables.seen import Seen

MARK = "!/"

REMEMBERED_ARCHIVES = 4
"""Whose members' places are remembered, about 400 bytes each, for a page of pictures from the same ones."""


class Naming:
    """Calls the pictures of one archive, from front to back.

    Each by its name. One that comes again, as in a tar that was added to, gets ``#`` and its number as well.

    Attributes
    ----------
    count
        How many were called.
    """

    def __init__(self) -> None:
        self.count = 0
        self._seen = Seen()

    def name_of(self, picture: Member) -> str:
        """What the next one is called."""
        self.count += 1
        return picture.name if self._seen.add(picture.name) else f"{picture.name}#{self.count}"


def uri_of(archive: str, member: str) -> str:
    """The uri of a member, as text; `archive` is the id that the archive's file would have."""
    return archive + MARK + names.escape(member)


def is_member(uri: str) -> bool:
    """Whether a uri may be of something in an archive."""
    return MARK in uri


def archive_of(uri: str, base: Path) -> tuple[Path, str]:
    """The archive that a uri is about, and the member's name in it.

    Directories may have the mark in their names too: it is the first one that ends the name of a file, if any does.
    """
    parts = uri.split(MARK)
    for count in range(1, len(parts)):
        path = names.path_of(MARK.join(parts[:count]), base)
        if path.is_file() or count == len(parts) - 1:
            break
    return path, names.unescape(MARK.join(parts[count:]))


def open_member(uri: str, base: Path) -> bytes:
    """The bytes of a picture in an archive.

    Parameters
    ----------
    uri
        As the item has it.
    base
        The gallery's.

    Raises
    ------
    ilk.errors.PictureError
        If it cannot be read, or the archive has it no longer.

    Notes
    -----
    The first of an archive costs as much as listing it; others then cost a read, except in what gzip packed, where
    everything before it is unpacked each time.
    """
    path, name = archive_of(uri, base)
    reader = open_archive(path)
    if reader.packed:
        member = next((each for called, each in called_pictures(reader) if called == name), None)
    else:
        member = _places(path, reader.volume.stamp).get(name)
    if member is None:
        raise PictureError(
            f'There is no "{names.printable(name)}" in "{names.printable(str(path))}" any more.',
            code=pictures.UNREADABLE,
        )
    limit = pictures.Limits().size_bytes
    if member.refusal is not None or member.size_bytes > limit:
        raise PictureError(f'"{names.printable(name)}" cannot be read from its archive.', code="unsupported")
    return reader.read([member])[0]


@lru_cache(maxsize=REMEMBERED_ARCHIVES)
def _places(path: Path, stamp: str) -> dict[str, Member]:  # noqa: ARG001 -- what is remembered ends with the stamp
    """Every picture of an archive, by what it is called."""
    return dict(called_pictures(open_archive(path)))


def called_pictures(reader: Reader) -> Iterator[tuple[str, Member]]:
    """The pictures of an archive, and what they are called."""
    naming = Naming()
    for sample in reader:
        if not isinstance(sample, Break):
            for picture in sample.pictures:
                yield naming.name_of(picture), picture
