"""Resizing a picture without holding more of it than is kept: a line of pixels may be as long as it likes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from PIL.Image import Image

_LARGEST_WHOLE_BYTES = 32 * 2**20  # at 224 pixels reached by pictures 167 times as long as wide
_PIXEL_BYTES = 4  # Pillow gives three channels the room of four, and a floating-point one as much
_WIDEST_FILTER = 3  # Lanczos looks at three pixels on either side, or at as many times the scale


def resize(image: Image, size: tuple[int, int], resample: int, *, kept: tuple[int, int, int, int] | None) -> Image:
    """Resize a picture to `size`; of a long thin one only the middle, which the crop will keep.

    Resized whole, a line of 20,000 pixels would take 4 GB at 224 to a side. What is left out is never looked at: the
    pixels kept are those that the reference gives, but for rounding.

    Parameters
    ----------
    image, size
        The picture, and its width and height after resizing.
    resample
        Pillow's number of the filter.
    kept
        What a crop will keep of the resized picture, as left, top, right and bottom; None where nothing is cropped.

    Returns
    -------
    The picture at `size`, or what is kept of it.
    """
    width, height = size
    if kept is not None and width * height * _PIXEL_BYTES > _LARGEST_WHOLE_BYTES:
        across, down = _middle(image.width, width, kept[0], kept[2]), _middle(image.height, height, kept[1], kept[3])
        region = image.crop((across.first, down.first, across.last, down.last))
        box = (across.begin, down.begin, across.end, down.end)
        return region.resize((across.length, down.length), resample, box=box)
    # Pillow widens before it shortens, and holds what lies between: a thin upright picture is shortened first.
    if width > image.width and width * image.height * _PIXEL_BYTES > _LARGEST_WHOLE_BYTES:
        image = image.resize((image.width, height), resample)
    return image.resize(size, resample)


class _Middle(NamedTuple):
    """What to resize of one side, to have only its middle.

    Attributes
    ----------
    first, last
        Source pixels that the middle, and the filter around it, are made of.
    begin, end
        Where between them the middle lies; Pillow keeps these numbers in single precision, so they must be small.
    length
        Of the middle after resizing.
    """

    first: int
    last: int
    begin: float
    end: float
    length: int


def _middle(source: int, resized: int, start: int, stop: int) -> _Middle:
    """The pixels from `start` to `stop` of a side of `source` pixels once it is `resized`; those that there are."""
    start = max(start, 0)
    length = min(resized, stop) - start
    scale = source / resized
    margin = math.ceil(_WIDEST_FILTER * max(scale, 1)) + 1
    first = max(math.floor(start * scale) - margin, 0)
    last = min(math.ceil((start + length) * scale) + margin, source)
    return _Middle(first, last, start * scale - first, min((start + length) * scale, last) - first, length)
