"""How fast a folder of JPEGs becomes searchable, side by side with what people write themselves.

    python -m benchmarks.pipeline [--originals FOLDER] [--keep FOLDER] [--json FILE]

Three ways over the same checkpoint (the shape of ViT-B/32, random weights) and the same files, of 640 pixels and of 12
megapixels: `Gallery.add`; the loop of the recipes, a picture at a time through transformers; and sentence-transformers
in batches of 32. The latter two add to a FAISS index. They run in turn, each time in a fresh process which loads and
warms before the clock starts. ilk runs the checkpoint and its ONNX files (`ilk models export`), each at the precision
that it chooses, which `computed_by` names; beside each way stands how far its vectors are from those of the checkpoint
in float32. The best of each counts, since all that can be added to it is other work of the machine.

Beside them stand the two limits of ilk: the model on pictures that are ready, and decoding alone on all processors.
`processor_ms` is the processors' time a picture, which another program disturbs less than the clock.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from benchmarks.checkpoints import write_clip, write_exports
from benchmarks.photographs import LARGE, SMALL, write_photographs
from benchmarks.ways import exported

OURS = ("ilk", "ilk-onnx")
WAYS = (*OURS, "loop", "sentence-transformers", "model", "decoding")
FLOAT32 = "model-float32"
BARS = {"640 px": 4, "12 MP": 8}
PACKAGES = ("torch", "transformers", "sentence-transformers", "onnxruntime", "openvino", "faiss-cpu", "pillow", "numpy")


Runs: TypeAlias = dict[str, list[dict[str, Any]]]


def timed(way: str, checkpoint: Path, pictures: Path, vectors: Path) -> dict[str, Any]:
    """One run in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.ways", way, *map(str, (checkpoint, pictures, vectors))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{way} ended with {done.returncode}: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def cosines(some: Path, others: Path) -> dict[str, float]:
    """Least and mean cosine between rows of the same pictures."""
    each = (np.load(some) * np.load(others)).sum(axis=1)
    return {"min": round(float(each.min()), 6), "mean": round(float(each.mean()), 6)}


def run_all(checkpoint: Path, folders: dict[str, Path], *, repeat: int) -> dict[str, Runs]:
    """All ways over all folders, in turn."""
    runs: dict[str, Runs] = {name: {way: [] for way in WAYS} for name in folders}
    for _ in range(repeat):
        for name, folder in folders.items():
            for way in WAYS:
                run = timed(way, checkpoint, folder, vectors(folder, way))
                runs[name][way].append(run)
                print(f"{name:8} {way:22} {counted(folder) / run['took_s']:8.1f} pictures/s", file=sys.stderr)
    return runs


def vectors(folder: Path, way: str) -> Path:
    """Where a way leaves its vectors."""
    return folder.with_name(f"{folder.name} {way}.npy")


def counted(folder: Path) -> int:
    """How many pictures there are."""
    return len(list(folder.glob("*.jpg")))


def summary(checkpoint: Path, folder: Path, runs: Runs, *, bar: float) -> dict[str, Any]:
    """What came of one folder."""
    count = counted(folder)
    timed(FLOAT32, checkpoint, folder, vectors(folder, FLOAT32))
    rates = {way: count / min(run["took_s"] for run in runs[way]) for way in WAYS}
    better = max(rates["loop"], rates["sentence-transformers"])
    ratios = {way: rates[way] / better for way in OURS}
    return {
        "pictures": count,
        "mean_file_kb": round(sum(path.stat().st_size for path in folder.glob("*.jpg")) / count / 1000),
        "pictures_per_s": {way: round(rate, 1) for way, rate in rates.items()},
        "all_runs": {way: [round(count / run["took_s"], 1) for run in runs[way]] for way in WAYS},
        "processor_ms": {way: round(1000 * min(run["processor_s"] for run in runs[way]) / count, 1) for way in WAYS},
        "computed_by": {way: runs[way][0]["computed_by"] for way in OURS},
        "ratio_to_the_better": {way: round(ratio, 2) for way, ratio in ratios.items()},
        "bar": bar,
        "passed_by": [way for way, ratio in ratios.items() if ratio >= bar],
        "cosine_to_own_float32": {way: cosines(vectors(folder, way), vectors(folder, FLOAT32)) for way in ratios},
        "cosine_to_loop": cosines(vectors(folder, "ilk"), vectors(folder, "loop")),
    }


def machine() -> dict[str, Any]:
    """What it ran on, when, and with what."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    here = {each.name for each in importlib.metadata.distributions()}
    return {
        "machine": f"{model}, {os.cpu_count()} processors, {platform.system()}, Python {platform.python_version()}",
        "date": time.strftime("%Y-%m-%d"),
        "versions": ", ".join(f"{each} {importlib.metadata.version(each)}" for each in PACKAGES if each in here),
    }


def measure_all(place: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Make what is needed and measure both sizes."""
    checkpoint = write_clip(place / "checkpoint")
    write_exports(checkpoint, exported(checkpoint))
    kinds = {"640 px": (SMALL, options.pictures), "12 MP": (LARGE, options.large)}
    folders = {name: place / name for name in kinds}
    made_of = [write_photographs(place / name, *kinds[name][::-1], originals=options.originals) for name in kinds]
    loads = os.getloadavg()
    runs = run_all(checkpoint, folders, repeat=options.repeat)
    report = {**machine(), "pictures_are": made_of[0], "load_average_before": round(loads[0], 2)}
    for name, folder in folders.items():
        report[name] = summary(checkpoint, folder, runs[name], bar=BARS[name])
    return {**report, "note": options.note}


def main() -> None:
    """Read the options, run, print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=200, help="of 640 pixels")
    parser.add_argument("--large", type=int, default=60, help="of 12 megapixels")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--originals", type=Path, help="photographs to make the pictures of; else scenes are drawn")
    parser.add_argument("--keep", type=Path, help="make checkpoint and pictures here, and find them there next time")
    parser.add_argument("--json", type=Path, help="write the report here as well")
    parser.add_argument("--note", default="The best of each way's runs, taken in turn.", help="what else to record")
    options = parser.parse_args()
    if importlib.util.find_spec("sentence_transformers") is None:
        raise SystemExit("One of the ways is sentence-transformers: run `pip install sentence-transformers`.")
    with tempfile.TemporaryDirectory() as aside:
        found = measure_all(options.keep or Path(aside), options)
    report = json.dumps(found, indent=2)
    print(report)
    if options.json:
        options.json.write_text(report + "\n", encoding="utf-8")
    if not all(found[name]["passed_by"] for name in BARS):
        raise SystemExit("ilk is not as many times faster as it should be.")


if __name__ == "__main__":
    main()
