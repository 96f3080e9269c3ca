"""What is remembered of a picture to compare it with others: a small grey square, and its colours smaller still.

The square forgets the shape of the picture, so that a quarter turn of the picture is a quarter turn of the square.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

SIDE = 48
"""Pixels along the grey square: at 32 the views of a burst are hard to tell from a crop, 64 takes twice the room."""

COLOURS = 8
"""Cells along the square of colours."""

DECODED = 64
"""The size that pictures are decoded for: a little more than is kept, so that drafts of JPEGs do not show."""

BYTES = SIDE * SIDE + 2 * COLOURS * COLOURS


@dataclass(frozen=True, slots=True)
class Signatures:
    """Those of n pictures.

    Attributes
    ----------
    grey
        Luma, uint8, shape (n, 48, 48).
    colour
        Blue and red difference, uint8, shape (n, 8, 8, 2).
    """

    grey: npt.NDArray[np.uint8]
    colour: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.grey)

    @classmethod
    def from_rows(cls, rows: npt.NDArray[np.uint8]) -> Signatures:
        """From bytes of shape (n, 2432), as `signature` makes them."""
        grey, colour = rows[:, : SIDE * SIDE], rows[:, SIDE * SIDE :]
        return cls(grey.reshape(-1, SIDE, SIDE), colour.reshape(-1, COLOURS, COLOURS, 2))


def signature(image: Image.Image) -> npt.NDArray[np.uint8]:
    """The bytes, shape (2432,), of an upright RGB picture. Cost: about a millisecond for a thumbnail."""
    # The triangle filter leaves nothing of fine stripes, of which sharper ones make other stripes in each size.
    square = image.resize((SIDE, SIDE), Image.Resampling.BILINEAR).convert("YCbCr")
    grey = np.asarray(square)[..., 0]
    colour = np.asarray(square.resize((COLOURS, COLOURS), Image.Resampling.BOX))[..., 1:]
    return np.concatenate([grey.ravel(), colour.ravel()])
