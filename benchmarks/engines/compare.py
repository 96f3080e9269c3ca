"""ilk, FAISS alone, LanceDB, Chroma, Qdrant Edge and hnswlib over the same vectors, one processor, one run.

    python -m benchmarks.engines.compare --keep DIRECTORY --python PYTHON [--vectors 1000000] [--json FILE]

``ilk`` is `Gallery.search` as it comes, with the settings that the gallery measured to be enough; ``ilk-quick`` the
same with settings from the quickest on, as for the others; ``ilk-core`` its index alone, to be compared with ``faiss``,
which has the same factory string and settings.

PYTHON is the interpreter of an environment with ``lancedb chromadb qdrant-edge-py hnswlib pyarrow`` in it; without it
ilk and FAISS are measured alone, and that is said. Vectors and queries are those of `benchmarks.gap_vectors`: pictures
are searched, and texts and pictures ask. Every engine is built on all processors, and asked in turn on one of them, at
its first setting that finds 95 % of the ten nearest of text queries; one that none of its settings brings so far is
timed at its last. What was built is kept, and only asked again the next time.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.engines.plain import FACTORY
from benchmarks.engines.run import MODALITIES, QUERIES, K
from benchmarks.gap_vectors import make

OURS = "ilk"
ALSO_OURS = ("ilk-quick", "ilk-core")
PLAIN = "faiss"
OTHERS = ("lance", "chroma", "qdrant", "graph")
LIMITS = (500, 100, 10, 1)
"""Of a thousand rolls: half, a tenth, a hundredth and a thousandth of the vectors lie below."""

ROWS = 50_000


def prepare(folder: Path, count: int, dimension: int) -> None:
    """Write vectors, rolls, queries and the exact answers, unless they are there."""
    if (folder / "made.json").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    made = make(count, dimension, queries=QUERIES, cache=folder.parent)
    np.save(folder / "vectors.npy", made.pictures.astype(np.float16))
    rolls = np.random.default_rng(3).permutation(count) % 1000
    np.save(folder / "rolls.npy", rolls)
    for modality, queries in zip(MODALITIES, (made.text_queries, made.picture_queries), strict=True):
        np.save(folder / f"queries-{modality}.npy", queries)
    np.save(folder / "probes-text.npy", made.text_probes)
    answer(folder)
    (folder / "made.json").write_text(json.dumps({"vectors": count, "dimension": dimension, "how": made.how}))


def answer(folder: Path) -> None:
    """The exact answers, with and without filters, by matrix products over the vectors as they are stored."""
    vectors = np.load(folder / "vectors.npy", mmap_mode="r")
    rolls = np.load(folder / "rolls.npy")
    for modality in MODALITIES:
        queries = np.load(folder / f"queries-{modality}.npy")
        best: dict[int, tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]] = {}
        for start in range(0, len(vectors), ROWS):
            similarities = queries @ vectors[start : start + ROWS].astype(np.float32).T
            for limit in (1000, *LIMITS):
                some = np.where(rolls[start : start + ROWS] < limit, similarities, np.float32(-9))
                count = min(K, some.shape[1])
                near = np.argpartition(-some, count - 1, axis=1)[:, :count]
                values, numbers = np.take_along_axis(some, near, 1), near + start
                if limit in best:
                    values = np.concatenate([best[limit][0], values], axis=1)
                    numbers = np.concatenate([best[limit][1], numbers], axis=1)
                order = np.argsort(-values, axis=1, kind="stable")[:, :K]
                best[limit] = np.take_along_axis(values, order, 1), np.take_along_axis(numbers, order, 1)
        np.save(folder / f"truth-{modality}.npy", best[1000][1])
        for limit in LIMITS:
            np.save(folder / f"truth-{modality}-{limit}.npy", best[limit][1])


def run(python: str, what: str, engine: str, folder: Path) -> dict[str, Any]:
    """One process of `benchmarks.engines.run`; what it printed, or why it failed."""
    print(f"{what} {engine}", file=sys.stderr, flush=True)
    threads = {} if what == "build" else {"OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1"}
    done = subprocess.run(
        [python, "-m", "benchmarks.engines.run", what, engine, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | threads,
    )
    if done.returncode != 0:
        return {"failed": done.stderr.strip()[-500:]}
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return told


def tell_plain(folder: Path) -> None:
    """Write down what ilk chose, for FAISS alone to be built with."""
    import ilk

    with ilk.open(folder / "engines" / OURS / "gallery.ilk") as gallery:
        query = np.load(folder / "queries-text.npy")[:1]
        plan = gallery.store.search(query, K, space=gallery.store.spaces()[0]).plan
    factory = "SQfp16" if plan.index == "exact" else plan.index
    (folder / FACTORY).write_text(json.dumps({"factory": factory, "parameters": dict(plan.parameters)}))


def table(found: dict[str, Any]) -> str:
    """The figures as a table in Markdown."""
    columns = "text query, ms | recall | picture query, ms | recall | 50 % | 10 % | 1 % | 0.1 %"
    lines = [
        f"| engine | {columns} | build, s | processors, s | memory, MB | disk, MB |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, each in found["engines"].items():
        if "failed" in each:
            lines.append(f"| {name} | failed |" + " |" * 11)
            continue
        best = each["chosen"]
        cells = [f"{best[m][key]:.3f}" for m in MODALITIES for key in ("p50_ms", "recall")]
        for limit in LIMITS:
            one = each["filtered"][str(limit)]
            cells.append(f"{one['p50_ms']:.2f} ({one['recall']:.3f})" if one["fewest_hits"] else "")
        cells += [
            f"{each['build_s']:.0f}",
            f"{each['build_processor_s']:.0f}",
            str(each["rss_mb"]),
            str(each["disk_mb"]),
        ]
        lines.append(f"| {name} {each['version']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Read the options, run, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, required=True, help="where vectors and indexes are made, and found again")
    parser.add_argument("--python", help="an interpreter that has the other engines")
    parser.add_argument("--vectors", type=int, default=1_000_000)
    parser.add_argument("--dimension", type=int, default=512)
    parser.add_argument("--engines", nargs="*", default=[OURS, *ALSO_OURS, PLAIN, *OTHERS])
    parser.add_argument("--build-only", action="store_true", help="make what is missing, and measure nothing")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    folder = options.keep / f"{options.vectors}x{options.dimension}"
    prepare(folder, options.vectors, options.dimension)
    here = {OURS, *ALSO_OURS, PLAIN}
    asked = [name for name in options.engines if name in here or options.python]
    interpreters = {name: sys.executable if name in here else options.python for name in asked}
    for name, python in interpreters.items():
        if name == PLAIN:
            tell_plain(folder)
        if not (folder / "engines" / f"{name}-built.json").exists():
            print(json.dumps(run(python, "build", name, folder)), file=sys.stderr)
    if options.build_only:
        return
    found = {
        "vectors": options.vectors,
        "dimension": options.dimension,
        "made": json.loads((folder / "made.json").read_text(encoding="utf-8"))["how"],
        "engines": {name: run(python, "query", name, folder) for name, python in interpreters.items()},
        "left_out": [name for name in options.engines if name not in interpreters],
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "date": time.strftime("%Y-%m-%d"),
    }
    print(table(found))
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
