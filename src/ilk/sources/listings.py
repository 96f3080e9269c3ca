"""The pictures of a folder, or of one file, named as one gallery names them."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ilk.errors import EmptySourceError, PictureError, SourceError
from ilk.machine import usable_processors
from ilk.sources import entries, ignore, names
from ilk.sources.base import Entry
from ilk.sources.ignore import Rules
from ilk.sources.walk import Directory, Walk

if TYPE_CHECKING:
    from ilk.sources.folders import Folder

INSIDE = "folder"
OUTSIDE = "folder-outside"
NAMED = "file"
"""Kinds of items: of a folder in the gallery's base, of one elsewhere, and of a file that was named itself. The scope
of the base is empty, so it would otherwise speak for the pictures of every other folder too, and for hidden ones that
somebody named, and have them removed."""

SEEN_SUFFIXES = 5
"""How many are named when there is no picture."""


class FolderListing:
    """The pictures of one folder, named as one gallery names them; a `ilk.sources.base.Listing`.

    A directory that cannot be read, other than the folder itself, is an entry too: its id ends with ``/``, and loading
    it gives the reason. So it is reported like any failure, and `complete` is False.

    Notes
    -----
    One ``stat`` for each picture, one more for each file with captions. Sorting by natural order costs 13 microseconds
    a name, and keeps the names of one directory at a time in memory.
    """

    def __init__(self, source: Folder, path: Path, base: Path) -> None:
        self._source = source
        self._path = path
        self._base = base
        self._prefix = names.prefix_of(path, base)
        parts = self._prefix.split("/")[:-1]
        self._ups = len(parts) if set(parts) == {".."} else 0  # how far above the base the folder is
        self._complete = False
        self._empty: tuple[str, ...] = ()
        # What is asked for is never a comment: "#recycle" is a folder of a Synology.
        asked = (f"\\{pattern}" if pattern.startswith("#") else pattern for pattern in source.ignore)
        self._first = ignore.parse(asked, place=self._place, origin="what was asked to be ignored")
        self._last = ignore.default_rules(hidden=source.hidden)

    @property
    def kind(self) -> str:
        """``"folder"``, or ``"folder-outside"`` if it is not in the gallery's base."""
        return INSIDE if names.is_inside(self._prefix) else OUTSIDE

    @property
    def scope(self) -> str | None:
        """The prefix of the ids in this folder; None if other folders' ids may begin the same."""
        return None if self._ups else self._prefix

    @property
    def kinds(self) -> frozenset[str]:
        """Its own, and that of files that were named themselves."""
        return frozenset({self.kind, NAMED})

    @property
    def empty(self) -> tuple[str, ...]:
        """The prefixes of directories without anything in them, as of the last iteration."""
        return self._empty

    @property
    def readers(self) -> int:
        """One for each processor: a disk answers sooner than a picture is decoded."""
        return usable_processors()

    @property
    def complete(self) -> bool:
        """Whether the last iteration saw everything."""
        return self._complete

    def __iter__(self) -> Iterator[Entry]:
        """List the pictures: of each directory in natural order, then of the directories in it.

        Raises
        ------
        ilk.errors.EmptySourceError
            If there is no picture.
        ilk.errors.SourceError
            If the folder cannot be read, or an ignore file has a line that is no pattern.
        """
        self._complete, self._empty = False, ()
        walk = self._walk()
        found = False
        for contents in walk:
            if contents.refusal is not None and contents.directory is walk.top:
                raise SourceError(f'The folder "{self._path}" cannot be read: {contents.refusal}.')
            for entry in entries.list_entries(contents):
                found = True
                yield entry
        self._complete, self._empty = walk.complete, tuple(walk.empty)
        if not found:
            raise EmptySourceError(self._nothing_found(walk))

    def count(self) -> int:
        """How many entries there are, by names alone: no ``stat`` and no sorting of files."""
        return sum(len(contents.pictures) + (contents.refusal is not None) for contents in self._walk())

    def holds(self, uri: str) -> bool:
        """Whether a picture is still there.

        Elsewhere than in this folder, a file counts as gone only if the directory it was in is still there: with
        the directory a whole drive may be missing, and come back tomorrow.
        """
        speaks_for = self.scope is not None and uri.startswith(self.scope)
        return _holds(names.path_of(uri, self._base), speaks_for_it=speaks_for)

    @property
    def _place(self) -> str:
        """Where the folder is for the rules: those of ignore files above it count as far up as the gallery is."""
        return names.unescape(self._prefix) if names.is_inside(self._prefix) else ""

    def _walk(self) -> Walk:
        top = Directory(path=str(self._path), prefix=self._prefix, place=self._place, rules=self._rules_above())
        return Walk(
            top=top,
            first=self._first,
            last=self._last,
            prefixes=self._prefixes_to_base(),
            follow_symlinks=self._source.follow_symlinks,
        )

    def _rules_above(self) -> tuple[Rules, ...]:
        """Those of the ignore files from the base down to the folder, without its own; the deepest first."""
        rules = list[Rules]()
        place = ""
        for part in Path(self._place).parts:
            path = self._base / place / ignore.FILE_NAME
            if os.path.lexists(path) and not path.is_dir():
                try:
                    rules.append(ignore.read(str(path), place=place))
                except PictureError as error:
                    raise SourceError(str(error)) from error
            place += part + "/"
        return tuple(reversed(rules))

    def _prefixes_to_base(self) -> dict[str, str]:
        """The prefixes of the directories from the folder down to the base, if that is below it."""
        way = Path(os.path.realpath(self._base)).parts[-self._ups :]
        return {"/".join(way[:depth]): names.UP * (self._ups - depth) for depth in range(1, self._ups + 1)}

    def _nothing_found(self, walk: Walk) -> str:
        message = f'There is no picture in "{self._path}".'
        if walk.others:
            message += f" The files there are {_listed(walk.others)}."
        if walk.passed_over:
            message += (
                f" Pictures and folders that were passed over because they are hidden or ignored: {walk.passed_over:,}."
            )
        return f"{message} Name a folder with pictures."


class FileListing:
    """One picture that was named itself; a `ilk.sources.base.Listing`. No rule and no suffix keeps it out."""

    scope = None
    """It says of nothing else that it is gone."""

    complete = True
    readers = 1
    kind = NAMED
    kinds = frozenset({NAMED, INSIDE, OUTSIDE})
    empty = ()

    def __init__(self, path: Path, base: Path) -> None:
        self._path = path
        self._base = base
        self._id = names.id_of(path, base)

    def __iter__(self) -> Iterator[Entry]:
        """The one entry."""
        try:
            yield entries.file_entry(self._path, self._id)
        except OSError as error:
            raise SourceError(f'"{self._path}" cannot be read: {error.strerror}.') from error

    def count(self) -> int:
        """One."""
        return 1

    def holds(self, uri: str) -> bool:
        """Whether a picture is still there, as far as can be told."""
        return _holds(names.path_of(uri, self._base), speaks_for_it=False)


def _holds(path: Path, *, speaks_for_it: bool) -> bool:
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return not speaks_for_it and not path.parent.is_dir()
    except OSError:  # it cannot be told
        return True
    return stat.S_ISREG(mode) or stat.S_ISLNK(mode)


def _listed(suffixes: Counter[str]) -> str:
    """The most frequent suffixes in words: ``12 .mov, 3 .txt, 1 without a suffix, 7 others``."""
    most = sorted(suffixes.items(), key=lambda pair: (-pair[1], pair[0]))[:SEEN_SUFFIXES]
    said = [f"{number:,} {suffix or 'without a suffix'}" for suffix, number in most]
    rest = suffixes.total() - sum(number for _, number in most)
    return ", ".join(said + ([f"{rest:,} others"] if rest else []))
