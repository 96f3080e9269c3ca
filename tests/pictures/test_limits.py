from __future__ import annotations

import os
import stat
import struct
import subprocess
import sys
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ilk import pictures
from ilk.errors import InputError, PictureError
from ilk.pictures.memory import Budget

Encode = Callable[..., bytes]


def refusal(source: bytes | Path, *, limits: pictures.Limits | None = None, size: int | None = None) -> PictureError:
    """The error that reading this ends in."""
    with pytest.raises(PictureError) as caught:
        pictures.load(source, limits=limits or pictures.Limits(), size=size)
    return caught.value


def png_of(width: int, height: int) -> bytes:
    """A PNG that says it is of this size, and brings a thousandth of it."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(width * height * 3 // 1000 + 1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def test_files_beyond_the_limit_are_not_opened(tmp_path: Path, encode: Encode) -> None:
    """Neither from bytes nor from a path, of which no more than the limit is read."""
    data = encode(Image.new("RGB", (64, 64)), "BMP")
    path = tmp_path / "large.bmp"
    path.write_bytes(data)
    limits = pictures.Limits(size_bytes=len(data) - 1)
    for source in (data, path):
        assert refusal(source, limits=limits).code == "too-many-bytes"
    assert pictures.load(path, limits=pictures.Limits(size_bytes=len(data))).image.size == (64, 64)


def test_a_picture_may_have_as_many_pixels_as_the_limit(encode: Encode) -> None:
    """One more is refused, and the refusal names the numbers."""
    data = encode(Image.new("L", (40, 25)), "PNG")
    assert pictures.load(data, limits=pictures.Limits(pixels=1_000)).image.size == (40, 25)
    error = refusal(data, limits=pictures.Limits(pixels=999))
    assert error.code == "too-many-pixels"
    assert "40 x 25" in str(error)
    with pytest.raises(PictureError):
        pictures.inspect(data, limits=pictures.Limits(pixels=999))


def test_bombs_are_refused_before_they_are_decoded() -> None:
    """A hundred kilobytes that promise gigabytes take no time, under Pillow's own limit as well as beyond it."""
    started = time.perf_counter()
    assert refusal(png_of(60_000, 60_000)).code == "too-many-pixels"
    assert refusal(png_of(15_500, 15_500), size=64).code == "too-many-pixels"  # as memory: 961 MB
    assert time.perf_counter() - started < 1


def test_pictures_between_the_limits_of_pillow_are_read(encode: Encode) -> None:
    """Pillow warns at 89 million pixels and refuses at 179; photographs of 200 million are read all the same."""
    gray = Image.new("L", (16_320, 12_240), 90)
    data = encode(gray, "JPEG", quality=30)
    picture = pictures.load(data, size=224)
    assert (picture.facts.width, picture.facts.height) == (16_320, 12_240)
    assert min(picture.image.size) >= 448
    assert picture.image.getpixel((9, 9)) == pytest.approx((90, 90, 90), abs=2)


def test_progressive_jpegs_are_measured_by_what_they_take(encode: Encode) -> None:
    """Their coefficients are held for the whole picture, whatever the draft; those of a baseline JPEG are not."""
    image = Image.new("RGB", (2_000, 2_000))
    limits = pictures.Limits(memory_bytes=14_000_000)
    assert pictures.load(encode(image, "JPEG"), size=100, limits=limits).image.size == (250, 250)
    error = refusal(encode(image, "JPEG", progressive=True), size=100, limits=limits)
    assert error.code == "too-many-pixels"
    assert "memory" in str(error)


def test_pictures_decoded_in_python_have_a_limit_of_their_own(encode: Encode) -> None:
    """A QOI of 12 million pixels takes a quarter of a minute; beyond that it is refused."""
    data = encode(Image.new("RGB", (20, 10)), "QOI")
    assert refusal(data, limits=pictures.Limits(interpreted_pixels=199)).code == "too-many-pixels"
    assert pictures.load(data, limits=pictures.Limits(interpreted_pixels=200)).image.size == (20, 10)
    other = encode(Image.new("RGB", (20, 10)), "PNG")
    assert pictures.load(other, limits=pictures.Limits(interpreted_pixels=1)).image.size == (20, 10)


def test_what_an_icon_hides_is_measured() -> None:
    """An icon's header says 16 x 16; the PNG inside it need not agree."""
    inside = png_of(12_000, 12_000)
    icon = struct.pack("<HHH", 0, 1, 1) + struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(inside), 22) + inside
    assert refusal(icon).code == "too-many-pixels"


@pytest.mark.parametrize("source", [b"", b"\0", b"hello", b"\xff\xd8\xff", bytes(1_000), b"GIF89a"])
def test_bytes_that_are_no_picture_are_refused(source: bytes) -> None:
    """With a reason to count by."""
    assert refusal(source).code in {"empty", "not-a-picture", "truncated", "damaged"}
    assert (refusal(source).code == "empty") == (source == b"")


@pytest.mark.parametrize(
    ("beginning", "what"), [(b"%PDF-1.7", "PDF"), (b"%!PS-Adobe-3.0 EPSF-3.0", "PostScript"), (b"\xff\x0a", "XL")]
)
def test_documents_are_named_for_what_they_are(beginning: bytes, what: str) -> None:
    """Programs such as PostScript are never run, and the refusal says what the file is."""
    error = refusal(beginning + b"\n%%BoundingBox: 0 0 9 9\n%%EndComments\n" * 20)
    assert error.code == "unsupported"
    assert what in str(error)


def test_paths_that_cannot_be_read_say_so(tmp_path: Path) -> None:
    """Missing, a directory, a name that cannot be: the file system's doing, and counted as such."""
    for path in (tmp_path / "none.jpg", tmp_path, tmp_path / "a\0b", tmp_path / ("x" * 5_000)):
        error = refusal(path)
        assert error.code == pictures.UNREADABLE
        assert str(tmp_path) in str(error)


@pytest.mark.parametrize("place", ["PIL.ImageFile.ImageFile.load", "PIL.PngImagePlugin.PngImageFile._open"])
def test_want_of_memory_is_not_the_pictures_fault(encode: Encode, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """Nor for ever: it is told from a picture that is larger than what may be reserved, and can be read later."""
    data = encode(Image.new("RGB", (40, 30)), "PNG")

    def refuses(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(place, refuses)
        error = refusal(data)
    assert error.code == pictures.UNREADABLE
    assert "not enough memory" in str(error)
    assert refusal(data, limits=pictures.Limits(memory_bytes=9)).code == "too-many-pixels"
    assert pictures.load(data).image.size == (40, 30)


@pytest.mark.parametrize("size", [0, -1])
def test_a_size_that_makes_no_sense_is_the_callers(encode: Encode, size: int) -> None:
    """No picture is called damaged for it."""
    with pytest.raises(InputError, match=f"at least 1, not {size}"):
        pictures.load(encode(Image.new("RGB", (40, 30)), "PNG"), size=size)


def test_a_defect_of_ours_is_not_the_pictures(encode: Encode, monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails before the picture's own bytes are worked on is let out as it is."""

    def fails(*_: object) -> int:
        return 1 // 0

    monkeypatch.setattr("ilk.pictures.reading._factor", fails)
    with pytest.raises(ZeroDivisionError):
        pictures.load(encode(Image.new("RGB", (40, 30)), "PNG"), size=4)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are a thing of Unix")
def test_pipes_are_not_waited_for(tmp_path: Path) -> None:
    """A named pipe that nobody writes to would hang a reader for ever."""
    os.mkfifo(tmp_path / "pipe.jpg")
    assert refusal(tmp_path / "pipe.jpg").code == pictures.UNREADABLE


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is forbidden to this user")
def test_files_that_are_forbidden_say_so(tmp_path: Path) -> None:
    """No permission is no fault of the picture's."""
    path = tmp_path / "secret.png"
    path.touch(mode=0)
    assert refusal(path).code == pictures.UNREADABLE


def test_a_refusal_names_the_picture(tmp_path: Path) -> None:
    """By its path, by the name it was given, or else as what it is."""
    path = tmp_path / "notes.jpg"
    path.write_bytes(b"hello")
    assert str(refusal(path)).startswith(f'"{path}" is ')
    with pytest.raises(PictureError, match=r'^"cat.jpg" is '):
        pictures.load(b"hello", name="cat.jpg")
    with pytest.raises(PictureError, match=r"^The picture is "):
        pictures.load(b"hello")


MEASURE = """
import sys
from pathlib import Path
from typing import Any
from ilk import pictures
from ilk.pictures import memory, opening

def resident(field):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(field))

def estimate(data):
    image = opening.open_lazily(data, limits=pictures.Limits(), subject="")
    return memory.decoding_bytes(image, b"", factor=4)

small, large = (Path(path).read_bytes() for path in sys.argv[1:])
pictures.load(small, size=32)  # what the libraries themselves take
estimated = estimate(large)
before = resident("VmRSS")
Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here
pictures.load(large, size=256)
print(estimated, resident("VmHWM") - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured as Linux does")
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {"progressive": True, "subsampling": 0}),
        ("PNG", {"compress_level": 1}),
        ("WEBP", {"lossless": True, "method": 0, "quality": 0}),
        ("AVIF", {"speed": 10, "subsampling": "4:4:4"}),
        ("TIFF", {"compression": "tiff_lzw", "strip_size": 2**30}),
        ("TIFF", {"compression": "tiff_lzw", "tiffinfo": {274: 6}}),
        ("JPEG2000", {}),
        ("GIF", {}),
    ],
)
def test_decoding_takes_no_more_memory_than_was_reserved(
    photo: Image.Image, encode: Encode, tmp_path: Path, kind: str, options: dict[str, Any]
) -> None:
    """Measured in a fresh process; the file's own bytes, held before, are left out of both."""
    alpha = kind in {"PNG", "WEBP", "AVIF", "TIFF"}
    paths = []
    for name, size in (("small", (64, 64)), ("large", (2400, 1600))):
        image = photo.resize(size)
        if alpha:
            image.putalpha(99)
        paths.append(tmp_path / name)
        paths[-1].write_bytes(encode(image, kind, **options))
    answer = subprocess.run([sys.executable, "-c", MEASURE, *paths], capture_output=True, text=True, check=True)
    estimated, taken = map(int, answer.stdout.split())
    assert taken < estimated * 1.1 + 4 * 2**20
    assert estimated < taken * 2 + 16 * 2**20  # nor is a picture kept waiting for room it does not need


def test_memory_is_shared_in_the_order_of_asking() -> None:
    """What does not fit waits; what comes after it waits too, so that it is not overtaken for ever."""
    budget, order, go = Budget(), list[str](), threading.Event()

    def take(name: str, size_bytes: int) -> None:
        with budget.reserve(size_bytes, limit_bytes=10, subject=name):
            order.append(name)
            if name == "first":
                go.wait(5)

    threads = []
    for name, size_bytes in (("first", 6), ("large", 10), ("small", 1)):
        threads.append(threading.Thread(target=take, args=(name, size_bytes)))
        threads[-1].start()
        time.sleep(0.05)
    assert order == ["first"]
    go.set()
    for thread in threads:
        thread.join(5)
    assert order == ["first", "large", "small"]


def test_memory_is_given_back_after_a_failure() -> None:
    """A picture that cannot be decoded leaves room for the next."""
    budget = Budget()
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), budget.reserve(10, limit_bytes=10, subject=""):
            raise ZeroDivisionError
    with pytest.raises(PictureError, match=r"^It would take"), budget.reserve(11, limit_bytes=10, subject="It"):
        raise AssertionError


def test_a_file_takes_the_room_that_it_needs(tmp_path: Path) -> None:
    """Not that of the largest file allowed, which the system would have to find and take back for each picture."""
    (tmp_path / "small.jpg").write_bytes(bytes(1000))
    tracemalloc.start()
    try:
        assert pictures.read(tmp_path / "small.jpg", limits=pictures.Limits(size_bytes=64 << 20)) == bytes(1000)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("said", [0, 10])
def test_a_file_is_read_to_its_end_whatever_its_size_is_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: int
) -> None:
    """Some file systems know no sizes, and a file may grow; the limit holds all the same."""
    content = os.urandom(1000)
    (tmp_path / "grown.jpg").write_bytes(content)
    known = os.fstat

    def told(descriptor: int) -> os.stat_result:
        fields = list(known(descriptor))
        fields[stat.ST_SIZE] = said
        return os.stat_result(fields)

    monkeypatch.setattr("ilk.pictures.files.os.fstat", told)
    assert pictures.read(tmp_path / "grown.jpg", limits=pictures.Limits(size_bytes=1000)) == content
    with pytest.raises(PictureError, match="larger than the limit"):
        pictures.read(tmp_path / "grown.jpg", limits=pictures.Limits(size_bytes=999))
