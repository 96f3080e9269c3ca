"""How well labels without training hold: right names, honest probabilities, and `other` where no label fits.

    python -m benchmarks.labels --data FOLDER [--json FILE]

The built-in model, on pictures that took no part in its training, nor in the fitting of what `other` is told by: the
part ``test`` of `training/manifest.py`, and of the groceries every second kind. Each set of pictures is a gallery.

Photographs of clothes and of groceries have one label each. Part of the labels is left out, drawn anew many times: a
picture whose label is left out should be called `other` (``caught``), any other should not (``kept``). ``far`` asks
clothes for groceries and the reverse, and everyday photographs for both. ``in captions`` asks everyday photographs with
one word at a time, which three of a picture's five captions say, or none of them does; ``told apart`` is the area under
the curve of that, in percent, and ``one in a hundred`` a stricter rule. ``sizes`` asks galleries of fewer pictures,
drawn many times, ``together`` with several words, ``demo`` the pictures of ``ilk demo``.

``scale`` is what makes cosines probabilities: that of the model's training, and the one that would have been best
here (the least negative log-likelihood).
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from training.settings import Settings

import ilk
from benchmarks.everyday_words import DEMO, SAID, UNDECIDED, WORDS
from benchmarks.pipeline import machine
from benchmarks.relevance import area
from ilk import pictures
from ilk.analysis.classification import Classifier
from ilk.analysis.classify import SAMPLE
from ilk.analysis.labels import OTHER, Labels
from ilk.analysis.naming import calibration_error
from ilk.demo.folder import gather
from training import manifest

DATA = Path(__file__).parents[2] / "shared" / "data"
DRAWS = 20
SIZES = (50, 100, 300, 1_000)
Rows = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Kept:
    """Pictures of one source that were kept out of training, encoded."""

    rows: Rows
    labels: tuple[str | None, ...]
    captions: tuple[tuple[str, ...], ...]

    @property
    def names(self) -> list[str]:
        """The different labels, sorted."""
        return sorted({label for label in self.labels if label is not None})

    def some(self, places: Sequence[int]) -> Kept:
        """The pictures at these places."""
        return Kept(
            self.rows[places],
            tuple(self.labels[place] for place in places),
            tuple(self.captions[place] for place in places),
        )


def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--json", type=Path, help="also write the result here")
    options = parser.parse_args()
    result = machine() | measure(options.data)
    text = json.dumps(result, indent=2)
    if options.json is not None:
        options.json.write_text(f"{text}\n", encoding="utf-8")
    print(text)


def measure(data: Path) -> dict[str, Any]:
    """All of it."""
    clothes, groceries = read(data, "clothing_train"), read(data, "grocery_train")
    asked = frozenset(groceries.names[1::2])
    groceries = groceries.some([place for place, label in enumerate(groceries.labels) if label in asked])
    everyday = read(data, "flickr8k_train")
    return {
        "model": "pocket",
        "pictures": {"clothes": len(clothes.rows), "groceries": len(groceries.rows), "everyday": len(everyday.rows)},
        "named": {"clothes": named(clothes), "groceries": named(groceries)},
        "left out": {
            "clothes, 5 of 10 asked": left_out(clothes, 5),
            "clothes, 2 of 10 asked": left_out(clothes, 2),
            "groceries, 8 of 40 asked": left_out(groceries, 8),
            "groceries, 20 of 40 asked": left_out(groceries, 20),
        },
        "far": {
            "clothes asked for groceries": far(clothes, groceries.names),
            "groceries asked for clothes": far(groceries, clothes.names),
            "everyday photographs asked for clothes": far(everyday, clothes.names),
            "everyday photographs asked for groceries": far(everyday, groceries.names),
        },
        "in captions": {word: in_captions(everyday, [word]) for word in WORDS},
        "sizes": {str(size): in_galleries(everyday, size) for size in SIZES},
        "together": {str(count): together(everyday, count) for count in (1, 2, 4, 8)},
        "told apart": averages([{"area": told_apart(everyday, word)} for word in WORDS]),
        "one in a hundred": averages([in_captions(everyday, [word], bound=0.01) for word in WORDS]),
        "demo": demo(),
    }


def read(data: Path, source: str) -> Kept:
    """The pictures of a source that took no part in training or fitting."""
    encoder = ilk.load_encoder("pocket")
    known = [picture for picture in manifest._read_folders(data) if picture.source == source]  # noqa: SLF001 -- ours
    parts = manifest.choose_splits(known, Settings().splits)
    chosen = [picture for picture in known if parts.get(picture.name) == "test"]
    images = [pictures.load(data / picture.name, size=encoder.image_size).image for picture in chosen]
    return Kept(
        encoder.encode_images(images),
        tuple(picture.label for picture in chosen),
        tuple(picture.captions for picture in chosen),
    )


def found(rows: Rows, names: Sequence[str], *, other: bool, bound: float | None = None) -> list[str]:
    """What each picture of a gallery is called, up to its own bound or another."""
    classifier = read_once(tuple(names), other=other)
    if classifier.background is not None:
        some = rows[:SAMPLE]
        own = classifier.background.bound(some, (some @ classifier.rows.T).max(axis=1))
        classifier = replace(classifier, bound=own if bound is None else bound)
    return [each.label for each in classifier.label([""] * len(rows), rows)]


@cache
def read_once(names: tuple[str, ...], *, other: bool) -> Classifier:
    """Labels as they are read, for any gallery."""
    return Classifier.of(ilk.load_encoder("pocket"), Labels(names=names), other=other, top=1)


def named(kept: Kept) -> dict[str, Any]:
    """With every label asked for: how often the name is right, how honest its probability is, how rarely it is kept."""
    classifier = Classifier.of(ilk.load_encoder("pocket"), Labels(names=kept.names), other=False, top=1)
    right = np.array([kept.names.index(str(label)) for label in kept.labels])
    probabilities = classifier.probabilities(kept.rows)
    hit = probabilities.argmax(axis=1) == right
    cosines = (kept.rows @ classifier.rows.T).astype(np.float64)
    scales = np.arange(4, 121)
    losses = [likelihood(cosines * scale, right) for scale in scales]
    called = found(kept.rows, kept.names, other=True)
    return {
        "right": share(hit),
        "calibration_error": round(calibration_error(probabilities.max(axis=1), hit), 4),
        "kept": share([label != OTHER for label in called]),
        "scale": round(classifier.logits.scale, 2),
        "best_scale": int(scales[int(np.argmin(losses))]),
    }


def likelihood(logits: npt.NDArray[np.float64], right: npt.NDArray[np.int64]) -> float:
    """The mean negative logarithm of the right label's probability."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    chosen = shifted[np.arange(len(right)), right]
    return float((np.log(np.exp(shifted).sum(axis=1)) - chosen).mean())


def left_out(kept: Kept, asked: int) -> dict[str, Any]:
    """With so many labels asked for, drawn again and again."""
    random = np.random.default_rng(0)
    there, absent = list[bool](), list[bool]()
    for _ in range(DRAWS):
        names = sorted(random.choice(kept.names, asked, replace=False).tolist())
        for label, called in zip(kept.labels, found(kept.rows, names, other=True), strict=True):
            (there if label in names else absent).append(called == OTHER)
    return {"kept": share(np.logical_not(there)), "caught": share(absent)}


def far(kept: Kept, names: Sequence[str]) -> dict[str, Any]:
    """Labels of another world."""
    return {"caught": share([label == OTHER for label in found(kept.rows, names, other=True)])}


def said_in(kept: Kept, words: Sequence[str]) -> npt.NDArray[np.int64]:
    """How many captions of each of n pictures say each of w words, of shape (n, w)."""
    return np.array(
        [
            [sum(bool(re.search(rf"\b(?:{WORDS[word]})\b", text.lower())) for text in texts) for word in words]
            for texts in kept.captions
        ]
    )


def told_apart(kept: Kept, word: str) -> float:
    """The area under the curve, in percent: how often a picture that shows a word is above one that does not."""
    counts = said_in(kept, [word])[:, 0]
    chances = np.array([each.chance for each in read_once((word,), other=True).label([""] * len(kept.rows), kept.rows)])
    return 100 * area(-chances[counts >= SAID], -chances[counts == 0])


def in_captions(kept: Kept, words: Sequence[str], *, bound: float | None = None) -> dict[str, Any]:
    """Some words, of pictures whose captions say one of them or do not."""
    counts = said_in(kept, words)
    called = np.array(found(kept.rows, words, other=True, bound=bound))
    shown, absent = (counts >= SAID).any(axis=1), (counts == 0).all(axis=1)
    said = np.array([label != OTHER and count[words.index(label)] > 0 for label, count in zip(called, counts)])  # noqa: B905
    return {
        "pictures": int(shown.sum()),
        "kept": share(called[shown] != OTHER) if shown.any() else None,
        "rightly": share(said[shown]) if shown.any() else None,
        "caught": share(called[absent] == OTHER) if absent.any() else None,
    }


def in_galleries(kept: Kept, size: int) -> dict[str, Any]:
    """One word at a time, of galleries of so many pictures."""
    random = np.random.default_rng(size)
    runs = [
        in_captions(kept.some(random.permutation(len(kept.rows))[:size].tolist()), [word])
        for word in WORDS
        for _ in range(1 if size >= len(kept.rows) else DRAWS // 4)
    ]
    return averages(runs)


def together(kept: Kept, count: int) -> dict[str, Any]:
    """So many words at a time, drawn again and again."""
    random = np.random.default_rng(count)
    return averages([in_captions(kept, random.choice(list(WORDS), count, replace=False).tolist()) for _ in range(40)])


def averages(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Over runs, each counting as much as the others, so that a word in many pictures does not decide."""
    return {
        key: round(float(np.mean([run[key] for run in runs if run[key] is not None])), 1)
        for key in runs[0]
        if key != "pictures"
    }


def demo() -> dict[str, Any]:
    """The four labels of `DEMO`, asked of the demo's pictures."""
    with tempfile.TemporaryDirectory() as directory:
        gather(Path(directory))
        with ilk.create(Path(directory) / ".ilk", model="pocket") as gallery:
            gallery.add(ilk.folder(directory))
            called = {each.id: each.label for each in ilk.classify(gallery, list(DEMO))}
    shown = {id_: label for label, names in DEMO.items() for id_ in called if id_.startswith(names)}
    absent = [id_ for id_ in called if id_ not in shown and not id_.startswith(tuple(f"drawn/{n}" for n in UNDECIDED))]
    return {
        "pictures": len(called),
        "showing": len(shown),
        "kept": share([called[id_] != OTHER for id_ in shown]),
        "rightly": share([called[id_] == label for id_, label in shown.items()]),
        "showing none": len(absent),
        "caught": share([called[id_] == OTHER for id_ in absent]),
    }


def share(of: Any) -> float:
    """In percent."""
    return round(100 * float(np.mean(of)), 1)


if __name__ == "__main__":
    main()
