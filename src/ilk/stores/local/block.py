"""Some vectors at one place, in a file or in memory, and the ways to get the best of them.

Everything here is by position, from 0; the numbers of the database are in `Block.ids`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ilk.multiplication import greatest_products, least_distances
from ilk.records.items import Metric
from ilk.stores.local import kinds

Rows: TypeAlias = npt.NDArray[np.float32]
Ids: TypeAlias = npt.NDArray[np.int64]

TOGETHER = 16
"""From so many queries on, blocks of vectors are widened once for all of them and multiplied as matrices: FAISS widens
each vector again for each query."""

WORTH_LOADING = 1 << 24
"""Numbers that ONNX Runtime, which most questions need anyhow, multiplies in a fraction of the time FAISS loads in."""

NEAR = 256
"""Distances are told by products as long as so few are wanted: where more are, some were lost in rounding."""

ROWS = 4_096
"""Vectors widened at once: enough for a matrix product to be quick, and little beside the vectors."""


@dataclass(frozen=True, eq=False)
class Allowed:
    """The positions of a block that may be answered.

    Attributes
    ----------
    positions
        Ascending, shape (m,).
    vectors
        Of the block.
    """

    positions: Ids
    vectors: int

    @cached_property
    def selector(self) -> Any:
        """As FAISS takes it; it may be used by many threads at once."""
        import faiss

        bits = np.zeros(self.vectors, np.bool_)
        bits[self.positions] = True
        packed = np.packbits(bits, bitorder="little")
        made: Any = faiss.IDSelectorBitmap(packed.size, faiss.swig_ptr(packed))
        made.referenced_objects = [packed]  # FAISS's own name for what has to live as long
        return made


@dataclass(frozen=True, kw_only=True, eq=False)
class Block:
    """Some vectors.

    Attributes
    ----------
    ids
        The embedding_id at each position, ascending, shape (n,).
    codes
        The vectors, float16, shape (n, d).
    lay_out
        Makes a FAISS index over the same bytes.
    base
        A FAISS index of another kind that proposes candidates; None to compare with everything.
    metric
        How vectors are compared.
    from_file
        Whether they lie in an index file.
    """

    ids: Ids
    codes: npt.NDArray[np.float16]
    lay_out: Callable[[], Any]
    base: Any = None
    metric: Metric = "cosine"
    from_file: bool = False
    _allowed: dict[int, tuple[Ids, Allowed]] = field(default_factory=dict)

    @property
    def vectors(self) -> int:
        """How many."""
        return len(self.ids)

    @cached_property
    def exact(self) -> Any:
        """A FAISS index over the same bytes."""
        return self.lay_out()

    @cached_property
    def _spares_faiss(self) -> Iterator[bool]:
        """Whether the next scan does better without FAISS: the first, where loading it would take longest."""
        return iter([self.metric != "l2" and self.codes.size <= WORTH_LOADING and "faiss" not in sys.modules])

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What may be set for a search of the base."""
        return () if self.base is None else kinds.settable(self.base)

    @cached_property
    def selects(self) -> bool:
        """Whether the base can be asked for some positions alone: not every kind can, or heeds it."""
        only = Allowed(np.zeros(1, np.int64), self.vectors)
        query = np.asarray(self.codes[-1:], np.float32)
        try:
            _, labels = self.base.search(query, 1, params=self._make({}, only.selector))
        except RuntimeError:
            return False
        return int(labels[0, 0]) <= 0

    @cached_property
    def takes_parameters(self) -> bool:
        """Whether the base can be given parameters at all: a few kinds refuse them."""
        query = np.asarray(self.codes[:1], np.float32)
        try:
            self.base.search(query, 1, params=self._make({}, None))
        except RuntimeError:
            return False
        return True

    @cached_property
    def _refined(self) -> Any:
        """The base with its candidates compared exactly, by FAISS; None where it cannot."""
        import faiss

        if self.base.metric_type != self.exact.metric_type:
            return None  # such as LSH, which is made for distances
        made: Any = faiss.IndexRefine(self.base, self.exact)
        made.referenced_objects = [self.base, self.exact]
        return made

    @cached_property
    def _make(self) -> kinds.Maker:
        return kinds.maker(self.base)

    @cached_property
    def _make_refined(self) -> kinds.Maker:
        return kinds.maker(self._refined)

    def allowed(self, among: Ids | None) -> Allowed | None:
        """The positions of some embedding_ids, ascending; None for all. The last few are remembered, by identity."""
        if among is None:
            return None
        known = self._allowed.get(id(among))
        if known is not None and known[0] is among:
            return known[1]
        first, last = (int(self.ids[0]), int(self.ids[-1])) if self.vectors else (0, -1)
        within = among[np.searchsorted(among, first) : np.searchsorted(among, last, side="right")]
        if last - first + 1 == self.vectors:
            positions = within - first
        else:
            positions = np.searchsorted(self.ids, within)
            positions = positions[self.ids[np.minimum(positions, self.vectors - 1)] == within]
        made = Allowed(positions, self.vectors)
        if len(self._allowed) >= REMEMBERED:
            self._allowed.clear()
        self._allowed[id(among)] = (among, made)
        return made

    # -- the best of it -------------------------------------------------------------------------------------------

    def scan(self, queries: Rows, take: int, allowed: Allowed | None = None) -> tuple[Rows, Ids]:
        """The best by comparing with all that is allowed: products or distances, and positions, each (q, take).

        They are FAISS's: inner products, greatest first, or squared distances, least first; and sums in float32, which
        may be off in the last digits. Where there are fewer, the position is -1. Of many queries distances may be too
        small, as `least_distances` says, and no other is less than the last.
        """
        few = allowed is not None and len(allowed.positions) * GATHERED < self.vectors
        together = len(queries) >= TOGETHER and (self.metric != "l2" or take <= NEAR)
        if together or few:
            return self._multiplied(queries, take, None if allowed is None else allowed.positions)
        if len(queries) == 1 and next(self._spares_faiss, False):
            return greatest_products(queries, take, self.codes, None if allowed is None else allowed.positions)
        parameters = None
        if allowed is not None:
            import faiss

            untyped: Any = faiss
            parameters = untyped.SearchParameters(sel=allowed.selector)
        with threads(len(queries)):
            products, positions = self.exact.search(queries, take, params=parameters)
        return products, positions

    def propose(
        self, queries: Rows, take: int, parameters: Mapping[str, float], allowed: Allowed | None = None
    ) -> tuple[Rows, Ids]:
        """The best that the base finds, compared exactly: as `scan`, but a nearer one may be missing."""
        factor = max(1.0, float(parameters.get("k_factor", 1.0)))
        wide = min(self.vectors, max(take, round(take * factor)))
        selector = None if allowed is None else allowed.selector
        with threads(len(queries)):
            if self._refined is not None and wide > take and self.takes_parameters:
                values = {**parameters, "k_factor": wide / take}
                given = self._make_refined(values, selector)
                products, positions = self._refined.search(queries, take, params=given)
                return products, positions
            given = self._make(parameters, selector) if self.takes_parameters else None
            _, positions = self.base.search(queries, wide, params=given)
        return self._compared(queries, take, positions)

    def _compared(self, queries: Rows, take: int, positions: Ids) -> tuple[Rows, Ids]:
        """The best of the candidates (q, m) of each query."""
        best = _Best(len(queries), take, self.metric)
        for row, candidates in enumerate(positions):
            mine = candidates[candidates >= 0]
            codes = self.codes[mine]
            wide = np.empty(codes.shape, np.float32)
            products = _products(queries[row : row + 1], codes, self.metric, wide, np.empty((1, len(mine)), np.float32))
            best.add_row(row, products[0], mine)
        return best.ordered()

    def _multiplied(self, queries: Rows, take: int, positions: Ids | None) -> tuple[Rows, Ids]:
        """As `scan`, by matrix products over blocks of vectors."""
        if len(queries) >= TOGETHER and (self.metric != "l2" or take <= NEAR):
            import faiss

            find = least_distances if self.metric == "l2" else greatest_products
            return find(queries, take, self.codes, positions, threads=faiss.omp_get_max_threads())
        count = self.vectors if positions is None else len(positions)
        best = _Best(len(queries), take, self.metric)
        # Memory that is asked for anew for each block costs more than what is done in it.
        wide = np.empty((min(ROWS, count), self.codes.shape[1]), np.float32)
        out = np.empty((len(queries), min(ROWS, count)), np.float32)
        for start in range(0, count, ROWS):
            if positions is None:
                some = np.arange(start, min(start + ROWS, count))
                codes = self.codes[start : start + ROWS]
            else:
                some = positions[start : start + ROWS]
                codes = self.codes[some]
            products = _products(queries, codes, self.metric, wide[: len(codes)], out[:, : len(codes)])
            best.add(products, some)
        return best.ordered()


GATHERED = 200
"""Of fewer than one in so many of the vectors, the allowed ones are taken out and multiplied; else FAISS passes over
the others where they lie, which widens numbers several times as fast as NumPy does."""

REMEMBERED = 8
"""Sets of positions, for filters that are asked again."""


class _Best:
    """The best so far of each of q queries."""

    def __init__(self, queries: int, take: int, metric: Metric) -> None:
        self._take = take
        self._sign = -1 if metric == "l2" else 1
        self._products = np.full((queries, 0), -np.inf, np.float32)
        self._positions = np.empty((queries, 0), np.int64)

    def add(self, products: Rows, positions: Ids) -> None:
        """Products (q, m) with the vectors at m positions."""
        products = products if self._sign > 0 else -products
        if self._products.shape[1] == self._take:  # then few, if any, are better than what there is
            rows, columns = np.nonzero(products > self._products.min(axis=1, keepdims=True))
            if not len(rows):
                return
            columns = np.unique(columns)
            products, positions = products[:, columns], positions[columns]
        if products.shape[1] > self._take:
            kept = np.argpartition(products, -self._take, axis=1)[:, -self._take :]
            products, where = np.take_along_axis(products, kept, axis=1), positions[kept]
        else:
            where = np.broadcast_to(positions, products.shape)
        self._products = np.concatenate([self._products, products], axis=1)
        self._positions = np.concatenate([self._positions, where], axis=1)
        if self._products.shape[1] > self._take:
            kept = np.argpartition(self._products, -self._take, axis=1)[:, -self._take :]
            self._products = np.take_along_axis(self._products, kept, axis=1)
            self._positions = np.take_along_axis(self._positions, kept, axis=1)

    def add_row(self, row: int, products: Rows, positions: Ids) -> None:
        """Products (m,) of one query, once for each."""
        if not self._products.shape[1]:
            self._products = np.full((len(self._products), self._take), -np.inf, np.float32)
            self._positions = np.full((len(self._positions), self._take), -1, np.int64)
        signed = products * self._sign
        order = np.argsort(-signed, kind="stable")[: self._take]
        self._products[row, : len(order)] = signed[order]
        self._positions[row, : len(order)] = positions[order]

    def ordered(self) -> tuple[Rows, Ids]:
        """As FAISS gives them."""
        missing = self._take - self._products.shape[1]
        products = np.pad(self._products, ((0, 0), (0, missing)), constant_values=-np.inf)
        positions = np.pad(self._positions, ((0, 0), (0, missing)), constant_values=-1)
        order = np.argsort(-products, axis=1, kind="stable")
        return self._sign * np.take_along_axis(products, order, axis=1), np.take_along_axis(positions, order, axis=1)


def _products(queries: Rows, codes: npt.NDArray[np.float16], metric: Metric, wide: Rows, out: Rows) -> Rows:
    """Inner products or squared distances of q queries and m vectors, (q, m); in `out`, by way of `wide`, (m, d)."""
    np.copyto(wide, codes)
    if metric == "l2":
        # By differences: by way of products, small distances of long vectors would be lost in rounding.
        for row, query in enumerate(queries):
            out[row] = np.square(wide - query).sum(axis=1)
        return out
    # BLAS would wake its threads for each, which may take longer than the product.
    return np.einsum("qd,md->qm", queries, wide, out=out)


@contextmanager
def threads(queries: int) -> Iterator[None]:
    """No more OpenMP threads than queries: FAISS shares out queries, and idle threads cost milliseconds.

    The setting is the calling thread's own.
    """
    import faiss

    before = faiss.omp_get_max_threads()
    wanted = max(1, min(before, queries))
    if wanted == before:
        yield
        return
    faiss.omp_set_num_threads(wanted)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
