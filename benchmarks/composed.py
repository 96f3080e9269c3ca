"""Whether queries that combine find what has both, and leave out what is taken away, judged by captions.

    python -m benchmarks.composed --data FOLDER [--split test] [--json FILE]

The gallery is the part of Flickr8k that the built-in model was not taught with (`training.manifest`); constants were
chosen on the split ``choose``. A picture shows a thing if one of its five captions says so. R@10 is the share of the
first ten hits that show all that was asked for; no query is put of which fewer than ten pictures do.

- both: two texts added, beside the same said as one sentence, and beside each alone.
- picture and text: a picture of the one thing and not of the other, plus the other in words; beside each alone, and
  beside the plain sum of both unit vectors. Of each pair a few pictures are drawn.
- minus: one text less another, where at least three of the first ten hits of the one alone show the other; beside the
  plain difference of unit vectors.
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import ilk
from benchmarks import captioned
from benchmarks.captioned import Captioned, Rows
from benchmarks.pipeline import machine
from ilk.gallery import Gallery
from ilk.query import Query

Shown = npt.NDArray[np.bool_]

CONCEPTS = {
    "a dog": "dogs?|puppy|puppies",
    "snow": r"snow\w*",
    "a beach": r"beach\w*",
    "a ball": "balls?|football|basketball|baseball|soccer",
    "water": r"water\w*|ocean|lake|river|sea|pool",
    "a child": "child|children|kids?|boys?|girls?|toddlers?|baby",
    "a man": "man|men|guy",
    "a woman": "woman|women|lady|ladies",
    "grass": r"grass\w*|lawn|field",
    "a bicycle": "bikes?|bicycles?|bicyclists?|bikers?|cyclists?",
    "a street": "streets?|road|sidewalk",
    "red": "red",
    "blue": "blue",
    "yellow": "yellow",
    "black": "black",
    "white": "white",
    "a mountain": "mountains?|cliffs?|rocky?|rocks|hills?",
    "a hat": "hats?|caps?|helmets?",
    "a crowd": "crowds?|audience",
    "a tree": "trees?|forest|woods",
    "jumping": r"jump\w*|leap\w*",
    "running": "run|runs|running|ran",
    "swimming": r"swim\w*",
    "a car": "cars?|vehicles?|truck",
    "climbing": r"climb\w*",
    "playing": r"play\w*",
    "a building": "buildings?|city|house",
    "a skateboard": r"skateboard\w*|skate\w*|ramp",
    "surfing": r"surf\w*|waves?",
    "sitting": "sit|sits|sitting|seated",
    "a girl": "girls?",
    "a boy": "boys?",
    "sand": r"sand\w*",
    "skiing": r"ski\w*|snowboard\w*",
    "football players": "football",
}
"""What is asked for, and the words of captions that say that it is shown."""

FEWEST = 10
"""Pictures with both, at least."""

EXAMPLES = 3
"""Pictures drawn for each pair of picture and text."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Bench:
    """A gallery, what its pictures show, and the vectors of what is asked.

    Attributes
    ----------
    gallery, made_of
        The gallery, with ids that are places in what it is made of.
    shown
        Which pictures show each thing, of shape (n,).
    said
        The unit vector of each thing in words.
    """

    gallery: Gallery
    made_of: Captioned
    shown: dict[str, Shown]
    said: dict[str, Rows]

    def first(self, queries: Sequence[str | Query], k: int = 10) -> list[list[int]]:
        """The places of the k first hits of each."""
        return [[int(hit.id) for hit in hits] for hits in self.gallery.search_many(queries, k=k)]

    def recalls(self, queries: Sequence[str | Query], truths: Sequence[Shown]) -> list[float]:
        """The share of the first ten hits of each that show what its truth says."""
        return [float(truth[hits].mean()) for hits, truth in zip(self.first(queries), truths, strict=True)]

    def above(self, queries: Sequence[str | Query], pairs: Sequence[tuple[str, str]]) -> float:
        """How often a picture that shows both is ranked above one that shows one: 0.5 is chance."""
        wins = list[float]()
        for hits, (a, b) in zip(self.first(queries, len(self.made_of.names)), pairs, strict=True):
            both, one = (self.shown[a] & self.shown[b])[hits], (self.shown[a] ^ self.shown[b])[hits]
            behind = one.sum() - np.cumsum(one)
            wins.append(float(behind[both].mean() / one.sum()))
        return float(np.mean(wins))


def both(bench: Bench) -> dict[str, Any]:
    """Two texts."""
    pairs = [
        (a, b)
        for a, b in itertools.combinations(bench.shown, 2)
        if (together := (bench.shown[a] & bench.shown[b]).sum()) >= FEWEST
        and together < 0.8 * min(bench.shown[a].sum(), bench.shown[b].sum())  # the one is not the other
    ]
    truths = [bench.shown[a] & bench.shown[b] for a, b in pairs]
    ways: dict[str, list[str | Query]] = {
        "added": [ilk.text(a) + ilk.text(b) for a, b in pairs],
        "one sentence": [f"{a} and {b}" for a, b in pairs],
        "plain sum": [ilk.vector(bench.said[a] + bench.said[b]) for a, b in pairs],
        "the first alone": [a for a, _ in pairs],
        "the second alone": [b for _, b in pairs],
    }
    return {
        "queries": len(pairs),
        "r@10": {way: _percent(bench.recalls(queries, truths)) for way, queries in ways.items()},
        "both_above_one": {way: round(bench.above(queries, pairs), 3) for way, queries in ways.items()},
    }


def picture_and_text(bench: Bench) -> dict[str, Any]:
    """A picture and a text."""
    generator = np.random.default_rng(0)
    asked: list[tuple[int, str]] = []
    truths: list[Shown] = []
    for a, b in itertools.permutations(bench.shown, 2):
        together, without = bench.shown[a] & bench.shown[b], bench.shown[a] & ~bench.shown[b]
        if FEWEST <= together.sum() < 0.7 * bench.shown[a].sum() and bench.shown[b].mean() < 0.5:  # noqa: PLR2004
            for place in generator.choice(np.flatnonzero(without), EXAMPLES, replace=False):
                asked.append((int(place), b))
                truths.append(together)
    rows = bench.made_of.vectors
    ways: dict[str, list[str | Query]] = {
        "added": [ilk.item(str(place)) + ilk.text(b) for place, b in asked],
        "plain sum": [ilk.vector(rows[place] + bench.said[b]) for place, b in asked],
        "the picture alone": [ilk.item(str(place)) for place, _ in asked],
        "the text alone": [b for _, b in asked],
    }
    texts = [bench.shown[b] for _, b in asked]
    return {
        "queries": len(asked),
        "r@10": {way: _percent(bench.recalls(queries, truths)) for way, queries in ways.items()},
        "text_shown": {way: _percent(bench.recalls(queries, texts)) for way, queries in ways.items()},
    }


def minus(bench: Bench) -> dict[str, Any]:
    """A text less another."""
    pairs: list[tuple[str, str]] = []
    alone = dict(zip(bench.shown, bench.first(list(bench.shown)), strict=True))
    for a, b in itertools.permutations(bench.shown, 2):
        same = re.search(rf"\b({CONCEPTS[b]})\b", a) or re.search(rf"\b({CONCEPTS[a]})\b", b)
        rest = bench.shown[a] & ~bench.shown[b]
        if not same and bench.shown[b][alone[a]].sum() >= 3 and rest.sum() >= 2 * FEWEST:  # noqa: PLR2004 -- of ten
            pairs.append((a, b))
    ways: dict[str, list[str | Query]] = {
        "without the minus": [a for a, _ in pairs],
        "minus": [ilk.text(a) - ilk.text(b) for a, b in pairs],
        "plain difference": [ilk.vector(bench.said[a] - bench.said[b]) for a, b in pairs],
    }
    removed = {way: bench.recalls(q, [bench.shown[b] for _, b in pairs]) for way, q in ways.items()}
    wanted = {way: bench.recalls(q, [bench.shown[a] & ~bench.shown[b] for a, b in pairs]) for way, q in ways.items()}
    before = np.array(removed["without the minus"])
    return {
        "queries": len(pairs),
        "still_shown": {way: _percent(shares) for way, shares in removed.items()},
        "wanted_and_not_removed": {way: _percent(shares) for way, shares in wanted.items()},
        "at_least_halved": {way: _percent(np.array(shares) <= before / 2) for way, shares in removed.items()},
    }


def measure(data: Path, split: str, place: Path) -> dict[str, Any]:
    """All of it."""
    encoder = ilk.load_encoder("pocket")
    made_of = captioned.read(data, "flickr8k_train", encoder, split=split)
    said = made_of.said()
    shown = {
        name: np.array([bool(re.search(rf"\b({words})\b", each)) for each in said]) for name, words in CONCEPTS.items()
    }
    with ilk.create(place / "gallery", model="pocket") as gallery:
        ids = [str(number) for number in range(len(said))]
        gallery.add(ilk.embeddings(ids, made_of.vectors, model="pocket"))
        rows = dict(zip(CONCEPTS, encoder.encode_texts(list(CONCEPTS)), strict=True))
        bench = Bench(gallery=gallery, made_of=made_of, shown=shown, said=rows)
        return {
            "pictures": len(said),
            "split": split,
            "both": both(bench),
            "picture_and_text": picture_and_text(bench),
            "minus": minus(bench),
            "machine": machine(),
        }


def _percent(shares: Sequence[float] | npt.NDArray[Any]) -> float:
    return round(100 * float(np.mean(shares)), 1)


def main() -> None:
    """Read the options, run, print or write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", choices=["test", "choose"], default="test")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        found = json.dumps(measure(options.data, options.split, Path(place)), indent=2)
    if options.json:
        options.json.write_text(found + "\n", encoding="utf-8")
    print(found, file=sys.stdout)


if __name__ == "__main__":
    main()
