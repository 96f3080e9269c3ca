"""Whether a relevance says what it should, and how often "nothing here looks like that" is right.

    python -m benchmarks.relevance --data FOLDER [--fit] [--json FILE] [--plot FILE]

Galleries are the pictures of Flickr8k that the built-in model was not taught with, in two parts: the weights of
`ilk.relevance.calibration` are fitted on the part ``choose`` (``--fit`` prints them), and everything is measured on the
part ``test``, of all its pictures and of some; then on textbook photographs and on a few of COCO, which nothing was
fitted on. What a picture shows is judged by the words of its captions (`benchmarks.captioned.Judge`).

The queries are those of `benchmarks.unanswerable`. A query that can be answered is one that some picture of the gallery
shows. "Nothing" is said where no hit is as relevant as `ilk.relevance.nothing_below` wants it.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import ilk
from benchmarks import unanswerable
from benchmarks.asked_galleries import Bench
from benchmarks.judged import Judged, Numbers
from benchmarks.pipeline import machine
from ilk.relevance import NOTHING
from ilk.relevance.calibration import IMAGE, NOISY, OTHER, TEXT, Calibration

BINS = (0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1)

HELD = 1e-4
"""Keeps weights near to nothing that the queries hardly speak about (ridge): that of noise, which has no hits."""

WRONGLY = 0.05
"""How often "nothing" may be said of what is there: that decides the threshold."""

FITTED = {50: 2, 100: 2, 500: 2}
"""Sizes of galleries that the weights are fitted on, so that they hold for small ones, too; how many of each."""

ANSWERED = ("captions of pictures that are there", "phrases")
"""Kinds of queries that a gallery is asked in earnest."""


def fitted(columns: Sequence[Numbers], right: npt.NDArray[np.bool_], weights: Numbers) -> list[float]:
    """A logistic regression by Newton's method: the offset, then the weight of each column."""
    x = np.stack([np.ones(right.size), *(column.ravel() for column in columns)], axis=1)
    y, w = right.ravel().astype(np.float64), weights.ravel() / weights.sum()
    beta = np.zeros(x.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-x @ beta))
        step = np.linalg.solve(
            (x * (w * p * (1 - p))[:, None]).T @ x + HELD * np.eye(len(beta)), x.T @ (w * (y - p)) - HELD * beta
        )
        beta += step
    return [round(float(each), 2) for each in beta]


def fit(galleries: Sequence[Mapping[str, Judged]], examples: Sequence[Judged]) -> dict[str, list[float]]:
    """The weights of all regressions."""
    parts = [(kind, each) for kinds in galleries for kind, each in kinds.items()]
    weights = np.concatenate(
        [np.full(each.right.size, unanswerable.WEIGHTS[kind] / each.right.size) for kind, each in parts]
    )

    def text(column: Callable[[Judged], Numbers]) -> Numbers:
        return np.concatenate([column(each).ravel() for _, each in parts])

    right = np.concatenate([each.right.ravel() for _, each in parts])
    seen = np.concatenate([each.right.ravel() for each in examples])
    shares = np.concatenate([np.full(each.right.size, 1 / each.right.size) for each in examples])
    noise = np.maximum(text(lambda each: each.noise) - NOISY, 0)
    columns = [text(lambda each: each.excess), text(lambda each: each.meaning), noise]
    return {
        "TEXT": fitted(columns, right, weights),
        "IMAGE": fitted([np.concatenate([each.excess.ravel() for each in examples])], seen, shares),
        "OTHER": fitted([text(lambda each: each.excess_of_its_own)], right, weights),
        "nothing_below": [round(float(np.quantile(_answered(kinds), WRONGLY)), 3) for kinds in galleries],
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
            kind: _percent((best[kind] < each.below)[each.answerable])
            for kind, each in kinds.items()
            if kind in answered_kinds
        },
        "nothing_rightly_said": {
            kind: _percent((best[kind] < kinds[kind].below)[~kinds[kind].answerable])
            for kind, values in unanswered.items()
            if len(values)
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


def briefly(found: Mapping[str, Any]) -> dict[str, Any]:
    """How often "nothing" is said, and how well hits above a fifth are calibrated."""
    return {
        "nothing_wrongly_said": found["nothing_wrongly_said"],
        "nothing_rightly_said": found["nothing_rightly_said"],
        "hits": {bin_: each for bin_, each in found["hits"].items() if each["said"] >= 20},  # noqa: PLR2004
    }


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
            drawn = [
                bench.words("flickr8k choose", place, size=size, seed=draw)
                for size, draws in FITTED.items()
                for draw in range(draws)
            ]
            print(json.dumps(fit(drawn, list(bench.examples("flickr8k choose", place).values())), indent=2))
            return
        words = {name: bench.words(name, place) for name in list(bench.galleries) if name != "flickr8k choose"}
        found = {
            "model": options.model,
            "threshold": NOTHING,
            "words": {name: report(kinds, TEXT) for name, kinds in words.items()},
            "sizes": {str(size): briefly(report(kinds, TEXT)) for size, kinds in bench.sizes(place)},
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
