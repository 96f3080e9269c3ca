"""Build one engine's index over a folder of vectors, or time it: one process each, which prints JSON.

    python -m benchmarks.engines.run build|query ENGINE FOLDER

FOLDER has ``vectors.npy`` (n, d) in float16, ``rolls.npy`` (n,), and for text and picture queries ``queries-text.npy``
(q, d), ``truth-text.npy`` (q, 10) and, for rolls below a limit, ``truth-text-LIMIT.npy``; likewise ``-image``.
Queries run on one processor.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.engines.base import Engine, Numbers, Rows

K = 10
RECALL = 0.95
MODALITIES = ("text", "image")
QUERIES = 300
PATIENCE_S = 10


def engine_of(name: str) -> Engine:
    """The engine of that name."""
    from benchmarks.engines.chroma import Chroma
    from benchmarks.engines.graph import Graph
    from benchmarks.engines.lance import Lance
    from benchmarks.engines.ours import Ilk, IlkCore, IlkQuick
    from benchmarks.engines.plain import Plain
    from benchmarks.engines.qdrant import Qdrant

    engines: dict[str, Callable[[], Engine]] = {
        "ilk": Ilk,
        "ilk-quick": IlkQuick,
        "ilk-core": IlkCore,
        "faiss": Plain,
        "lance": Lance,
        "chroma": Chroma,
        "qdrant": Qdrant,
        "graph": Graph,
    }
    return engines[name]()


def build(engine: Engine, folder: Path, place: Path) -> dict[str, Any]:
    """Build, and say how long it took, by the clock and in processor time, which other work disturbs less."""
    vectors = np.load(folder / "vectors.npy").astype(np.float32)
    rolls = np.load(folder / "rolls.npy")
    before = os.getloadavg()[0]
    started, worked = time.perf_counter(), time.process_time()
    engine.build(place, vectors, rolls)
    return {
        "build_s": round(time.perf_counter() - started, 1),
        "build_processor_s": round(time.process_time() - worked, 1),
        "build_load_average": round(before, 1),
        "cpus": len(os.sched_getaffinity(0)),
    }


def query(engine: Engine, folder: Path, place: Path) -> dict[str, Any]:
    """Time single queries, unfiltered and filtered, at the first setting that reaches the recall on text queries."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    started = time.perf_counter()
    engine.open(place)
    found: dict[str, Any] = {"opening_s": round(time.perf_counter() - started, 3)}
    queries = {modality: np.load(folder / f"queries-{modality}.npy")[:QUERIES] for modality in MODALITIES}
    truths = {modality: np.load(folder / f"truth-{modality}.npy") for modality in MODALITIES}
    tried = []
    for setting in engine.settings:
        some = {
            modality: timed(lambda row, s=setting: engine.search(row, K, s), queries[modality], truths[modality])  # type: ignore[misc]
            for modality in MODALITIES
        }
        tried.append({"setting": dict(setting), **some})
        if some["text"]["recall"] >= RECALL:
            break
    found |= {"chosen": tried[-1], "tried": tried, "peak_mb": _peak_mb()}
    filtered = {}
    for path in sorted(folder.glob("truth-text-*.npy")):
        limit = int(path.stem.rsplit("-", 1)[1])
        filtered[str(limit)] = timed(
            lambda row, n=limit: engine.search_below(row, K, n, setting),  # type: ignore[misc]
            queries["text"][:100],
            np.load(path),
        )
    return found | {"filtered": filtered, "rss_mb": _rss_mb(), "disk_mb": _disk_mb(place)}


def timed(search: Callable[[Rows], Sequence[int] | None], queries: Rows, truth: Numbers) -> dict[str, float]:
    """Milliseconds a query, recall against the exact answers, and the fewest hits that one had.

    A slow engine is asked fewer, as many as `PATIENCE_S` allows. Before, the queries are asked once without being
    timed, so that what they touch has been read from the disk.
    """
    started = time.perf_counter()
    for row in queries:
        search(row)
        if time.perf_counter() - started > PATIENCE_S / 2:
            break
    took: list[float] = []
    right, fewest = 0, K
    for row, wanted in zip(queries, truth, strict=False):
        if sum(took) > PATIENCE_S * 1000:
            break
        started = time.perf_counter()
        answer = search(row)
        took.append((time.perf_counter() - started) * 1000)
        right += len(set(answer or ()) & set(wanted.tolist()))
        fewest = min(fewest, len(answer or ()))
    possible = min(K, truth.shape[1]) * len(took)
    return {
        "queries": len(took),
        "p50_ms": round(float(np.median(took)), 3),
        "p95_ms": round(float(np.quantile(took, 0.95)), 3),
        "recall": round(right / possible, 4),
        "fewest_hits": fewest,
    }


def _peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _rss_mb() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() // 2**20


def _disk_mb(place: Path) -> int:
    return sum(path.stat().st_size for path in place.rglob("*") if path.is_file()) // 2**20


def main() -> None:
    """Read the words, run, print."""
    what, name, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    engine, place = engine_of(name), folder / "engines" / name
    told = folder / "engines" / f"{name}-built.json"
    if what == "build":
        place.parent.mkdir(exist_ok=True)
        built = build(engine, folder, place) | {"version": importlib.metadata.version(engine.package)}
        told.write_text(json.dumps(built), encoding="utf-8")
        print(json.dumps(built))
    else:
        built = json.loads(told.read_text(encoding="utf-8"))
        print(json.dumps(built | query(engine, folder, place)))


if __name__ == "__main__":
    main()
