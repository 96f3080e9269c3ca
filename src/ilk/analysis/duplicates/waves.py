"""A second way to find pairs: by the long waves of a picture's greys, which can be turned and mirrored for nothing.

A model's vector of a picture that lies on its side is another than that of the picture. The cosine transform of the
side-lying square is the transform of the upright one with rows and columns exchanged and some signs changed, so one
index answers for all eight orientations.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ilk.analysis.duplicates.orientation import oriented_waves
from ilk.analysis.duplicates.signature import SIDE, Signatures

LONG = 8
"""Waves along each axis; of those, the ones whose numbers add up to less than 9."""

_ROWS, _COLUMNS = np.meshgrid(range(LONG), range(LONG), indexing="ij")
_KEPT = (_ROWS + _COLUMNS > 0) & (_ROWS + _COLUMNS <= LONG)

_EVEN = np.sqrt(1.0 + _ROWS + _COLUMNS).astype(np.float32)
"""Long waves carry most of any photograph: raised so, short ones tell as much."""


def _transform() -> npt.NDArray[np.float32]:
    pixels = np.arange(SIDE) + 0.5
    waves = np.stack([np.cos(np.pi * pixels * number / SIDE) for number in range(LONG)])
    return (waves * np.sqrt(np.where(np.arange(LONG) > 0, 2, 1) / SIDE)[:, None]).astype(np.float32)


_TRANSFORM = _transform()


def waves(signatures: Signatures, orientation: int) -> npt.NDArray[np.float32]:
    """Unit rows, shape (n, 43), of n pictures laid so."""
    transformed = _TRANSFORM @ signatures.grey.astype(np.float32) @ _TRANSFORM.T
    laid = (oriented_waves(transformed, orientation) * _EVEN)[:, _KEPT]
    unit: npt.NDArray[np.float32] = laid / (np.linalg.norm(laid, axis=1, keepdims=True) + 1e-3)
    return unit
