"""Searching among what a filter leaves: recall, hits and time, when the filter is new and when it was asked before.

    python -m benchmarks.filters --keep DIRECTORY [--vectors 1000000] [--dimension 512] [--json FILE]

Items have a roll, from 0 to 999, so that ``roll < 500`` leaves half of them, and metadata, captions and paths such as
photographs have. Vectors and queries are those of `benchmarks.gap_vectors`: words ask for pictures. A filter is new
where its values were never asked for; recall is against comparing everything that matches. Times are of
`Gallery.search`, with all that it does, in one process on one thread. Each search with a new filter comes
after one without, so that what disturbs the machine disturbs both. Other engines are asked the same in
`benchmarks.engines.compare`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import ilk
from benchmarks.crowded import made_up_space
from benchmarks.gap_vectors import GapVectors, make
from ilk.filters import as_filter
from ilk.gallery import Gallery
from ilk.plans import Plan
from ilk.records import Item
from ilk.stores.base import Upsert

K = 10
QUERIES = 200
FRESH = 9
"""Filters that are new, for each kind; for each share it is one for each query."""

LIMITS = (500, 100, 10, 1)
"""Of a thousand rolls."""

BATCH = 8_192
PLACES = ("oslo", "rome", "paris", "lima", "kyoto", "accra", "perth", "quito")
WORDS = ("snow", "harbour", "market", "forest", "bridge", "child", "bicycle", "evening", "dog", "mountain")

KINDS: dict[str, Callable[[int], str]] = {
    "number": lambda n: f"roll < {499 + n / 100}",
    "number, few": lambda n: f"roll == {n}",
    "text": lambda n: f"place in ['oslo', 'x{n}']",
    "list": lambda n: f"tags == '{WORDS[n % 10]}' and roll != {2_000 + n}",
    "date": lambda n: f"taken_at >= 2015-0{1 + n % 9}-02",
    "near": lambda n: f"near(59.9, 10.7, {2_000 + n}km)",
    "caption contains": lambda n: f"caption contains '{WORDS[n % 10]}'",
    "caption match": lambda n: f"caption match '{WORDS[n % 10]} {WORDS[(n + 1) % 10]}'",
    "id like": lambda n: f"id like '{n:03}/*'",
    "width": lambda n: f"width > {2_000 + n}",
    "three joined": lambda n: f"(place == 'rome' or place == 'lima') and not roll < {500 + n} and size > {n + 1}MB",
}
"""Conditions of each kind, the n-th of which was not asked before."""


def item_of(number: int, rng: np.random.Generator) -> Item:
    """An item as a photograph would be, with a roll."""
    day = date(2010, 1, 1) + timedelta(days=int(rng.integers(4_000)))
    words = rng.choice(WORDS, 3, replace=False)
    name = f"{number % 1_000:03}/{number:07}.jpg"
    return Item(
        id=name,
        uri=name,
        source="folder",
        stamp=f"1700000000.{number}:1",
        digest=f"{number:064x}",
        size_bytes=int(rng.integers(100_000, 12_000_000)),
        width=int(rng.integers(640, 6_000)),
        height=int(rng.integers(640, 4_000)),
        captions=(f"a {words[0]} beside a {words[1]}, and a {words[2]}",),
        metadata={
            "roll": (number * 7_919) % 1_000,
            "place": PLACES[int(rng.integers(len(PLACES)))],
            "tags": [str(word) for word in words[:2]],
            "taken_at": f"{day.isoformat()}T{int(rng.integers(24)):02}:30:00",
            "latitude": round(float(rng.uniform(-60, 70)), 5),
            "longitude": round(float(rng.uniform(-180, 180)), 5),
        },
    )


def write(directory: Path, made: GapVectors) -> None:
    """Make the gallery, and its index, tuned to texts as it is where a model is there."""
    vectors = made.pictures
    space, rng = made_up_space(vectors.shape[1]), np.random.default_rng(5)
    beside = directory.with_name(f"part-{directory.name}")
    with contextlib.closing(ilk.create(beside)) as gallery, gallery.store.writing() as writer:
        writer.add_space(space)
        for start in range(0, len(vectors), BATCH):
            rows = vectors[start : start + BATCH]
            upserts = [Upsert(item=item_of(start + n, rng), vector=row) for n, row in enumerate(rows)]
            writer.write(upserts, (), space=space)
        writer.give_probes(space, made.text_probes)
        writer.refresh_index()
    beside.rename(directory)


def prepared(folder: Path, count: int, dimension: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64], str]:
    """Queries, and the ten nearest of each limit; made, with the gallery, where they are not there."""
    if not (folder / "made.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        made = make(count, dimension, queries=QUERIES, cache=folder.parent)
        write(folder / "gallery.ilk", made)
        stored = made.pictures.astype(np.float16)
        rolls = np.arange(count) * 7_919 % 1_000
        answers = []
        for limit in LIMITS:
            rows = np.flatnonzero(rolls < limit)
            answers.append(_nearest(made.text_queries, stored, rows))
        np.savez(folder / "asked.npz", queries=made.text_queries, answers=np.stack(answers))
        (folder / "made.json").write_text(json.dumps({"how": made.how}))
    found = np.load(folder / "asked.npz")
    how = json.loads((folder / "made.json").read_text(encoding="utf-8"))["how"]
    return found["queries"], found["answers"], how


def _nearest(
    queries: npt.NDArray[np.float32], stored: npt.NDArray[np.float16], rows: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """The K nearest rows among some, for each query, block by block; -1 where there are fewer."""
    best = np.full((len(queries), K), -2.0, np.float32)
    numbers = np.full((len(queries), K), -1, np.int64)
    for start in range(0, len(rows), 50_000):
        some = rows[start : start + 50_000]
        similarities = np.concatenate([best, queries @ stored[some].astype(np.float32).T], axis=1)
        places = np.concatenate([numbers, np.broadcast_to(some, (len(queries), len(some)))], axis=1)
        order = np.argsort(-similarities, axis=1, kind="stable")[:, :K]
        best, numbers = np.take_along_axis(similarities, order, 1), np.take_along_axis(places, order, 1)
    return numbers


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[Gallery]:
    """The gallery, with its index warm and no filter remembered."""
    with ilk.open(folder / "gallery.ilk") as gallery:
        gallery.search(ilk.item("000/0000000.jpg"), k=1)
        yield gallery


def timed(gallery: Gallery, query: npt.NDArray[np.float32], where: Any = None) -> tuple[float, ilk.Hits]:
    """Milliseconds of one search, and its hits."""
    started = time.perf_counter()
    hits = gallery.search(ilk.vector(query), k=K, where=where)
    return (time.perf_counter() - started) * 1000, hits


def plan_of(hits: ilk.Hits) -> Plan:
    """How the pictures were searched."""
    if hits.plan is None:
        raise SystemExit("The hits do not say how they were found.")
    return hits.plan.stores["image"]


def percentiles(times: Sequence[float]) -> dict[str, float]:
    """The middle, and what one in twenty takes longer than."""
    return {"p50_ms": round(float(np.percentile(times, 50)), 3), "p95_ms": round(float(np.percentile(times, 95)), 3)}


def measure(folder: Path, count: int, dimension: int) -> dict[str, Any]:
    """Everything."""
    queries, answers, how = prepared(folder, count, dimension)
    with opened(folder) as gallery:
        for query in queries:  # as all that follow find the index and the items
            timed(gallery, query)
        bare = list[float]()
        shares = {}
        for limit, truth in zip(LIMITS, answers, strict=True):
            # Each of these is asked once, and leaves what the limit itself does.
            new = list[tuple[float, ilk.Hits]]()
            beside = list[float]()  # without a filter, in turn
            for n, query in enumerate(queries):
                beside.append(timed(gallery, query)[0])
                new.append(timed(gallery, query, f"roll < {limit - (n + 1) / 1_000}"))
            bare += beside
            where = as_filter(f"roll < {limit}")
            gallery.search_many([ilk.vector(query) for query in queries], k=K, where=where)  # so that it is remembered
            asked = [timed(gallery, query, where) for query in queries]
            shares[f"{limit / 10:g} %"] = {
                "matching": plan_of(asked[-1][1]).matching,
                "fewest_expected": int((truth >= 0).sum(axis=1).min()),
                "fresh": _told(new, truth, beside),
                "repeated": _told(asked, truth, beside),
            }
    with opened(folder) as gallery:
        kinds = {}
        for name, condition in KINDS.items():
            first = timed(gallery, queries[0], condition(0))[0]
            fresh_ones = [timed(gallery, queries[n], condition(n)) for n in range(1, FRESH)]
            plan = plan_of(fresh_ones[-1][1])
            kinds[name] = {
                "example": condition(1),
                "way": plan.way,
                "matching": plan.matching,
                "first_ms": round(first, 1),
                "fresh": percentiles([ms for ms, _ in fresh_ones]),
            }
    return {
        "vectors": count,
        "dimension": dimension,
        "made": how,
        "unfiltered": percentiles(bare),
        "shares": shares,
        "kinds": kinds,
        "gallery_mb": round((folder / "gallery.ilk" / "gallery.sqlite").stat().st_size / 1e6),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "ilk": ilk.__version__,
        "date": time.strftime("%Y-%m-%d"),
    }


def _told(
    asked: Sequence[tuple[float, ilk.Hits]], truth: npt.NDArray[np.int64], beside: Sequence[float]
) -> dict[str, Any]:
    """Of searches, one for each query: how, how well and how long."""
    times = percentiles([ms for ms, _ in asked])
    met = sum(
        len({int(hit.id[4:-4]) for hit in hits} & set(row.tolist()))
        for (_, hits), row in zip(asked, truth, strict=True)
    )
    return {
        "way": plan_of(asked[-1][1]).way,
        "recall": round(met / int((truth >= 0).sum()), 4),
        "fewest_hits": min(len(hits) for _, hits in asked),
        **times,
        "times_unfiltered": round(times["p50_ms"] / max(float(np.median(beside)), 1e-9), 2),
    }


def table(found: dict[str, Any]) -> str:
    """The figures as tables in Markdown."""
    lines = [
        f"Unfiltered: {found['unfiltered']['p50_ms']} ms (p95 {found['unfiltered']['p95_ms']}).",
        "",
        "| matching | asked | way | recall@10 | fewest hits | ms | p95 | times unfiltered |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for share, one in found["shares"].items():
        for name, each in (("first time", one["fresh"]), ("again", one["repeated"])):
            lines.append(
                f"| {share} ({one['matching']:,}) | {name} | {each['way']} | {each['recall']} | "
                f"{each['fewest_hits']} | {each['p50_ms']} | {each['p95_ms']} | {each['times_unfiltered']} |"
            )
    lines += ["", "| condition | such as | way | first, ms | new, ms |", "|---|---|---|---|---|"]
    for name, one in found["kinds"].items():
        cells = f"`{one['example']}` | {one['way']} | {one['first_ms']} | {one['fresh']['p50_ms']}"
        lines.append(f"| {name} | {cells} |")
    return "\n".join(lines)


def main() -> None:
    """Read the options, measure, print tables, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, required=True, help="where the gallery is made, and found again")
    parser.add_argument("--vectors", type=int, default=1_000_000)
    parser.add_argument("--dimension", type=int, default=512)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    folder = options.keep / f"filters-{options.vectors}x{options.dimension}"
    found = measure(folder, options.vectors, options.dimension)
    print(table(found))
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
