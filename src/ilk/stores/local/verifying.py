"""A filter that was not asked before, held against the nearest vectors only.

To know all that a filter matches, its fields are read from one end to the other, which of a million items takes longer
than a hundred searches. Where it matches many, it matches some of the nearest, too: these are taken without the filter,
a few for each that is wanted, and only they are looked at. Where too few of them match, more are taken; and where those
would be thousands, the fields are read after all.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np
import numpy.typing as npt

from ilk.filters.tree import Filter
from ilk.stores.local import filtering
from ilk.stores.local.block import Ids, Rows
from ilk.stores.local.filtering import Answers
from ilk.stores.local.meeting import among
from ilk.stores.local.search import Asked, Best, Course, Outcome, nearest
from ilk.stores.local.view import View

FIRST = 16
"""Candidates for each that is wanted, at first: enough where a filter leaves a tenth."""

MORE = 1.5
"""Times as many as the share that matched so far calls for."""

MOST = 4_096
"""Candidates, at most: to find more takes as long as to read a field of a million items."""

ROUNDS = 3

REFINED = 6.0
"""Candidates of an index for each that is compared exactly, at least."""

ASKED = 50
"""Times that a filter is asked this way; then what it matches is remembered, and each search a little quicker."""

QUERIES = 3
"""Asked together, at most; of more the cost of reading the fields is shared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filtered:
    """A filter on one space at one moment.

    Attributes
    ----------
    connection
        In the transaction of the view.
    view
        Of the space.
    where
        The filter.
    answers
        What was found before, and where to keep what is found now.
    """

    connection: sqlite3.Connection
    view: View
    where: Filter
    answers: Answers

    def nearest(self, queries: Rows, asked: Asked) -> Outcome:
        """The nearest of those that match to each of q rows of shape (q, d).

        Raises
        ------
        ilk.errors.InputError
            If a parameter is none of the index.
        """
        number, changes = self.view.space_id, self.view.changes
        began = perf_counter()
        known = self.answers.get(changes, ("embeddings", number, self.where.key))
        if known is None and asked.k > 0 and self._is_worth_it(len(queries)):
            if not filtering.seems_wide(self.connection, self.where):
                known = filtering.matching_few(self.connection, self.where, number, self.answers, changes)
            spent = perf_counter() - began
            found = None if known is not None else self._verified(queries, asked)
            if found is not None:
                return replace(found, filter_s=found.filter_s + spent)
        if known is None:
            known = filtering.matching(self.connection, self.where, number, self.answers)
        spent = perf_counter() - began
        best, course = nearest(self.view, queries, replace(asked, among=known))
        return Outcome(best=best, course=course, matching=len(known), filter_s=spent)

    def _is_worth_it(self, queries: int) -> bool:
        """Whether a plan is: of few items, or for many queries, the fields are best read."""
        if self.view.count < filtering.MANY or queries > QUERIES:
            return False
        return self.answers.times(self.view.changes, (self.view.space_id, self.where.key)) < ASKED

    def _verified(self, queries: Rows, asked: Asked) -> Outcome | None:
        """By way of candidates; None where it takes too many of them."""
        self.view.tuning.checked(asked.parameters)
        found, course = list[Best](), Course("verified", {})
        looked_at = met = 0
        filter_s = 0.0
        for row in range(len(queries)):
            wanted = max(min(FIRST * asked.k, MOST), 2 * asked.k)
            for _ in range(ROUNDS):
                if wanted > MOST:
                    return None
                more = replace(asked, k=wanted, parameters=self._parameters(asked, wanted))
                [best], course = nearest(self.view, queries[row : row + 1], more)
                began = perf_counter()
                meets = np.flatnonzero(self._met(best.ids))
                filter_s += perf_counter() - began
                if len(meets) >= asked.k or len(best.ids) < wanted:
                    break
                if not len(meets):
                    return None
                wanted = max(2 * wanted, round(MORE * asked.k * len(best.ids) / len(meets)))
            else:
                return None
            looked_at, met = looked_at + len(best.ids), met + len(meets)
            found.append(_first(best, meets, asked.k))
        course = Course("verified", course.parameters)
        return Outcome(best=found, course=course, looked_at=looked_at, met=met, filter_s=filter_s)

    def _met(self, embeddings: Ids) -> npt.NDArray[np.bool_]:
        """Of which of some embeddings the items match."""
        number, changes = self.view.space_id, self.view.changes
        items = filtering.items_of(self.connection, embeddings, number, self.answers, changes)
        return among(self.connection, self.where, items)

    def _parameters(self, asked: Asked, wanted: int) -> dict[str, float]:
        """What finds the nearest in a share of the vectors finds them here, too, without looking as far as `wanted`."""
        tuning = self.view.tuning
        values = tuning.at(asked.k, share=asked.k / wanted, given={})
        values["k_factor"] = max(REFINED, values["k_factor"] * asked.k / wanted)
        return {name: value for name, value in values.items() if name in tuning.names} | dict(asked.parameters)


def _first(best: Best, places: Ids, k: int) -> Best:
    """The first k at some places, and all that are as near as the last of them."""
    similarities = best.similarities[places]
    if len(places) > k:
        places = places[: int(np.searchsorted(-similarities, -similarities[k - 1], side="right"))]
    return Best(best.ids[places], best.similarities[places], best.places[places])
