"""How an index grows: time to build, time to open, time of a query, memory and disk, at 10 k, 100 k and a million.

    python -m benchmarks.growth [--sizes 10000 100000 1000000] [--dimension 512] [--keep DIRECTORY] [--json FILE]

Each gallery is written, its index built as `ilk index` would, and then asked a hundred times by a process of its own,
which says how long it took to open, how long a query took, and what it had resident afterwards: everything, and what of
that is its own rather than pages of mapped files, which the system takes back when it needs them. The exponent of a
measure is the slope of its logarithm over that of the number of vectors, between the two largest sizes.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import ilk
from benchmarks.crowded import clustered, made_up_space, write_gallery

QUERIES = 100
K = 10
MEASURES = ("build_s", "query_ms", "own_mb", "resident_mb", "index_mb")


def ask(directory: Path, dimension: int) -> dict[str, Any]:
    """What a process that does nothing else sees of a gallery."""
    rng = np.random.default_rng(7)
    rows = next(iter(clustered(QUERIES, dimension, seed=0)))
    rows = rows + rng.standard_normal(rows.shape).astype(np.float32) * 0.02
    idle_mb = _memory_mb()
    started = time.perf_counter()
    gallery = ilk.open(directory)
    with contextlib.closing(gallery):
        opened_s = time.perf_counter() - started
        gallery.search(ilk.vector(rows[0]), k=K)
        first_s = time.perf_counter() - started
        took = []
        for row in rows:
            began = time.perf_counter()
            gallery.search(ilk.vector(row), k=K)
            took.append((time.perf_counter() - began) * 1000)
        used_mb = _memory_mb()
    return {
        "opening_ms": round(opened_s * 1000, 2),
        "first_answer_ms": round(first_s * 1000, 1),
        "query_ms": round(float(np.median(took)), 3),
        "query_p95_ms": round(float(np.quantile(took, 0.95)), 3),
        "resident_mb": used_mb["VmRSS"],
        "own_mb": used_mb["RssAnon"],
        "idle_mb": idle_mb["VmRSS"],
    }


def one_size(place: Path, size: int, dimension: int) -> dict[str, Any]:
    """Write, build, ask."""
    started = time.perf_counter()
    fresh = not (place / f"{size}.ilk").exists()
    directory = write_gallery(place / f"{size}.ilk", size, made_up_space(dimension), index=False)
    written_s = time.perf_counter() - started
    started = time.perf_counter()
    with ilk.open(directory) as gallery, gallery.store.writing() as writer:
        writer.refresh_index()
    built_s = time.perf_counter() - started
    command = [sys.executable, "-m", "benchmarks.growth", "--ask", str(directory), "--dimension", str(dimension)]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    with ilk.open(directory) as gallery:
        (state,) = gallery.info().spaces
    return {
        "vectors": size,
        "index": state.index,
        "written_s": round(written_s, 1) if fresh else None,
        "build_s": round(built_s, 2) if fresh else None,
        "index_mb": round(state.size_bytes / 2**20, 1),
        **told,
    }


def exponents(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    """The slope of each measure between the two largest sizes, on logarithmic scales."""
    if len(rows) < 2:  # noqa: PLR2004 -- a line needs two points
        return {}
    few, many = rows[-2], rows[-1]
    steps = math.log(many["vectors"] / few["vectors"])
    return {
        name: round(math.log(many[name] / few[name]) / steps, 2)
        for name in MEASURES
        if few.get(name) and many.get(name)
    }


def _memory_mb() -> dict[str, float]:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in lines if line.startswith(("VmRSS", "RssAnon"))}
    return {name: round(size / 1024, 1) for name, size in kilobytes.items()}


def main() -> None:
    """Read the options, run, print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--dimension", type=int, default=512)
    parser.add_argument("--keep", type=Path, help="where galleries are made, and found again (then nothing is built)")
    parser.add_argument("--ask", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.ask:
        print(json.dumps(ask(options.ask, options.dimension)))
        return
    place = options.keep or Path(tempfile.mkdtemp())
    place.mkdir(parents=True, exist_ok=True)
    try:
        rows = [one_size(place, size, options.dimension) for size in sorted(options.sizes)]
    finally:
        if options.keep is None:
            shutil.rmtree(place)
    found = {
        "dimension": options.dimension,
        "sizes": rows,
        "exponents": exponents(rows),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "date": time.strftime("%Y-%m-%d"),
    }
    print(json.dumps(found, indent=2))
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
