"""Eight readers and a writer on one gallery for a minute: nothing may fail, and nothing stale may be answered.

    python -m benchmarks.readers [--seconds 60] [--items 20000] [--index SPEC] [--json FILE]

Every item has a numbered history: its vector after the nth change is computed from its number and n, and some changes
delete it. The writer notes in shared memory which change of an item it is about to commit, and then which one it has.
A reader takes note of both sides around each search, so that for every hit it knows which changes it may have seen:

- a hit whose similarity is not that of one of these vectors is wrong,
- a hit that was deleted throughout is stale,
- an item asked for by its own vector that did not change meanwhile has to come first.

Four processes with two threads each read; one process writes, and brings the index up to date again and again.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import ilk
from ilk.records import Item, Space
from ilk.stores.base import Upsert

DIMENSION = 64
PROCESSES = 4
THREADS = 2
BATCH = 64
REFRESH = 20
"""Batches between two times that the index is brought up to date."""

K = 10
TOLERANCE = 2e-6
"""What float32 sums of 64 products may differ by."""

SPACE = Space(
    name="image",
    model="made up",
    revision=None,
    digest="0" * 64,
    dimension=DIMENSION,
    modalities=frozenset({"image"}),
)


def vector(number: int, change: int) -> npt.NDArray[np.float32]:
    """Of an item after a change, as it is stored: rounded to float16."""
    row = np.random.default_rng((number, change)).standard_normal(DIMENSION)
    return (row / np.linalg.norm(row)).astype(np.float16).astype(np.float32)


def deleted(number: int, change: int) -> bool:
    """Whether the item is gone after that change; before the first one no item is there."""
    return change == 0 or (change > 1 and (number + change) % 4 == 0)


@dataclass
class Ledger:
    """Which change of each item is about to be committed, and which one is; shared between processes."""

    path: Path
    items: int

    def columns(self, mode: Any) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Two arrays of shape (items,)."""
        both = np.memmap(self.path, np.int64, mode, shape=(2, self.items))
        return both[0], both[1]


@dataclass
class Seen:
    """What one reader has seen."""

    searches: int = 0
    hits: int = 0
    asked_for: int = 0
    wrong: Counter[str] = field(default_factory=Counter)
    took_ms: list[float] = field(default_factory=list)


def write(directory: Path, ledger: Ledger, seconds: float, queue: Any) -> None:
    """Change batches of items until the time is over."""
    rng = np.random.default_rng(1)
    pending, committed = ledger.columns("r+")
    until = time.monotonic() + seconds
    batches = 0
    with ilk.open(directory) as gallery, gallery.store.writing() as writer:
        while time.monotonic() < until:
            numbers = rng.choice(ledger.items, BATCH, replace=False)
            pending[numbers] += 1
            changes = pending[numbers].tolist()
            both = list(zip(numbers.tolist(), changes, strict=True))
            going = [number for number, change in both if deleted(number, change)]
            coming = [_upsert(number, change) for number, change in both if not deleted(number, change)]
            writer.write(coming, (), space=SPACE)
            writer.delete([_id(number) for number in going])
            committed[numbers] = changes
            batches += 1
            if batches % REFRESH == 0:
                writer.refresh_index()
    queue.put(("writer", batches * BATCH))


def read(directory: Path, ledger: Ledger, seconds: float, seed: int, queue: Any) -> None:
    """Two threads of one process, with one gallery between them."""
    until = time.monotonic() + seconds
    reports = [Seen() for _ in range(THREADS)]
    with ilk.open(directory) as gallery:
        threads = [
            threading.Thread(target=_read, args=(gallery, ledger, until, (seed, number), report))
            for number, report in enumerate(reports)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    queue.put(("reader", reports))


def _read(gallery: Any, ledger: Ledger, until: float, seed: tuple[int, int], seen: Seen) -> None:
    pending, committed = ledger.columns("r")
    rng = np.random.default_rng(seed)
    while time.monotonic() < until:
        target = int(rng.integers(ledger.items))
        before = committed.copy()
        asked = vector(target, max(1, int(before[target])))
        started = time.perf_counter()
        try:
            hits = gallery.search(ilk.vector(asked), k=K)
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is what is being looked for
            seen.wrong[f"error: {type(error).__name__}: {error}"] += 1
            continue
        seen.took_ms.append((time.perf_counter() - started) * 1000)
        after = pending.copy()
        seen.searches += 1
        seen.hits += len(hits)
        _judge(hits, asked, (before, after), target, seen)


def _judge(
    hits: Any,
    asked: npt.NDArray[np.float32],
    states: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
    target: int,
    seen: Seen,
) -> None:
    before, after = states
    if len(hits) < K:
        seen.wrong["a short page"] += 1
    if len({hit.id for hit in hits}) < len(hits):
        seen.wrong["an item twice"] += 1
    unit = asked / np.linalg.norm(asked)
    for hit in hits:
        number = int(hit.id)
        possible = [c for c in range(int(before[number]), int(after[number]) + 1) if not deleted(number, c)]
        if not possible:
            seen.wrong["a deleted item"] += 1
        elif min(abs(min(1.0, float(vector(number, c) @ unit)) - hit.similarity) for c in possible) > TOLERANCE:
            seen.wrong["a similarity that is not that of the stored vector"] += 1
    if before[target] == after[target] and not deleted(target, int(before[target])):
        seen.asked_for += 1
        if not hits or int(hits[0].id) != target:
            seen.wrong["an item that is there and was not found"] += 1


def measure(place: Path, *, seconds: float, items: int, spec: str | None) -> dict[str, Any]:
    """Make the gallery, let them all loose, add up what they saw."""
    directory = place / "crowd.ilk"
    ledger = Ledger(place / "ledger", items)
    pending, committed = ledger.columns("w+")
    with ilk.create(directory) as gallery, gallery.store.writing() as writer:
        writer.add_space(SPACE)
        for start in range(0, items, 4096):
            numbers = range(start, min(start + 4096, items))
            writer.write([_upsert(number, 1) for number in numbers], (), space=SPACE)
        pending[:] = committed[:] = 1
        writer.refresh_index()
    if spec is not None:
        with ilk.open(directory) as gallery:
            opened: Any = gallery
            opened.build_index(spec)
    spawn = get_context("spawn")
    queue = spawn.Queue()
    workers = [spawn.Process(target=write, args=(directory, ledger, seconds, queue))]
    workers += [spawn.Process(target=read, args=(directory, ledger, seconds, n, queue)) for n in range(PROCESSES)]
    for worker in workers:
        worker.start()
    told = [queue.get(timeout=seconds + 120) for _ in workers]
    for worker in workers:
        worker.join()
    seen = [report for who, reports in told if who == "reader" for report in reports]
    times = np.concatenate([report.took_ms for report in seen])
    with ilk.open(directory) as gallery:
        problems = gallery.check()
        index = gallery.info().spaces[0].index
    return {
        "seconds": seconds,
        "items": items,
        "index": index,
        "readers": PROCESSES * THREADS,
        "searches": sum(report.searches for report in seen),
        "hits": sum(report.hits for report in seen),
        "asked_for_by_own_vector": sum(report.asked_for for report in seen),
        "changes_written": sum(count for who, count in told if who == "writer"),
        "wrong": dict(sum((report.wrong for report in seen), Counter())),
        "problems_after": list(problems),
        "search_ms": {"median": round(float(np.median(times)), 2), "p99": round(float(np.quantile(times, 0.99)), 2)},
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "date": time.strftime("%Y-%m-%d"),
    }


def _upsert(number: int, change: int) -> Upsert:
    item = Item(
        id=_id(number),
        uri=_id(number),
        source="folder",
        stamp=str(change),
        digest=f"{number:032x}{change:032x}",
        size_bytes=1,
        width=1,
        height=1,
    )
    return Upsert(item=item, vector=vector(number, change))


def _id(number: int) -> str:
    return str(number)


def main() -> None:
    """Read the options, run, print JSON; ends with 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--index", help="a FAISS factory string; by default what ilk chooses")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        found = measure(Path(place), seconds=options.seconds, items=options.items, spec=options.index)
    print(json.dumps(found, indent=2))
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    if found["wrong"] or found["problems_after"]:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
