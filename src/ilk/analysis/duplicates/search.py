"""Looks for duplicates: by bytes, then by vectors and long waves, then by laying pictures over each other."""

from __future__ import annotations

import heapq
import threading
import time
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from ilk.analysis.duplicates import orientation
from ilk.analysis.duplicates.census import Census, taken
from ilk.analysis.duplicates.evidence import Evidence
from ilk.analysis.duplicates.groups import TIERS, Copy, Duplicates, Group, Progress, Tier, Unverified
from ilk.analysis.duplicates.likeness import Alike, Grouping
from ilk.analysis.duplicates.nearness import Nearness, Neighbourhood
from ilk.analysis.duplicates.reading import read_missing
from ilk.analysis.duplicates.shelf import Shelf
from ilk.analysis.duplicates.waves import waves
from ilk.errors import InputError

if TYPE_CHECKING:
    from ilk.filters import Filter
    from ilk.gallery import Gallery
    from ilk.records import Space

Rows = npt.NDArray[np.int64]

NEAR_BY_MEANING = Neighbourhood(k=10, floor=0.7)
"""Which pictures to look at because their vectors are near, the floor as a share: see `_cosine_at`."""

NEAR_BY_WAVES = Neighbourhood(k=4, floor=0.7)
"""And because their greys are."""

NEAR_WHEN_TURNED = Neighbourhood(k=2, floor=0.9)
"""Or are when one is turned or mirrored: seven times as much to look through, and a turn changes no grey."""

SIMILAR_SHARE = 0.97
"""Where ``similar`` begins by default, as a share: see `_cosine_at`."""

SAMPLED = 2_048
"""Vectors, in pairs, that tell what the cosine of any two pictures is."""

REPORTED = 100
"""Of the pictures that could not be looked at."""

TOGETHER = 65_536
"""Pairs between two calls of `progress`."""


@dataclass(slots=True)
class _Found:
    """What looking came to: groups of places, and what could not be looked at: how many, and the first of them."""

    groups: dict[int, list[Alike]] = field(default_factory=dict)
    unverified: list[Unverified] = field(default_factory=list)
    unverified_count: int = 0
    unencoded: int = 0
    threshold: float | None = None
    interrupted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One search for duplicates.

    Attributes
    ----------
    gallery
        Of whose pictures.
    tier
        The least alike tier to look for.
    threshold
        Least cosine of similar pictures; None for a share of the way that the model puts between any two pictures.
    where
        Only items that it matches.
    model
        Whose vectors.
    progress, stop
        Told how far it is; asked whether to stop.
    """

    gallery: Gallery
    tier: Tier = "same"
    threshold: float | None = None
    where: Filter | None = None
    model: str | None = None
    progress: Progress | None = None
    stop: threading.Event

    def run(self) -> Duplicates:
        """Do it."""
        started = time.perf_counter()
        space = None if self.tier == "identical" else self._space()
        census = taken(self.gallery.store, self.where)
        identical = Identical.of(census)
        found = _Found() if space is None else self._look(space, census, identical)
        return Duplicates(
            groups=self._dressed(census, _rows(identical, found.groups)),
            tier=self.tier,
            items=len(census),
            model=None if space is None else space.model,
            threshold=found.threshold,
            unverified=tuple(found.unverified),
            unverified_count=found.unverified_count,
            unencoded=found.unencoded,
            interrupted=found.interrupted,
            took_s=time.perf_counter() - started,
        )

    def _space(self) -> Space:
        space = self.gallery.models.space(self.model)
        if not self.gallery.store.count_vectors(space):
            raise InputError(
                f"The gallery has no vectors of the model {space.model} to compare pictures by: add pictures with "
                "`ilk index FOLDER`, or look for identical files alone with --tier identical."
            )
        return space

    def _look(self, space: Space, census: Census, identical: Identical) -> _Found:
        """Compare what has bytes of its own: one of all that have the same."""
        rows = identical.first
        with Shelf(self.gallery.directory) as shelf:
            found = _Found()
            shelved = self._looked_at(shelf, census, identical, found)
            if not self.stop.is_set():
                ids = [census.ids[row] for row in rows.tolist()]
                evidence = Evidence(self.gallery.store, space, ids, shelf=shelf, shelved=shelved)
                found.unencoded = len(ids) - len(evidence.encoded)
                background = self._background(evidence)
                if self.tier == "similar":
                    usual = _cosine_at(SIMILAR_SHARE, background)
                    found.threshold = usual if self.threshold is None else self.threshold
                grouping = Grouping(evidence=evidence, census=census, rows=rows, threshold=found.threshold)
                pairs = self._candidates(evidence, background, found.threshold)
                compared = self._compared(grouping, pairs)
                if not self.stop.is_set():
                    found.groups = grouping.groups(*compared)
            found.interrupted = self.stop.is_set()
            return found

    def _looked_at(self, shelf: Shelf, census: Census, identical: Identical, found: _Found) -> Rows:
        """Where each place's signature is on the shelf, -1 for none; why there is none is noted in what is found."""
        digests = [census.digests[row] for row in identical.first.tolist()]
        unknown = (int(place) for place in np.flatnonzero(shelf.find(digests) < 0) if digests[place])
        missing = {digests[place]: [census.ids[row] for row in identical.rows(place)] for place in unknown}
        unread = read_missing(self.gallery, shelf, missing, stop=self.stop, progress=self.progress)
        shelved = np.where([bool(digest) for digest in digests], shelf.find(digests), -1)

        def reasons() -> Iterator[tuple[str, str]]:
            for place in np.flatnonzero(shelved < 0):
                id_ = census.ids[identical.first[place]]
                if not digests[place]:
                    yield id_, "The gallery was given its vector and has never seen the picture."
                elif id_ in unread:
                    yield id_, unread[id_]

        # Of a gallery of vectors that is all of them: counted, and no more than a hundred kept.
        found.unverified_count = sum(1 for _ in reasons())
        found.unverified = [Unverified(id=id_, reason=said) for id_, said in heapq.nsmallest(REPORTED, reasons())]
        return shelved

    def _background(self, evidence: Evidence) -> float:
        """The mean cosine of two pictures taken at random; 0 where there are none."""
        if len(evidence.encoded) < 2:  # noqa: PLR2004 -- a pair
            return 0.0
        random = np.random.default_rng(0)
        chosen = random.choice(evidence.encoded, min(SAMPLED, len(evidence.encoded)), replace=False)
        vectors = evidence.vectors(chosen).astype(np.float64)
        total = vectors.sum(axis=0)
        pairs = len(vectors) * (len(vectors) - 1)
        return float((total @ total - (vectors * vectors).sum()) / pairs)

    def _candidates(self, evidence: Evidence, background: float, threshold: float | None) -> Rows:
        """Pairs of places worth a look, shape (p, 2)."""
        found = [np.empty((0, 2), np.int64)]
        if len(evidence.encoded) > 1:
            # Only what can be looked at can be the same: of vectors alone, those that are similar are all.
            floor = _cosine_at(NEAR_BY_MEANING.floor, background) if len(evidence.seen) > 1 else 1.0
            wanted = Neighbourhood(k=NEAR_BY_MEANING.k, floor=floor if threshold is None else min(floor, threshold))

            def vectors(places: Rows) -> Any:
                return evidence.vectors(evidence.encoded[places])

            nearness = Nearness(len(evidence.encoded), vectors, stop=self.stop, progress=self.progress)
            found.append(evidence.encoded[nearness.pairs(vectors, wanted, stage="Comparing vectors")])
        if len(evidence.seen) > 1:

            def laid(way: int) -> Any:
                return lambda places: waves(evidence.signatures(evidence.seen[places]), way)

            nearness = Nearness(len(evidence.seen), laid(orientation.UPRIGHT), stop=self.stop, progress=self.progress)
            for way in orientation.ALL:
                stage = f"Comparing outlines, {way + 1} of {len(orientation.ALL)}"
                wanted = NEAR_BY_WAVES if way == orientation.UPRIGHT else NEAR_WHEN_TURNED
                found.append(evidence.seen[nearness.pairs(laid(way), wanted, stage=stage)])
        return np.unique(np.concatenate(found), axis=0)

    def _compared(self, grouping: Grouping, pairs: Rows) -> tuple[Rows, Rows]:
        """Of the candidates, which are the same, and which are similar."""
        same, similar = [pairs[:0]], [pairs[:0]]
        for start in range(0, len(pairs), TOGETHER):
            if self.stop.is_set():
                break
            some = pairs[start : start + TOGETHER]
            is_same, is_alike = grouping.compare(some)
            same.append(some[is_same])
            similar.append(some[is_alike & ~is_same])
            if self.progress is not None:
                self.progress("Comparing pictures", start + len(some), len(pairs))
        return np.concatenate(same), np.concatenate(similar)

    def _dressed(self, census: Census, found: Mapping[int, list[tuple[int, Alike]]]) -> tuple[Group, ...]:
        """With their items; those that free most first."""
        groups = list[Group]()
        for best, others in found.items():
            items = self.gallery.store.fetch([census.ids[best], *(census.ids[row] for row, _ in others)])
            copies = [
                Copy(
                    item=items[census.ids[row]],
                    tier=alike.tier,
                    kinds=alike.kinds,
                    turned=alike.turned,
                    similarity=alike.similarity,
                    agreement=alike.agreement,
                )
                for row, alike in others
                if census.ids[row] in items
            ]
            copies.sort(key=lambda copy: (TIERS.index(copy.tier), -(copy.similarity or 0), copy.item.id))
            if copies and census.ids[best] in items:  # they may have been taken out of the gallery meanwhile
                groups.append(Group(best=items[census.ids[best]], copies=tuple(copies)))
        return tuple(sorted(groups, key=lambda group: (-sum(c.item.size_bytes for c in group.copies), group.best.id)))


@dataclass(frozen=True, slots=True)
class Identical:
    """Rows by place: all that have the same bytes share one, and what was never seen is by itself.

    Attributes
    ----------
    first
        The row of each place that is to be kept, shape (m,).
    others
        The rest, for the few places that have some.
    """

    first: Rows
    others: Mapping[int, list[int]]

    @classmethod
    def of(cls, census: Census) -> Self:
        """Of all of a census."""
        by_digest = dict[bytes, int]()
        first, others = array("q"), dict[int, list[int]]()
        for row, digest in enumerate(census.digests):
            place = by_digest.setdefault(digest, len(first)) if digest else len(first)
            if place == len(first):
                first.append(row)
            else:
                others.setdefault(place, []).append(row)
        for place, more in others.items():
            first[place], *others[place] = sorted((first[place], *more), key=census.order)
        return cls(np.array(first, np.int64), others)

    def rows(self, place: int) -> list[int]:
        """All that have the bytes of a place, the one to keep first."""
        return [int(self.first[place]), *self.others.get(place, ())]


def _rows(identical: Identical, groups: Mapping[int, list[Alike]]) -> dict[int, list[tuple[int, Alike]]]:
    """Groups of rows: what has the same bytes as a copy is as much of a copy."""
    found = dict[int, list[tuple[int, Alike]]]()
    led = {each.place for alike in groups.values() for each in alike}
    for place in sorted({*identical.others, *groups} - led):
        best, *same = identical.rows(place)
        copies = [(row, Alike(place, "identical", ("identical",))) for row in same]
        copies += [(row, each) for each in groups.get(place, []) for row in identical.rows(each.place)]
        if copies:
            found[best] = copies
    return found


def _cosine_at(share: float, background: float) -> float:
    """The cosine that is this share of the way from what any two pictures have to that of equal ones."""
    return background + share * (1 - background)
