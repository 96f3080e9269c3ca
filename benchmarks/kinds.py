"""Kinds of index over the same vectors, in turn: what each costs to build, and the recall that it gives for the time.

    python -m benchmarks.kinds --keep DIRECTORY [--index auto --index SPEC …] [--vectors 1000000] [--json FILE]

Vectors and queries are those of `benchmarks.gap_vectors`: pictures are searched, texts and pictures ask. Each kind is
built and tuned as a gallery does it, then all are asked in turn, one query at a time on one thread, at what they chose
for themselves and at settings from the quickest on. Times are of the processor, so that other work disturbs them
little, and of the index alone: no database, no records.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.gap_vectors import GapVectors, make
from ilk.stores.local.block import Block
from ilk.stores.local.building import Base
from ilk.stores.local.index import IndexPolicy
from ilk.stores.local.measuring import LADDERS
from ilk.stores.local.tuning import K

QUERIES = 300
KINDS = ("auto", "IVF1024,RaBitQ")
ROWS = 65_536

Rows = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]


def build(wanted: str, codes: npt.NDArray[np.float16], exact: Any, probes: Rows) -> tuple[Block, dict[str, Any]]:
    """One kind over all vectors, and what it cost."""
    faiss: Any = import_module("faiss")
    faiss.omp_set_num_threads(os.cpu_count())
    policy = IndexPolicy(exact_numbers=0) if wanted == "auto" else IndexPolicy()
    base = Base(wanted=wanted, metric="cosine", policy=policy, probes=probes)
    started, processor = time.perf_counter(), time.process_time()
    made = base(codes, exact)
    took_s, processor_s = time.perf_counter() - started, time.process_time() - processor
    if made is None:
        raise SystemExit(f"{wanted} is to compare with everything: {base.facts['why']}.")
    with tempfile.NamedTemporaryFile() as file:
        faiss.write_index(made, file.name)
        size_mb = Path(file.name).stat().st_size / 1e6
    block = Block(ids=np.arange(len(codes)), codes=codes, lay_out=lambda: exact, base=made)
    return block, {
        "index": base.factory,
        "built_and_tuned_s": round(took_s, 1),
        "processor_s": round(processor_s, 1),
        "size_mb": round(size_mb),
        "chosen": base.facts["parameters"],
        "asked": [],
    }


def ladder(block: Block, chosen: Mapping[str, float]) -> Sequence[Mapping[str, float]]:
    """What a kind is asked with: its own choice, then lists or nodes and candidates together, from few to many."""
    depth = next((name for name in ("nprobe", "efSearch") if name in block.names), None)
    if depth is None:
        return [chosen, *({"k_factor": factor} for factor in (4, 8, 16, 32, 64))]
    steps = [value for value in LADDERS[depth] if value >= 8][:8]  # noqa: PLR2004 -- less finds half
    factors = (8, 12, 16, 16, 24, 32, 48, 64) if depth == "nprobe" else (2, 4, 4, 4, 6, 8, 8, 16)
    return [chosen, *({depth: step, "k_factor": factor} for step, factor in zip(steps, factors, strict=True))]


def ask(block: Block, settings: Mapping[str, float], queries: Rows, truth: Ids) -> dict[str, float]:
    """Milliseconds of the processor for the middle query, and the recall of the ten nearest."""
    times, found = list[float](), 0
    for query, expected in zip(queries, truth, strict=True):
        started = time.process_time()
        _, positions = block.propose(query[None], K, settings)
        times.append(time.process_time() - started)
        found += len(np.intersect1d(positions[0], expected))
    return {"ms": round(1000 * float(np.median(times)), 3), "recall": round(found / truth.size, 4)}


def nearest(exact: Any, queries: Rows) -> Ids:
    """The ten nearest of each query."""
    _, positions = exact.search(queries, K)
    truth: Ids = positions
    return truth


def measure(made: GapVectors, wanted: Sequence[str]) -> dict[str, Any]:
    """Build all, then ask all."""
    faiss: Any = import_module("faiss")
    codes = made.pictures.astype(np.float16)
    exact = faiss.IndexScalarQuantizer(codes.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    exact.add_sa_codes(codes.view(np.uint8))
    asking = {"text": made.text_queries, "picture": made.picture_queries}
    truths = {kind: nearest(exact, queries) for kind, queries in asking.items()}
    kinds = [build(each, codes, exact, made.text_probes) for each in wanted]
    faiss.omp_set_num_threads(1)
    for block, told in kinds:
        for settings in ladder(block, told["chosen"]):
            told["asked"].append(
                {"settings": dict(settings)}
                | {kind: ask(block, settings, queries, truths[kind]) for kind, queries in asking.items()}
            )
    return {
        "vectors": len(codes),
        "dimension": codes.shape[1],
        "made": made.how,
        "kinds": [told for _, told in kinds],
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "faiss": faiss.__version__,
        "date": time.strftime("%Y-%m-%d"),
    }


def table(found: Mapping[str, Any]) -> str:
    """The figures as tables in Markdown."""
    lines = list[str]()
    for kind in found["kinds"]:
        built = f"built and tuned in {kind['processor_s']} s of processor time, {kind['size_mb']} MB"
        lines += [f"{kind['index']}: {built}", "", "| settings | text, ms | recall | picture, ms | recall |"]
        lines.append("|---|---|---|---|---|")
        for row in kind["asked"]:
            settings = ", ".join(f"{name} {value:g}" for name, value in row["settings"].items())
            cells = " | ".join(f"{row[who]['ms']} | {row[who]['recall']}" for who in ("text", "picture"))
            lines.append(f"| {settings} | {cells} |")
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    """Read the options, measure, print tables, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, required=True, help="where what is made of the photographs is kept")
    parser.add_argument("--index", action="append", help=f"a kind; by default {' and '.join(KINDS)}")
    parser.add_argument("--vectors", type=int, default=1_000_000)
    parser.add_argument("--dimension", type=int, default=512)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    options.keep.mkdir(parents=True, exist_ok=True)
    made = make(options.vectors, options.dimension, queries=QUERIES, cache=options.keep)
    found = measure(made, options.index or KINDS)
    print(table(found))
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
