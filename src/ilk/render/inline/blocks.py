"""Pictures of half-blocks: two pixels in each character, the upper in its own colour, the lower in the one behind."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image

UPPER, LOWER = "▀", "▄"
RESET = "\x1b[0m"
OPAQUE = 128
"""Of 255: less is not drawn."""

STEPS = (0, 95, 135, 175, 215, 255)
"""The levels of each colour among xterm's 256: registers 16 to 231 are their cube, 232 to 255 greys."""

_MIDDLES = [(low + high) / 2 for low, high in pairwise(STEPS)]

Colour: TypeAlias = tuple[int, int, int] | None


def encode(image: Image, *, true_colour: bool) -> list[str]:
    """The lines to print; a picture of w x h pixels is w characters wide and half of h lines high.

    Parameters
    ----------
    image
        RGBA, of even height.
    true_colour
        Whether to use any colour, or the nearest of xterm's 256.
    """
    pixels = np.asarray(image)
    lines = []
    for top in range(0, len(pixels) - 1, 2):
        written, state = [], ""
        for upper, lower in zip(pixels[top], pixels[top + 1], strict=True):
            letter, colours = _cell(_colour(upper), _colour(lower), true_colour=true_colour)
            if colours != state:
                written.append(RESET + colours if state else colours)
                state = colours
            written.append(letter)
        lines.append("".join(written).rstrip(" ") + (RESET if state or len(written) > 1 else ""))
    return lines


def nearest(colour: tuple[int, int, int]) -> int:
    """The register of xterm's 256 that is nearest to a colour.

    >>> nearest((255, 0, 0)), nearest((128, 128, 128))
    (196, 244)
    """
    levels = [int(np.searchsorted(_MIDDLES, part)) for part in colour]
    grey = min(max(round((sum(colour) / 3 - 8) / 10), 0), 23)
    cube_error = sum((STEPS[level] - part) ** 2 for level, part in zip(levels, colour, strict=True))
    grey_error = sum((8 + 10 * grey - part) ** 2 for part in colour)
    if grey_error < cube_error:
        return 232 + grey
    return 16 + 36 * levels[0] + 6 * levels[1] + levels[2]


def _colour(pixel: np.ndarray[tuple[int], np.dtype[np.uint8]]) -> Colour:
    red, green, blue, alpha = (int(part) for part in pixel)
    return (red, green, blue) if alpha >= OPAQUE else None


def _cell(upper: Colour, lower: Colour, *, true_colour: bool) -> tuple[str, str]:
    """The letter for two pixels, and what sets its colours."""
    if upper is None and lower is None:
        return " ", ""
    if upper is None:
        return LOWER, _set(38, lower, true_colour=true_colour)
    behind = _set(48, lower, true_colour=true_colour) if lower is not None else ""
    return UPPER, _set(38, upper, true_colour=true_colour) + behind


def _set(what: int, colour: Colour, *, true_colour: bool) -> str:
    assert colour is not None
    if true_colour:
        return f"\x1b[{what};2;{colour[0]};{colour[1]};{colour[2]}m"
    return f"\x1b[{what};5;{nearest(colour)}m"
