"""Pictures a second of whole processes, from nothing to an index: `ilk index` beside rclip and clip-retrieval.

    python -m benchmarks.rivals --envs FOLDER [--originals FOLDER] [--keep FOLDER] [--json FILE]

The same JPEGs, of 640 pixels and of 12 megapixels, and checkpoints of one shape, ViT-B/32 with random weights: at 224
pixels for clip-retrieval, and at 256 for rclip, whose model that is. ilk indexes at 256 with ONNX files, as rclip does,
and with the checkpoint, both in the precision it picks: `computed_by` says which that is, and `cosine_to_float32` what
it does to vectors.
Everything counts from the start of the process to its end: interpreter, libraries, weights, pictures, index; for rclip
also the query that makes it index. `starting_s` is the same command over one picture. Commands run in turn; the best of
each counts, since all that can be added to it is other work of the machine. `processor_ms` is the processors' time a
picture, which other work disturbs less than the clock.

Each rival has a virtual environment of its own below ``--envs``, made once. The vocabulary that both need is OpenAI's,
``bpe_simple_vocab_16e6.txt.gz`` of its CLIP package.

Then `pocket`, beside the limit that decoding sets it (`benchmarks.limits`).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import environments, rclip_files
from benchmarks.bench import CHECKPOINT, ONNX, OURS, POCKET, Bench
from benchmarks.checkpoints import write_clip, write_exports
from benchmarks.environments import CLIP_RETRIEVAL, RCLIP, NoRivalError
from benchmarks.photographs import LARGE, SMALL, write_photographs
from benchmarks.pipeline import machine

MERGES = Path(__file__).parents[2] / "shared/data/clip_bpe/clip/bpe_simple_vocab_16e6.txt.gz"
BARS = {"640 px": 2, "12 MP": 3}
DECODING_BAR = 0.8
SIZES = {"640 px": SMALL, "12 MP": LARGE}


def cosines(some: dict[str, Any], others: dict[str, Any]) -> dict[str, float]:
    """Least and mean cosine between rows of the same pictures."""
    each = [float(row @ others[name]) for name, row in some.items()]
    return {"min": round(min(each), 6), "mean": round(float(np.mean(each)), 6)}


def float32_rows(folder: Path, checkpoint: str) -> dict[str, Any]:
    """What the checkpoint makes of the pictures in float32."""
    from ilk import pictures
    from ilk.encoders import load_encoder

    encoder = load_encoder(checkpoint, precision="float32")
    paths = sorted(folder.glob("*.jpg"))
    ready = [encoder.prepare_image(pictures.load(path, size=encoder.image_size).image) for path in paths]
    size = encoder.batch_size
    rows = [encoder.encode_prepared(np.stack(ready[n : n + size])) for n in range(0, len(ready), size)]
    return dict(zip((path.name for path in paths), np.concatenate(rows), strict=True))


def summary(bench: Bench, size: str) -> dict[str, Any]:
    """What came of one folder."""
    count, folder = bench.count(size), bench.place / size
    runs, starts = bench.runs[size], {name: min(took_s) for name, took_s in bench.runs["one"].items()}
    rates = {name: count / min(took_s) for name, took_s in runs.items()}
    steady = {name: (count - 1) / (min(took_s) - starts[name]) for name, took_s in runs.items()}
    found: dict[str, Any] = {
        "pictures": count,
        "mean_file_kb": round(sum(path.stat().st_size for path in folder.glob("*.jpg")) / count / 1000),
        "pictures_per_s": _rounded(rates),
        "pictures_per_s_without_starting": _rounded(steady),
        "processor_ms": {name: round(1000 * min(each) / count, 1) for name, each in bench.processor_s[size].items()},
        "took_s": {name: [round(took_s, 1) for took_s in each] for name, each in runs.items()},
    }
    rivals = [name for name in (RCLIP, CLIP_RETRIEVAL) if name in rates]
    if rivals:
        faster = max(rivals, key=lambda name: rates[name])
        found["times_as_fast_as"] = {
            name: {ours: round(rates[ours] / rates[name], 2) for ours in OURS} for name in rivals
        }
        found["times_as_fast_as_without_starting"] = {
            name: {ours: round(steady[ours] / steady[name], 2) for ours in OURS} for name in rivals
        }
        passed = [ours for ours in OURS if rates[ours] / rates[faster] >= BARS[size]]
        found |= {"bar": BARS[size], "passed": ONNX in passed, "passed_by": passed, "faster_rival": faster}
        found["pictures_from_which_it_passes"] = _crossing(
            (starts[ONNX], steady[ONNX]), (starts[faster], steady[faster]), BARS[size]
        )
    ours, exact = {name: bench.rows(size, name) for name in OURS}, float32_rows(folder, bench.models[CHECKPOINT])
    found["computed_by"] = {name: bench.computed_by[name] for name in OURS}
    found["cosine_to_float32"] = {name: cosines(rows, exact) for name, rows in ours.items()}
    if RCLIP in rates:
        theirs = bench.rclip_rows(size)
        found["cosine_to_rclip"] = {name: cosines(rows, theirs) for name, rows in ours.items()}
    return found


def _rounded(rates: dict[str, float]) -> dict[str, float]:
    return {name: round(rate, 1) for name, rate in rates.items()}


def _crossing(ours: tuple[float, float], theirs: tuple[float, float], bar: float) -> int | None:
    """Of how many pictures on a process is so many times as fast, by what starting and each picture take."""
    gained = 1 / theirs[1] - bar / ours[1]
    return max(1, round((bar * ours[0] - theirs[0]) / gained)) if gained > 0 else None


def pocket_limits(bench: Bench, *, repeat: int) -> dict[str, Any]:
    """How near pocket comes to decoding alone; threads beside processes."""
    found: dict[str, Any] = {}
    for size in BARS:
        command = [sys.executable, "-m", "benchmarks.limits", str(bench.place / size), "--repeat", str(repeat)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found[size] = json.loads(done.stdout.splitlines()[-1])
        whole = bench.count(size) / min(bench.runs[size][POCKET])
        found[size]["whole_process_pictures_per_s"] = round(whole, 1)
        found[size]["whole_process_share"] = round(whole / found[size]["decoding_pictures_per_s"], 3)
    passed = found["640 px"]["share"] >= DECODING_BAR
    return {**found, "bar": DECODING_BAR, "passed": passed}


def table(report: dict[str, Any]) -> str:
    """The same for people."""
    lines = [f"{'':18}{'starting':>10}" + "".join(f"{size:>12}{'steady':>10}" for size in BARS)]
    for name, start in report["starting_s"].items():
        rates = [
            f"{report[size]['pictures_per_s'][name]:10.1f}/s{report[size]['pictures_per_s_without_starting'][name]:8.1f}/s"
            for size in BARS
        ]
        lines.append(f"{name:18}{start:8.1f} s" + "".join(rates))
    for size in BARS:
        for name, ratios in report[size].get("times_as_fast_as", {}).items():
            said = ", ".join(f"{ours} {ratio}" for ours, ratio in ratios.items())
            lines.append(f"{size}: times as fast as {name} (bar {report[size]['bar']}): {said}.")
        said = ", ".join(
            f"{ours} {each['min']} ({report[size]['computed_by'][ours]})"
            for ours, each in report[size]["cosine_to_float32"].items()
        )
        lines.append(f"{size}: least cosine to float32: {said}.")
    for size in BARS:
        each = report["pocket"][size]
        lines.append(
            f"{size}: pocket reaches {each['share']:.0%} of decoding alone ({each['decoding_pictures_per_s']}/s), as a "
            f"whole process {each['whole_process_share']:.0%}; "
            f"{each['threads']}/s on threads, {each['processes']}/s in processes."
        )
    return "\n".join(lines)


def install(folder: Path, *, merges: Path) -> tuple[dict[str, Path], dict[str, str]]:
    """Interpreters of the rivals that can be run, and why the others cannot."""
    found, missing = {}, {}
    for name in (RCLIP, CLIP_RETRIEVAL):
        if not merges.exists():
            missing[name] = f"There is no vocabulary at {merges}: name it with --merges."
            continue
        try:
            found[name] = environments.installed(name, folder)
        except NoRivalError as error:
            missing[name] = str(error)
    for name, why in missing.items():
        print(f"Going on without {name}. {why}", file=sys.stderr)
    return found, missing


def measure(place: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Make what is needed and measure everything."""
    interpreters, missing = install(options.envs or place / "environments", merges=options.merges)
    merges = options.merges if options.merges.exists() else None
    smaller = write_clip(place / "clip-224", merges=merges)
    checkpoint = write_clip(place / "clip-256", side=256, activation=rclip_files.ACTIVATION, merges=merges)
    exported = write_exports(checkpoint, place / "clip-256-onnx")
    models = {ONNX: str(exported), CHECKPOINT: str(checkpoint)}
    if RCLIP in interpreters:
        rclip_files.write_rclip(place / "rclip", checkpoint, options.merges)
    counts = {"640 px": options.pictures, "12 MP": options.large}
    made_of = {write_photographs(place / size, counts[size], SIZES[size], originals=options.originals) for size in BARS}
    with tempfile.TemporaryDirectory(dir=place) as aside:
        bench = Bench(
            place=place, interpreters=interpreters, checkpoint=smaller, models=models, aside=Path(aside) / "run"
        )
        before = os.getloadavg()[0]
        bench.run_all(list(BARS), repeat=options.repeat, slow_repeat=options.slow_repeat)
        after = os.getloadavg()[0]
        return {
            **machine(),
            "versions_of": {name: environments.versions(name, each) for name, each in interpreters.items()},
            "missing": missing,
            "pictures_are": ", ".join(sorted(made_of)),
            "load_average": {"before": round(before, 2), "after": round(after, 2)},
            "starting_s": {name: round(min(each), 1) for name, each in bench.runs["one"].items()},
            **{size: summary(bench, size) for size in BARS},
            "pocket": pocket_limits(bench, repeat=options.repeat + 1),
            "note": options.note,
        }


def main() -> None:
    """Read the options, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=400, help="of 640 pixels")
    parser.add_argument("--large", type=int, default=160, help="of 12 megapixels")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--slow-repeat", type=int, default=1, help="as --repeat, for clip-retrieval")
    parser.add_argument("--envs", type=Path, help="make the rivals' environments here, and find them there next time")
    parser.add_argument("--merges", type=Path, default=MERGES, help="OpenAI's bpe_simple_vocab_16e6.txt.gz")
    parser.add_argument("--originals", type=Path, help="photographs to make the pictures of; else scenes are drawn")
    parser.add_argument("--keep", type=Path, help="make checkpoints and pictures here, and find them there next time")
    parser.add_argument("--json", type=Path, help="write the report here as well")
    parser.add_argument("--note", default="", help="what else to record")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as aside:
        report = measure((options.keep or Path(aside)).absolute(), options)
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(table(report))
    if not all(each.get("passed", True) for each in (*(report[size] for size in BARS), report["pocket"])):
        raise SystemExit("ilk is not as fast as it should be.")


if __name__ == "__main__":
    main()
