"""The demo's folder of pictures: written once, brought up to date after, never at the cost of anybody's own files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path, PurePosixPath

from ilk.demo.photographs import Found, find_photographs
from ilk.demo.recipes import Recipe, odd_recipes, photograph_recipes, scene_recipes
from ilk.errors import GalleryStorageError, InputError

MARKER = ".ilk-demo.json"
"""Makes a directory a demo folder: what ilk wrote into it, from what, and how large it was."""

CREDITS = "CREDITS.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What a demo folder holds after `gather`.

    Attributes
    ----------
    directory
        The folder.
    pictures
        The names of its pictures, below it, in the order they were made.
    written, unchanged, kept
        How many of these pictures were written now, were there already, and were left alone because somebody else
        made or changed a file of that name.
    missing
        A sentence for each package whose photographs are not to be had.
    """

    directory: Path
    pictures: tuple[str, ...]
    written: int
    unchanged: int
    kept: int
    missing: tuple[str, ...]


def gather(directory: Path) -> Gathered:
    """Write the demo's pictures into a directory: photographs, painted scenes, and a few odd files.

    A picture that is there already is not made again: a second call takes milliseconds, the first some ten seconds.

    Raises
    ------
    ilk.errors.InputError
        If the directory holds anything and is not a demo folder.
    ilk.errors.GalleryStorageError
        If it cannot be written.
    """
    try:
        shelf = _Shelf(directory)
        found, missing = find_photographs()
        recipes = list(chain(photograph_recipes(found), scene_recipes(), odd_recipes(found)))
        try:
            for recipe in recipes:
                shelf.put(recipe)
            shelf.put(Recipe(CREDITS, _credits(found), lambda: (_credits(found).encode(), None)))
        finally:
            shelf.save()
    except OSError as error:
        raise GalleryStorageError(
            f"The demo's pictures cannot be written to {directory}: {error.strerror}. Name another place for them."
        ) from error
    names = tuple(recipe.name for recipe in recipes)
    outcomes = [shelf.outcomes[name] for name in names]
    return Gathered(
        directory=directory,
        pictures=names,
        written=outcomes.count("written"),
        unchanged=outcomes.count("unchanged"),
        kept=outcomes.count("kept"),
        missing=tuple(missing),
    )


class _Shelf:
    """A directory that remembers what was put on it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.outcomes: dict[str, str] = {}
        marker = directory / MARKER
        if marker.is_file():
            self.known = _read_marker(marker)
        elif directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
            raise InputError(
                f"{directory} holds files that are not the demo's. Name a directory that is empty or does not exist."
            )
        else:
            self.known = {}
            directory.mkdir(parents=True, exist_ok=True)
            self.save()

    def put(self, recipe: Recipe) -> None:
        """Cook a recipe, unless its picture is there, or something else is in its place."""
        origin = self.known.get(recipe.name, (None, 0))[0]
        if self._is_somebody_elses(recipe.name):
            self.outcomes[recipe.name] = "kept"
        elif origin == recipe.origin and (self.directory / recipe.name).exists():
            self.outcomes[recipe.name] = "unchanged"
        else:
            data, caption = recipe.cook()
            if caption is not None:  # first, so that no picture is ever seen without its own
                beside = str(PurePosixPath(recipe.name).with_suffix(".txt"))
                if not self._is_somebody_elses(beside):
                    self._write(beside, recipe.origin, f"{caption}\n".encode())
            self._write(recipe.name, recipe.origin, data)
            self.outcomes[recipe.name] = "written"

    def _is_somebody_elses(self, name: str) -> bool:
        """Whether a file is there that is not the one that was written."""
        path = self.directory / name
        if not path.exists():
            return path.is_symlink()
        return name not in self.known or path.stat().st_size != self.known[name][1]

    def _write(self, name: str, origin: str, data: bytes) -> None:
        path = self.directory / name
        path.parent.mkdir(exist_ok=True)
        _replace(path, data)
        self.known[name] = (origin, len(data))

    def save(self) -> None:
        text = json.dumps({"made by": "ilk demo", "files": self.known}, indent=1, ensure_ascii=False)
        _replace(self.directory / MARKER, text.encode())


def _read_marker(marker: Path) -> dict[str, tuple[str, int]]:
    try:
        files = json.loads(marker.read_bytes())["files"]
        return {str(name): (str(origin), int(size_bytes)) for name, (origin, size_bytes) in files.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{marker} is not as the demo wrote it. Remove {marker.parent}, or name another.") from error


def _replace(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    beside = path.with_name(f".{path.name}.part")
    beside.write_bytes(data)
    beside.replace(path)


def _credits(found: list[Found]) -> str:
    return "".join(_credit_lines(found))


def _credit_lines(found: list[Found]) -> Iterator[str]:
    yield "The pictures in this folder\n===========================\n\n"
    yield "drawn/         painted by ilk itself (Apache-2.0)\n"
    yield "odd/           made by ilk from some of the photographs\n"
    yield "photographs/   copied out of installed packages, as follows\n"
    for each in found:
        photograph = each.photograph
        yield f"\n{photograph.name}.jpg: {photograph.caption}\n"
        yield f"    by {photograph.author}; {photograph.licence}; from {photograph.package} {each.version}\n"
