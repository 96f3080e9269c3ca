"""The ways to find candidates: by the vectors of one space, and by the words of captions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ilk.plans import Plan
from ilk.records import Neighbour, Space
from ilk.searching.options import SearchOptions

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ilk.stores.base import Store

FEW_EXCLUDED = 8
"""Up to so many excluded ids are found along and dropped, so that queries are searched together all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """Queries as vectors of one space.

    Attributes
    ----------
    store, space
        Where.
    vectors
        Unit rows of shape (q, d).
    excluded
        For each query the ids that must not be answered.
    options
        Filter and parameters are taken from them.
    """

    store: Store
    space: Space
    vectors: npt.NDArray[np.float32]
    excluded: Sequence[frozenset[str]]
    options: SearchOptions

    def find(self, places: Sequence[int], depth: int) -> tuple[list[list[Neighbour]], Plan]:
        """The nearest of each of the queries at these places, at most `depth`, and how they were searched for."""
        few = [place for place in places if len(self.excluded[place]) <= FEW_EXCLUDED]
        found: dict[int, list[Neighbour]] = {}
        plan: Plan | None = None
        if few:
            more = max(len(self.excluded[place]) for place in few)
            rows, plan = self._search(few, depth + more, frozenset())
            for place, row in zip(few, rows, strict=True):
                found[place] = [near for near in row if near.item.id not in self.excluded[place]][:depth]
        for place in places:
            if place not in found:
                [found[place]], plan = self._search([place], depth, self.excluded[place])
        if plan is None:
            raise AssertionError("no query was put to the store")
        return [found[place] for place in places], plan

    def _search(
        self, places: Sequence[int], depth: int, excluded: frozenset[str]
    ) -> tuple[list[list[Neighbour]], Plan]:
        found = self.store.search(
            self.vectors[list(places)],
            depth,
            space=self.space,
            exclude=excluded,
            where=self.options.where,
            parameters=self.options.parameters,
        )
        return found.rows, found.plan
