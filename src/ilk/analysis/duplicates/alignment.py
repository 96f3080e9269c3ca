"""Lays the second of two squares over the first, as closely as stretching and shifting allow.

After B. D. Lucas and T. Kanade, An iterative image registration technique (IJCAI 1981), for a stretch and a shift along
each axis, with the contrast and brightness between the two fitted along (as G. D. Evangelidis and E. Z. Psarakis do,
IEEE TPAMI 30, 2008). Many pairs are aligned at once, blurred and small first, then as they are.

An alignment is four numbers (a, b, c, d): the point (u, v) of the first square, in coordinates from -1 to 1, is the
point ((1 + a) u + b, (1 + c) v + d) of the second.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ilk.analysis.duplicates.signature import SIDE

Floats = npt.NDArray[np.float32]

SMALL = 16
SMALL_STEPS = 5
FULL_STEPS = 5

LONGEST_STEP = 0.15
FARTHEST = 0.4
"""Beyond this a stretch or a shift would leave too little in common to speak of one picture."""

CONTRAST = (0.3, 3.0)
"""Between the two: what lies outside is held at the limit."""


def align_small(first: Floats, second: Floats, starts: Floats) -> Floats:
    """The alignments, shape (p, 4), of p pairs of shape (p, 48, 48), as far as 16 x 16 pixels show them."""
    return _steps(blurred(shrunk(first)), blurred(shrunk(second)), starts, SMALL_STEPS)


def align(first: Floats, second: Floats, starts: Floats) -> Floats:
    """The alignments, shape (p, 4), of p pairs of shape (p, 48, 48), from near ones. Cost: a millisecond each."""
    return _steps(blurred(first), blurred(second), starts, FULL_STEPS)


def overlaid(second: Floats, alignments: Floats) -> tuple[Floats, Floats]:
    """The second squares where they lie over the first, and where that is: both of shape (p, s, s)."""
    side = second.shape[-1]
    x, y, there = _places(side, alignments)
    return _sampled(second, (x + 1) / 2 * side - 0.5, (y + 1) / 2 * side - 0.5), there


def shrunk(squares: Floats, side: int = SMALL) -> Floats:
    """Means over cells: shape (p, side, side)."""
    step = squares.shape[-1] // side
    means: Floats = squares.reshape(-1, side, step, side, step).mean(axis=(2, 4))
    return means


def blurred(squares: Floats) -> Floats:
    """By weights 1, 2, 1 along both axes."""
    wide = np.pad(squares, [(0, 0), (1, 1), (1, 1)], mode="edge")
    rows = wide[..., :-2] + 2 * wide[..., 1:-1] + wide[..., 2:]
    both: Floats = (rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / 16
    return both


def _steps(first: Floats, second: Floats, starts: Floats, steps: int) -> Floats:
    """Gauss-Newton, over what the two have in common."""
    side, pairs = first.shape[-1], len(first)
    slope_y, slope_x = (np.ascontiguousarray(slope) for slope in np.gradient(second, axis=(-2, -1)))
    u = _axis(side)
    alignments = starts.astype(np.float32)
    for _ in range(steps):
        x, y, there = _places(side, alignments)
        across, down = (x + 1) / 2 * side - 0.5, (y + 1) / 2 * side - 0.5
        laid = _sampled(second, across, down)
        count = there.sum(axis=(1, 2), keepdims=True).clip(1)
        ours = first - (first * there).sum(axis=(1, 2), keepdims=True) / count
        theirs = laid - (laid * there).sum(axis=(1, 2), keepdims=True) / count
        contrast = (ours * theirs * there).sum(axis=(1, 2), keepdims=True)
        contrast /= (theirs * theirs * there).sum(axis=(1, 2), keepdims=True) + 1e-3
        contrast = np.clip(contrast, *CONTRAST)
        wide = _sampled(slope_x, across, down) * (contrast * (side / 2))
        tall = _sampled(slope_y, across, down) * (contrast * (side / 2))
        columns = [wide * u, wide, tall * u[:, None], tall, theirs, np.ones_like(theirs)]
        changes = (np.stack(columns, axis=1) * there[:, None]).reshape(pairs, len(columns), -1)
        rest = ((ours - contrast * theirs) * there).reshape(pairs, -1, 1)
        normal = (changes @ changes.swapaxes(1, 2)).astype(np.float64)
        # A little of the identity keeps plain squares, whose equations have many solutions, where they are.
        normal += (
            np.eye(len(columns)) * (np.trace(normal, axis1=1, axis2=2) * 1e-5 / len(columns) + 1e-6)[:, None, None]
        )
        step = np.linalg.solve(normal, (changes @ rest).astype(np.float64))[:, :4, 0]
        moved = alignments + np.clip(step, -LONGEST_STEP, LONGEST_STEP)
        alignments = np.clip(moved, -FARTHEST, FARTHEST).astype(np.float32)
    return alignments


def _axis(side: int) -> Floats:
    """The middles of pixels, from -1 to 1."""
    return ((np.arange(side) + 0.5) / side * 2 - 1).astype(np.float32)


def _places(side: int, alignments: Floats) -> tuple[Floats, Floats, Floats]:
    """Where each pixel of the first lies in the second, x and y, and 1 where that is inside: shape (p, s, s)."""
    u = _axis(side)
    stretch_x, shift_x, stretch_y, shift_y = (alignments[:, column, None, None] for column in range(4))
    x = np.broadcast_to((1 + stretch_x) * u + shift_x, (len(alignments), side, side))
    y = np.broadcast_to((1 + stretch_y) * u[:, None] + shift_y, (len(alignments), side, side))
    inside = 1 - 1 / side
    return x, y, ((np.abs(x) < inside + 1e-4) & (np.abs(y) < inside + 1e-4)).astype(np.float32)


def _sampled(squares: Floats, x: Floats, y: Floats) -> Floats:
    """Between pixels, bilinearly; outside, the edge goes on."""
    side = squares.shape[-1]
    left = np.clip(np.floor(x), 0, side - 2).astype(np.int32)
    top = np.clip(np.floor(y), 0, side - 2).astype(np.int32)
    right, below = np.clip(x - left, 0, 1), np.clip(y - top, 0, 1)
    corner = (np.arange(len(squares), dtype=np.int32) * side * side)[:, None, None] + top * side + left
    pixels = squares.reshape(-1)
    upper = pixels[corner] * (1 - right) + pixels[corner + 1] * right
    lower = pixels[corner + side] * (1 - right) + pixels[corner + side + 1] * right
    between: Floats = upper * (1 - below) + lower * below
    return between


assert SIDE % SMALL == 0
