from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

from ilk import pictures

Encode = Callable[..., bytes]

FIRST_DAY = datetime.fromisoformat("1826-01-01")
LAST_DAY = datetime.fromisoformat("2100-12-31")

UNDO = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""How a camera held so stores what it sees: the inverse of what puts it upright."""


def exif_of(
    *,
    base: dict[int, Any] | None = None,
    details: dict[int, Any] | None = None,
    place: dict[int, Any] | None = None,
) -> Image.Exif:
    """EXIF with these tags."""
    exif = Image.Exif()
    for tag, value in (base or {}).items():
        exif[tag] = value
    exif.get_ifd(ExifTags.IFD.Exif).update(details or {})
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(place or {})
    return exif


@pytest.fixture
def facts(encode: Encode) -> Callable[..., pictures.Facts]:
    """What a JPEG with these tags says of itself."""

    def facts(**tags: dict[int, Any]) -> pictures.Facts:
        return pictures.inspect(encode(Image.new("RGB", (4, 3)), "JPEG", exif=exif_of(**tags)))

    return facts


@pytest.mark.parametrize("orientation", UNDO)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_pictures_are_turned_upright(photo: Image.Image, encode: Encode, kind: str, orientation: int) -> None:
    """However the camera was held, the picture and its width and height are those of what was seen."""
    scene = photo.resize((96, 64))
    method = UNDO[orientation]
    stored = scene if method is None else scene.transpose(method)
    options = {"lossless": True} if kind == "WEBP" else {"quality": 95} if kind != "TIFF" else {}
    data = encode(stored, kind, exif=exif_of(base={ExifTags.Base.Orientation: orientation}), **options)
    picture = pictures.load(data)
    assert (picture.facts.width, picture.facts.height) == picture.image.size == scene.size
    error = np.abs(np.asarray(picture.image).astype(int) - np.asarray(scene)).mean()
    assert error < (4 if kind in {"JPEG", "AVIF"} else 1)
    assert pictures.inspect(data) == picture.facts


@pytest.mark.parametrize("shape", ["Landscape", "Portrait"])
def test_the_orientation_examples_all_look_the_same(shared_data: Path, shape: str) -> None:
    """Eight files of exif-orientation-examples show one scene."""
    folder = shared_data / "hostile" / "exif"
    first = np.asarray(pictures.load(folder / f"{shape}_1.jpg", size=100).image.resize((60, 60))).astype(int)
    for orientation in range(2, 9):
        picture = pictures.load(folder / f"{shape}_{orientation}.jpg", size=100)
        assert (picture.facts.width > picture.facts.height) == (shape == "Landscape")
        # Each file was rotated and compressed anew, and has its number drawn into it.
        assert np.abs(np.asarray(picture.image.resize((60, 60))) - first).mean() < 6


def test_orientation_is_found_after_the_pixels_of_a_png(encode: Encode) -> None:
    """PNG allows its EXIF at the end, and `inspect` knows of it."""
    turned = encode(Image.new("RGB", (9, 5)), "PNG", exif=exif_of(base={ExifTags.Base.Orientation: 6}))
    start = turned.index(b"eXIf") - 4
    end = start + 12 + int.from_bytes(turned[start : start + 4])
    late = turned[:start] + turned[end:-12] + turned[start:end] + turned[-12:]
    picture = pictures.load(late)
    assert picture.image.size == (5, 9)
    assert pictures.inspect(late) == picture.facts


@pytest.mark.parametrize("orientation", [0, 9, 65_535])
def test_orientations_that_do_not_exist_are_ignored(encode: Encode, orientation: int) -> None:
    """Nothing is turned by a number outside 1 to 8."""
    exif = exif_of(base={ExifTags.Base.Orientation: orientation})
    assert pictures.load(encode(Image.new("RGB", (9, 5)), "JPEG", exif=exif)).image.size == (9, 5)


@given(
    when=st.datetimes(FIRST_DAY, LAST_DAY),
    offset=st.sampled_from(["", "+00:00", "-03:30", "+14:00", "Z", "+99:00", "   :  "]),
)
def test_dates_become_iso_8601(when: datetime, offset: str) -> None:
    """What a camera writes comes back as Python reads dates, with the offset if it is one."""
    details: dict[int, Any] = {
        ExifTags.Base.DateTimeOriginal: when.strftime("%Y:%m:%d %H:%M:%S").zfill(19),
        ExifTags.Base.OffsetTimeOriginal: offset,
    }
    stream = BytesIO()
    Image.new("L", (1, 1)).save(stream, "JPEG", exif=exif_of(details=details))
    taken_at = pictures.inspect(stream.getvalue()).metadata["taken_at"]
    known = offset if re.fullmatch(r"[+-](0\d|1[0-4]):\d\d", offset) else ""
    assert taken_at == when.replace(microsecond=0).isoformat() + known


@pytest.mark.parametrize(
    "date",
    [
        "0000:00:00 00:00:00",
        "2020:13:01 00:00:00",
        "1700:01:01 00:00:00",
        "9999:01:01 00:00:00",
        "    :  ",
        "",
        "today",
    ],
)
def test_dates_that_make_no_sense_are_left_out(facts: Callable[..., pictures.Facts], date: str) -> None:
    """A camera whose clock was never set says nothing."""
    assert "taken_at" not in facts(details={ExifTags.Base.DateTimeOriginal: date}).metadata


def test_the_date_of_the_last_change_is_not_when_it_was_taken(facts: Callable[..., pictures.Facts]) -> None:
    """Only the dates of taking and of digitising count, in this order."""
    changed = {ExifTags.Base.DateTime: "2024:01:01 00:00:00"}
    scanned = {ExifTags.Base.DateTimeDigitized: "2010:02:03 04:05:06"}
    assert facts(base=changed).metadata == {}
    assert facts(base=changed, details=scanned).metadata == {"taken_at": "2010-02-03T04:05:06"}


@pytest.mark.parametrize(
    ("make", "model", "camera"),
    [
        ("NIKON CORPORATION", "NIKON D90", "NIKON D90"),
        ("Canon", "Canon EOS 5D", "Canon EOS 5D"),
        ("Apple", "iPhone 14 Pro", "Apple iPhone 14 Pro"),
        ("OLYMPUS IMAGING CORP.  ", "E-M5\0\0\0junk", "OLYMPUS IMAGING CORP. E-M5"),
        ("Leica", "", "Leica"),
        ("", "X100", "X100"),
        ("  ", "\0", None),
        ("A" * 5_000, "", "A" * 100),
    ],
)
def test_cameras_are_named_once(
    facts: Callable[..., pictures.Facts], make: str, model: str, camera: str | None
) -> None:
    """Make and model, without padding, and without saying the make twice."""
    found = facts(base={ExifTags.Base.Make: make, ExifTags.Base.Model: model}).metadata
    assert found == ({} if camera is None else {"camera": camera})


def in_degrees(value: float) -> tuple[IFDRational, IFDRational, IFDRational]:
    """Degrees, minutes and seconds, as a phone writes them."""
    degrees, rest = divmod(abs(value), 1)
    minutes, rest = divmod(rest * 60, 1)
    return IFDRational(int(degrees)), IFDRational(int(minutes)), IFDRational(round(rest * 60 * 10_000), 10_000)


@given(
    latitude=st.floats(-90, 90).filter(lambda value: abs(value) > 1e-4),
    longitude=st.floats(-180, 180).filter(lambda value: abs(value) > 1e-4),
)
def test_places_become_signed_degrees(latitude: float, longitude: float) -> None:
    """South and west are negative, and nothing is lost beyond what a phone writes."""
    place: dict[int, Any] = {
        ExifTags.GPS.GPSLatitudeRef: "N" if latitude >= 0 else "S",
        ExifTags.GPS.GPSLatitude: in_degrees(latitude),
        ExifTags.GPS.GPSLongitudeRef: "E" if longitude >= 0 else "W",
        ExifTags.GPS.GPSLongitude: in_degrees(longitude),
    }
    stream = BytesIO()
    Image.new("L", (1, 1)).save(stream, "JPEG", exif=exif_of(place=place))
    found = pictures.inspect(stream.getvalue()).metadata
    assert found["latitude"] == pytest.approx(latitude, abs=2e-6)
    assert found["longitude"] == pytest.approx(longitude, abs=2e-6)


@pytest.mark.parametrize(
    "change",
    [
        {ExifTags.GPS.GPSLatitudeRef: "X"},
        {ExifTags.GPS.GPSLatitude: (IFDRational(91), IFDRational(0), IFDRational(0))},
        {ExifTags.GPS.GPSLatitude: (IFDRational(10), IFDRational(75), IFDRational(0))},
        {ExifTags.GPS.GPSLatitude: (IFDRational(10), IFDRational(0, 0), IFDRational(0))},
        {ExifTags.GPS.GPSLongitude: (IFDRational(181), IFDRational(0), IFDRational(0))},
        {ExifTags.GPS.GPSLongitude: (IFDRational(1), IFDRational(2))},
        {ExifTags.GPS.GPSLatitude: in_degrees(0), ExifTags.GPS.GPSLongitude: in_degrees(0)},
    ],
)
def test_places_that_make_no_sense_are_left_out(facts: Callable[..., pictures.Facts], change: dict[int, Any]) -> None:
    """Off the globe, unfinished, divided by zero, or the zeros of a camera without a fix."""
    place = {
        ExifTags.GPS.GPSLatitudeRef: "N",
        ExifTags.GPS.GPSLatitude: in_degrees(59.9),
        ExifTags.GPS.GPSLongitudeRef: "E",
        ExifTags.GPS.GPSLongitude: in_degrees(10.7),
    }
    assert set(facts(place=place).metadata) == {"latitude", "longitude"}
    assert facts(place=place | change).metadata == {}


@given(block=st.binary(max_size=200))
def test_damaged_exif_leaves_the_picture(block: bytes) -> None:
    """A block of nonsense costs the metadata, never the picture."""
    stream = BytesIO()
    Image.new("RGB", (4, 4)).save(stream, "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0" + block)
    assert pictures.load(stream.getvalue()).image.size == (4, 4)


def test_blocks_beyond_the_limit_are_not_read(encode: Encode) -> None:
    """The picture is, without its date and camera, and unturned."""
    exif = exif_of(base={ExifTags.Base.Make: "Canon", ExifTags.Base.Orientation: 6})
    data = encode(Image.new("RGB", (4, 3)), "JPEG", exif=exif)
    assert pictures.load(data, limits=pictures.Limits(metadata_bytes=10)).facts == pictures.Facts(
        format="JPEG", width=4, height=3
    )
