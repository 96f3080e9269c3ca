"""How near `pocket` comes to the limit that decoding sets, and whether processes would decode faster than threads.

The limit is reading, hashing, decoding and preparing on all processors, and nothing else: no listing, no model, no
database. `Gallery.add` is measured beside it in the same process, with the model loaded; for the whole process see
`benchmarks.rivals`, which runs this. Where the model computes on the same processors, the two together take the sum of
their times: `both_pictures_per_s`, which is what could be reached at most. `processor_ms` is the processors' time a
picture, which another program disturbs less than the clock.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import ilk
from ilk import pictures
from ilk.encoders import load_encoder
from ilk.machine import usable_processors

MODEL = "pocket"
CHUNK = 8
"""Pictures sent to a process at a time."""


class _Took(NamedTuple):
    """Seconds of the clock, and of all processors together."""

    clock_s: float
    processor_s: float

    def each(self, count: int) -> _Took:
        return _Took(self.clock_s / count, self.processor_s / count)


@functools.cache
def _encoder() -> Any:
    return load_encoder(MODEL)


def prepare(path: Path) -> Any:
    """What is done to a picture before the model sees it."""
    data = path.read_bytes()
    hashlib.sha256(data).hexdigest()
    encoder = _encoder()
    return encoder.prepare_image(pictures.load(data, size=encoder.image_size).image)


def prepare_all(pool: Executor, paths: list[Path]) -> None:
    """Each in turn, and every result received, as it would have to be by whatever runs the model."""
    for _ in pool.map(prepare, paths, chunksize=CHUNK):
        pass


def limit_and_gallery(folder: Path, *, repeat: int) -> dict[str, Any]:
    """Pictures a second of decoding alone and of `Gallery.add`, in turn, and what share the latter is."""
    paths = sorted(folder.glob("*.jpg"))
    limits, reached, alone = list[_Took](), list[_Took](), list[_Took]()
    encoder = _encoder()
    ready = np.stack([prepare(path) for path in paths[: encoder.batch_size]])
    encoder.encode_prepared(ready)
    with ThreadPoolExecutor(usable_processors()) as pool:
        for _ in range(repeat):
            limits.append(_took(lambda: prepare_all(pool, paths)).each(len(paths)))
            reached.append(_adding(folder).each(len(paths)))
            alone.append(_took(lambda: encoder.encode_prepared(ready)).each(len(ready)))
    parts = {"decoding": limits, "gallery": reached, "model": alone}
    rates = {name: 1 / min(each.clock_s for each in runs) for name, runs in parts.items()}
    busy = {name: 1000 * min(each.processor_s for each in runs) for name, runs in parts.items()}
    # What is left of the processors when decoding and the model share them, and nothing else needs any time.
    shared = 1 / (1 / rates["decoding"] + 1 / rates["model"])
    return {
        **{f"{name}_pictures_per_s": round(rate, 1) for name, rate in rates.items()},
        "both_pictures_per_s": round(shared, 1),
        "share_possible": round(shared / rates["decoding"], 3),
        "share": round(rates["gallery"] / rates["decoding"], 3),
        "all_shares": [round(limit.clock_s / ours.clock_s, 3) for ours, limit in zip(reached, limits, strict=True)],
        "processor_ms": {name: round(ms, 2) for name, ms in busy.items()},
    }


def _adding(folder: Path) -> _Took:
    place = Path(tempfile.mkdtemp())
    try:
        with contextlib.closing(ilk.create(place / "gallery", model=MODEL)) as gallery:
            gallery.encoder().load("image")
            return _took(lambda: gallery.add(ilk.folder(folder)))
    finally:
        shutil.rmtree(place)


def threads_and_processes(folder: Path, *, repeat: int) -> dict[str, float]:
    """Pictures a second of either, started and warm before the clock is."""
    paths = sorted(folder.glob("*.jpg"))
    count = usable_processors()
    with ThreadPoolExecutor(count) as threads, ProcessPoolExecutor(count, mp_context=get_context("spawn")) as processes:
        pools: dict[str, Executor] = {"threads": threads, "processes": processes}
        for pool in pools.values():
            prepare_all(pool, paths[: 4 * count * CHUNK])
        runs = [
            {name: _took(functools.partial(prepare_all, pool, paths)).clock_s for name, pool in pools.items()}
            for _ in range(repeat)
        ]
    return {name: round(len(paths) / min(run[name] for run in runs), 1) for name in pools}


def _took(work: Callable[[], object]) -> _Took:
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return _Took(time.perf_counter() - clock, time.process_time() - processor)


def main() -> None:
    """Measure a folder and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--repeat", type=int, default=3)
    asked = parser.parse_args()
    found: dict[str, Any] = limit_and_gallery(asked.folder, repeat=asked.repeat)
    print(json.dumps({**found, **threads_and_processes(asked.folder, repeat=asked.repeat)}))


if __name__ == "__main__":
    main()
