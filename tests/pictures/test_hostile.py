from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
import warnings
import weakref
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from ilk import pictures
from ilk.errors import PictureError

CODES = {
    "empty",
    "not-a-picture",
    "unsupported",
    "truncated",
    "damaged",
    "too-many-pixels",
    "too-many-bytes",
}

OURS = """
import json, resource, sys, time
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
resource.setrlimit(resource.RLIMIT_AS, (4 * 2**30, 4 * 2**30))
from ilk import pictures
from ilk.errors import PictureError

def read(path):
    started = time.perf_counter()
    try:
        picture = pictures.load(path, size=112)
    except PictureError as error:
        outcome = error.code
    else:
        outcome = picture.image.mode
    return str(path), outcome, time.perf_counter() - started

paths = sorted(path for path in Path(sys.argv[1]).rglob("*") if path.is_file())
with ThreadPoolExecutor(4) as pool:
    outcomes = list(pool.map(read, paths))
# Of this program alone: what getrusage says begins with what the process that started it had.
status = Path("/proc/self/status").read_text()
peak = int(status.split("VmHWM:")[1].split()[0])
print(json.dumps({"outcomes": outcomes, "peak_mib": peak / 1024}))
"""

PLAIN = """
import json, sys, warnings
from pathlib import Path
import pillow_heif
from PIL import Image
warnings.simplefilter("ignore")
pillow_heif.register_heif_opener()
opened = []
for path in sorted(path for path in Path(sys.argv[1]).rglob("*") if path.is_file()):
    try:
        with Image.open(path) as image:
            image.convert("RGB")
    except Exception:
        continue
    opened.append(str(path))
print(json.dumps(opened))
"""


def run(code: str, folder: Path) -> tuple[Any, str]:
    """What a program prints, as JSON, and what it and its libraries write to the terminal besides."""
    program = subprocess.run(
        [sys.executable, "-W", "default", "-c", code, str(folder)],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return json.loads(program.stdout), program.stderr


def attempt(data: bytes, *, size: int | None, limits: pictures.Limits) -> pictures.Picture | PictureError:
    """The picture, or why there is none; any other error is a defect."""
    try:
        return pictures.load(data, size=size, limits=limits)
    except PictureError as error:
        return error


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured as Linux does")
def test_a_thousand_hostile_files(shared_data: Path) -> None:
    """Every one ends in a picture or in a reason, soon, in little memory, and without a word on the terminal.

    All that Pillow opens when nothing is checked is opened, but for bombs.
    """
    report, muttered = run(OURS, shared_data / "hostile")
    outcomes = {path: outcome for path, outcome, _ in report["outcomes"]}
    opened = {path for path, outcome in outcomes.items() if outcome == "RGB"}
    lost = {path: outcomes[path] for path in run(PLAIN, shared_data / "hostile")[0] if path not in opened}
    assert set(outcomes.values()) <= CODES | {"RGB"}
    assert not lost
    assert len(opened) >= 850
    assert Counter(outcomes.values())["too-many-pixels"] >= 10
    assert max(seconds for _, _, seconds in report["outcomes"]) < 5
    # What decoding may reserve (640 MiB), the libraries, and what the allocator keeps of it.
    assert report["peak_mib"] < 1000
    assert muttered == ""


@settings(max_examples=400, deadline=5_000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_mutilated_files_end_in_a_picture_or_in_a_reason(specimens: dict[str, bytes], data: st.DataObject) -> None:
    """Bytes cut off, overwritten, repeated and left out, in every format."""
    name = data.draw(st.sampled_from(sorted(name for name, file in specimens.items() if len(file) < 100_000)))
    file = bytearray(specimens[name])
    for _ in range(data.draw(st.integers(1, 4))):
        # Headers are where the numbers are: half of the wounds are in the first bytes.
        near = data.draw(st.booleans())
        place = data.draw(st.integers(0, max(min(len(file), 120) if near else len(file), 1) - 1))
        match data.draw(st.sampled_from(["set", "cut", "drop", "insert", "huge"])):
            case "set":
                file[place : place + 1] = data.draw(st.binary(min_size=1, max_size=4))
            case "cut":
                del file[max(place, 1) :]
            case "drop":
                del file[place : place + data.draw(st.integers(1, 40))]
            case "insert":
                file[place:place] = data.draw(st.binary(max_size=40))
            case _:
                file[place : place + 4] = data.draw(st.sampled_from([b"\xff" * 4, b"\x7f\xff\xff\xff", bytes(4)]))
    limits = pictures.Limits(pixels=4_000_000, interpreted_pixels=100_000)
    outcome = attempt(bytes(file), size=data.draw(st.sampled_from([None, 4, 16])), limits=limits)
    if isinstance(outcome, PictureError):
        assert outcome.code in CODES
        assert outcome.__cause__ is not outcome
    else:
        assert outcome.image.mode == "RGB"
        assert len(outcome.image.tobytes()) == 3 * outcome.image.width * outcome.image.height > 0


@pytest.mark.parametrize("failure", [MemoryError, RecursionError, ZeroDivisionError, AssertionError, KeyError])
def test_whatever_a_decoder_raises_becomes_one_error(
    specimens: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, failure: type[Exception]
) -> None:
    """Also what no decoder should raise, with the cause kept."""

    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load_prepare", fail)
    with pytest.raises(PictureError) as caught:
        pictures.load(specimens["png"])
    assert isinstance(caught.value.__cause__, failure)


def test_an_error_that_is_kept_keeps_no_picture(specimens: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """Failures are collected by the thousand; what was decoded when they happened must not be."""
    opened = list[weakref.ref[object]]()

    def fail(image: object) -> None:
        opened.append(weakref.ref(image))
        raise ValueError("broken")

    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load_prepare", fail)
    outcome = attempt(specimens["png"], size=None, limits=pictures.Limits())
    gc.collect()
    assert isinstance(outcome, PictureError)
    assert isinstance(outcome.__cause__, ValueError)
    assert [image() for image in opened] == [None]


def test_threads_see_what_one_thread_sees(specimens: dict[str, bytes]) -> None:
    """Eight threads on files of all formats, whole and cut short, give the same pictures and the same reasons."""
    files = [data for whole in specimens.values() for data in (whole, whole[: len(whole) * 2 // 3], whole[:40])]

    def look(data: bytes) -> tuple[object, ...]:
        outcome = attempt(data, size=10, limits=pictures.Limits())
        if isinstance(outcome, PictureError):
            return outcome.code, str(outcome)
        return outcome.facts, outcome.truncated, outcome.image.tobytes()

    alone = [look(data) for data in files]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(look, files * 3))
    assert together == alone * 3


def noisy() -> bytes:
    """A JPEG whose EXIF makes Pillow warn when it is read."""
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x0f\x01\x02\0\xff\xff\0\0\xff\xff\0\0"
    stream = BytesIO()
    Image.new("RGB", (4, 4)).save(stream, "JPEG", exif=exif)
    return stream.getvalue()


def test_warnings_neither_leak_nor_interfere() -> None:
    """Pillow's warnings are not shown, nor made into errors, and those of the program are left as they were."""
    data = noisy()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Image.open(BytesIO(data)).getexif()  # this is what a user's own code would see, before...
        seen_before = len(caught)
        pictures.load(data)
        assert len(caught) == seen_before > 0
        Image.open(BytesIO(data)).getexif()  # ...and after
        assert len(caught) == 2 * seen_before
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pictures.load(data).image.size == (4, 4)
        with pytest.raises(UserWarning):
            warnings.warn("mine", stacklevel=1)


def test_warnings_of_other_threads_are_heard_meanwhile() -> None:
    """Only the threads that decode are quiet."""
    data, done = noisy(), False

    def decode() -> None:
        while not done:
            pictures.load(data)

    with warnings.catch_warnings(record=True) as caught, ThreadPoolExecutor(2) as pool:
        warnings.simplefilter("always")
        working = [pool.submit(decode) for _ in range(2)]
        for _ in range(50):
            warnings.warn("mine", stacklevel=1)
            time.sleep(0.001)
        done = True
        for future in working:
            future.result()
    assert [str(warning.message) for warning in caught] == ["mine"] * 50
