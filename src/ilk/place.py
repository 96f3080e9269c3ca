"""Where a gallery is: the one rule that turns what a person names into a gallery's directory.

::

    photos/            the base: paths in the gallery are relative to it
    ├── .ilk/          the gallery: gallery.sqlite and what is derived from it
    ├── beach.jpg      id "beach.jpg"
    └── 2024/a.jpg     id "2024/a.jpg"
"""

from __future__ import annotations

from pathlib import Path

from ilk.errors import GalleryNotFoundError

DIRECTORY = ".ilk"
DATABASE = "gallery.sqlite"


def gallery_directory(named: str | Path) -> Path:
    """The gallery's own directory, absolute, from that name or from the name of the directory that has it.

    ``photos/.ilk``, ``trips.ilk`` and any directory with a gallery's database in it are the gallery itself; of
    any other directory it is ``.ilk`` inside.
    """
    path = Path(named).expanduser().absolute()
    if path.name.endswith(DIRECTORY) or (path / DATABASE).is_file():
        return path
    return path / DIRECTORY


def find_gallery(start: str | Path) -> Path | None:
    """The gallery in this directory or the nearest one above it, as git finds its own; None if there is none."""
    here = Path(start).expanduser().absolute()
    for directory in (here, *here.parents):
        if (directory / DIRECTORY / DATABASE).is_file():
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
        found = find_gallery(Path.cwd())
        if found is None:
            raise GalleryNotFoundError(
                f"There is no gallery in {Path.cwd()} or above it. Make one with `ilk index FOLDER`, "
                "or say where it is with --gallery."
            )
        return found
    directory = gallery_directory(named)
    if not (directory / DATABASE).is_file():
        raise GalleryNotFoundError(f"There is no gallery at {directory}. Make one with `ilk index FOLDER`.")
    return directory
