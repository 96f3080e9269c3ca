"""Date, camera, place and orientation, as EXIF has them (CIPA DC-008-2023, sections 4.6.5 to 4.6.7)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeAlias

from PIL import ExifTags, Image

from ilk.records import MetadataValue

Orientation: TypeAlias = Image.Transpose | None

TURNS: Mapping[int, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What puts a picture upright, by the value of its orientation tag."""

SIDEWAYS = frozenset({
    Image.Transpose.TRANSPOSE,
    Image.Transpose.ROTATE_270,
    Image.Transpose.TRANSVERSE,
    Image.Transpose.ROTATE_90,
})  # fmt: skip
"""Those that exchange width and height."""

FIRST_YEAR = 1826  # of the oldest photograph there is
LAST_YEAR = 2100
LONGEST_NAME = 100
DEGREE_DECIMALS = 6  # about 0.1 m

_DATE = re.compile(r"(\d{4})[:\-/](\d\d)[:\-/](\d\d)[ T](\d\d):(\d\d):(\d\d)")
_OFFSET = re.compile(r"[+-](?:0\d|1[0-4]):[0-5]\d")


def read(image: Image.Image, *, limit_bytes: int) -> tuple[Orientation, dict[str, MetadataValue]]:
    """How to turn a picture upright, and what it says of where it comes from.

    Blocks that are damaged, or larger than the limit, say nothing. Costs 0.1 to 0.2 ms where there is EXIF.
    """
    blocks = (image.info.get(key) for key in ("exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp"))
    if sum(len(block) for block in blocks if isinstance(block, (bytes, str))) > limit_bytes:
        return None, {}
    try:
        exif = image.getexif()
        # Pillow turns a TIFF itself, while it loads.
        turn = None if image.format == "TIFF" else TURNS.get(exif.get(ExifTags.Base.Orientation, 1))
    except Exception:  # noqa: BLE001 -- the parser raises anything on hostile bytes, and the picture is still there
        return None, {}
    return turn, _described(exif)


def _described(exif: Image.Exif) -> dict[str, MetadataValue]:
    try:
        details = exif.get_ifd(ExifTags.IFD.Exif)
        place = exif.get_ifd(ExifTags.IFD.GPSInfo)
        found: dict[str, MetadataValue] = {
            "taken_at": _taken_at(details),
            "camera": _camera(exif.get(ExifTags.Base.Make), exif.get(ExifTags.Base.Model)),
        }
        latitude = _degrees(place.get(ExifTags.GPS.GPSLatitude), place.get(ExifTags.GPS.GPSLatitudeRef), "NS", 90)
        longitude = _degrees(place.get(ExifTags.GPS.GPSLongitude), place.get(ExifTags.GPS.GPSLongitudeRef), "EW", 180)
    except Exception:  # noqa: BLE001 -- as above
        return {}
    # Cameras without a fix write zeros, which is a place in the Gulf of Guinea.
    if latitude is not None and longitude is not None and (latitude, longitude) != (0, 0):
        found |= {"latitude": latitude, "longitude": longitude}
    return {key: value for key, value in found.items() if value is not None}


def _taken_at(details: Mapping[int, Any]) -> str | None:
    """When the shutter opened, or else when a scanner saw it; the date of the last change is something else."""
    for date_tag, offset_tag in (
        (ExifTags.Base.DateTimeOriginal, ExifTags.Base.OffsetTimeOriginal),
        (ExifTags.Base.DateTimeDigitized, ExifTags.Base.OffsetTimeDigitized),
    ):
        match = _DATE.match(_text(details.get(date_tag)))
        if match is None:
            continue
        try:
            date = datetime(*map(int, match.groups()))  # type: ignore[arg-type]  # noqa: DTZ001 -- local time
        except ValueError:  # a thirteenth month, a camera whose clock was never set
            continue
        if FIRST_YEAR <= date.year <= LAST_YEAR:
            offset = _OFFSET.fullmatch(_text(details.get(offset_tag)))
            return date.isoformat() + (offset.group() if offset else "")
    return None


def _camera(make: object, model: object) -> str | None:
    """Make and model, the make once: "NIKON CORPORATION" makes the "NIKON D90"."""
    maker, name = _text(make), _text(model)
    if not name or (maker and name.casefold().startswith(maker.split()[0].casefold())):
        return name or maker or None
    return f"{maker} {name}".strip()


def _degrees(parts: object, reference: object, signs: str, most: int) -> float | None:
    """Decimal degrees of degrees, minutes and seconds; `signs` are the letters for positive and negative."""
    letter = _text(reference)[:1].upper()
    if not isinstance(parts, tuple) or len(parts) != 3 or not letter or letter not in signs:  # noqa: PLR2004
        return None
    degrees, minutes, seconds = (float(part) for part in parts)
    value = degrees + minutes / 60 + seconds / 3600
    if not math.isfinite(value) or min(degrees, minutes, seconds) < 0 or max(minutes, seconds) > 60 or value > most:  # noqa: PLR2004
        return None
    return round(value if letter == signs[0] else -value, DEGREE_DECIMALS) + 0.0


def _text(value: object) -> str:
    """A tag's text, on one line, without what cameras pad it with; empty if it is none."""
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if not isinstance(value, str):
        return ""
    printable = "".join(letter if letter.isprintable() else " " for letter in value.split("\0")[0])
    return " ".join(printable.split())[:LONGEST_NAME]
