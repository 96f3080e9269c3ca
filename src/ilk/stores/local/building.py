"""Making a base: which kind, trained on which vectors, and what it has to be set to.

``auto`` compares with everything while that is quick. Beyond, it takes an inverted file in whose lists lie product
codes of a bit for each number, turned so that they tell more (see `ilk.stores.local.rotation`) and compared 32 at a
time (André, Kermarrec and Le Scouarnec 2015, "Cache locality is not enough"). Where these find too little, or cannot be
made, it takes RaBitQ (Gao and Long 2024), which keeps one bit of each number too, turned about the vectors' own mean,
and costs no training to speak of. All only propose: the float16 vectors decide.

What an index has to be set to is measured when it is made, with queries of two kinds, since those in words lie
elsewhere than the pictures that it was trained with: pictures that were held back from the training, and probes, which
are vectors of texts. The settings are the least that reach the recall with either.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ilk.machine import free_memory_bytes
from ilk.records.items import Metric
from ilk.stores.local import kinds
from ilk.stores.local.block import ROWS, Block, threads
from ilk.stores.local.index import IndexPolicy
from ilk.stores.local.measuring import Measured, measured
from ilk.stores.local.rotation import centres, turn

Codes = npt.NDArray[np.float16]
Rows = npt.NDArray[np.float32]

TRAINING = 65_536
"""Vectors that a base is trained with, or as many for each list of an inverted file as FAISS asks for."""

PER_LIST = 40
PER_PART = 4
"""Numbers that a word of 4 bits stands for: as many bits as RaBitQ's."""

CODED = 32_768
ROUNDS = 10
"""Vectors that words of product codes are learnt from, and rounds over them: half of what FAISS would do for words of
8 bits, and eight times the vectors that it would take for words of 4."""

HELD_BACK = 96
"""Pictures that stay out of the training, to ask with."""

SEED = 7


@dataclass(kw_only=True)
class Base:
    """One base to be made of the vectors of a space.

    Attributes
    ----------
    wanted
        ``"auto"``, or a FAISS factory string.
    metric, policy
        Of the space, and of its store.
    probes
        Vectors of texts, (m, d).
    """

    wanted: str
    metric: Metric
    policy: IndexPolicy
    probes: Rows
    factory: str = kinds.EXACT
    facts: dict[str, Any] = field(default_factory=dict)

    def __call__(self, codes: Codes, exact: Any) -> Any:
        """The FAISS index over vectors (n, d), of which `exact` is one too, or None where that is enough.

        `factory` and `facts` say which it is, and why.
        """
        self.facts = {}
        if self.metric != "cosine":
            self.facts["longest"] = float(max(np.linalg.norm(rows, axis=1).max() for rows in _widened(codes)))
        for factory, why in self._choices(*codes.shape):
            self.factory, self.facts["why"] = factory, why
            if not kinds.base_of(factory):
                return None
            started = time.perf_counter()
            held = np.sort(np.random.default_rng(SEED).permutation(len(codes))[: min(HELD_BACK, len(codes) // 4)])
            try:
                made = built(kinds.base_of(factory), codes, self.metric, held=held)
            except RuntimeError as error:
                self._stay_exact(f"{factory} cannot be made of {len(codes):,} vectors ({_last_line(error)})")
                return None
            build_s = time.perf_counter() - started
            found = measured(self._block(codes, exact, made), pictures=held, texts=self.probes)
            self.facts |= found.to_dict() | {"build_s": round(build_s, 2)}
            if self.wanted != kinds.AUTO or self._pays(found):
                return made
        raise AssertionError("the last choice is exact")

    def _choices(self, n: int, d: int) -> Sequence[tuple[str, str]]:
        """Factory strings to try, with reasons; the last one is sure to do."""
        if self.wanted != kinds.AUTO:
            return [(self.wanted, 'kept until another is asked for, or "auto"')]
        numbers = n * d
        exact = kinds.EXACT, f"of {n:,} vectors of {d} numbers each can be compared in milliseconds"
        if numbers <= self.policy.exact_numbers:
            return [exact]
        slow = kinds.EXACT, "no index was quicker at the recall that is wanted"
        bits = "RaBitQ,Refine(SQfp16)", "with lists too few were found"
        lists = 1 << round(math.log2(math.sqrt(n)))
        if 3 * 4 * d * max(TRAINING, PER_LIST * lists) > free_memory_bytes():
            return [(bits[0], "memory is too short to train one with lists"), slow]
        many = f"{n:,} vectors of {d} numbers are many"
        among = f"IVF{lists},RaBitQ,Refine(SQfp16)", f"{many}, and of product codes too few were found"
        if d % PER_PART:
            return [(among[0], many), bits, slow]
        parts = d // PER_PART
        return [(f"OPQ{parts},IVF{lists},PQ{parts}x4fsr,Refine(SQfp16)", many), among, bits, slow]

    def _pays(self, found: Measured) -> bool:
        return min(found.recall.values(), default=0.0) >= self.policy.least_recall and found.ms < found.exact_ms

    def _stay_exact(self, why: str) -> None:
        self.factory, self.facts = kinds.EXACT, {"why": why}

    def _block(self, codes: Codes, exact: Any, base: Any) -> Block:
        return Block(ids=np.arange(len(codes)), codes=codes, lay_out=lambda: exact, base=base, metric=self.metric)


def built(base: str, codes: Codes, metric: Metric, *, held: npt.NDArray[np.int64]) -> Any:
    """A FAISS index of a kind over vectors (n, d), by position.

    Parameters
    ----------
    held
        Positions that are not trained with.

    Raises
    ------
    RuntimeError
        FAISS's, such as when there are too few vectors to train with.
    """
    faiss = kinds.loaded()
    made = kinds.empty(base, codes.shape[1], metric)
    lists = 0
    inner = made
    while isinstance(inner, faiss.IndexPreTransform):
        inner = faiss.downcast_index(inner.index)
    if isinstance(inner, faiss.IndexIVF):
        lists = inner.nlist
        inner.cp.max_points_per_centroid = max(PER_LIST, TRAINING // lists)
        inner.cp.min_points_per_centroid = 1
    if hasattr(inner, "pq"):
        inner.pq.cp.min_points_per_centroid = 1  # below, FAISS prints a warning for each part of a vector
        inner.pq.cp.max_points_per_centroid = max(1, CODED // inner.pq.ksub)
        inner.pq.cp.niter = ROUNDS
        if hasattr(inner, "do_polysemous_training"):
            inner.do_polysemous_training = False  # for words of 8 bits it takes minutes, and few ask for its search
    if not made.is_trained:
        others = np.setdiff1d(np.arange(len(codes)), held, assume_unique=True)
        count = min(len(others), max(TRAINING, PER_LIST * lists))
        chosen = np.sort(np.random.default_rng(SEED).permutation(others)[:count])
        rows = np.ascontiguousarray(codes[chosen], np.float32)
        turn(made, rows)
        if hasattr(inner, "pq"):
            if made is inner and lists and inner.quantizer.is_trained:
                inner.quantizer.add(centres(inner, rows))
            with threads(1):  # words are learnt in steps so small that threads wait for each other ten times as long
                made.train(rows)
        else:
            made.train(rows)
    for rows in _widened(codes):
        made.add(rows)
    return made


def _widened(codes: Codes) -> Any:
    for start in range(0, len(codes), ROWS):
        yield np.ascontiguousarray(codes[start : start + ROWS], np.float32)


def _last_line(error: RuntimeError) -> str:
    return str(error).strip().splitlines()[-1].rsplit("Error: ", 1)[-1][:160]


def recall_text(facts: Mapping[str, Any]) -> str:
    """What was measured, for people; empty where nothing was."""
    recall = facts.get("recall", {})
    if not recall:
        return ""
    named = " and ".join(f"{value:.3f} of {kind}" for kind, value in recall.items())
    return f"recall@10 {named}, {facts['ms']:.2f} ms a query"
