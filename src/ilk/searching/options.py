"""What may be said about a search beside its query."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from ilk.errors import InputError
from ilk.records import SearchedIn, Space

if TYPE_CHECKING:
    from ilk.filters import Filter

    FilterLike: TypeAlias = str | Mapping[str, Any] | Filter

SPACES = ("image", "caption", "both")

COSINE_RANGE = "A cosine similarity lies between -1 and 1"

MAX_FEEDBACK = 100
"""Items that may be named as like, or unlike, what is wanted: more have no weight left that a query can write."""


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
        Answer only items that this filter matches; None for all. It becomes an `ilk.filters.Filter`.
    min_similarity
        Leave out hits below this cosine, in [-1, 1]; where the gallery compares otherwise, below this similarity.
    min_relevance
        Leave out hits below this relevance, in [0, 1].
    model
        Whose vectors to compare; None for those of the gallery's own model.
    space
        ``"image"``, ``"caption"`` or ``"both"``.
    diverse
        How much hits should differ from each other, in [0, 1]; None not to look at that.
    group_duplicates
        Whether items nearly the same are answered as one.
    more, less
        Ids of items that are like what is wanted, and unlike it.
    parameters
        Of the index, by name, such as ``nprobe``; they hold for this search.

    Raises
    ------
    InputError
        If one of them makes no sense.
    FilterError
        If the filter cannot be read.
    """

    k: int = 10
    offset: int = 0
    where: FilterLike | None = None
    min_similarity: float | None = None
    min_relevance: float | None = None
    model: str | None = None
    space: SearchedIn = "image"
    diverse: float | None = None
    group_duplicates: bool = False
    more: Sequence[str] = ()
    less: Sequence[str] = ()
    parameters: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        k = _whole(self.k, "k is how many hits to return, a whole number from 1", least=1)
        offset = _whole(self.offset, "offset is how many hits to pass over, a whole number from 0", least=0)
        object.__setattr__(self, "k", k)
        object.__setattr__(self, "offset", offset)
        if self.where is not None:
            from ilk.filters import as_filter

            object.__setattr__(self, "where", as_filter(self.where))
        if self.min_similarity is not None and not _is_number(self.min_similarity):
            raise InputError(f"{COSINE_RANGE}; {self.min_similarity!r} was given.")
        _between(self.min_relevance, 0, "A relevance lies between 0 and 1")
        _between(self.diverse, 0, "How diverse hits should be lies between 0 and 1")
        if self.space not in SPACES:
            raise InputError(f'A search is in "image", "caption" or "both"; {self.space!r} was given.')
        if (self.more, self.less) != ((), ()):
            self._check_feedback()

    def _check_feedback(self) -> None:
        for name, ids in (("more", self.more), ("less", self.less)):
            if isinstance(ids, str) or len(ids) > MAX_FEEDBACK:
                raise InputError(
                    f"{name} takes a list of at most {MAX_FEEDBACK} ids of items; "
                    f"{f'the text {ids!r}' if isinstance(ids, str) else len(ids)} was given."
                )
        if both := sorted(set(self.more) & set(self.less)):
            raise InputError(f'"{both[0]}" cannot be both like what is wanted and unlike it.')

    @property
    def filter(self) -> Filter | None:
        """The filter that `where` was read as."""
        return cast("Filter | None", self.where)

    def check_for(self, space: Space) -> None:
        """Refuse what makes no sense in a space that is compared as this one.

        Raises
        ------
        InputError
            If a cosine is none, or a relevance is wanted where there is none.
        """
        if space.metric == "cosine":
            _between(self.min_similarity, -1, COSINE_RANGE)
        elif self.min_relevance is not None:
            raise InputError(
                "A relevance is told of cosines alone, and this gallery compares by "
                f"{space.comparing}: leave hits out by their similarity."
            )

    @property
    def end(self) -> int:
        """How many hits there are up to the end of the page."""
        return self.offset + self.k

    @property
    def reordered(self) -> bool:
        """Whether the order depends on candidates beyond the hits."""
        return self.diverse is not None or self.group_duplicates


def _whole(value: int, meaning: str, *, least: int) -> int:
    """A value once it is sure to be one that can be counted to."""
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if number < least:
        raise InputError(f"{meaning}; {value!r} was given.")
    return number


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and math.isfinite(float(value))


def _between(value: object, least: float, meaning: str) -> None:
    """Refuse what is no number up to 1, such as NaN or a text."""
    if value is not None and not (isinstance(value, Real) and least <= float(value) <= 1):
        raise InputError(f"{meaning}; {value!r} was given.")
