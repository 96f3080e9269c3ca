"""How well two aligned squares agree, cell by cell.

Two photographs of one scene, or of two dresses on one hanger, agree at large and differ here and there; two files of
one photograph agree everywhere. So each of 8 x 8 cells is correlated by itself, and the worst tenth of them counts as
much as all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ilk.analysis.duplicates.alignment import overlaid

Floats = npt.NDArray[np.float32]

CELLS = 8
NOISE = 1.0
"""Grey levels, of a standard deviation: what a cell varies by less than this says little."""

WORST = 0.1
"""The share of what is to be seen whose correlation is taken for the worst."""

SEEN = 0.6
"""How much of a cell must be in both pictures for it to count."""


@dataclass(frozen=True, slots=True)
class Agreements:
    """Of p pairs, each of shape (p,).

    Attributes
    ----------
    agreement
        The mean of `overall` and `worst`: 1 for the same pixels, about 0 for pictures that have nothing in common.
    overall
        Correlation of cells, weighted by how much is to be seen in each.
    worst
        What all cells but the worst tenth, by the same weights, reach.
    overlap
        The share of the first square that the second covers.
    texture
        Standard deviation in grey levels of the plainer of the two, over what they have in common.
    """

    agreement: Floats
    overall: Floats
    worst: Floats
    overlap: Floats
    texture: Floats


def agreements(first: Floats, second: Floats, alignments: Floats) -> Agreements:
    """Compare p pairs of squares of shape (p, s, s), the second laid over the first."""
    laid, there = overlaid(second, alignments)
    _, ours, theirs = _products(_flat(first), _flat(laid), _flat(there))
    count = there.sum(axis=(1, 2)).clip(1)
    texture = np.sqrt(np.minimum(ours, theirs) / count)
    mask = _cells(there)
    both, ours, theirs = _products(_cells(first), _cells(laid), mask)
    correlation = both / np.sqrt(ours * theirs + (mask.sum(axis=-1) * NOISE**2) ** 2 + 1e-6)
    weight = np.sqrt(np.maximum(ours, theirs)) * (mask.mean(axis=-1) > SEEN)
    total = weight.sum(axis=1, keepdims=True) + 1e-6
    overall = (correlation * weight).sum(axis=1) / total[:, 0]
    order = np.argsort(correlation, axis=1)
    reached = np.cumsum(np.take_along_axis(weight, order, axis=1), axis=1) / total
    place = (reached < WORST).sum(axis=1, keepdims=True).clip(0, CELLS * CELLS - 1)
    worst = np.take_along_axis(np.take_along_axis(correlation, order, axis=1), place, axis=1)[:, 0]
    return Agreements((overall + worst) / 2, overall, worst, there.mean(axis=(1, 2)), texture)


def correlations(first: Floats, second: Floats, alignments: Floats) -> Floats:
    """One number for each pair, shape (p,): the correlation of all that the two have in common."""
    laid, there = overlaid(second, alignments)
    both, ours, theirs = _products(_flat(first), _flat(laid), _flat(there))
    whole: Floats = both / np.sqrt(ours * theirs + 1e-3)
    return whole


def _flat(squares: Floats) -> Floats:
    return squares.reshape(len(squares), -1)


def _cells(squares: Floats) -> Floats:
    """Shape (p, 64, pixels of a cell)."""
    step = squares.shape[-1] // CELLS
    parts = squares.reshape(-1, CELLS, step, CELLS, step).swapaxes(2, 3)
    return parts.reshape(len(squares), CELLS * CELLS, step * step)


def _products(first: Floats, second: Floats, mask: Floats) -> tuple[Floats, Floats, Floats]:
    """Sums over the last axis, where the mask is, of products of what differs from the mean."""
    count = mask.sum(axis=-1, keepdims=True).clip(1)
    ours = (first - (first * mask).sum(axis=-1, keepdims=True) / count) * mask
    theirs = (second - (second * mask).sum(axis=-1, keepdims=True) / count) * mask
    return (ours * theirs).sum(axis=-1), (ours * ours).sum(axis=-1), (theirs * theirs).sum(axis=-1)
