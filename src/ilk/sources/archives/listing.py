"""The pictures of archives, named as one gallery names them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ilk import pictures
from ilk.errors import PictureError, SourceError
from ilk.machine import usable_processors
from ilk.sources import names
from ilk.sources.archives import samples
from ilk.sources.archives.members import Break, Member, Reader, Sample
from ilk.sources.archives.opening import open_archive
from ilk.sources.archives.uris import Naming, uri_of
from ilk.sources.archives.zips import ZipReader
from ilk.sources.base import Entry, Payload

if TYPE_CHECKING:
    from ilk.sources.archives.source import Archive


class ArchiveListing:
    """The pictures of one archive, or of several; a `ilk.sources.base.Listing`.

    An archive that cannot be read to its end is an entry too, after the pictures that could: its id ends with ``!/``,
    and loading it says where it broke. `complete` is then False, so that nothing counts as gone.

    Notes
    -----
    One header for each member, nothing else: 40 microseconds a picture with a caption. Of what gzip packed,
    everything is unpacked to get from header to header, and once more where a picture is wanted.
    """

    scope = ""
    """It speaks for every item of its kind: those of just these archives."""

    def __init__(self, source: Archive, paths: list[Path], base: Path) -> None:
        self._source = source
        self._paths = paths
        self._base = base
        self._complete = False

    @property
    def kind(self) -> str:
        """``"archive:NAME"``, with the name or pattern of the archives, from the gallery's base."""
        return f"archive:{names.id_of(self._source.pattern, self._base)}"

    @property
    def complete(self) -> bool:
        """Whether the last iteration saw everything."""
        return self._complete

    @property
    def readers(self) -> int:
        """One for each processor: a disk answers sooner than a picture is decoded."""
        return usable_processors()

    def __iter__(self) -> Iterator[Entry]:
        """List the pictures, in the order in which they are in the archives.

        Raises
        ------
        ilk.errors.SourceError
            If there is no picture in them, or the only one is no archive.
        """
        self._complete = False
        complete, found = True, 0
        for path in self._paths:
            id_ = names.id_of(path, self._base)
            try:
                reader = open_archive(path)
            except PictureError as error:
                if len(self._paths) == 1:
                    raise SourceError(names.printable(str(error))) from error
                complete = False
                yield _broken(id_, Break(str(error), error.code), stamp=pictures.UNREADABLE)
                continue
            naming = Naming()
            for sample in reader:
                if isinstance(sample, Break):
                    if len(self._paths) == 1 and not naming.count:
                        raise SourceError(names.printable(sample.message))
                    complete = False
                    refused = sample.code == pictures.UNREADABLE
                    stamp = pictures.UNREADABLE if refused else reader.volume.stamp
                    yield _broken(id_, sample, stamp=stamp)
                    continue
                for picture in sample.pictures:
                    yield self._entry(reader, sample, picture, uri=uri_of(id_, naming.name_of(picture)))
            found += naming.count
        if not found and complete:
            raise SourceError(
                f'There is no picture in "{names.printable(str(self._source.pattern))}". Pictures are known by the '
                "suffixes of their names, such as .jpg."
            )
        self._complete = complete

    def count(self) -> int | None:
        """How many pictures there are; None for tars and long zips, which would have to be read."""
        total = 0
        for path in self._paths:
            try:
                reader = open_archive(path)
                found = reader.count() if isinstance(reader, ZipReader) else None
                if found is None:
                    return None
                total += found
            except PictureError:
                total += 1
        return total

    def holds(self, uri: str) -> bool:
        """Whether a picture is still there, as far as the archive that it is in is.

        An archive counts as gone only if the directory it was in is still there: with the directory a whole drive may
        be missing, and come back tomorrow.
        """
        path = names.path_of(uri.partition("!/")[0], self._base)
        return path.exists() or not path.parent.is_dir()

    def _entry(self, reader: Reader, sample: Sample, picture: Member, *, uri: str) -> Entry:
        stamp = samples.stamp_of(sample, picture)
        if self._source.caption is not None:
            stamp += f"|{','.join(self._source.caption)}"
        load = samples.Load(reader, sample, picture, self._source.caption)
        return Entry(id=uri, uri=uri, stamp=stamp, load=load)


def _broken(archive: str, found: Break, *, stamp: str) -> Entry:
    """What stands for the rest of an archive."""
    uri = uri_of(archive, "")
    return Entry(id=uri, uri=uri, stamp=stamp, load=partial(_refuse, names.printable(found.message), found.code))


def _refuse(message: str, code: str) -> Payload:
    raise PictureError(message, code=code)
