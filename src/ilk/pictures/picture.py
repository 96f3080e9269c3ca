"""What a picture is once it is read, and what it may ask of the machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ilk.records import Metadata

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a picture may ask of this machine. Checked before a pixel is decoded.

    Only the first frame of an animation is ever decoded, and frames are never counted, so their number needs no
    limit.

    Attributes
    ----------
    size_bytes
        Of the file. A 200-megapixel JPEG from a phone has 50 to 100 MB; scanners write more.
    pixels
        Of the picture, whatever its format: 250 million holds the largest phones make.
    memory_bytes
        What decoding may take, for all the pictures that are being decoded at one time in this process, together:
        a picture waits until it fits, and one that would not fit alone is refused. What a format takes was measured
        (see `ilk.pictures.memory`). By default this admits baseline JPEGs up to the limit on pixels, PNGs of about
        150 million, progressive JPEGs of 110 million, HEIC photographs of 70 million, AVIF of 40 million and WebP of
        36 million. Four threads on nothing but large pictures of the costliest kinds peak at 1.2 GB.
    interpreted_pixels
        Of a picture in one of the rare formats that Pillow decodes in Python, at one or two seconds a million.
    metadata_bytes
        EXIF blocks and colour profiles beyond this size are not read; the picture is.
    """

    size_bytes: int = 256 * 2**20
    pixels: int = 250_000_000
    memory_bytes: int = 640 * 2**20
    interpreted_pixels: int = 12_000_000
    metadata_bytes: int = 4 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a picture says of itself, known without decoding it.

    Attributes
    ----------
    format
        As Pillow names it, such as ``"JPEG"``.
    width, height
        Pixels of the whole picture, upright.
    metadata
        Those of these that the picture states and that make sense: ``taken_at`` (ISO 8601, local time, with the
        offset from UTC if the camera knew it), ``camera``, ``latitude`` and ``longitude`` (degrees, north and east
        positive).
    """

    format: str
    width: int
    height: int
    metadata: Metadata = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture to look at.

    Attributes
    ----------
    image
        Upright, opaque, RGB, in sRGB's colours. Smaller than the original if a size was asked for.
    facts
        About the original.
    truncated
        Whether the end of the file was missing. The part that was there, at least half of the picture, is as it
        should be; the rest is one colour.
    """

    image: Image
    facts: Facts
    truncated: bool = False
