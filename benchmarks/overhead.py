"""What a search costs above FAISS: its index alone, then what reads the rows of hits, then all of `Gallery.search`.

    python -m benchmarks.overhead --keep DIRECTORY [--vectors 1000000] [--dimension 512] [--json FILE]

DIRECTORY is that of `benchmarks.engines.compare`, whose gallery is asked. On one processor, in one process and in turn:
``faiss`` is the gallery's own FAISS index with its exact part behind it, set as the gallery sets it; ``nearest`` finds
numbers and similarities; ``store`` items; ``gallery`` hits with their relevance. Each is asked with another query than
the one before, so that none finds its vectors in the processor's cache. Quantiles are over all queries and rounds: on a
machine with other work, the lowest tell most.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

QUICK = ("nprobe", "k_factor")
QUICKEST = 4
"""Of each of these, where FAISS itself is to take little: what is left is ilk's."""

QUERIES = 150
ROUNDS = 8
K = 10
QUANTILES = (0.1, 0.25, 0.5)


def ways(gallery: Any, *, quick: bool) -> dict[str, Callable[[npt.NDArray[np.float32]], object]]:
    """The four, from the least to the whole."""
    import ilk
    from ilk.stores.local import kinds
    from ilk.stores.local.search import Asked, nearest

    store = gallery.store
    space = store.spaces()[0]
    with store._database.reading() as connection:  # noqa: SLF001 -- below what a store offers
        view = store._views.at(connection, space)  # noqa: SLF001 -- the same
    block = view.blocks[0]
    refined = block._refined  # noqa: SLF001 -- the same
    if refined is None:
        raise SystemExit("The gallery is searched exactly: there is no index to compare with.")
    parameters = {name: QUICKEST for name in QUICK if quick and name in view.tuning.names}
    asked = Asked(k=K + 1, parameters=parameters)  # as the gallery does, to know whether there is another page
    settings = view.tuning.at(K + 1, given=parameters)
    settings["k_factor"] = round((K + 1) * settings["k_factor"]) / (K + 1)
    made = kinds.maker(refined)(settings, None)
    return {
        "faiss": lambda query: refined.search(query[None], K + 1, params=made),
        "nearest": lambda query: nearest(view, query[None], asked),
        "store": lambda query: store.search(query[None], K + 1, space=space, parameters=parameters),
        "gallery": lambda query: gallery.search(ilk.vector(query), k=K, parameters=parameters),
    }


def measured(gallery: Any, queries: npt.NDArray[np.float32], *, quick: bool) -> dict[str, Any]:
    """Microseconds of each, and above FAISS."""
    asking = ways(gallery, quick=quick)
    took: dict[str, list[float]] = {name: [] for name in asking}
    for turn in range(-1, ROUNDS):  # the first only reads what they touch
        for place in range(len(queries)):
            for offset, (name, ask) in enumerate(asking.items()):
                query = queries[(place + 37 * offset + 11 * turn) % len(queries)]
                started = time.perf_counter()
                ask(query)
                if turn >= 0:
                    took[name].append((time.perf_counter() - started) * 1e6)
    rows = {name: np.quantile(each, QUANTILES) for name, each in took.items()}
    return {
        name: {
            "us": [round(float(value), 1) for value in row],
            "above_faiss_us": [round(float(value), 1) for value in row - rows["faiss"]],
        }
        for name, row in rows.items()
    }


def main() -> None:
    """Read the options, run, print, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, required=True, help="as of benchmarks.engines.compare, which fills it")
    parser.add_argument("--vectors", type=int, default=1_000_000)
    parser.add_argument("--dimension", type=int, default=512)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    os.environ["OMP_NUM_THREADS"] = "1"  # before FAISS is loaded

    import faiss

    import ilk

    folder = options.keep / f"{options.vectors}x{options.dimension}"
    queries = np.load(folder / "queries-text.npy")[:QUERIES]
    found: dict[str, Any] = {"quantiles": QUANTILES, "vectors": options.vectors, "dimension": options.dimension}
    with ilk.open(folder / "engines" / "ilk" / "gallery.ilk") as gallery:
        for name in ("as it comes", "quick"):
            found[name] = measured(gallery, queries, quick=name == "quick")
            for way, row in found[name].items():
                print(f"{name:12} {way:8} {row['us']} us, {row['above_faiss_us']} above FAISS")
    found |= {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "versions": {"faiss": faiss.__version__, "numpy": np.__version__},
        "date": time.strftime("%Y-%m-%d"),
    }
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
