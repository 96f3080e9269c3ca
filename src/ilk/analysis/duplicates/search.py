"""Looks for duplicates: by bytes, then by vectors and long waves, then by laying pictures over each other."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

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
    """What looking came to: groups of places, and what could not be looked at, by id."""

    groups: dict[int, list[Alike]] = field(default_factory=dict)
    unverified: dict[str, str] = field(default_factory=dict)
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
        identical = _identical(census)
        found = _Found() if space is None else self._look(space, census, identical)
        told = [Unverified(id=id_, reason=reason) for id_, reason in sorted(found.unverified.items())[:REPORTED]]
        return Duplicates(
            groups=self._dressed(census, _rows(identical, found.groups)),
            tier=self.tier,
            items=len(census),
            model=None if space is None else space.model,
            threshold=found.threshold,
            unverified=tuple(told),
            unverified_count=len(found.unverified),
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

    def _look(self, space: Space, census: Census, identical: list[list[int]]) -> _Found:
        """Compare what has bytes of its own: one of each list of rows."""
        rows = [same[0] for same in identical]
        with Shelf(self.gallery.directory) as shelf:
            found = _Found()
            shelved, found.unverified = self._looked_at(shelf, census, identical)
            if not self.stop.is_set():
                ids = [census.ids[row] for row in rows]
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

    def _looked_at(self, shelf: Shelf, census: Census, identical: list[list[int]]) -> tuple[Rows, dict[str, str]]:
        """Where the signature of each place is on the shelf, -1 for none, and why there is none, by id."""
        digests = [census.digests[rows[0]] for rows in identical]
        unknown = np.flatnonzero(shelf.find(digests) < 0).tolist()
        missing = {digests[place]: [census.ids[row] for row in identical[place]] for place in unknown if digests[place]}
        unread = read_missing(self.gallery, shelf, missing, stop=self.stop, progress=self.progress)
        shelved = np.where([bool(digest) for digest in digests], shelf.find(digests), -1)
        reasons = dict[str, str]()
        for place in np.flatnonzero(shelved < 0).tolist():
            id_ = census.ids[identical[place][0]]
            if not digests[place]:
                reasons[id_] = "The gallery was given its vector and has never seen the picture."
            elif id_ in unread:
                reasons[id_] = unread[id_]
        return shelved, reasons

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


def _identical(census: Census) -> list[list[int]]:
    """Rows with the same bytes together, the one to keep first; what was never seen is by itself."""
    by_digest: dict[bytes, list[int]] = defaultdict(list)
    alone = list[list[int]]()
    for row, digest in enumerate(census.digests):
        if digest:
            by_digest[digest].append(row)
        else:
            alone.append([row])
    return [sorted(rows, key=census.order) if len(rows) > 1 else rows for rows in by_digest.values()] + alone


def _rows(identical: list[list[int]], groups: Mapping[int, list[Alike]]) -> dict[int, list[tuple[int, Alike]]]:
    """Groups of rows: what has the same bytes as a copy is as much of a copy."""
    found = dict[int, list[tuple[int, Alike]]]()
    led = {each.place for alike in groups.values() for each in alike}
    for place, rows in enumerate(identical):
        if place in led:
            continue
        copies = [(row, Alike(place, "identical", ("identical",))) for row in rows[1:]]
        copies += [(row, each) for each in groups.get(place, []) for row in identical[each.place]]
        if copies:
            found[rows[0]] = copies
    return found


def _cosine_at(share: float, background: float) -> float:
    """The cosine that is this share of the way from what any two pictures have to that of equal ones."""
    return background + share * (1 - background)
