"""Where a gallery is: the one rule that turns what a person names into a gallery's directory.

::

    photos/            the base: paths in the gallery are relative to it
    ├── .ilk/          the gallery: gallery.sqlite and what is derived from it
    ├── beach.jpg      id "beach.jpg"
    └── 2024/a.jpg     id "2024/a.jpg"
"""

from __future__ import annotations

import os
from pathlib import Path

from ilk.errors import GalleryNotFoundError

DIRECTORY = ".ilk"
DATABASE = "gallery.sqlite"


def gallery_directory(named: str | Path) -> Path:
    """The gallery's own directory, absolute, from that name or from the name of the directory that has it.

    ``photos/.ilk``, ``trips.ilk`` and any directory with a gallery's database in it are the gallery itself; of
    any other directory it is ``.ilk`` inside.

    Raises
    ------
    GalleryNotFoundError
        If the name is relative and the working directory was deleted.
    """
    path = _absolute(named)
    if path.name.endswith(DIRECTORY) or _has_database(path):
        return path
    return path / DIRECTORY


def find_gallery(start: str | Path) -> Path | None:
    """The gallery in this directory or the nearest one above it, as git finds its own; None if there is none.

    One that may not be read is passed over: it is somebody else's.

    Raises
    ------
    GalleryNotFoundError
        If the name is relative and the working directory was deleted.
    """
    here = _absolute(start)
    for directory in (here, *here.parents):
        if _has_database(directory / DIRECTORY):
            return directory / DIRECTORY
    return None


def existing_gallery(named: str | Path | None) -> Path:
    """The directory of a gallery that is there: the one named, or the nearest one above the working directory.

    Raises
    ------
    GalleryNotFoundError
        If there is none.
    """
    if named is None:
        here = _absolute(os.curdir)
        found = find_gallery(here)
        if found is None:
            raise GalleryNotFoundError(
                f"There is no gallery in {here} or above it. Make one with `ilk index FOLDER`, "
                "or say where it is with --gallery."
            )
        return found
    directory = gallery_directory(named)
    if not _has_database(directory):
        raise GalleryNotFoundError(f"There is no gallery at {directory}. Make one with `ilk index FOLDER`.")
    return directory


def _has_database(directory: Path) -> bool:
    """False too where it may not be looked, or where no file can be; ``Path.is_file`` raises there."""
    return os.path.isfile(directory / DATABASE)  # noqa: PTH113 -- see above


def _absolute(named: str | Path) -> Path:
    """Absolute, with ``~`` for the home of a user unless a file really has that name."""
    path = os.fspath(named)
    if not os.path.lexists(path):
        path = os.path.expanduser(path)  # noqa: PTH111 -- leaves an unknown user as it is, where Path raises
    try:
        return Path(path).absolute()
    except FileNotFoundError as error:
        raise GalleryNotFoundError("The working directory was deleted: change to one that is there.") from error
