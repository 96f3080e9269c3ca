"""Which paths are passed over: the rules of gitignore, as git applies them while it walks.

pathspec reads the patterns. Git's order of precedence is kept here: a later line wins over an earlier one, a deeper
file over a higher one, and what a directory's exclusion hides cannot be brought back from inside, because nothing
inside is ever looked at. Compared with git itself in ``tests/sources/test_ignore.py``. Unlike in git, ``?`` stands
for one character rather than one byte, a ``/`` between brackets is no part of them, and ``[:classes:]`` are refused.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ilk import pictures
from ilk.errors import PictureError, SourceError
from ilk.sources.excludes import EXCLUDES, HIDDEN

if TYPE_CHECKING:
    from pathspec.pattern import RegexPattern

FILE_NAME = ".ilkignore"

MAX_FILE_BYTES = 2**20
"""Of an ignore file. Written by people, they have a few lines."""

_NO_LINE_BREAK = "\uffff"
"""Stands in for a line break in a name: no line of a file can contain one, and pathspec's wildcards shy away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One pattern.

    Attributes
    ----------
    ignores
        False for a pattern with ``!``, which takes back.
    for_directories
        Whether it ended in ``/`` and matches nothing else.
    for_names
        Whether it had no other ``/`` and is compared with the last name of a path only.
    slashes
        How many ``/`` there are in a path that can match; None if ``**`` makes that any number.
    """

    pattern: RegexPattern
    ignores: bool
    for_directories: bool
    for_names: bool
    slashes: int | None

    def matches(self, path: str, name: str) -> bool:
        """Whether it matches this very path, rather than one of the directories it is in."""
        if self.for_names:
            return self.pattern.match_file(name) is not None
        if self.slashes is not None and self.slashes != path.count("/"):
            return False
        found = self.pattern.match_file(path)
        # pathspec has a group in its expressions that takes part when the match ends at a directory on the way.
        return found is not None and found.match.lastgroup is None


@dataclass(frozen=True, slots=True)
class Rules:
    """The patterns of one file, the most important first.

    Attributes
    ----------
    place
        The directory they are relative to, itself relative to where the walk's paths start: empty, or with ``/`` at
        the end.
    """

    place: str
    for_files: tuple[Rule, ...]
    for_directories: tuple[Rule, ...]

    def verdict(self, path: str, name: str, *, directory: bool) -> bool | None:
        """Whether a path is to be passed over; None if no pattern matches."""
        below = path[len(self.place) :]
        for rule in self.for_directories if directory else self.for_files:
            if rule.matches(below, name):
                return rule.ignores
        return None


def ignored(path: str, name: str, *, directory: bool, by: tuple[Rules, ...]) -> bool:
    """Whether a path is to be passed over.

    Parameters
    ----------
    path
        Relative to where the walk's paths start, with ``/`` between names and none at the end.
    name
        The last of its names.
    by
        Rules, the most important first, of places that the path is in.
    """
    if "\n" in path:
        path, name = path.replace("\n", _NO_LINE_BREAK), name.replace("\n", _NO_LINE_BREAK)
    for rules in by:
        verdict = rules.verdict(path, name, directory=directory)
        if verdict is not None:
            return verdict
    return False


@cache
def default_rules(*, hidden: bool) -> Rules:
    """Those of `ilk.sources.excludes`."""
    return parse((*(() if hidden else (HIDDEN,)), *EXCLUDES), place="", origin="ilk")


def read(path: str, *, place: str) -> Rules:
    """The rules in an ignore file.

    Raises
    ------
    ilk.errors.PictureError
        With the code ``"unreadable"`` or ``"too-many-bytes"``, if the file cannot be read.
    ilk.errors.SourceError
        If there is a line in it that is no pattern.
    """
    try:
        data = pictures.read(Path(path), limits=pictures.Limits(size_bytes=MAX_FILE_BYTES))
    except PictureError as error:
        if error.code != "empty":
            raise
        data = b""
    # Decoded as names are, so that a pattern matches a name of the same bytes, whatever those mean.
    text = os.fsdecode(data.removeprefix(b"\xef\xbb\xbf"))
    return parse(text.split("\n"), place=place, origin=path)


def parse(lines: Iterable[str], *, place: str, origin: str) -> Rules:
    """Read the lines of an ignore file.

    Parameters
    ----------
    origin
        Where they stand, for messages.

    Raises
    ------
    ilk.errors.SourceError
        If one is no pattern.
    """
    rules = list[Rule]()
    for number, line in enumerate(lines, start=1):
        try:
            rule = _rule(line)
        except (ValueError, re.error) as error:
            raise SourceError(
                f'The pattern "{line.strip()}" cannot be read (line {number} of {origin}). Patterns are those of '
                "gitignore, without [:classes:]."
            ) from error
        if rule is not None:
            rules.append(rule)
    rules.reverse()
    return Rules(place, tuple(rule for rule in rules if not rule.for_directories), tuple(rules))


def _rule(line: str) -> Rule | None:
    """The rule on a line; None if there is none."""
    from pathspec import GitIgnoreSpec

    line = line.removesuffix("\r")
    text = line.rstrip(" ")
    if text.endswith("\\") and len(text) < len(line):
        text += " "  # an escaped blank belongs to the pattern
    if "[:" in text and ":]" in text and not text.startswith("#"):
        raise ValueError("classes of characters are beyond pathspec")
    for_directories = text.endswith("/")
    if for_directories:
        text = text[:-1]
        if text.endswith(" ") and not text.endswith("\\ "):
            text = text[:-1] + "\\ "  # blanks before the slash belong to it too, and pathspec would drop them
    body = text.removeprefix("!")
    if not body:  # blank, "/" or "!", which git passes over
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # brackets in brackets may come to mean something else
        pattern = GitIgnoreSpec.from_lines([text]).patterns[0]
    if pattern.include is None:
        return None
    return Rule(
        pattern=pattern,
        ignores=pattern.include,
        for_directories=for_directories,
        for_names="/" not in body,
        slashes=None if "**" in body else body.removeprefix("/").count("/"),
    )
