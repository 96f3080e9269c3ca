"""Whether captions and pictures together find more than either: `--in both` beside its parts.

    python -m benchmarks.hybrid --data FOLDER [--json FILE]

The pictures are textbook photographs of OpenStax (``FOLDER/openstax``), each of which has a caption, written for who
sees it, and an alt text, written by other people for who does not. One of the two is indexed with the pictures, by the
built-in model, and the other asks: the whole of it, or its first sentence alone, which is nearer to what people type.
What was asked with is never what is indexed. The one right answer is the picture that the text belongs to; R@k is the
share of queries that have it among the first k hits.

Weights of the fusion were compared on every second query (``tuned``) and are reported on the others (``held``);
what ilk uses is one of the choices.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ilk
from benchmarks.pipeline import machine
from ilk.errors import TextCutWarning
from ilk.gallery import Gallery
from ilk.searching.depths import POOL
from ilk.searching.fusion import LONG, WORDS_OF_LONG, K
from ilk.searching.wording import length_of

DATA = Path(__file__).parents[2] / "shared" / "data"
DEPTHS = (1, 5, 10)
PARTS = ("image", "caption", "words")
WEIGHTS: dict[str, tuple[float, float, float, float]] = {
    "all the same": (1, 1, 1, 1),
    "words twice": (1, 1, 2, 2),
    "words five times": (1, 1, 5, 5),
    "pictures twice": (2, 1, 1, 1),
    "captions half": (1, 0.5, 1, 1),
    "long words twice": (1, 1, 1, 2),
    "long words three times, as in ilk": (1, 1, 1, WORDS_OF_LONG),
    "long words five times": (1, 1, 1, 5),
    "without pictures": (0, 1, 1, WORDS_OF_LONG),
    "without meaning of captions": (1, 0, 1, WORDS_OF_LONG),
    "without words": (1, 1, 0, 0),
}
"""What pictures, meaning and words of captions count, and what words do of a long text."""


@dataclass(frozen=True)
class Asked:
    """A text and the id of the picture that it belongs to."""

    text: str
    answer: str


def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--json", type=Path, help="also write the result here")
    options = parser.parse_args()
    warnings.simplefilter("ignore", TextCutWarning)
    with (options.data / "openstax" / "captions.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["alt"].strip() and row["caption"].strip()]
    cases = [
        measure(options.data / "openstax", rows, indexed=indexed, asking=asking)
        for indexed, asking in (("caption", "alt"), ("alt", "caption"))
    ]
    result = machine() | {"model": "pocket", "pictures": len(rows), "cases": [case for pair in cases for case in pair]}
    text = json.dumps(result, indent=2)
    if options.json is not None:
        options.json.write_text(f"{text}\n", encoding="utf-8")
    print(text)


def measure(folder: Path, rows: Sequence[Mapping[str, str]], *, indexed: str, asking: str) -> list[dict[str, Any]]:
    """A gallery with one kind of text, asked with the other, whole and in one sentence."""
    with tempfile.TemporaryDirectory() as place:
        table = Path(place) / "table.csv"
        with table.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["id", "image", "caption"])
            writer.writerows([row["file"], folder / row["file"], row[indexed]] for row in rows)
        with ilk.create(place, model="pocket") as gallery:
            gallery.add(ilk.table(table))
            gallery.embed_captions()
            whole = [Asked(row[asking], row["file"]) for row in rows]
            short = [Asked(re.split(r"(?<=[.!?])\s", each.text.strip())[0], each.answer) for each in whole]
            return [
                {"indexed": indexed, "asking": f"{asking}, {length}"} | compare(gallery, asked)
                for length, asked in (("whole", whole), ("first sentence", short))
            ]


def compare(gallery: Gallery, asked: Sequence[Asked]) -> dict[str, Any]:
    """R@k of the search as it is, of its parts, and of other weights."""
    texts = [each.text for each in asked]
    answers = [each.answer for each in asked]
    long = [length_of(ilk.text(words)) > LONG for words in texts]
    # A pool of this many has every candidate in every part, and so each part's own ranking whole.
    every = gallery.search_many(texts, k=len(gallery), space="both")
    ranks = [{hit.id: {way: said["rank"] for way, said in (hit.parts or {}).items()} for hit in hits} for hits in every]
    found = {part: [alone(row, part) for row in ranks] for part in PARTS}
    found["--in caption"] = ids_of(gallery.search_many(texts, k=max(DEPTHS), space="caption"))
    found["--in both"] = ids_of(gallery.search_many(texts, k=max(DEPTHS), space="both"))
    weighed = {
        name: [fused(row, weights, long=each) for row, each in zip(ranks, long, strict=True)]
        for name, weights in WEIGHTS.items()
    }
    halves = {"tuned": range(0, len(asked), 2), "held": range(1, len(asked), 2)}
    return {
        "queries": len(asked),
        "long": sum(long),
        "all": {name: recall(rows, answers, range(len(asked))) for name, rows in found.items()},
        "held": {name: recall(rows, answers, halves["held"]) for name, rows in found.items()},
        "weights": {
            name: {half: recall(rows, answers, places) for half, places in halves.items()}
            for name, rows in weighed.items()
        },
    }


def ids_of(many: Sequence[ilk.Hits]) -> list[list[str]]:
    """Of each query's hits."""
    return [[hit.id for hit in hits] for hits in many]


def alone(row: Mapping[str, Mapping[str, float]], part: str) -> list[str]:
    """The order of one part."""
    return sorted((id_ for id_ in row if part in row[id_]), key=lambda id_: row[id_][part])


def fused(row: Mapping[str, Mapping[str, float]], weights: Sequence[float], *, long: bool) -> list[str]:
    """The order by weighted reciprocal ranks, of as many of each part as a search looks at first."""
    *others, words, words_of_long = weights
    count = [*others, words_of_long if long else words]
    worth = {
        id_: sum(
            weight / (K + ranks[part])
            for part, weight in zip(PARTS, count, strict=True)
            if ranks.get(part, POOL + 1) <= POOL
        )
        for id_, ranks in row.items()
    }
    return sorted((id_ for id_ in worth if worth[id_]), key=lambda id_: (-worth[id_], id_))[: max(DEPTHS)]


def recall(rows: Sequence[Sequence[str]], answers: Sequence[str], places: range) -> dict[str, float]:
    """The share of these queries with their answer among the first hits."""
    return {
        f"R@{k}": round(sum(answers[place] in rows[place][:k] for place in places) / len(places), 3) for k in DEPTHS
    }


if __name__ == "__main__":
    main()
