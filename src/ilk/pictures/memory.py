"""How much memory decoding takes, and waiting until there is room for it.

The figures are peaks of the resident set while Pillow 13.0 and pillow-heif 1.8 decoded pictures of 24 million pixels
(6 for HEIF), less what the process held before; ``benchmarks/decode.py`` measures them again. The largest found for
each format is used. In bytes a pixel, Pillow's own image included:

====================================== ==== ========================================================================
JPEG, one scan                            4 falls with the square of the draft's scale
JPEG, several scans (progressive)     7, 10 4:2:0 and 4:4:4; 12 CMYK: the coefficients are held for the whole picture
PNG, GIF, BMP, PPM, TGA                1, 4 Pillow's image alone
SGI                                       6
TIFF                                   4, 7 in many strips, and in one
HEIF, 4:2:0                               8
HEIF, 4:4:4 of 10 bits                 15.5
AVIF                                  9, 14 4:2:0, and 4:4:4 with alpha; of 10 bits the planes are twice as large
WebP                                     17
JPEG 2000                              19.4 three channels
====================================== ==== ========================================================================
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from PIL.ImageFile import ImageFile

from ilk.errors import PictureError
from ilk.pictures.icons import ICONS, largest_inside

CODEC_BYTES = dict.fromkeys(("PNG", "GIF", "BMP", "DIB", "PPM", "TGA"), 0) | {"WEBP": 14, "SGI": 2}
"""Bytes a pixel that the decoder holds beside Pillow's image."""

OTHER_CODEC_BYTES = 4  # formats decoded in Python or through a buffer as large as the image

CHANNEL_BYTES = {"AVIF": 4, "HEIF": 4, "JPEG2000": 6}
"""Bytes a pixel and channel, where they grow with the channels; of 10 bits, and not subsampled."""

HEIF_420_BYTES = 5  # what nearly every photograph is, of 8 or 10 bits

ICON_BYTES = 28  # an icon may hold a JPEG 2000 of four channels

BASE_BYTES = 4 * 2**20  # buffers, tables, a band of rows in three shapes while it is converted


def decoding_bytes(image: ImageFile, data: bytes, *, factor: int) -> int:
    """How much memory decoding this picture takes, at most.

    Parameters
    ----------
    image
        Opened, not decoded; a draft has been chosen.
    data
        The file.
    factor
        By which it will be scaled down while it is converted to RGB; what comes out is held twice, while its colours
        are converted and while it is turned upright.
    """
    width, height = image.size
    pixels = width * height
    held = pixels * _pixel_bytes(image.mode) + 2 * 4 * -(-width // factor) * -(-height // factor)
    return BASE_BYTES + len(data) + held + _codec_bytes(image, data, pixels)


def _codec_bytes(image: ImageFile, data: bytes, pixels: int) -> int:
    name = image.format or ""
    if name in {"JPEG", "MPO"}:
        return _coefficient_bytes(image, data)
    if name == "TIFF":
        return _strip_bytes(image)
    if name in ICONS:
        return ICON_BYTES * largest_inside(data)
    if name == "HEIF" and image.mode == "RGB" and image.info.get("chroma") == 420:  # noqa: PLR2004 -- 4:2:0
        return pixels * HEIF_420_BYTES
    if name in CHANNEL_BYTES:
        return pixels * CHANNEL_BYTES[name] * len(image.getbands())
    return pixels * CODEC_BYTES.get(name, OTHER_CODEC_BYTES)


def _pixel_bytes(mode: str) -> int:
    """What Pillow holds for one pixel: three channels take the room of four."""
    if mode in {"1", "L", "P"}:
        return 1
    return 2 if mode.startswith("I;16") else 4


def _coefficient_bytes(image: ImageFile, data: bytes) -> int:
    """What libjpeg holds of a whole JPEG: nothing if all its channels come together in one scan."""
    layers: list[tuple[int, int, int, int]] = getattr(image, "layer", [])
    if not layers:
        return 0
    count = len(layers)
    stream = image.fp
    scan_starts = (stream.tell() if stream else 0) - 8 - 2 * count
    one_scan = bytes((0xFF, 0xDA, 0, 6 + 2 * count, count))
    if not image.info.get("progressive") and data[max(scan_starts, 0) :].startswith(one_scan):
        return 0
    across, down = max(layer[1] for layer in layers), max(layer[2] for layer in layers)
    samples = sum(layer[1] * layer[2] for layer in layers) / max(across * down, 1)
    scale = image.decoderconfig[0] if image.decoderconfig else 1
    width, height = image.size
    return int(2 * samples * (width * scale) * (height * scale))


def _strip_bytes(image: ImageFile) -> int:
    """What libtiff holds of a TIFF: one strip or tile at a time, with up to four channels of 16 bits."""
    tags = getattr(image, "tag_v2", {})
    width, height = image.size
    rows, across = tags.get(278, height), tags.get(322, width)  # RowsPerStrip, TileWidth
    rows = tags.get(323, rows)  # TileLength
    if not isinstance(rows, int) or not isinstance(across, int):
        return width * height * 8
    turned = width * height * 4 if tags.get(274, 1) != 1 else 0  # Pillow turns a TIFF itself, into a second image
    return min(rows, height) * min(across, width) * 8 + turned


class Budget:
    """Memory shared by the threads that decode: a weighted semaphore, first come, first served."""

    def __init__(self) -> None:
        self._used = 0
        self._room = threading.Condition()
        self._turn = threading.Lock()  # held while waiting, so that a large picture is not overtaken for ever

    @contextmanager
    def reserve(self, size_bytes: int, *, limit_bytes: int, subject: str) -> Iterator[None]:
        """Wait until there is room for this much, and keep it until the context is left.

        Raises
        ------
        ilk.errors.PictureError
            If there never will be.
        """
        if size_bytes > limit_bytes:
            raise PictureError(
                f"{subject} would take {size_bytes / 2**20:,.0f} MiB of memory to decode, more than the limit of "
                f"{limit_bytes / 2**20:,.0f} MiB.",
                code="too-many-pixels",
            )
        with self._turn, self._room:
            self._room.wait_for(lambda: self._used + size_bytes <= limit_bytes or self._used == 0)
            self._used += size_bytes
        try:
            yield
        finally:
            with self._room:
                self._used -= size_bytes
                self._room.notify_all()


BUDGET = Budget()
"""One for the process: memory is its own."""
