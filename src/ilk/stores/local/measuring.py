"""How much of what is nearest a base finds, and the least settings that find enough."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ilk.stores.local.block import Allowed, Block, Ids, Rows
from ilk.stores.local.tuning import K

TARGET = 0.98
"""Recall@10 that settings are chosen for, on the worse of the two kinds of queries."""

FILTERED_TARGET = 0.995
SHARES = (0.3, 0.1, 0.03, 0.01, 0.003)
"""Of the vectors that a filter may leave; settings are found for each."""

LEAST = 1_000
"""With fewer left than so many, everything is compared, and nothing needs to be set."""

TIMED = 24
LADDERS: Mapping[str, Sequence[int]] = {
    "k_factor": (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 100),
    "nprobe": (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 1024, 2048, 4096),
    "efSearch": (16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 1024),
}
WIDE = {"k_factor": 64, "nprobe": 256, "efSearch": 512}
"""While one setting is sought, the others stand at so much."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was found.

    Attributes
    ----------
    recall
        Recall@10 by kind of query, ``pictures`` and ``texts``.
    parameters, by_share
        The settings; see `ilk.stores.local.tuning.Tuning`.
    ms, exact_ms
        Milliseconds of one query on one thread, with these settings and by comparing with everything; medians.
    queries
        How many of each kind were asked.
    """

    recall: Mapping[str, float]
    parameters: Mapping[str, float]
    by_share: Sequence[tuple[float, Mapping[str, float]]]
    ms: float
    exact_ms: float
    queries: Mapping[str, int] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "recall": {kind: round(value, 4) for kind, value in self.recall.items()},
            "parameters": dict(self.parameters),
            "by_share": [[share, dict(values)] for share, values in self.by_share],
            "ms": round(self.ms, 3),
            "exact_ms": round(self.exact_ms, 3),
            "queries": dict(self.queries),
        }


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """Queries of both kinds, and what they should find among some of the vectors."""

    block: Block
    queries: Rows
    own: Ids
    kinds: tuple[tuple[str, slice], ...]

    def truth(self, allowed: Allowed | None) -> Ids:
        return self._without_own(self.block.scan(self.queries, min(K + 1, self.block.vectors), allowed)[1])

    def recall(self, truth: Ids, parameters: Mapping[str, float], allowed: Allowed | None) -> dict[str, float]:
        take = min(K + 1, self.block.vectors)
        found = self._without_own(self.block.propose(self.queries, take, parameters, allowed)[1])
        shares = np.array(
            [
                len(np.intersect1d(one[one >= 0], two[two >= 0])) / max(1, int((one >= 0).sum()))
                for one, two in zip(truth, found, strict=True)
            ]
        )
        return {kind: float(shares[rows].mean()) for kind, rows in self.kinds}

    def _without_own(self, positions: Ids) -> Ids:
        """The ten best that are not the query itself."""
        others = positions != self.own[:, None]
        order = np.argsort(~others, axis=1, kind="stable")[:, : min(K, positions.shape[1])]
        kept: Ids = np.where(
            np.take_along_axis(others, order, axis=1), np.take_along_axis(positions, order, axis=1), -1
        )
        return kept


def measured(block: Block, *, pictures: Ids, texts: Rows) -> Measured:
    """Find the least settings of a block's base that reach the recall.

    Parameters
    ----------
    pictures
        Positions of vectors to ask with; each is not to find itself.
    texts
        Vectors to ask with, (m, d).
    """
    queries = np.concatenate([np.asarray(block.codes[pictures], np.float32), texts.astype(np.float32)])
    own = np.concatenate([pictures, np.full(len(texts), -2, np.int64)])
    parts = (("pictures", slice(0, len(pictures))), ("texts", slice(len(pictures), len(queries))))
    asked = _Asked(block=block, queries=queries, own=own, kinds=tuple(p for p in parts if p[1].start < p[1].stop))
    truth = asked.truth(None)
    chosen = _least(asked, truth, None, {}, TARGET)
    by_share = list[tuple[float, Mapping[str, float]]]()
    if block.selects:
        generator = np.random.default_rng(0)
        settings = dict(chosen)
        for share in SHARES:
            count = round(share * block.vectors)
            if count < LEAST:
                break
            some = np.sort(generator.choice(block.vectors, count, replace=False))
            allowed = Allowed(some, block.vectors)
            settings = _least(asked, asked.truth(allowed), allowed, settings, FILTERED_TARGET)
            # Settings found for one share serve down to it: filters between two shares get those of the smaller.
            by_share.append((_above(share), settings))
    return Measured(
        recall=asked.recall(truth, chosen, None),
        parameters=chosen,
        by_share=by_share,
        ms=_median_ms(block, queries, chosen),
        exact_ms=_median_ms(block, queries, None),
        queries={kind: rows.stop - rows.start for kind, rows in asked.kinds},
    )


def _above(share: float) -> float:
    """The next greater share."""
    at = SHARES.index(share)
    return 1.0 if at == 0 else SHARES[at - 1]


def _least(
    asked: _Asked, truth: Ids, allowed: Allowed | None, least: Mapping[str, float], target: float
) -> dict[str, float]:
    """The least settings from some on that reach a recall, found one after the other; the most where none do."""
    names = [name for name in LADDERS if name in asked.block.names]
    settings: dict[str, float] = {name: max(WIDE[name], least.get(name, 0)) for name in names}
    for place, name in enumerate(names):
        # The first settings to be found leave the later ones something to lose.
        enough = target + (1 - target) / 2 if place < len(names) - 1 else target
        for value in LADDERS[name]:
            if value < least.get(name, 0):
                continue
            settings[name] = value
            if min(asked.recall(truth, settings, allowed).values()) >= enough:
                break
    return settings


def _median_ms(block: Block, queries: Rows, parameters: Mapping[str, float] | None) -> float:
    """Of one query at a time; by comparing with everything where there are no settings."""
    took = list[float]()
    order: npt.NDArray[np.int64] = np.random.default_rng(0).permutation(len(queries))[:TIMED]
    for place in order if parameters is not None else order[:3]:
        started = time.perf_counter()
        if parameters is None:
            block.scan(queries[place : place + 1], K)
        else:
            block.propose(queries[place : place + 1], K, parameters)
        took.append(time.perf_counter() - started)
    return 1000 * float(np.median(took))
