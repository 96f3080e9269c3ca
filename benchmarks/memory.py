"""Memory that does not grow with the source: the peak of `ilk index` over few pictures, and over twenty times as many.

    python -m benchmarks.memory [--few 5000] [--many 100000] [--json FILE]

The pictures are small and no two alike, so that all of them are decoded and encoded. The peak is that of the whole
process, as the kernel counts it (VmHWM, here by ``resource``). It may differ by 100 MB.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.pipeline import machine

BOUND_MB = 100
PER_FOLDER = 1_000


def paint_pictures(folder: Path, count: int) -> None:
    """Write PNGs of 32 by 32 pixels, a thousand to a folder."""
    rng = np.random.default_rng(0)
    for number in range(count):
        place = folder / f"{number // PER_FOLDER:03}"
        if number % PER_FOLDER == 0:
            place.mkdir(parents=True, exist_ok=True)
        pixels = np.kron(rng.integers(0, 256, (4, 4, 3), dtype=np.uint8), np.ones((8, 8, 1), np.uint8))
        Image.fromarray(pixels).save(place / f"{number:06}.png", compress_level=1)


def peak_mb(folder: Path, gallery: Path) -> tuple[float, float]:
    """The peak of resident memory of one run in MB, and how long it took in seconds."""
    command = [sys.executable, "-m", "ilk", "index", str(folder), "--gallery", str(gallery), "--json"]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"ilk index ended with {process.returncode}.")
    return usage.ru_maxrss / 1024, time.perf_counter() - started  # this program is far smaller than what it starts


def main() -> None:
    """Read the options, run, print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--few", type=int, default=5_000)
    parser.add_argument("--many", type=int, default=100_000)
    parser.add_argument("--json", type=Path, help="also write the result here")
    options = parser.parse_args()
    peaks: dict[int, float] = {}
    with tempfile.TemporaryDirectory() as place:
        for count in (options.few, options.many):
            folder = Path(place) / str(count)
            paint_pictures(folder, count)
            peaks[count], took_s = peak_mb(folder, Path(place) / f"{count}.ilk")
            print(f"{count:,} pictures: {peaks[count]:.0f} MB, {count / took_s:.0f} pictures/s", file=sys.stderr)
    grown = peaks[options.many] - peaks[options.few]
    result = machine() | {"peak_mb": {str(n): round(mb) for n, mb in peaks.items()}, "grown_mb": round(grown)}
    text = json.dumps(result, indent=2)
    if options.json is not None:
        options.json.write_text(f"{text}\n", encoding="utf-8")
    print(text)
    if grown > BOUND_MB:
        raise SystemExit(f"The peak grew by {grown:.0f} MB, more than {BOUND_MB}.")


if __name__ == "__main__":
    main()
