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
from ilk.errors import ItemNotFoundError, PictureError
from ilk.sources import names
from ilk.sources.archives.members import Break, Member, Reader
from ilk.sources.archives.opening import open_archive

MARK = "!/"

REMEMBERED_ARCHIVES = 4
"""Whose members' places are remembered, about 400 bytes each, for a page of pictures from the same ones."""


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
        If it cannot be read.
    ilk.errors.ItemNotFoundError
        If the archive has it no longer.

    Notes
    -----
    The first of an archive costs as much as listing it; others then cost a read, except in what gzip packed, where
    everything before it is unpacked each time.
    """
    path, name = archive_of(uri, base)
    reader = open_archive(path)
    if reader.packed:
        member = next((each for each in _pictures(reader) if each.name == name), None)
    else:
        member = _places(path, reader.volume.stamp).get(name)
    if member is None:
        raise ItemNotFoundError(f'There is no "{names.printable(name)}" in "{names.printable(str(path))}" any more.')
    limit = pictures.Limits().size_bytes
    if member.refusal is not None or member.size_bytes > limit:
        raise PictureError(f'"{names.printable(name)}" cannot be read from its archive.', code="unsupported")
    return reader.read([member])[0]


@lru_cache(maxsize=REMEMBERED_ARCHIVES)
def _places(path: Path, stamp: str) -> dict[str, Member]:  # noqa: ARG001 -- what is remembered ends with the stamp
    """Every picture of an archive, by name; of two with one name, the first, which has the plain id."""
    places = dict[str, Member]()
    for member in _pictures(open_archive(path)):
        places.setdefault(member.name, member)
    return places


def _pictures(reader: Reader) -> Iterator[Member]:
    for sample in reader:
        if not isinstance(sample, Break):
            yield from sample.pictures
