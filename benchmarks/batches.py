"""How much faster many queries are together than one after the other: `search_many` beside a loop over `search`.

    python -m benchmarks.batches [--sizes 10000 100000] [--queries 512] [--repeat 5] [--json FILE]

The queries are different short texts, read by the built-in model; the vectors are random, of its dimension, for what
they are makes no difference to the time. Loop and batch run in turn in one process, and the best of each counts. The
answers of both are compared before anything is timed. Beside that stands how long `search` takes with a vector, where
nothing has to be read: what ilk itself costs for each query.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import ilk
from benchmarks.pipeline import machine
from ilk.gallery import Gallery

HOW = "small large old new red blue green wet wooden broken".split()  # noqa: SIM905 -- reads better
WHAT = "dog cat car tree house bird boat table chair person bridge apple shoe hat clock lamp tower cake".split()  # noqa: SIM905
WHERE = ["in the snow", "on a beach", "at night", "by a window", "in the street", "under water", "on a hill"]
K = 10


def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--queries", type=int, default=512)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--json", type=Path, help="also write the result here")
    options = parser.parse_args()
    every = [f"a {how} {what} {where}" for how, what, where in itertools.product(HOW, WHAT, WHERE)]
    texts = [every[place] for place in np.random.default_rng(0).permutation(len(every))[: options.queries]]
    with tempfile.TemporaryDirectory() as place:
        runs = []
        for size in options.sizes:
            with filled(Path(place) / str(size), size) as gallery:
                runs.append({"vectors": size} | compare(gallery, texts, repeat=options.repeat))
    result = machine() | {"model": "pocket", "k": K, "queries": len(texts), "repeat": options.repeat, "runs": runs}
    text = json.dumps(result, indent=2)
    if options.json is not None:
        options.json.write_text(f"{text}\n", encoding="utf-8")
    print(text)


def filled(place: Path, count: int) -> Gallery:
    """A gallery of random vectors."""
    rows = np.random.default_rng(1).standard_normal((count, 256), dtype=np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    gallery = ilk.create(place, model="pocket")
    gallery.add(ilk.embeddings([str(number) for number in range(count)], rows, model="pocket"))
    return gallery


def compare(gallery: Gallery, texts: list[str], *, repeat: int) -> dict[str, Any]:
    """Milliseconds for each query, alone and together."""
    rows = gallery.encoder().encode_texts(texts)
    vectors = [ilk.vector(row) for row in rows]
    alone = [gallery.search(text, k=K) for text in texts]
    together = gallery.search_many(texts, k=K)
    # Texts read in a batch differ in the last digits, which may swap hits that are equally near.
    same = sum([h.id for h in one] == [h.id for h in other] for one, other in zip(alone, together, strict=True))
    if same < 0.98 * len(texts):
        raise SystemExit(f"Only {same} of {len(texts)} queries have the same hits in both ways.")
    ways: dict[str, Callable[[], Any]] = {
        "loop": lambda: [gallery.search(text, k=K) for text in texts],
        "search_many": lambda: gallery.search_many(texts, k=K),
        "loop, vectors": lambda: [gallery.search(vector, k=K) for vector in vectors],
        "search_many, vectors": lambda: gallery.search_many(vectors, k=K),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _, (name, way) in itertools.product(range(repeat), ways.items()):
        began = time.perf_counter()
        way()
        times[name].append((time.perf_counter() - began) * 1000 / len(texts))
    best = {name: min(taken) for name, taken in times.items()}
    plan = together[0].plan
    return {
        "ms_per_query": {name: round(ms, 4) for name, ms in best.items()},
        "times_the_rate": round(best["loop"] / best["search_many"], 1),
        "times_the_rate_of_vectors": round(best["loop, vectors"] / best["search_many, vectors"], 1),
        "index": together[0].index,
        "plan_took_ms": {} if plan is None else {step: round(ms, 2) for step, ms in plan.took_ms.items()},
    }


if __name__ == "__main__":
    main()
