"""Patterns of paths: ``*`` stands for any characters, slashes too, and ``?`` for one. Nothing else is special."""

from __future__ import annotations

from ilk.errors import FilterError

MAX_STARS = 8
"""In one pattern: SQLite's time to compare grows with each."""

MAX_CHARACTERS = 1_000
"""Of one pattern."""


def checked_pattern(pattern: str) -> str:
    """A pattern, once it is sure to be compared quickly. Stars beside each other are one.

    Raises
    ------
    FilterError
        If it has too many stars, or is too long.
    """
    while "**" in pattern:
        pattern = pattern.replace("**", "*")
    if pattern.count("*") > MAX_STARS or len(pattern) > MAX_CHARACTERS:
        raise FilterError(
            f"A pattern has at most {MAX_STARS} stars and {MAX_CHARACTERS:,} characters; this one has "
            f"{pattern.count('*')} and {len(pattern):,}."
        )
    return pattern


def fits(text: str, pattern: str) -> bool:
    """Whether a whole text fits a pattern, case and all. Cost: length of the text times that of the pattern.

    >>> fits("2019/norway/fjord.jpg", "2019/*.jpg")
    True
    """
    at = star = 0
    place, retry = 0, -1
    while at < len(text):
        if place < len(pattern) and pattern[place] == "*":
            star, retry, place = place, at, place + 1
        elif place < len(pattern) and pattern[place] in {"?", text[at]}:
            at, place = at + 1, place + 1
        elif retry >= 0:  # let the last star stand for one character more
            retry += 1
            at, place = retry, star + 1
        else:
            return False
    return not pattern[place:].strip("*")


def as_glob(pattern: str) -> str:
    """The same as SQLite's ``GLOB`` has it, where a bracket opens a set of characters."""
    return pattern.replace("[", "[[]")


def beginning(pattern: str) -> str:
    """What every text that fits begins with."""
    return pattern.replace("?", "*").partition("*")[0]


def after_prefix(prefix: str) -> str | None:
    """The least text that is greater than every text beginning so; None if there is none.

    Texts are ordered by code point, which is how SQLite orders them too. Lone surrogates do not occur.
    """
    trimmed = prefix.rstrip("\U0010ffff")
    if not trimmed:
        return None
    following = ord(trimmed[-1]) + 1
    return trimmed[:-1] + chr(0xE000 if following == 0xD800 else following)  # noqa: PLR2004 -- the surrogates' range
