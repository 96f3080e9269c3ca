"""Sixels: pictures as lines of six pixels' height, a colour at a time (DEC STD 070, section 9; the VT340's manual)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    import numpy.typing as npt

COLOURS = 255
"""Registers used; terminals have 256 or more."""

BAND = 6
"""Pixels of height in one line."""

OPAQUE = 128
"""Of 255: less is not drawn, and what is behind shows."""

_BITS = (1 << np.arange(BAND, dtype=np.uint8))[None, :, None]
_EMPTY, _RUN = b"?", re.compile(rb"(.)\1{3,}", re.DOTALL)


def encode(image: Image.Image) -> str:
    """What to print so that a picture's pixels are drawn from the cursor on.

    Parameters
    ----------
    image
        RGBA.

    Notes
    -----
    The colours are the 255 that Pillow's median cut picks, with errors spread to the neighbours (Floyd and Steinberg).
    """
    alpha = np.asarray(image.getchannel("A")) >= OPAQUE
    palette = image.convert("RGB").quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.FLOYDSTEINBERG)
    colours = np.asarray(palette.getpalette(), np.float64).reshape(-1, 3)
    pixels = np.where(alpha, np.asarray(palette, np.int16), -1)
    missing = -len(pixels) % BAND
    pixels = np.pad(pixels, ((0, missing), (0, 0)), constant_values=-1)
    used = np.unique(pixels[pixels >= 0])
    registers = "".join(
        "#{};2;{};{};{}".format(register, *np.rint(colours[register] * 100 / 255).astype(int)) for register in used
    )
    bands = "-".join(_band(pixels[top : top + BAND]) for top in range(0, len(pixels), BAND))
    return f'\x1bP0;1;0q"1;1;{image.width};{image.height}{registers}{bands}\x1b\\'


def _band(pixels: npt.NDArray[np.int16]) -> str:
    """One line, of shape (6, width): for each of its colours the columns that have it, from the left each time."""
    colours = np.unique(pixels)
    colours = colours[colours >= 0]
    drawn = ((pixels[None] == colours[:, None, None]) * _BITS).sum(axis=1, dtype=np.uint8) + ord(_EMPTY)
    lines = (line.tobytes().rstrip(_EMPTY) for line in drawn)
    return "$".join(f"#{colour}{_runs(line)}" for colour, line in zip(colours, lines, strict=True))


def _runs(line: bytes) -> str:
    """With repeats counted, where that is shorter."""
    return _RUN.sub(lambda run: b"!%d%b" % (len(run[0]), run[1]), line).decode("ascii")
