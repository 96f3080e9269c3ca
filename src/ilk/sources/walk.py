"""Goes through a folder, directory by directory, reading names only."""

from __future__ import annotations

import os
import stat
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TypeVar

from ilk.errors import PictureError
from ilk.pictures import SUFFIXES
from ilk.place import DATABASE
from ilk.sources import captions, ignore
from ilk.sources.ignore import Rules
from ilk.sources.names import escape

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """A directory to look into.

    Attributes
    ----------
    path
        Where it is.
    prefix
        What the ids of its pictures begin with.
    place
        Where it is for the rules: relative to where their paths start, with a ``/`` at the end or empty.
    rules
        Those of the directories above it, the deepest first.
    is_link
        Whether it is a link.
    linked
        Whether a link led here: this one, or one above it.
    """

    path: str
    prefix: str
    place: str
    rules: tuple[Rules, ...]
    is_link: bool = False
    linked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What is in a directory.

    Attributes
    ----------
    pictures
        Entries whose names say that they are pictures and no rule ignores, in no order. They may be links, and of any
        kind but directories.
    texts
        Files with captions, by name without ``.txt``.
    refusal
        Why the directory could not be read, as the end of a sentence; None if it was.
    """

    directory: Directory
    pictures: Sequence[os.DirEntry[str]] = ()
    texts: Mapping[str, os.DirEntry[str]] = field(default_factory=dict)
    refusal: str | None = None


@dataclass(slots=True, kw_only=True)
class Walk:
    """One way through a folder.

    Directories come in natural order, each before those in it, and what only links lead to at the end. A directory
    is looked into once, whatever leads to it, and under its own name if it has one in the folder; that also ends
    every circle of links. Links to directories that the folder is in lead nowhere.

    Attributes
    ----------
    top
        Where to begin.
    first, last
        Rules that are more, and less, important than those in the ignore files.
    prefixes
        Prefixes of ids for directories where they are not the one above and the name, by place.
    follow_symlinks
        Whether to look into directories that are links.
    complete
        Whether all directories so far could be read.
    empty
        Prefixes of the directories that have nothing in them.
    others
        How many files are not pictures, by suffix.
    passed_over
        How many pictures and directories were ignored.

    Notes
    -----
    One ``scandir`` and one ``stat`` for each directory; one ``stat`` for each link; none for other files.
    """

    top: Directory
    first: Rules
    last: Rules
    prefixes: Mapping[str, str]
    follow_symlinks: bool
    complete: bool = True
    empty: list[str] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    passed_over: int = 0

    _seen: set[tuple[int, int]] = field(default_factory=set)
    _links: deque[Directory] = field(default_factory=deque)

    def __iter__(self) -> Iterator[Contents]:
        """Go. Once."""
        self._see_directories_above()
        waiting = [self.top]
        while waiting or self._links:
            directory = waiting.pop() if waiting else self._links.popleft()
            below = list[Directory]()
            try:
                if not self._is_new(directory):
                    continue
                contents = self._look_into(directory, below)
            except OSError as error:
                contents = Contents(directory=directory, refusal=error.strerror or str(error))
            except PictureError as error:
                contents = Contents(directory=directory, refusal=str(error).rstrip("."))
            if contents is None:
                continue
            if contents.refusal is not None:
                self.complete = False
            yield contents
            below = natural(below, name=lambda each: os.path.basename(each.path))  # noqa: PTH119 -- as below
            waiting += [each for each in reversed(below) if not each.is_link]
            self._links += [each for each in below if each.is_link]

    def _see_directories_above(self) -> None:
        path = os.path.realpath(self.top.path)
        while (above := os.path.dirname(path)) != path:  # noqa: PTH120 -- a walk has paths by the thousand, as text
            path = above
            try:
                self._seen.add(_identity(path))
            except OSError:  # a link that leads there will not get further
                continue

    def _is_new(self, directory: Directory) -> bool:
        """Whether to look into a directory.

        Those that no link leads to are met once anyway; some file systems number several directories alike.
        """
        identity = _identity(directory.path)
        if directory.linked and identity in self._seen:
            return False
        self._seen.add(identity)
        return True

    def _look_into(self, directory: Directory, below: list[Directory]) -> Contents | None:
        """Read the names in a directory, and add the directories in it to `below`; None if it is a gallery."""
        with os.scandir(directory.path) as scan:
            entries = list(scan)
        if not entries:
            self.empty.append(directory.prefix)
        rules = list[Rules]()
        for entry in entries:
            if entry.name == DATABASE and directory is not self.top:
                return None
            if entry.name == ignore.FILE_NAME and not entry.is_dir(follow_symlinks=False):
                rules.append(ignore.read(entry.path, place=directory.place))
        by = (*rules, *directory.rules)
        decide = (self.first, *by, self.last)
        pictures, texts = list[os.DirEntry[str]](), dict[str, os.DirEntry[str]]()
        for entry in entries:
            if _leads_on(entry):
                self._note(entry, directory, by, decide, below)
                continue
            stem, suffix = os.path.splitext(entry.name)  # noqa: PTH122 -- as above
            suffix = suffix.lower()
            if suffix not in SUFFIXES:
                self.others[suffix] += 1
                if suffix == captions.SUFFIX and (entry.is_symlink() or entry.is_file()):
                    texts[stem] = entry
            elif ignore.ignored(directory.place + entry.name, entry.name, directory=False, by=decide):
                self.passed_over += 1
            else:
                pictures.append(entry)
        return Contents(directory=directory, pictures=pictures, texts=texts)

    def _note(
        self,
        entry: os.DirEntry[str],
        above: Directory,
        by: tuple[Rules, ...],
        decide: tuple[Rules, ...],
        below: list[Directory],
    ) -> None:
        """Note a directory, to be looked into later."""
        place = above.place + entry.name
        linked = entry.is_symlink()
        if (linked and not self.follow_symlinks) or ignore.ignored(place, entry.name, directory=True, by=decide):
            self.passed_over += 1
            return
        below.append(
            Directory(
                path=entry.path,
                prefix=self.prefixes.get(place, above.prefix + escape(entry.name) + "/"),
                place=place + "/",
                rules=by,
                is_link=linked,
                linked=linked or above.linked,
            )
        )


def natural(things: Iterable[T], *, name: Callable[[T], str]) -> list[T]:
    """Sort by name: img2 before img10, whatever the case of the letters; equals by their characters."""
    key = _natural_key()
    return sorted(things, key=lambda thing: (key(name(thing)), name(thing)))


@cache
def _natural_key() -> Callable[[str], tuple[int | str, ...]]:
    from natsort import natsort_keygen, ns

    return natsort_keygen(alg=ns.IGNORECASE)  # type: ignore[return-value]


def _identity(path: str) -> tuple[int, int]:
    """What tells a directory from all others, whatever it is called."""
    status = os.stat(path)  # noqa: PTH116 -- as above
    return status.st_dev, status.st_ino


def _leads_on(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a directory or leads to one.

    A link that leads nowhere may have led to a drive that is not there today. Without a suffix it is taken for such
    a link: it is reported, and what was known beneath it is kept.
    """
    if not entry.is_symlink():
        return entry.is_dir(follow_symlinks=False)
    try:
        return stat.S_ISDIR(entry.stat().st_mode)
    except OSError:
        return not os.path.splitext(entry.name)[1]  # noqa: PTH122 -- as above
