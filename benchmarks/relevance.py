"""Whether a relevance says what it should, and how often "nothing here looks like that" is right.

    python -m benchmarks.relevance --data FOLDER [--fit] [--json FILE] [--plot FILE]

Galleries are the pictures of Flickr8k that the built-in model was not taught with, in two parts: the weights of
`ilk.relevance.calibration` are fitted on the part ``choose`` (``--fit`` prints them), and everything is measured on the
part ``test``; then on textbook photographs and on a few of COCO, which nothing was fitted on. What a picture shows is
judged by the words of its captions (`benchmarks.captioned.Judge`).

The queries are those of `benchmarks.unanswerable`. A query that can be answered is one that some picture of the gallery
shows. "Nothing" is said where no hit is as relevant as `ilk.relevance.NOTHING`.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import ilk
from benchmarks import captioned, unanswerable
from benchmarks.captioned import Judge, Rows
from benchmarks.judged import Judged, Numbers, judged, judged_by_example
from benchmarks.pipeline import machine
from benchmarks.unanswerable import Around
from ilk.encoders.base import Encoder
from ilk.relevance import NOTHING, Background
from ilk.relevance.calibration import IMAGE, OTHER, TEXT, Calibration

BINS = (0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1)

WRONGLY = 0.05
"""How often "nothing" may be said of what is there: that decides the threshold."""

LIKE = 0.35
"""The share of what is said of one picture that is said of another, from which on the two count as alike."""


ANSWERED = ("captions of pictures that are there", "phrases")
"""Kinds of queries that a gallery is asked in earnest."""


def fitted(columns: Sequence[Numbers], right: npt.NDArray[np.bool_], weights: Numbers) -> list[float]:
    """A logistic regression by Newton's method: the offset, then the weight of each column."""
    x = np.stack([np.ones(right.size), *(column.ravel() for column in columns)], axis=1)
    y, w = right.ravel().astype(np.float64), weights.ravel() / weights.sum()
    beta = np.zeros(x.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-x @ beta))
        step = np.linalg.solve((x * (w * p * (1 - p))[:, None]).T @ x + 1e-9 * np.eye(len(beta)), x.T @ (w * (y - p)))
        beta += step
    return [round(float(each), 2) for each in beta]


def fit(kinds: Mapping[str, Judged], examples: Sequence[Judged]) -> dict[str, list[float]]:
    """The weights of all regressions."""
    weights = np.concatenate(
        [np.full(each.right.size, unanswerable.WEIGHTS[kind] / each.right.size) for kind, each in kinds.items()]
    )

    def text(column: Callable[[Judged], Numbers]) -> Numbers:
        return np.concatenate([column(each).ravel() for each in kinds.values()])

    right = np.concatenate([each.right.ravel() for each in kinds.values()])
    seen = np.concatenate([each.right.ravel() for each in examples])
    shares = np.concatenate([np.full(each.right.size, 1 / each.right.size) for each in examples])
    return {
        "TEXT": fitted([text(lambda each: each.excess), text(lambda each: each.meaning)], right, weights),
        "IMAGE": fitted([np.concatenate([each.excess.ravel() for each in examples])], seen, shares),
        "OTHER": fitted([text(lambda each: each.excess_of_its_own)], right, weights),
        "NOTHING": [round(float(np.quantile(_answered(kinds), WRONGLY)), 3)],
    }


def _answered(kinds: Mapping[str, Judged]) -> Numbers:
    """The relevance of the best hit of each query that can be answered, by the weights that are in use."""
    return np.concatenate([kinds[kind].relevances(TEXT)[:, 0][kinds[kind].answerable] for kind in ANSWERED])


def area(answerable: Numbers, others: Numbers) -> float:
    """The area under the curve of right and wrong: how often the one is above the other."""
    both = np.concatenate([answerable, others])
    ranks = both.argsort(kind="stable").argsort() + 1
    n = len(answerable)
    return round(float((ranks[:n].sum() - n * (n + 1) / 2) / (n * len(others))), 3)


def report(
    kinds: Mapping[str, Judged], calibration: Calibration, answered_kinds: Sequence[str] = ANSWERED
) -> dict[str, Any]:
    """How often "nothing" is said of each kind, and how well relevances are calibrated."""
    best = {kind: each.relevances(calibration)[:, 0] for kind, each in kinds.items()}
    answered = np.concatenate([best[kind][each.answerable] for kind, each in kinds.items() if kind in answered_kinds])
    unanswered = {kind: best[kind][~each.answerable] for kind, each in kinds.items() if not each.answerable.all()}
    every = np.concatenate([each.relevances(calibration).ravel() for each in kinds.values()])
    right = np.concatenate([each.right.ravel() for each in kinds.values()])
    weights = np.concatenate(
        [np.full(each.right.size, unanswerable.WEIGHTS.get(kind, 1) / each.right.size) for kind, each in kinds.items()]
    )
    bins = np.digitize(every, BINS[1:-1])
    return {
        "nothing_wrongly_said": {
            kind: _percent(best[kind][kinds[kind].answerable] < NOTHING) for kind in kinds if kind in answered_kinds
        },
        "nothing_rightly_said": {
            kind: _percent(values < NOTHING) for kind, values in unanswered.items() if len(values)
        },
        "unanswerable": {kind: len(values) for kind, values in unanswered.items()},
        "area": {kind: area(answered, values) for kind, values in unanswered.items() if len(values)},
        "area_of_all": area(answered, np.concatenate(list(unanswered.values()))),
        "hits": {
            f"{low:g} to {high:g}": {
                "share": _percent(np.average(bins == number, weights=weights)),
                "said": _percent(np.average(every[bins == number], weights=weights[bins == number])),
                "right": _percent(np.average(right[bins == number], weights=weights[bins == number])),
            }
            for number, (low, high) in enumerate(itertools.pairwise(BINS))
            if (bins == number).sum() >= 50  # noqa: PLR2004 -- fewer say nothing
        },
    }


class Bench:
    """Galleries and queries, made once.

    Parameters
    ----------
    data
        Folders of pictures with captions, and of prompts.
    encoder
        The model.
    """

    def __init__(self, data: Path, encoder: Encoder) -> None:
        self.encoder = encoder
        self.prompts = data / "parti_prompts" / "PartiPrompts.tsv"
        self.galleries = {
            "flickr8k choose": captioned.read(data, "flickr8k_train", encoder, split="choose"),
            "flickr8k test": captioned.read(data, "flickr8k_train", encoder, split="test"),
            "openstax": captioned.read(data, "openstax", encoder),
            "coco": captioned.read(data, "coco_free", encoder),
        }
        self.judge = Judge([said for each in self.galleries.values() for said in each.said()])

    def background(self, place: Path, rows: Rows) -> Background:
        """That of a gallery of these vectors."""
        with ilk.create(place, model=self.encoder.name) as gallery:
            ids = [str(number) for number in range(len(rows))]
            gallery.add(ilk.embeddings(ids, rows, model=self.encoder.name))
            return Background.of(gallery.store, gallery.models.space(), open_encoder=lambda: self.encoder)

    def words(self, name: str, place: Path) -> dict[str, Judged]:
        """The hits of queries in words."""
        gallery = self.galleries[name]
        around = Around(
            gallery=gallery,
            removed=self.galleries["flickr8k test" if name == "flickr8k choose" else "flickr8k choose"],
            other=self.galleries["flickr8k test" if name == "openstax" else "openstax"],
            prompts=self.prompts,
        )
        asked = unanswerable.questions(around, encoder=self.encoder, judge=self.judge, seed=len(name))
        background = self.background(place / name.replace(" ", "-"), gallery.vectors)
        return {kind: judged(background, gallery.vectors, each) for kind, each in asked.items()}

    def cost(self, place: Path) -> dict[str, float]:
        """Milliseconds of the relevances of ten hits: the first time, and from then on (the median)."""
        rows = self.galleries["flickr8k test"].vectors
        background = self.background(place / "cost", rows)
        query = self.encoder.encode_texts(["a dog in the snow"])[0]
        took = list[float]()
        for _ in range(201):
            started = time.perf_counter()
            background.relevance(query, [0.3] * 10, asked="text")
            took.append(1000 * (time.perf_counter() - started))
        return {"first_ms": round(took[0], 1), "then_ms": round(float(np.median(took[1:])), 3)}

    def examples(self, name: str, place: Path) -> dict[str, Judged]:
        """The hits of queries by example: each picture of a gallery, and pictures of nothing."""
        gallery = self.galleries[name]
        shares = self.judge.shares(gallery.captions, gallery)
        counts = np.bincount(gallery.owners, minlength=len(gallery.names))
        alike = np.zeros((len(gallery.names), len(gallery.names)))
        np.add.at(alike, gallery.owners, shares)
        alike /= np.maximum(counts, 1)[:, None]
        np.fill_diagonal(alike, 0)
        background = self.background(place / f"{name.replace(' ', '-')}-examples", gallery.vectors)
        nothing = self.encoder.encode_images(meaningless_pictures(100))
        none = np.zeros((len(nothing), len(gallery.names)), bool)
        return {
            "pictures of the gallery": judged_by_example(background, gallery.vectors, gallery.vectors, alike >= LIKE),
            "noise and plain colours": judged_by_example(background, gallery.vectors, nothing, none),
        }


def meaningless_pictures(count: int) -> list[Any]:
    """Noise, plain colours and washes of colour, in turn."""
    from PIL import Image

    generator = np.random.default_rng(0)
    made = list[Any]()
    for number in range(count):
        side = (144, 1, 3)[number % 3]
        pixels = generator.integers(0, 256, (side, side, 3), dtype=np.uint8)
        made.append(Image.fromarray(pixels).resize((144, 144), Image.Resampling.BICUBIC))
    return made


def plot(path: Path, kinds: Mapping[str, Judged], title: str) -> None:
    """How relevant the best hit of each query is, by kind; and how often hits are right, by their relevance."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(13, 5), layout="constrained")
    for kind, each in kinds.items():
        chosen = each.answerable if kind in ANSWERED else ~each.answerable
        values = np.sort(each.relevances(TEXT)[:, 0][chosen])
        style = "-" if kind in ANSWERED else "--"
        left.plot(values, np.arange(len(values)) / max(len(values), 1) * 100, style, label=f"{kind} ({len(values)})")
    left.axvline(NOTHING, color="grey", linewidth=1)
    left.set(xlabel="relevance of the best hit", ylabel="% of queries below", xlim=(0, 0.8), ylim=(0, 100), title=title)
    left.legend(fontsize=8, title="solid: there; dashed: not there", title_fontsize=8)
    found = report(kinds, TEXT)["hits"]
    right.plot([0, 100], [0, 100], color="grey", linewidth=1)
    right.plot([each["said"] for each in found.values()], [each["right"] for each in found.values()], "o-")
    right.set(xlabel="relevance, %", ylabel="hits that are right by their captions, %", xlim=(0, 80), ylim=(0, 80))
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _percent(shares: npt.NDArray[Any] | float) -> float:
    return round(100 * float(np.mean(shares)), 1)


def main() -> None:
    """Read the options, run, print or write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="pocket", help="a model's name or folder; the weights are pocket's")
    parser.add_argument("--fit", action="store_true", help="print the weights that the part choose gives")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    bench = Bench(options.data, ilk.load_encoder(options.model))
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        if options.fit:
            by_example = bench.examples("flickr8k choose", place)
            print(json.dumps(fit(bench.words("flickr8k choose", place), list(by_example.values())), indent=2))
            return
        words = {name: bench.words(name, place) for name in bench.galleries if name != "flickr8k choose"}
        found = {
            "model": options.model,
            "threshold": NOTHING,
            "words": {name: report(kinds, TEXT) for name, kinds in words.items()},
            "words_without_knowing_so": report(words["flickr8k test"], OTHER),
            "examples": report(bench.examples("flickr8k test", place), IMAGE, ["pictures of the gallery"]),
            "cost": bench.cost(place),
            "machine": machine(),
        }
        if options.plot:
            plot(options.plot, words["flickr8k test"], f"1,000 pictures of Flickr8k, {options.model}")
    text = json.dumps(found, indent=2)
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
