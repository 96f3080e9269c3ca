"""What may be said about a search beside its query."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

from ilk.errors import InputError
from ilk.records import SearchedIn

SPACES = ("image", "caption")


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchOptions:
    """How to search. Made and checked once for all queries that are searched together.

    Attributes
    ----------
    k
        At most this many hits.
    offset
        Pass over so many better ones: the second page of ten begins at 10.
    where
        Answer only items that this filter matches; None for all.
    min_similarity
        Leave out hits below this cosine, in [-1, 1].
    model
        Whose vectors to compare; None for those of the gallery's own model.
    space
        ``"image"`` or ``"caption"``.
    parameters
        Of the index, by name, such as ``nprobe``; they hold for this search.

    Raises
    ------
    InputError
        If one of them makes no sense.
    """

    k: int = 10
    offset: int = 0
    where: Any = None
    min_similarity: float | None = None
    model: str | None = None
    space: SearchedIn = "image"
    parameters: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "k", _whole(self.k, "k is how many hits to return, a whole number from 1", least=1))
        object.__setattr__(
            self, "offset", _whole(self.offset, "offset is how many hits to pass over, a whole number from 0", least=0)
        )
        _between(self.min_similarity, -1, "A cosine similarity lies between -1 and 1")
        if self.space not in SPACES:
            raise InputError(f'A search is in "image" or "caption"; {self.space!r} was given.')


def _whole(value: int, meaning: str, *, least: int) -> int:
    """A value once it is sure to be one that can be counted to."""
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if number < least:
        raise InputError(f"{meaning}; {value!r} was given.")
    return number


def _between(value: object, least: float, meaning: str) -> None:
    """Refuse what is no number up to 1, such as NaN or a text."""
    if value is not None and not (isinstance(value, Real) and least <= float(value) <= 1):
        raise InputError(f"{meaning}; {value!r} was given.")
