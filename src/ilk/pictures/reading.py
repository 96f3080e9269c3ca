"""Opens, waits for room, decodes, converts, turns upright."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ParamSpec, TypeVar

import numpy as np
from PIL import Image
from PIL.ImageFile import ImageFile

from ilk.errors import InputError, PictureError
from ilk.pictures import exif
from ilk.pictures.colours import to_rgb
from ilk.pictures.faults import explain
from ilk.pictures.files import read
from ilk.pictures.memory import BUDGET, decoding_bytes
from ilk.pictures.opening import open_lazily
from ilk.pictures.picture import Facts, Limits, Picture
from ilk.pictures.quiet import quiet
from ilk.records import MetadataValue

MARGIN = 2
"""A picture is decoded at this many times the size it is wanted in, or more: the resampling that follows then still
has the detail to work from. Seen from the model, the difference is below a grey level (`tests/pictures`)."""

SAMPLE = 256
"""Rows and columns that are looked at to see how much of a picture is there."""

LEAST_SEEN = 0.5
"""How much of a picture whose file is cut short must be there for it to count as a picture."""

JPEG = frozenset({"JPEG", "MPO"})
END_OF_JPEG = b"\xff\xd9"
LOSSLESS_FRAME = b"\xff\xc3"
LONGEST_HEADER = 2**18  # where Pillow does not say at which byte the pixels begin

PNG_LATE_METADATA = (b"eXIf", b"Raw profile type exif", b"XML:com.adobe.xmp")
"""What a PNG may say of itself after its pixels, where Pillow only finds it by decoding them."""


_P = ParamSpec("_P")
_T = TypeVar("_T")


def _lets_go(function: Callable[_P, _T]) -> Callable[_P, _T]:
    """Free what the frames of a failure hold: errors are kept and counted, half-decoded pictures are not."""

    @functools.wraps(function)
    def call(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        try:
            return function(*args, **kwargs)
        except PictureError as error:
            link: BaseException | None = error
            while link is not None:
                traceback.clear_frames(link.__traceback__)
                link = link.__cause__ or link.__context__
            raise

    return call


@_lets_go
def load(source: bytes | Path, *, size: int | None, limits: Limits, name: str | None) -> Picture:
    """See `ilk.pictures.load`."""
    if size is not None and size < 1:
        raise InputError(f"The size that a picture is wanted in must be at least 1, not {size}.")
    data, subject = _data(source, limits=limits, name=name)
    with quiet():
        with _faults(subject):
            image = open_lazily(data, limits=limits, subject=subject)
            kind, (width, height) = image.format or "", image.size
            _draft(image, size, data)
        factor = _factor(image, size)  # ours: if it fails, that is no fault of the picture's
        with _faults(subject):
            needed = decoding_bytes(image, data, factor=factor)
        with BUDGET.reserve(needed, limit_bytes=limits.memory_bytes, subject=subject), _faults(subject):
            truncated = False
            try:
                _decode(image, subject=subject)
            except PictureError as error:
                if error.code != "truncated":
                    raise
                image = _decode_beginning(image, data, error, size=size, limits=limits)
                truncated = True
            rgb = to_rgb(image, factor=factor, profile_limit_bytes=limits.metadata_bytes)
            turn, metadata = exif.read(image, limit_bytes=limits.metadata_bytes)
            del image  # the memory is given back with the right to it
        if truncated and _seen(rgb) < LEAST_SEEN:
            raise PictureError(f"{subject} is a {kind} with more than half of it missing.", code="truncated")
        facts = _facts(kind, width, height, turn, metadata)
        with _faults(subject):
            upright = rgb if turn is None else rgb.transpose(turn)
        return Picture(image=upright, facts=facts, truncated=truncated)


@_lets_go
def inspect(source: bytes | Path, *, limits: Limits, name: str | None) -> Facts:
    """See `ilk.pictures.inspect`."""
    data, subject = _data(source, limits=limits, name=name)
    with _faults(subject), quiet():
        image = open_lazily(data, limits=limits, subject=subject)
        kind, (width, height) = image.format or "", image.size
        if kind == "PNG" and "exif" not in image.info:
            # Pillow decodes a PNG when asked for EXIF it has not met: only where there is some further on.
            if not any(mark in data for mark in PNG_LATE_METADATA):
                return _facts(kind, width, height, None, {})
            needed = decoding_bytes(image, data, factor=max(image.size))
            with BUDGET.reserve(needed, limit_bytes=limits.memory_bytes, subject=subject):
                turn, metadata = exif.read(image, limit_bytes=limits.metadata_bytes)
        else:
            turn, metadata = exif.read(image, limit_bytes=limits.metadata_bytes)
        return _facts(kind, width, height, turn, metadata)


@_lets_go
def upright(image: Image.Image) -> Image.Image:
    """See `ilk.pictures.upright`."""
    limit = Limits().metadata_bytes
    with _faults("The picture"), quiet():
        image.load()
        turn, _ = exif.read(image, limit_bytes=limit)
        rgb = to_rgb(image, profile_limit_bytes=limit)
        return rgb if turn is None else rgb.transpose(turn)


def _data(source: bytes | Path, *, limits: Limits, name: str | None) -> tuple[bytes, str]:
    """The bytes, and what to call them at the beginning of a sentence."""
    if isinstance(source, Path):
        return read(source, limits=limits), f'"{name or source}"'
    return source, f'"{name}"' if name else "The picture"


@contextmanager
def _faults(subject: str) -> Iterator[None]:
    """Let nothing out but `PictureError`."""
    try:
        yield
    except PictureError:
        raise
    except Exception as error:
        raise explain(error, subject=subject, kind="picture") from error


def _factor(image: Image.Image, size: int | None) -> int:
    """By how much a picture may be scaled down."""
    return 1 if size is None else max(min(image.size) // (MARGIN * size), 1)


def _draft(image: ImageFile, size: int | None, data: bytes) -> None:
    """Have less than the whole of a JPEG decoded, where that is enough.

    HEIF has drafts too: the thumbnails that its writer made, which can be poor ones. They are not used.
    """
    if size is None or image.format not in JPEG:
        return
    header_bytes = (image.fp.tell() if image.fp else 0) or LONGEST_HEADER
    if LOSSLESS_FRAME not in data[:header_bytes]:  # libjpeg-turbo decodes these, but cannot scale them
        image.draft("RGB", (MARGIN * size, MARGIN * size))


def _decode(image: ImageFile, *, subject: str) -> None:
    try:
        image.load()
    except Exception as error:
        raise explain(error, subject=subject, kind=image.format or "picture") from error


def _decode_beginning(
    image: ImageFile, data: bytes, refusal: PictureError, *, size: int | None, limits: Limits
) -> ImageFile:
    """What can be seen of a picture whose file is cut short.

    `PIL.ImageFile.LOAD_TRUNCATED_IMAGES` would do this, for every thread of the process.
    """
    try:
        if image.format in JPEG:
            image = open_lazily(data + END_OF_JPEG, limits=limits, subject="")
            _draft(image, size, data)
        else:
            image.tile = []  # nothing more to decode: the rows that came are there, the others are zero
        image.load()
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 -- there is nothing to be seen, for the reason that was found first
        raise refusal from refusal.__cause__
    return image


def _seen(rgb: Image.Image) -> float:
    """The share of rows that are there: those missing are all of the one colour of the last, or else the first."""
    sample = rgb.resize((min(rgb.width, SAMPLE), min(rgb.height, SAMPLE)), Image.Resampling.NEAREST)
    pixels = np.asarray(sample).astype(np.int16)
    missing = max((np.abs(pixels - pixels[end, end]).max(axis=(1, 2)) <= 1).mean() for end in (-1, 0))
    return 1 - float(missing)


def _facts(kind: str, width: int, height: int, turn: exif.Orientation, metadata: dict[str, MetadataValue]) -> Facts:
    if turn in exif.SIDEWAYS:
        width, height = height, width
    return Facts(format=kind, width=width, height=height, metadata=metadata)
