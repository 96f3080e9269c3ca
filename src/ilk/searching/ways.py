"""The ways to find candidates: by the vectors of a space, and by the words of captions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, TypeAlias

from ilk.plans import Plan
from ilk.records import Item, Metric, Neighbour, Space
from ilk.searching.options import SearchOptions

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ilk.stores.base import Store

WayName: TypeAlias = Literal["image", "caption", "words"]

FEW_EXCLUDED = 8
"""Up to so many excluded ids are found along and dropped, so that queries are searched together all the same."""


class Ranked(NamedTuple):
    """An item in a ranking: its id, its similarity or BM25, and the item itself where it came along."""

    id: str
    value: float
    item: Item | None


class Way(Protocol):
    """One of the ways, for some of the queries that are searched together."""

    @property
    def name(self) -> WayName:
        """What it is called in a plan."""
        ...

    @property
    def places(self) -> frozenset[int]:
        """Which queries it is for."""
        ...

    def find(self, places: Sequence[int], depth: int) -> tuple[list[list[Ranked]], Plan | None]:
        """The best of each of these queries, at most `depth`, and how the store searched."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """Queries as vectors of one space.

    Attributes
    ----------
    name, places
        As in `Way`.
    store, space
        Where.
    vectors
        Rows of shape (q, d), unit where cosines are compared; those of queries that it is not for are zeros.
    excluded
        For each of the q queries the ids that must not be answered.
    options
        Filter and parameters are taken from them.
    """

    name: WayName
    places: frozenset[int]
    store: Store
    space: Space
    vectors: npt.NDArray[np.float32]
    excluded: Sequence[frozenset[str]]
    options: SearchOptions

    def find(self, places: Sequence[int], depth: int) -> tuple[list[list[Ranked]], Plan | None]:
        """The nearest of each; see `Way.find`."""
        rows, plan = self.near(places, depth)
        return [[Ranked(near.item.id, near.similarity, near.item) for near in row] for row in rows], plan

    def near(self, places: Sequence[int], depth: int) -> tuple[list[list[Neighbour]], Plan | None]:
        """The nearest of each as the store answers them; see `Way.find`."""
        few = [place for place in places if len(self.excluded[place]) <= FEW_EXCLUDED]
        found: dict[int, list[Neighbour]] = {}
        plan: Plan | None = None
        if few:
            more = max(len(self.excluded[place]) for place in few)
            rows, plan = self._search(few, depth + more, frozenset())
            for place, row in zip(few, rows, strict=True):
                excluded = self.excluded[place]
                found[place] = [near for near in row if near.item.id not in excluded][:depth] if more else row
        for place in places:
            if place not in found:
                [found[place]], plan = self._search([place], depth, self.excluded[place])
        return [found[place] for place in places], plan

    def similarities(self, wanted: Mapping[int, Sequence[str]]) -> dict[int, dict[str, float]]:
        """The similarities of some items to the query at each place; those without a vector are left out."""
        every = dict.fromkeys(id_ for ids in wanted.values() for id_ in ids)
        stored = self.store.vectors(list(every), self.space)
        return {
            place: {
                id_: _similarity(self.vectors[place], stored[id_], self.space.metric) for id_ in ids if id_ in stored
            }
            for place, ids in wanted.items()
            if place in self.places
        }

    def _search(
        self, places: Sequence[int], depth: int, excluded: frozenset[str]
    ) -> tuple[list[list[Neighbour]], Plan]:
        found = self.store.search(
            self.vectors[list(places)],
            depth,
            space=self.space,
            exclude=excluded,
            where=self.options.filter,
            parameters=self.options.parameters,
        )
        return found.rows, found.plan


def _similarity(query: npt.NDArray[np.float32], vector: npt.NDArray[np.float32], metric: Metric) -> float:
    """As a store has it: cosine, inner product, or the negative squared distance."""
    import numpy as np

    wide = query.astype(np.float64)
    if metric == "l2":
        return -float(np.square(vector - wide).sum())
    product = float(wide @ vector)
    return product if metric == "ip" else min(1.0, max(-1.0, product))


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Queries as words, looked up in the captions.

    Attributes
    ----------
    store
        Where.
    words
        Of the queries that have any, by place.
    excluded, options
        As in `Meaning`.
    """

    store: Store
    words: Mapping[int, Sequence[str]]
    excluded: Sequence[frozenset[str]]
    options: SearchOptions

    @property
    def name(self) -> WayName:
        """Its name."""
        return "words"

    @property
    def places(self) -> frozenset[int]:
        """Queries that have words."""
        return frozenset(self.words)

    def find(self, places: Sequence[int], depth: int) -> tuple[list[list[Ranked]], Plan | None]:
        """The items whose captions have most of the words; see `Way.find`."""
        more = max(len(self.excluded[place]) for place in places)
        rows = self.store.match_words([self.words[place] for place in places], depth + more, where=self.options.filter)
        found = [
            [Ranked(id_, bm25, None) for id_, bm25 in row if id_ not in self.excluded[place]][:depth]
            for place, row in zip(places, rows, strict=True)
        ]
        return found, None
