"""The eight ways a square can lie: turned by quarters, mirrored or not.

An orientation is a number from 0 to 7: 4 exchanges rows and columns first, then 1 reverses each row, 2 their order.
Each of the three is a mirroring, so an odd number of them mirrors.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

UPRIGHT = 0
ALL = range(8)

_TURNS = {0: 0, 6: 90, 3: 180, 5: 270, 1: 0, 4: 270, 2: 180, 7: 90}
"""Degrees clockwise; of a mirrored picture, those of its mirror image."""


def oriented(squares: npt.NDArray[Any], orientation: int) -> npt.NDArray[Any]:
    """Squares of shape (..., s, s), laid so."""
    if orientation & 4:
        squares = squares.swapaxes(-1, -2)
    if orientation & 1:
        squares = squares[..., ::-1]
    if orientation & 2:
        squares = squares[..., ::-1, :]
    return squares


def oriented_waves(waves: npt.NDArray[np.float32], orientation: int) -> npt.NDArray[np.float32]:
    """The cosine transform, shape (n, s, s), of squares laid so: reversing changes the sign of odd waves."""
    if orientation & 4:
        waves = waves.swapaxes(-1, -2)
    signs = np.ones(waves.shape[-2:], np.float32)
    if orientation & 1:
        signs[:, 1::2] *= -1
    if orientation & 2:
        signs[1::2] *= -1
    return waves * signs


def oriented_place(x: float, y: float, orientation: int) -> tuple[float, float]:
    """Where a point of a square, its middle at (0, 0), comes to lie."""
    if orientation & 4:
        x, y = y, x
    return (-x if orientation & 1 else x), (-y if orientation & 2 else y)


def is_mirroring(orientation: int) -> bool:
    """Whether letters would be the wrong way round."""
    return orientation.bit_count() % 2 == 1


def turn(orientation: int) -> int:
    """By how many degrees clockwise a picture was turned that has to be laid so to be upright again."""
    return _TURNS[orientation]


def is_sideways(orientation: int) -> bool:
    """Whether width and height change places."""
    return bool(orientation & 4)
