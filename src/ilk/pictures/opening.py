"""Finds out what a file is, and whether it is within the limits, without decoding it."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from io import BytesIO
from typing import Any, TypeAlias

from PIL import Image
from PIL.ImageFile import ImageFile

from ilk.errors import PictureError
from ilk.pictures.faults import explain
from ilk.pictures.files import check_size
from ilk.pictures.formats import FORMATS, STRANGERS, Format
from ilk.pictures.icons import ICON_PIXELS, ICONS, largest_inside
from ilk.pictures.picture import Limits
from ilk.pictures.quiet import silence_libtiff

_Factory: TypeAlias = Callable[[BytesIO, str], ImageFile]
_Accept: TypeAlias = Callable[[bytes], Any]

PREFIX_BYTES = 16  # what Pillow shows a format to recognise itself by


def open_lazily(data: bytes, *, limits: Limits, subject: str) -> ImageFile:
    """Open a picture; its size and what it says of itself are known then, its pixels are not decoded.

    `PIL.Image.open` does this too, but it has one limit on pixels for the whole process and warns of those that come
    near it, it imports every format to find the rarer ones, and it does not say which format gave up, or why.

    Raises
    ------
    ilk.errors.PictureError
        If no format knows the file, the one that does cannot go on, or the limits forbid it.
    """
    check_size(data, limits=limits, subject=subject)
    image = _recognise(data, subject=subject)
    width, height = image.size
    if width * height > limits.pixels:
        raise PictureError(
            f"{subject} has {width:,} x {height:,} pixels, more than the limit of {limits.pixels:,}.",
            code="too-many-pixels",
        )
    interpreted = any(tile[0] in Image.DECODERS for tile in image.tile)
    if interpreted and width * height > limits.interpreted_pixels:
        raise PictureError(
            f"{subject} has {width:,} x {height:,} pixels, more than the {limits.interpreted_pixels:,} that can be "
            f"decoded in reasonable time from this kind of {image.format}.",
            code="too-many-pixels",
        )
    return image


def _recognise(data: bytes, *, subject: str) -> ImageFile:
    """Open with the first format that takes it."""
    refusal: PictureError | None = None
    cause: Exception | None = None
    for kind in FORMATS:
        try:
            image = _opened(kind, data, subject=subject)
        except MemoryError:
            raise  # no other format would do better
        except Exception as error:  # noqa: BLE001 -- decoders of hostile bytes raise anything; it is kept and told
            if kind.guarded and refusal is None:
                refusal = explain(error, subject=subject, kind=kind.name)
                cause = None if refusal is error else error
        else:
            if image is not None:
                return image
    if refusal is not None:
        raise refusal from cause
    for beginning, stranger in STRANGERS:
        if data[:256].lstrip().startswith(beginning) or (beginning == b"<svg" and beginning in data[:1024]):
            raise PictureError(f"{subject} is {stranger}, which ilk cannot read.", code="unsupported")
    raise PictureError(f"{subject} is no picture, or of a format that ilk does not know.", code="not-a-picture")


def _opened(kind: Format, data: bytes, *, subject: str) -> ImageFile | None:
    """Open as this format; None if it is another."""
    prefix = data[:PREFIX_BYTES]
    if kind.name == "HEIF" and prefix[4:8] != b"ftyp":
        return None  # its libraries are only loaded for files that may need them
    factory, accept = _opener(kind)
    answer = accept is None or accept(prefix)
    if isinstance(answer, str):  # recognised, but this Pillow was built without the decoder
        raise PictureError(f"{subject} is a {kind.name}: {answer}.", code="unsupported")
    if not answer:
        return None
    if kind.name in ICONS:
        _check_icon(data, subject=subject)
    return factory(BytesIO(data), "")


def _check_icon(data: bytes, *, subject: str) -> None:
    """Refuse an icon with more inside than icons have."""
    pixels = largest_inside(data)
    if pixels > ICON_PIXELS:
        raise PictureError(
            f"{subject} is an icon with a picture of {pixels:,} pixels inside, more than the {ICON_PIXELS:,} that any "
            "icon needs.",
            code="too-many-pixels",
        )


@functools.cache
def _opener(kind: Format) -> tuple[_Factory, _Accept | None]:
    """What opens pictures of a format, and what recognises them; imported when first needed."""
    module = importlib.import_module(kind.module)
    if kind.name == "HEIF":
        module.register_heif_opener()
    if kind.name == "TIFF":
        silence_libtiff()
    factory, accept = Image.OPEN[kind.name]
    return factory, accept
