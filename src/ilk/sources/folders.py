"""A folder of pictures, as a source."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ilk.errors import SourceError
from ilk.sources import names
from ilk.sources.listings import FileListing, FolderListing


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """The pictures in a folder and in those below it; make one with `folder`.

    A file is chosen by its suffix, in any case (`ilk.pictures.SUFFIXES`): listing opens nothing, which would take a
    round trip each on a network drive and much longer on tapes and clouds. Files without a suffix are therefore left
    out, and a picture with the suffix of another format is in: what it is its bytes say when it is read. A file that
    is named itself, instead of a folder, is taken whatever its name.

    Attributes
    ----------
    path
        The folder, or one file.
    hidden, follow_symlinks, ignore
        As in `folder`.
    """

    path: Path
    hidden: bool = False
    follow_symlinks: bool = True
    ignore: tuple[str, ...] = ()

    @property
    def top(self) -> Path:
        """The folder, or the one that the file is in; absolute."""
        path = names.absolute(self.path)
        return path.parent if os.path.isfile(path) else path  # noqa: PTH113 -- pathlib may raise, and `listing` explains

    def listing(self, base: Path) -> FolderListing | FileListing:
        """List it for a gallery whose pictures' paths are relative to `base`, an absolute directory.

        Raises
        ------
        ilk.errors.SourceError
            If there is no such folder, or a pattern cannot be read.
        """
        path = names.absolute(self.path)
        try:
            mode = path.stat().st_mode
        except (OSError, ValueError) as error:  # ValueError: a name with a NUL in it
            if isinstance(error, OSError) and not isinstance(error, FileNotFoundError | NotADirectoryError):
                raise SourceError(f'"{path}" cannot be read: {error.strerror}.') from error
            raise SourceError(f'There is no folder "{path}". A name with spaces in it needs quotes.') from error
        if stat.S_ISDIR(mode):
            return FolderListing(self, path, base)
        if stat.S_ISREG(mode):
            return FileListing(path, base)
        raise SourceError(f'"{path}" is neither a folder nor a file. Name a folder with pictures, or a picture.')


def folder(
    path: str | Path, *, hidden: bool = False, follow_symlinks: bool = True, ignore: str | Sequence[str] = ()
) -> Folder:
    """A folder of pictures, or one picture, to add to a gallery.

    Parameters
    ----------
    path
        Of the folder; ``~`` is understood.
    hidden
        Whether to list hidden files, and those in hidden directories.
    follow_symlinks
        Whether to look into directories that are links. Each real directory is looked into once. Links to files are
        pictures in any case.
    ignore
        Patterns of gitignore, relative to the folder, that win over those in ``.ilkignore`` files. These may be in
        any directory from the gallery's down; `ilk.sources.excludes` has what is passed over everywhere.
    """
    return Folder(
        path=Path(path),
        hidden=hidden,
        follow_symlinks=follow_symlinks,
        ignore=(ignore,) if isinstance(ignore, str) else tuple(ignore),
    )
