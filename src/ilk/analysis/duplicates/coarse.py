"""A first look at many pairs: which could be the same picture, laid how, and cut how.

Each picture is reduced to 8 x 8 cells, whole and through 18 windows onto nine tenths and eight tenths of it. A pair
could be the same if the whole of one correlates with a window of the other. That costs a few thousand products a pair,
where aligning costs millions, and says where aligning should begin.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ilk.analysis.duplicates import orientation
from ilk.analysis.duplicates.signature import SIDE

CELLS = 8
SHRUNK = (0.9, 0.8)

WINDOWS: tuple[tuple[float, float, float], ...] = (
    (1.0, 0.0, 0.0),
    *((s, x * (1 - s), y * (1 - s)) for s in SHRUNK for x in (-1, 0, 1) for y in (-1, 0, 1)),
)
"""Half side and middle of each window, in coordinates from -1 to 1."""


@dataclass(frozen=True, slots=True)
class Looks:
    """What the first look found of p pairs.

    Attributes
    ----------
    likeness
        The best correlation by orientation of the second picture, shape (p, 8), in [-1, 1].
    starts
        Where to begin aligning, shape (p, 8, 4): see `ilk.analysis.duplicates.alignment`.
    """

    likeness: npt.NDArray[np.float32]
    starts: npt.NDArray[np.float32]


def cells(grey: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Of n grey squares each window as 64 numbers of mean 0 and length 1, shape (n, 19, 64)."""
    squares = grey.astype(np.float32)
    seen = np.stack([_averaging(half, y) @ squares @ _averaging(half, x).T for half, x, y in WINDOWS], axis=1)
    flat = seen.reshape(len(grey), len(WINDOWS), CELLS * CELLS)
    flat = flat - flat.mean(axis=-1, keepdims=True)
    unit: npt.NDArray[np.float32] = flat / (np.linalg.norm(flat, axis=-1, keepdims=True) + 1e-3)
    return unit


def look(first: npt.NDArray[np.float32], second: npt.NDArray[np.float32]) -> Looks:
    """Compare the `cells` of p pairs, each of shape (p, 19, 64), in all orientations of the second."""
    likeness = np.empty((len(first), 8), np.float32)
    starts = np.empty((len(first), 8, 4), np.float32)
    squares = second.reshape(-1, len(WINDOWS), CELLS, CELLS)
    for each in orientation.ALL:
        laid = np.ascontiguousarray(orientation.oriented(squares, each)).reshape(second.shape)
        cut_second = np.einsum("nkd,nd->nk", first, laid[:, 0])
        cut_first = np.einsum("nd,nkd->nk", first[:, 0], laid)
        both = np.concatenate([cut_second, cut_first], axis=1)
        best = both.argmax(axis=1)
        likeness[:, each] = both[np.arange(len(both)), best]
        starts[:, each] = _STARTS[each][best]
    return Looks(likeness, starts)


def _averaging(half: float, middle: float) -> npt.NDArray[np.float32]:
    """What takes the mean over cells of a window: shape (8, 48), rows of sum 1."""
    edges = (np.linspace(middle - half, middle + half, CELLS + 1) + 1) / 2 * SIDE
    pixels = np.arange(SIDE)
    covered = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    weights = np.clip(covered, 0, None)
    mean: npt.NDArray[np.float32] = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return mean


def _starts(laid: int) -> npt.NDArray[np.float32]:
    """For each window of the first, then of the second laid so, the alignment it stands for, shape (38, 4)."""
    starts = [(1 / half - 1, -x / half, 1 / half - 1, -y / half) for half, x, y in WINDOWS]
    for half, x, y in WINDOWS:
        across, down = orientation.oriented_place(x, y, laid)
        starts.append((half - 1, across, half - 1, down))
    return np.array(starts, np.float32)


_STARTS = {each: _starts(each) for each in orientation.ALL}
