from __future__ import annotations

import gc
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import ilk
from ilk.errors import PictureError
from ilk.sources.tables.shelf import SMALL, Kept, Shelf, Shelved, Shelves


def test_large_pictures_wait_on_disk() -> None:
    """In files that go with the last of their cells."""
    shelves = Shelves()
    small, large = shelves.keep(b"x" * SMALL), shelves.keep(b"y" * (SMALL + 1))
    other = shelves.keep(b"z" * (SMALL + 2))
    assert isinstance(small, Kept)
    assert isinstance(large, Shelved)
    assert isinstance(other, Shelved)
    assert (small.read(), large.read(), other.read()) == (b"x" * SMALL, b"y" * (SMALL + 1), b"z" * (SMALL + 2))
    file = large.shelf._file
    del shelves, large
    gc.collect()
    assert not file.closed
    del other
    gc.collect()
    assert file.closed


def test_a_full_disk_keeps_pictures_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather than stopping; one that gives nothing back is a failure that may pass."""
    shelves = Shelves(small=0)
    kept = shelves.keep(b"xyz")
    assert isinstance(kept, Shelved)

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Shelf, "put", refuse)
    assert shelves.keep(b"abc").read() == b"abc"
    kept.shelf._file.close()
    monkeypatch.setattr(Shelf, "get", refuse)
    with pytest.raises(PictureError, match="No space left"):
        kept.read()


def peak_bytes(work: Callable[[], None]) -> int:
    """The most memory that Python objects take during some work, beside what was there before."""
    gc.collect()
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_a_long_table_is_never_in_memory(tmp_path: Path) -> None:
    """Of 300,000 rows, 40 MB of text, the ids take 32 bytes each at most, half as much again while their table grows.

    Measured from outside, because tracing every allocation takes a minute.
    """
    path = tmp_path / "long.csv"
    rows = 300_000
    with path.open("w") as file:
        file.write("url,caption,width\n")
        for row in range(rows):
            file.write(f"https://pictures.example/of/something/{row:08}.jpg,a caption of the picture number {row:08}")
            file.write(f" that goes on for quite a while,{row}\n")
    assert path.stat().st_size > 35 * 2**20
    code = """if True:
        import pathlib, re, sys, ilk
        def peak(): return 1024 * int(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1])
        path = pathlib.Path(sys.argv[1])
        entries = iter(ilk.table(path).listing(path.parent))
        next(entries)
        before = peak()
        print(1 + sum(1 for _ in entries), peak() - before)
    """
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    count, grown = map(int, done.stdout.split())
    assert count == rows
    assert grown < 1.5 * 32 * rows + 4 * 2**20


def test_a_table_of_pictures_is_never_in_memory(tmp_path: Path) -> None:
    """Though the listing runs ahead of the reading by hundreds of rows, each with its picture in the table."""
    data = os.urandom(256 * 2**10)

    def rows() -> Iterator[dict[str, Any]]:
        for row in range(200):
            yield {"image": {"bytes": row.to_bytes(4) + data, "path": None}}

    def work() -> None:
        entries = iter(ilk.table(rows(), picture="image").listing(tmp_path))
        waiting = [next(entries) for _ in range(150)]
        assert waiting[149].load().data == (149).to_bytes(4) + data

    assert peak_bytes(work) < 8 * 2**20
