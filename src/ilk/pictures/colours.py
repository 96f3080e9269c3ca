"""From any of Pillow's modes to opaque RGB in sRGB's colours.

Conversions run over bands of rows, each scaled down before the next is converted, so that they take a few megabytes
whatever the picture's size, and stay in the processor's cache.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

BAND_PIXELS = 2**18
WHITE = (255, 255, 255)

DEEP_MODES = frozenset({"I;16", "I;16L", "I;16B", "I;16N", "I", "F"})
"""One channel of more than eight bits."""

READY_MODES = frozenset({"RGB", "L", "CMYK"})
"""Modes that are opaque, have eight bits a channel and can be scaled as they are."""

FULL_SCALE = 65_535
"""What is white in a picture of integers that its format has already stretched to sixteen bits."""


def to_rgb(image: Image.Image, *, factor: int = 1, profile_limit_bytes: int) -> Image.Image:
    """Convert a decoded picture, scaled down by a whole factor in both directions (means over squares).

    Transparent parts show white. A colour profile is followed where it can be; one that is damaged, or does not fit
    the picture, is ignored, as viewers do. The picture given is not changed; it is what comes back if there was
    nothing to do.
    """
    convert = _conversion(image)
    flat = _in_bands(image, convert, factor) if convert else _reduced(image, factor)
    return _to_srgb(flat, image.info.get("icc_profile"), profile_limit_bytes)


def _reduced(image: Image.Image, factor: int) -> Image.Image:
    return image.reduce(factor) if factor > 1 else image


def _in_bands(image: Image.Image, convert: Callable[[Image.Image], Image.Image], factor: int) -> Image.Image:
    width, height = image.size
    result: Image.Image | None = None
    for top, band in _bands(image, factor):
        piece = _reduced(convert(band), factor)
        if result is None:
            if band.size == image.size:
                return piece
            result = Image.new(piece.mode, (-(-width // factor), -(-height // factor)))
        result.paste(piece, (0, top // factor))
    if result is None:
        raise ValueError("a picture without rows")
    return result


def _bands(image: Image.Image, factor: int = 1) -> Iterator[tuple[int, Image.Image]]:
    """The picture's rows, a multiple of `factor` at a time."""
    width, height = image.size
    rows = max(BAND_PIXELS // (width * factor), 1) * factor
    for top in range(0, height, rows):
        yield top, image.crop((0, top, width, min(top + rows, height)))


def _conversion(image: Image.Image) -> Callable[[Image.Image], Image.Image] | None:
    """What makes opaque pixels of eight bits of this picture's; None if they are."""
    if image.mode in DEEP_MODES:
        black, white = _range_of(image)
        return functools.partial(_shallow, black=black, white=white)
    if image.has_transparency_data:
        return _on_white
    if image.mode in READY_MODES:
        return None
    return functools.partial(_converted, mode="L" if image.mode == "1" else "RGB")


def _converted(band: Image.Image, *, mode: str) -> Image.Image:
    return band.convert(mode)


def _on_white(band: Image.Image) -> Image.Image:
    """Show what is transparent as if it lay on white paper."""
    if band.mode == "La":  # Pillow converts this mode into one other only
        band = band.convert("LA")
    layer = band.convert("RGBA")
    paper = Image.new("RGB", band.size, WHITE)
    paper.paste(layer, mask=layer.getchannel("A"))
    return paper


def _shallow(band: Image.Image, *, black: float, white: float) -> Image.Image:
    """Scale deep greys to eight bits."""
    values = _values(band)
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = (values.astype(np.float64) - black) * (255 / (white - black))
    grey = np.rint(np.clip(np.nan_to_num(scaled, nan=0.0), 0, 255)).astype(np.uint8)
    key = band.info.get("transparency")
    if isinstance(key, int):
        grey[values == key] = 255
    return Image.fromarray(grey)


def _values(band: Image.Image) -> npt.NDArray[Any]:
    """The numbers of a deep grey band, of shape (height, width)."""
    return np.asarray(band)


def _range_of(image: Image.Image) -> tuple[float, float]:
    """Which values of a deep grey picture are black and white.

    Such a picture seldom says. Whole numbers that are not negative and fit sixteen bits are taken for those of a
    sensor of 8, 10, 12, 14 or 16 bits, whichever is the least that holds them: X-rays and microscopes write 12 bits
    into files of 16, which would look black. Formats that scale to 16 bits themselves are taken at their word.
    Fractions are taken to be of 1, or of 255, if they are in that range. Anything else is stretched from its least
    value to its greatest.
    """
    low, high = _extremes(image)
    if image.mode != "F" and low >= 0 and high <= FULL_SCALE:
        if image.format == "PPM":
            return 0, FULL_SCALE
        bits = max(int(high).bit_length(), 8)
        return 0, 2 ** (bits + bits % 2) - 1
    if image.mode == "F" and low >= 0 and high <= 255:  # noqa: PLR2004 -- white in eight bits
        return 0, 1 if high <= 1 else 255
    return (low, high) if high > low else (low - 1, high + 1)


def _extremes(image: Image.Image) -> tuple[float, float]:
    """The least and the greatest value; of those that are numbers."""
    low, high = float("inf"), float("-inf")
    for _, band in _bands(image):
        values = _values(band)
        values = values[np.isfinite(values)]
        if values.size:
            low, high = min(low, float(values.min())), max(high, float(values.max()))
    return (low, high) if low <= high else (0.0, 0.0)


def _to_srgb(image: Image.Image, profile: object, limit_bytes: int) -> Image.Image:
    """Follow the colour profile."""
    if isinstance(profile, bytes) and 0 < len(profile) <= limit_bytes and image.mode in READY_MODES:
        transform = _transform(profile, image.mode)
        if transform is not None:
            return transform.apply(image)
    return image if image.mode == "RGB" else image.convert("RGB")


@functools.lru_cache(maxsize=8)  # a folder has few profiles; a transform of CMYK takes some megabytes
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """From the colours of this profile to sRGB; None if that changes nothing, or cannot be done."""
    from io import BytesIO

    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        if "sRGB" in (source.profile.profile_description or "") and mode == "RGB":
            return None
        target = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
        return ImageCms.ImageCmsTransform(source, target, mode, "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC)
    except Exception:  # noqa: BLE001 -- a profile from anywhere raises anything; the picture can do without
        return None
