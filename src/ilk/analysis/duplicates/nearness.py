"""The nearest of every vector among all, without comparing all with all.

Some ten thousand vectors are compared exactly, in blocks. Of more, FAISS makes an index that is thrown away at the end:
128 principal axes, cells of an inverted file, a byte a number, so that a million vectors take 140 MB however long they
were; what it finds is computed anew from the vectors themselves.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from ilk.analysis.duplicates.groups import Progress

Rows = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.float32]

BLOCK = 4_096
EXACT_UP_TO = 20_000
LONGEST = 128
"""Numbers of a vector that are kept in an index."""

TRAINED_ON = 40
"""Vectors for each cell; FAISS complains of fewer than 39."""

PROBED = 8
"""Cells looked into for each vector, of hundreds or thousands."""

ROUNDING = 0.02
"""By how much the index may be off in a squared distance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbourhood:
    """What to look for.

    Attributes
    ----------
    k
        Of each vector at most so many neighbours.
    floor
        Leave out cosines below this.
    """

    k: int
    floor: float


class Nearness:
    """An index over m vectors, to be asked for pairs.

    Parameters
    ----------
    count
        m.
    read
        The unit rows, shape (r, d), at r of the m places.
    stop
        Set it to stop early.
    """

    def __init__(
        self, count: int, read: Callable[[Rows], Vectors], *, stop: threading.Event, progress: Progress | None = None
    ) -> None:
        import faiss

        self._count, self._stop, self._progress = count, stop, progress
        self.exact = count <= EXACT_UP_TO
        dimension = read(np.zeros(1, np.int64)).shape[1]
        if self.exact:
            self._index: Any = faiss.IndexFlatL2(dimension)
        else:
            cells = 2 ** round(np.log2(2 * np.sqrt(count)))
            shorter = f"PCAR{LONGEST}," if dimension > LONGEST else ""
            self._index = faiss.index_factory(dimension, f"{shorter}IVF{cells},SQ8", faiss.METRIC_L2)
            sample = np.random.default_rng(0).choice(count, min(count, TRAINED_ON * cells), replace=False)
            self._index.train(read(np.sort(sample)))
            faiss.extract_index_ivf(self._index).nprobe = PROBED
        for start in range(0, count, BLOCK):
            if stop.is_set():
                return
            self._index.add(read(np.arange(start, min(start + BLOCK, count))))

    def pairs(self, ask: Callable[[Rows], Vectors], wanted: Neighbourhood, *, stage: str = "") -> Rows:
        """The near pairs (i, j), i < j, shape (p, 2), each once.

        Parameters
        ----------
        ask
            What to ask with in place of each of the m vectors.
        """
        farthest = 2 - 2 * wanted.floor + (0 if self.exact else ROUNDING)
        found = [np.empty(0, np.int64)]
        for start in range(0, self._count, BLOCK):
            if self._stop.is_set():
                break
            rows = np.arange(start, min(start + BLOCK, self._count))
            squares, places = self._index.search(ask(rows), min(wanted.k + 1, self._count))
            ours = np.broadcast_to(rows[:, None], places.shape)
            near = (squares <= farthest + 1e-5) & (places >= 0) & (places != ours)
            low, high = np.minimum(ours, places)[near], np.maximum(ours, places)[near]
            found.append(np.unique(low * self._count + high))
            if self._progress is not None and stage:
                self._progress(stage, int(rows[-1]) + 1, self._count)
        codes = np.unique(np.concatenate(found))
        return np.stack(np.divmod(codes, self._count), axis=1)


def cosines(pairs: Rows, read: Callable[[Rows], Vectors]) -> Vectors:
    """Of each of p pairs, shape (p,), from the vectors themselves, read in blocks."""
    found = np.empty(len(pairs), np.float32)
    for start in range(0, len(pairs), BLOCK):
        some = pairs[start : start + BLOCK]
        rows, places = np.unique(some, return_inverse=True)
        first, second = places.reshape(some.shape).T
        vectors = read(rows)
        found[start : start + BLOCK] = np.einsum("pd,pd->p", vectors[first], vectors[second])
    return found
