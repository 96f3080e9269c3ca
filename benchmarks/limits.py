"""How near `pocket` comes to the limit that decoding sets, and whether processes would decode faster than threads.

The limit is reading, hashing, decoding and preparing on all processors, and nothing else: no listing, no model, no
database. `Gallery.add` is measured beside it in the same process, with the model loaded; for the whole process see
`benchmarks.rivals`, which runs this. Where the model computes on the same processors, the two together take the sum of
their times: `both_pictures_per_s`, which is what could be reached at most.
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
from typing import Any

import numpy as np

import ilk
from ilk import pictures
from ilk.encoders import load_encoder
from ilk.machine import usable_processors

MODEL = "pocket"
CHUNK = 8
"""Pictures sent to a process at a time."""


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
    limits, reached, alone = [], [], []
    encoder = _encoder()
    ready = np.stack([prepare(path) for path in paths[: encoder.batch_size]])
    encoder.encode_prepared(ready)
    with ThreadPoolExecutor(usable_processors()) as pool:
        for _ in range(repeat):
            limits.append(len(paths) / _took_s(lambda: prepare_all(pool, paths)))
            reached.append(len(paths) / _adding_s(folder))
            alone.append(len(ready) / _took_s(lambda: encoder.encode_prepared(ready)))
    # What is left of the processors when decoding and the model share them, and nothing else needs any time.
    shared = 1 / (1 / max(limits) + 1 / max(alone))
    return {
        "decoding_pictures_per_s": round(max(limits), 1),
        "gallery_pictures_per_s": round(max(reached), 1),
        "model_pictures_per_s": round(max(alone), 1),
        "both_pictures_per_s": round(shared, 1),
        "share_possible": round(shared / max(limits), 3),
        "share": round(max(reached) / max(limits), 3),
        "all_shares": [round(ours / limit, 3) for ours, limit in zip(reached, limits, strict=True)],
    }


def _adding_s(folder: Path) -> float:
    place = Path(tempfile.mkdtemp())
    try:
        with contextlib.closing(ilk.create(place / "gallery", model=MODEL)) as gallery:
            gallery.encoder().load("image")
            return _took_s(lambda: gallery.add(ilk.folder(folder)))
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
            {name: _took_s(functools.partial(prepare_all, pool, paths)) for name, pool in pools.items()}
            for _ in range(repeat)
        ]
    return {name: round(len(paths) / min(run[name] for run in runs), 1) for name in pools}


def _took_s(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


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
