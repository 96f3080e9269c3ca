"""Queries put to a gallery: what is common to all of them, and the way of each to its hits."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ilk.originals import Originals
from ilk.query import Query
from ilk.records import Hit, Hits, SearchPlan
from ilk.relevance import nothing_below
from ilk.searching.candidates import Candidate
from ilk.searching.choosing import Choosing
from ilk.searching.depths import POOL, ladder
from ilk.searching.feedback import fed_back
from ilk.searching.fusion import LONG, WORDS_OF_LONG, merged
from ilk.searching.options import SearchOptions
from ilk.searching.plain import hits_of, is_plain
from ilk.searching.wording import length_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ilk.models import Models
    from ilk.plans import Plan
    from ilk.searching.reordering import Reordering
    from ilk.searching.ways import Ranked, Way
    from ilk.stores.base import Store

EXACT_WAYS = frozenset({"scan", "matching"})
"""Ways of a store that find the very nearest, however many are wanted: pages continue each other by themselves."""


@dataclass(slots=True, kw_only=True)
class _Answer:
    """What has been found for one query.

    Attributes
    ----------
    order
        The candidates that passed, best first.
    seen
        The ids of all that were looked at.
    reordering
        Of the candidates; None where they keep the order in which they were found.
    best
        The very first, whether it passed or not.
    done
        Whether no more are needed, or there are no more.
    """

    order: list[Candidate] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    reordering: Reordering | None = None
    best: Candidate | None = None
    done: bool = False


@dataclass(kw_only=True)
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
        options = self.options
        if options.more or options.less:
            self.queries = [fed_back(query, options.more, options.less) for query in self.queries]
        self._chosen = Choosing(
            queries=self.queries, options=options, store=self.store, base=self.directory.parent, models=self.models
        )
        encode = self._chosen.prepare()
        started = time.perf_counter()
        encode()
        self._took_ms: dict[str, float] = {}
        self._count_ms("encode", started)
        self._plans: dict[str, Plan] = {}
        if is_plain(options):
            return self._plain(started)
        reorders = options.reordered
        answers = [_Answer() for _ in self.queries]
        if reorders:
            from ilk.searching.reordering import Reordering  # a plain search starts without it

            for answer in answers:
                answer.reordering = Reordering(options=options)
        self._fused = len(self._chosen.ways) > 1 or options.space != "image"
        if self._fused or reorders:
            self._climb(answers, ladder(max(POOL, 2 * (options.k + 1))))
        else:
            self._simply(answers)
        self._dress(answers)
        took_ms = (time.perf_counter() - started) * 1000
        return [self._page(place, answer, took_ms) for place, answer in enumerate(answers)]

    def _plain(self, started: float) -> list[Hits]:
        """The first page of what is nearest."""
        chosen, options = self._chosen, self.options
        shown = chosen.shown
        assert shown is not None, "what is plain is compared"
        began = time.perf_counter()
        rows, plan = shown.near(range(len(self.queries)), options.k + 1)  # one more tells whether there is another page
        if plan is not None:
            self._plans[shown.name] = plan
        self._count_ms(f"search {shown.name}s", began)
        began = time.perf_counter()
        pages = [row[: options.k] for row in rows]
        relevances = chosen.relevances(
            {place: [near.similarity for near in page] for place, page in enumerate(pages) if page},
            moment=None if plan is None else plan.moment,
        )
        found = [hits_of(page, relevances.get(place), shown.space.metric) for place, page in enumerate(pages)]
        self._count_ms("order", began)
        took_ms = (time.perf_counter() - started) * 1000
        nothing, told = _Answer(), SearchPlan(stores=self._plans, steps=(), took_ms=self._took_ms)
        return [
            self._hits(place, nothing, hits, told, further=len(row) > options.k, took_ms=took_ms)
            for place, (hits, row) in enumerate(zip(found, rows, strict=True))
        ]

    def _simply(self, answers: list[_Answer]) -> None:
        """The nearest as they are; where the store finds the very nearest, as many as it takes at once."""
        everyone = range(len(answers))
        wanted = self.options.end + 1  # one more tells whether there is another page
        [way] = self._chosen.ways
        rows, plan = self._find(way, everyone, wanted)
        if self.options.offset == 0 or (plan is not None and plan.way in EXACT_WAYS):
            self._take(answers, {place: {way.name: row} for place, row in enumerate(rows)}, wanted)
        else:
            self._climb(answers, ladder(self.options.k + 1))

    def _climb(self, answers: list[_Answer], depths: Iterable[int]) -> None:
        """Look deeper until each query has enough."""
        for depth in depths:
            todo = [place for place, answer in enumerate(answers) if not answer.done]
            if not todo:
                return
            found: dict[int, dict[str, list[Ranked]]] = {place: {} for place in todo}
            for way in self._chosen.ways:
                places = [place for place in todo if place in way.places]
                if not places:
                    continue
                rows, _ = self._find(way, places, depth)
                for place, row in zip(places, rows, strict=True):
                    found[place][way.name] = row
            self._take(answers, found, depth)

    def _find(self, way: Way, places: Sequence[int], depth: int) -> tuple[list[list[Ranked]], Plan | None]:
        """Search one way, and note how and how long."""
        began = time.perf_counter()
        rows, plan = way.find(places, depth)
        if plan is not None:
            self._plans[way.name] = plan
        self._count_ms(f"search {way.name}s" if way.name != "words" else "look up words", began)
        return rows, plan

    def _count_ms(self, step: str, began: float) -> None:
        self._took_ms[step] = self._took_ms.get(step, 0.0) + (time.perf_counter() - began) * 1000

    def _take(self, answers: list[_Answer], found: Mapping[int, Mapping[str, list[Ranked]]], depth: int) -> None:
        """Put what is new below what was found before."""
        began = time.perf_counter()
        new = {place: self._candidates(place, answers[place], rankings) for place, rankings in found.items()}
        self._compare(new)
        if self.options.min_relevance is not None:
            self._judge(new)
        passed = {place: self._relevant(answers[place], candidates) for place, candidates in new.items()}
        vectors = self._vectors(passed)
        for place, candidates in passed.items():
            answer = answers[place]
            if answer.reordering is None:
                answer.order += candidates
            else:
                answer.order += answer.reordering.order(candidates, vectors)
            exhausted = all(len(row) < depth for row in found[place].values())
            answer.done = exhausted or not candidates or len(answer.order) > self.options.end
        self._count_ms("order", began)

    def _candidates(self, place: int, answer: _Answer, rankings: Mapping[str, list[Ranked]]) -> list[Candidate]:
        """What no rung before has found, best first."""
        if not self._fused:
            [row] = rankings.values()
            new = [Candidate.of(each) for each in row if each.id not in answer.seen]
        else:
            weights = {"words": WORDS_OF_LONG} if length_of(self.queries[place]) > LONG else {}
            shown = self._chosen.shown
            every = merged(rankings, weights, shown=None if shown is None else shown.name)
            new = [each for each in every if each.id not in answer.seen]
        answer.seen.update(each.id for each in new)
        return new

    def _compare(self, new: Mapping[int, Sequence[Candidate]]) -> None:
        """Give those that came by another way the similarity that is shown."""
        shown = self._chosen.shown
        wanted = {
            place: [each.id for each in candidates if math.isnan(each.similarity)] for place, candidates in new.items()
        }
        if shown is None or not any(wanted.values()):
            return
        known = shown.similarities(wanted)
        for place, candidates in new.items():
            for each in candidates:
                each.similarity = known.get(place, {}).get(each.id, each.similarity)

    def _relevant(self, answer: _Answer, candidates: list[Candidate]) -> list[Candidate]:
        """Those that are not below what was asked for."""
        options = self.options
        passed = candidates
        if options.min_similarity is not None:
            floor = options.min_similarity
            passed = [each for each in passed if each.similarity >= floor]
        if options.min_relevance is not None:
            least = options.min_relevance
            passed = [each for each in passed if each.relevance is None or each.relevance >= least]
        if candidates and answer.best is None:
            answer.best = candidates[0]
        return passed

    def _judge(self, judged: Mapping[int, Sequence[Candidate]]) -> None:
        """Say how relevant they are, where that can be told."""
        compared = {
            place: [each for each in candidates if not math.isnan(each.similarity)]
            for place, candidates in judged.items()
        }
        shown = self._chosen.shown
        plan = None if shown is None else self._plans.get(shown.name)
        found = self._chosen.relevances(
            {place: [each.similarity for each in candidates] for place, candidates in compared.items() if candidates},
            moment=None if plan is None else plan.moment,
        )
        for place, relevances in found.items():
            for each, relevance in zip(compared[place], relevances or (), strict=False):
                each.relevance = relevance

    def _vectors(self, passed: Mapping[int, Sequence[Candidate]]) -> Mapping[str, npt.NDArray[np.float32]]:
        """Of the candidates at length 1, where their order depends on them."""
        shown = self._chosen.shown
        if shown is None or not self.options.reordered:
            return {}
        ids = dict.fromkeys(each.id for candidates in passed.values() for each in candidates)
        vectors = self.store.vectors(list(ids), shown.space)
        if shown.space.normalised:
            return vectors
        from ilk.searching.reordering import unit

        return {id_: unit(vector) for id_, vector in vectors.items()}

    def _dress(self, answers: Sequence[_Answer]) -> None:
        """Say how relevant the hits of the page are, and fetch those items that have not come along, all at once."""
        begin, end = self.options.offset, self.options.end
        if self.options.min_relevance is None:
            self._judge({place: answer.order[begin:end] for place, answer in enumerate(answers)})
        bare = [each for answer in answers for each in answer.order[begin:end] if each.item is None]
        if bare:
            items = self.store.fetch(list(dict.fromkeys(each.id for each in bare)))
            for each in bare:
                each.item = items.get(each.id)

    def _page(self, place: int, answer: _Answer, took_ms: float) -> Hits:
        """The part of the order that was asked for."""
        begin, end = self.options.offset, self.options.end
        # An item may have been removed after it was found.
        page = [each for each in answer.order[begin:end] if each.item is not None]
        metric = "cosine" if self._chosen.shown is None else self._chosen.shown.space.metric
        hits = tuple(each.hit(rank, metric) for rank, each in enumerate(page, start=begin + 1))
        plan = SearchPlan(stores=self._plans, steps=self._steps(place, answer), took_ms=self._took_ms)
        return self._hits(place, answer, hits, plan, further=len(answer.order) > end, took_ms=took_ms)

    def _hits(  # noqa: PLR0913 -- what differs from query to query
        self, place: int, answer: _Answer, hits: tuple[Hit, ...], plan: SearchPlan, *, further: bool, took_ms: float
    ) -> Hits:
        """As they are answered, with what a person should know of them."""
        notes = [*self._chosen.notes[place], *self._shortcoming(answer, hits)]
        shown = self._chosen.shown
        query = self.queries[place]
        return Hits(
            query=str(query),
            model=shown.space.model if shown is not None else self.models.default(),
            space=self.options.space,
            index=next((each.index for each in self._plans.values()), "exact"),
            took_ms=took_ms,
            hits=hits,
            offset=self.options.offset,
            next_offset=self.options.end if further else None,
            plan=plan,
            note=" ".join(notes) or None,
            originals=Originals(directory=self.directory, query=query),
        )

    def _unlike(self, page: Sequence[Hit]) -> bool:
        """Whether no hit of a page is as relevant as the best of so many pictures is when some show what was asked."""
        best = max((1.0 if each.relevance is None else each.relevance) for each in page)
        shown = self._chosen.shown
        if shown is None or best >= nothing_below(sys.maxsize):  # nobody need count
            return False
        return best < nothing_below(self.store.count_vectors(shown.space))

    def _shortcoming(self, answer: _Answer, page: Sequence[Hit]) -> list[str]:
        """What a person should know of hits that are none, or not what was asked for."""
        best = answer.best
        if answer.order and not page:
            return [f"There are only {len(answer.order):,} hits; {self.options.offset:,} were to be passed over."]
        if page:
            judged = self.options.space == "image" and self.options.offset == 0  # what captions say has no looks
            return ["Nothing here looks much like that."] if judged and self._unlike(page) else []
        if best is None and self.options.filter is not None:
            from ilk.filters.unknown import unknown_fields

            unknown = unknown_fields(self.options.filter, self.store.fields())
            return [] if unknown is None else [unknown]
        if best is None or best.relevance is None:
            return []
        figures = f"a relevance of {best.relevance:.2f} and a similarity of {best.similarity:.3f}"
        return [f'Nothing here looks like that. The nearest, "{best.id}", has {figures}.']

    def _steps(self, place: int, answer: _Answer) -> tuple[str, ...]:
        """What was done after the store's searching, as sentences."""
        steps = list(self._chosen.steps(place))
        if self._fused:
            names = [way.name for way in self._chosen.ways if place in way.places]
            steps.append(f"{len(answer.seen):,} candidates of {' and '.join(names)} were fused by reciprocal rank.")
        if self.options.min_similarity is not None:
            steps.append(f"Similarities below {self.options.min_similarity:g} were left out.")
        if self.options.min_relevance is not None:
            steps.append(f"Hits of a relevance below {self.options.min_relevance:g} were left out.")
        if answer.reordering is not None:
            steps += answer.reordering.sentences(len(answer.seen))
        return tuple(steps)
