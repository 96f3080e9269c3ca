"""How much faster many queries are together than one after the other: `search_many` beside a loop over `search`.

    python -m benchmarks.batches [--sizes 10000 100000] [--queries 512] [--repeat 5] [--json FILE]

The queries are different short texts, read by the built-in model; the vectors are random, of its dimension, for what
they are makes no difference to the time. Loop and batch run in turn in one process, and the best of each counts. The
answers of both are compared before anything is timed. Beside that stands how long both take with vectors, where nothing
has to be read: what ilk itself costs for each query.

`bound_ms` is what no way of searching exactly could take less than: the model alone reading the texts, and the products
of all queries and vectors alone, on every processor. `parts_ms` is where the time of `search_many` went.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import ilk
from benchmarks.pipeline import machine
from ilk.gallery import Gallery
from ilk.machine import usable_processors
from ilk.multiplication import products
from ilk.records import SearchPlan

HOW = "small large old new red blue green wet wooden broken".split()  # noqa: SIM905 -- reads better
WHAT = "dog cat car tree house bird boat table chair person bridge apple shoe hat clock lamp tower cake".split()  # noqa: SIM905
WHERE = ["in the snow", "on a beach", "at night", "by a window", "in the street", "under water", "on a hill"]
K = 10
DIMENSION = 256
ROWS = 1024
"""Vectors that one thread multiplies at once."""


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
    rows = random(count)
    gallery = ilk.create(place, model="pocket")
    gallery.add(ilk.embeddings([str(number) for number in range(count)], rows, model="pocket"))
    return gallery


def random(count: int) -> npt.NDArray[np.float32]:
    """Unit vectors."""
    rows = np.random.default_rng(1).standard_normal((count, DIMENSION), dtype=np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


def multiply(queries: npt.NDArray[np.float32], codes: npt.NDArray[np.float16]) -> None:
    """Every query with every vector, on all processors, and nothing done with the products."""
    starts = range(0, len(codes), ROWS)
    with ThreadPoolExecutor(usable_processors()) as pool:
        for _ in pool.map(lambda start: products(queries, codes[start : start + ROWS]).shape, starts):
            continue


def compare(gallery: Gallery, texts: list[str], *, repeat: int) -> dict[str, Any]:
    """Milliseconds for each query, alone and together."""
    rows = gallery.encoder().encode_texts(texts)
    vectors = [ilk.vector(row) for row in rows]
    codes = random(len(gallery)).astype(np.float16)
    check(gallery, texts)
    ways: dict[str, Callable[[], Any]] = {
        "loop": lambda: [gallery.search(text, k=K) for text in texts],
        "search_many": lambda: gallery.search_many(texts, k=K),
        "loop, vectors": lambda: [gallery.search(vector, k=K) for vector in vectors],
        "search_many, vectors": lambda: gallery.search_many(vectors, k=K),
        "encode": lambda: gallery.encoder().encode_texts(texts),
        "multiply": lambda: multiply(rows, codes),
    }
    best, plan = dict.fromkeys(ways, math.inf), None
    for _, (name, way) in itertools.product(range(repeat), ways.items()):
        began = time.perf_counter()
        found = way()
        took = (time.perf_counter() - began) * 1000 / len(texts)
        if took < best[name]:
            best[name] = took
            plan = found[0].plan if name == "search_many" else plan
    bound = {part: best.pop(part) for part in ("encode", "multiply")}
    return {
        "ms_per_query": rounded(best),
        "times_the_rate": round(best["loop"] / best["search_many"], 1),
        "times_the_rate_of_vectors": round(best["loop, vectors"] / best["search_many, vectors"], 1),
        "index": gallery.search(texts[0]).index,
        "bound_ms": rounded(bound),
        "parts_ms": {} if plan is None else rounded(parts(plan, len(texts))),
    }


def check(gallery: Gallery, texts: list[str]) -> None:
    """Refuse to time what answers otherwise than one query after the other."""
    alone = [gallery.search(text, k=K) for text in texts]
    together = gallery.search_many(texts, k=K)
    # Texts read in a batch differ in the last digits, which may swap hits that are equally near.
    same = sum([h.id for h in one] == [h.id for h in other] for one, other in zip(alone, together, strict=True))
    if same < 0.98 * len(texts):
        raise SystemExit(f"Only {same} of {len(texts)} queries have the same hits in both ways.")


def parts(plan: SearchPlan, queries: int) -> dict[str, float]:
    """Where the time of queries that were searched together went, for each of them."""
    took = dict(plan.took_ms)
    for way, store in plan.stores.items():
        took |= {f"search {way}s: {step}": ms for step, ms in store.took_ms.items()}
    return {step: ms / queries for step, ms in took.items()}


def rounded(times: dict[str, float]) -> dict[str, float]:
    """To tenths of a microsecond."""
    return {name: round(ms, 4) for name, ms in times.items()}


if __name__ == "__main__":
    main()
