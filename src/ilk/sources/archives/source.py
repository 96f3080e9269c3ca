"""Archives of pictures, as a source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ilk.sources import names
from ilk.sources.archives.listing import ArchiveListing
from ilk.sources.archives.shards import shards_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """The pictures in a tar, a zip, or in several; make one with `archive`.

    Attributes
    ----------
    pattern
        The file, or which files.
    caption
        As in `archive`.
    """

    pattern: str
    caption: tuple[str, ...] | None = None

    @property
    def top(self) -> Path:
        """The directory that the first of them is in; absolute."""
        return shards_of(self.pattern)[0].parent

    def listing(self, base: Path) -> ArchiveListing:
        """List them for a gallery whose pictures' paths are relative to `base`, an absolute directory.

        Raises
        ------
        ilk.errors.SourceError
            If there is no such archive.
        """
        return ArchiveListing(self, shards_of(self.pattern), base)


def archive(path: str | Path, *, caption: str | Sequence[str] | None = None) -> Archive:
    """Archives of pictures to add to a gallery: webdatasets, tars and zips as people pack them.

    In a tar, members whose names agree up to the first dot belong together: ``0042.jpg``, its captions in
    ``0042.txt`` (one a line), its metadata in ``0042.json``, its class in ``0042.cls``. They should stand together:
    of a tar within 4,096 members, of one that gzip packed within 256. In a zip, captions stand beside a picture
    anywhere, or in a ``metadata.csv`` or ``metadata.jsonl`` with a column ``file_name``. Hidden members are passed
    over. Pictures that are links, sparse or encrypted are reported as failures.

    A picture's id is the archive's path from the gallery's place, ``!/``, and the member's name; one that has a name
    for the second time in an archive gets ``#`` and its number there after it.

    Parameters
    ----------
    path
        Of a ``.tar``, ``.tar.gz`` or ``.zip``; or of several, as ``train-{000..007}.tar`` or ``train-*.tar``. What a
        file is, its bytes say.
    caption
        The fields of the metadata that are captions; by default those that are called so. The others are kept.
    """
    return Archive(
        pattern=str(names.absolute(path)) if isinstance(path, Path) else path,
        caption=(caption,) if isinstance(caption, str) else None if caption is None else tuple(caption),
    )
