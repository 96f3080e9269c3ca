"""Whether the GPU is kept busy: the share of an indexing run in which it works, and what bounds the run.

    python -m benchmarks.gpu [--originals FOLDER] [--pictures 4000] [--json FILE]

One process indexes a folder of 640-pixel JPEGs with a checkpoint of the shape of ViT-B/32, once to warm up and once to
count, while the driver is asked some fifty times a second whether a kernel runs. Beside it stand the two limits: the
model on pictures that are ready, and decoding alone on all processors. It needs a CUDA GPU and ``nvidia-ml-py``.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Self

import numpy as np

from benchmarks.checkpoints import write_clip
from benchmarks.photographs import SMALL, write_photographs
from benchmarks.pipeline import machine
from benchmarks.ways import WAYS

EVERY_S = 0.02


class Watch:
    """Asks the driver how busy the GPU is, until left."""

    def __init__(self) -> None:
        self.shares: list[float] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        import torch

        while not self._stop.wait(EVERY_S):
            self.shares.append(torch.cuda.utilization() / 100)


def require_gpu() -> str:
    """The name of the GPU; ends the program if there is none, or nobody to ask about it."""
    import torch

    if not torch.cuda.is_available():
        raise SystemExit(
            "PyTorch finds no CUDA GPU here, so there is nothing to measure. Run this on a machine with one."
        )
    try:
        torch.cuda.utilization()
    except ModuleNotFoundError as error:
        raise SystemExit("The driver is asked through nvidia-ml-py: run `pip install nvidia-ml-py`.") from error
    return str(torch.cuda.get_device_name())


def measure(checkpoint: Path, pictures: Path) -> dict[str, Any]:
    """Index, model alone, decoding alone; pictures a second of each."""
    count = len(list(pictures.glob("*.jpg")))
    rates, shares = {}, {}
    for way in ("ilk", "model", "decoding"):
        WAYS[way](checkpoint, pictures)()
        work = WAYS[way](checkpoint, pictures)
        with Watch() as watch:
            started = time.perf_counter()
            work()
            rates[way] = round(count / (time.perf_counter() - started), 1)
        shares[way] = round(float(np.mean(watch.shares)), 3) if watch.shares else None
    return {"pictures": count, "pictures_per_s": rates, "share_of_time_the_gpu_works": shares}


def main() -> None:
    """Read the options, run, print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=4000)
    parser.add_argument("--originals", type=Path, help="photographs to make the pictures of; else scenes are drawn")
    parser.add_argument("--json", type=Path, help="write the report here as well")
    options = parser.parse_args()
    gpu = require_gpu()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        write_photographs(place / "640 px", options.pictures, SMALL, originals=options.originals)
        found = measure(write_clip(place / "checkpoint"), place / "640 px")
    report = json.dumps({**machine(), "gpu": gpu, **found}, indent=2)
    print(report)
    if options.json:
        options.json.write_text(report + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
