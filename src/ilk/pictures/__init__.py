"""From bytes to an upright RGB picture, safely and fast.

::

    bytes ──▶ opening ──▶ memory ──▶ Pillow ──▶ colours ──▶ upright RGB
              formats,    wait for   decodes,    alpha,
              limits      room       scaled      depth,      exif: date, camera, place
                                     down        profile

Whatever is wrong with a picture ends in one class, `ilk.errors.PictureError`, with the reason as a word and as a
sentence. All functions may be called from many threads. Pillow is imported with the first picture, not before.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ilk.pictures.picture import Facts, Limits, Picture
from ilk.pictures.suffixes import SUFFIXES

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["SUFFIXES", "UNREADABLE", "Facts", "Limits", "Picture", "inspect", "load", "read", "thumbnail", "upright"]

UNREADABLE = "unreadable"
"""The code of a `PictureError` that is the doing of the file system or the machine: trying again later may help."""

DEFAULT_LIMITS = Limits()


def load(
    source: bytes | Path, *, size: int | None = None, limits: Limits = DEFAULT_LIMITS, name: str | None = None
) -> Picture:
    """Decode a picture.

    Parameters
    ----------
    source
        The bytes of a file, or where it is.
    size
        Pixels of the shorter side of what the picture is wanted for, such as a model's input. It is then decoded at
        no less than twice that where less is cheaper: a quarter of the time for a JPEG of 12 megapixels.
    limits
        On what the picture may ask of this machine.
    name
        What to call it in a refusal; a path calls itself.

    Raises
    ------
    ilk.errors.PictureError
        If there is no picture to be had, whatever the reason.
    ilk.errors.InputError
        If `size` is not at least 1.
    """
    from ilk.pictures import reading

    return reading.load(source, size=size, limits=limits, name=name)


def inspect(source: bytes | Path, *, limits: Limits = DEFAULT_LIMITS, name: str | None = None) -> Facts:
    """Read what a picture says of itself, as `load` would, without decoding it.

    Raises
    ------
    ilk.errors.PictureError
        If it is no picture or beyond the limits. A picture that is damaged further in is not found out.
    """
    from ilk.pictures import reading

    return reading.inspect(source, limits=limits, name=name)


def upright(image: Image) -> Image:
    """Turn a picture that Pillow has opened into upright, opaque RGB; the one given is left as it was.

    Raises
    ------
    ilk.errors.PictureError
        If it cannot be decoded.
    """
    from ilk.pictures import reading

    return reading.upright(image)


def read(path: Path, *, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """Read a file that should hold a picture.

    Raises
    ------
    ilk.errors.PictureError
        With the code ``"unreadable"`` if the file system refuses, ``"empty"`` or ``"too-many-bytes"``.
    """
    from ilk.pictures import files

    return files.read(path, limits=limits)


def thumbnail(image: Image, size: int) -> bytes:
    """A JPEG of an upright RGB picture, its longer side at most `size` pixels."""
    import io

    small = image.copy()
    small.thumbnail((size, size))
    encoded = io.BytesIO()
    small.save(encoded, "JPEG", quality=85)
    return encoded.getvalue()
