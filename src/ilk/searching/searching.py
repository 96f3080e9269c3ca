"""Queries put to a gallery: what is common to all of them, and the way of each to its hits."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ilk.asking import Asking
from ilk.originals import Originals
from ilk.query import Query
from ilk.records import Hits, Neighbour, SearchPlan
from ilk.searching.candidates import Candidate
from ilk.searching.depths import ladder
from ilk.searching.options import SearchOptions
from ilk.searching.ways import Meaning

if TYPE_CHECKING:
    from ilk.models import Models
    from ilk.plans import Plan
    from ilk.stores.base import Store

EXACT_WAYS = frozenset({"scan", "matching"})
"""Ways of a store that find the very nearest, however many are wanted: pages continue each other by themselves."""


@dataclass(slots=True)
class _Answer:
    """What has been found for one query.

    Attributes
    ----------
    order
        The candidates that passed, best first.
    seen
        The ids of all that were looked at.
    done
        Whether no more are needed, or there are no more.
    """

    order: list[Candidate] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    done: bool = False


@dataclass(frozen=True, kw_only=True)
class Searching:
    """Queries searched together.

    Attributes
    ----------
    queries
        What is asked.
    options
        How.
    store, directory, models
        Of the gallery.
    """

    queries: Sequence[Query]
    options: SearchOptions
    store: Store
    directory: Path
    models: Models

    def run(self) -> list[Hits]:
        """The hits of each."""
        space = self.models.space(self.options.model, kind="caption" if self.options.space == "caption" else "image")
        asking = Asking(
            queries=self.queries,
            space=space,
            store=self.store,
            base=self.directory.parent,
            open_encoder=lambda: self.models.encoder_of(space),
        )
        asking.load()
        started = time.perf_counter()
        way = Meaning(
            store=self.store,
            space=space,
            vectors=asking.vectors(),
            excluded=[asking.asked_with(query) for query in self.queries],
            options=self.options,
        )
        answers = [_Answer() for _ in self.queries]
        plan = self._deepen(way, answers)
        took_ms = (time.perf_counter() - started) * 1000
        explained = SearchPlan(stores={space.name: plan})
        return [
            self._page(query, answer, explained, took_ms, model=space.model)
            for query, answer in zip(self.queries, answers, strict=True)
        ]

    def _deepen(self, way: Meaning, answers: list[_Answer]) -> Plan:
        """Look deeper until each query has enough."""
        wanted = self.options.offset + self.options.k + 1  # one more tells whether there is another page
        everyone = range(len(answers))
        rows, plan = way.find(everyone, wanted)
        if self.options.offset == 0 or plan.way in EXACT_WAYS:
            for answer, row in zip(answers, rows, strict=True):
                self._take(answer, row, wanted)
            return plan
        for depth in ladder(self.options.k + 1):
            todo = [place for place in everyone if not answers[place].done]
            if not todo:
                return plan
            rows, plan = way.find(todo, depth)
            for place, row in zip(todo, rows, strict=True):
                self._take(answers[place], row, depth)
        raise AssertionError("the ladder has no end")

    def _take(self, answer: _Answer, row: Sequence[Neighbour], depth: int) -> None:
        """Put what is new below what was found before."""
        floor = self.options.min_similarity
        new = [near for near in row if near.item.id not in answer.seen]
        answer.seen.update(near.item.id for near in new)
        passed = [near for near in new if floor is None or near.similarity >= floor]
        answer.order += [
            Candidate(item=near.item, similarity=near.similarity, worth=near.similarity) for near in passed
        ]
        enough = len(answer.order) > self.options.offset + self.options.k
        answer.done = enough or len(row) < depth or not passed

    def _page(self, query: Query, answer: _Answer, plan: SearchPlan, took_ms: float, *, model: str) -> Hits:
        """The part of the order that was asked for."""
        begin, end = self.options.offset, self.options.offset + self.options.k
        hits = tuple(each.hit(rank) for rank, each in enumerate(answer.order[begin:end], start=begin + 1))
        return Hits(
            query=str(query),
            model=model,
            space=self.options.space,
            index=next(iter(plan.stores.values())).index,
            took_ms=took_ms,
            hits=hits,
            offset=begin,
            next_offset=end if len(answer.order) > end else None,
            plan=plan,
            originals=Originals(directory=self.directory, query=query),
            note=f"There are no more than {len(answer.order):,} hits." if begin and not hits else None,
        )
