"""How fast samples come out of a tar: ilk, Python's ``tarfile``, and ``webdataset`` if it is installed.

::

    python -m benchmarks.archives [--samples 20000]

One thread, files in the page cache, best of three. ilk's listing is what a second run over an unchanged archive costs
before the database is asked; reading includes captions, metadata and stamps.
"""

from __future__ import annotations

import argparse
import gzip
import io
import shutil
import tarfile
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import ilk

PICTURES = 200
"""Different ones; each sample has some bytes more after the end of one."""


def make(path: Path, samples: int) -> None:
    """Write a tar of small JPEGs, each with a caption."""
    random = np.random.default_rng(0)
    pictures = list[bytes]()
    for _ in range(PICTURES):
        file = io.BytesIO()
        grain = Image.fromarray(random.integers(0, 255, (12, 12, 3), dtype=np.uint8))
        grain.resize((160, 120)).save(file, "JPEG", quality=85)
        pictures.append(file.getvalue())
    with tarfile.open(path, "w") as archive:
        for number in range(samples):
            data = pictures[number % PICTURES] + number.to_bytes(4, "little")
            for suffix, content in (("jpg", data), ("txt", f"caption {number}".encode())):
                info = tarfile.TarInfo(f"{number:06d}.{suffix}")
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))


def listed_by_ilk(path: Path) -> int:
    """Names and stamps."""
    return sum(1 for _ in ilk.archive(path).listing(path.parent))


def read_by_ilk(path: Path) -> int:
    """Pictures and captions."""
    return sum(len(entry.load().captions) for entry in ilk.archive(path).listing(path.parent))


def listed_by_tarfile(path: Path) -> int:
    """Headers."""
    with tarfile.open(path) as archive:
        return sum(info.name.endswith(".jpg") for info in archive)


def read_by_tarfile(path: Path) -> int:
    """All bytes."""
    count = 0
    with tarfile.open(path) as archive:
        for info in archive:
            file = archive.extractfile(info)
            count += file is not None and bool(file.read()) and info.name.endswith(".jpg")
    return count


def read_by_webdataset(path: Path) -> int:
    """Samples as dictionaries of bytes."""
    webdataset: Any = import_module("webdataset")  # no type is known of it, and it need not be installed
    return sum(1 for _ in webdataset.WebDataset(str(path), shardshuffle=False))


def best_s(work: Callable[[Path], int], path: Path, samples: int) -> float:
    """Seconds, the least of three."""
    took = list[float]()
    for _ in range(3):
        started = time.perf_counter()
        if (found := work(path)) != samples:
            raise AssertionError(f"{work.__name__} found {found:,} samples")
        took.append(time.perf_counter() - started)
    return min(took)


def main() -> None:
    """Make an archive, and read it in every way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=20_000)
    samples = parser.parse_args().samples
    ways = [listed_by_ilk, listed_by_tarfile, read_by_ilk, read_by_tarfile]
    with tempfile.TemporaryDirectory() as folder:
        plain, packed = Path(folder) / "a.tar", Path(folder) / "a.tar.gz"
        make(plain, samples)
        with plain.open("rb") as source, gzip.open(packed, "wb", compresslevel=1) as target:
            shutil.copyfileobj(source, target)
        for path in (plain, packed):
            for way in ways:
                print(f"{path.name:9} {way.__name__:18} {samples / best_s(way, path, samples):10,.0f} samples/s")
        try:
            rate = samples / best_s(read_by_webdataset, plain, samples)
        except ImportError:
            print("webdataset is not installed")
        else:
            print(f"{plain.name:9} {read_by_webdataset.__name__:18} {rate:10,.0f} samples/s")


if __name__ == "__main__":
    main()
