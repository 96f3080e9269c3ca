"""How well labels without training hold: right names, honest probabilities, and `other` where no label fits.

    python -m benchmarks.labels --data FOLDER [--json FILE]

The built-in model, on pictures that took no part in its training (`training/manifest.py`). Photographs of clothes and
of groceries have one label each. Part of the labels is left out, drawn anew many times: a picture whose label is left
out should be called `other` (``caught``), any other should not (``kept``). ``far`` asks clothes for groceries and the
reverse, and everyday photographs for both. ``in captions`` asks everyday photographs with one word at a time, which
three of a picture's five captions say, or none of them does.

``scale`` is what makes cosines probabilities: that of the model's training, and the one that would have been best
here (the least negative log-likelihood).
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from training.settings import Settings

import ilk
from benchmarks.pipeline import machine
from ilk import pictures
from ilk.analysis.classification import Classifier
from ilk.analysis.labels import OTHER, Labels
from ilk.analysis.naming import calibration_error
from training import manifest

DATA = Path(__file__).parents[2] / "shared" / "data"
DRAWS = 20
EVERYDAY = 600
WORDS: Mapping[str, str] = {
    "dog": r"dogs?|puppy|puppies",
    "snow": r"snow\w*",
    "beach": r"beach\w*",
    "bicycle": r"bicycles?|bikes?|cyclists?",
    "water": r"water|pool|lake|ocean|sea|river",
    "child": r"child(?:ren)?|kids?|boys?|girls?",
    "football": r"football|soccer",
    "street": r"streets?|sidewalks?|roads?",
    "mountain": r"mountains?|cliffs?",
}
"""A label, and what a caption that means it says."""

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
    everyday = read(data, "flickr8k_train", limit=EVERYDAY)
    return {
        "model": "pocket",
        "pictures": {"clothes": len(clothes.rows), "groceries": len(groceries.rows), "everyday": len(everyday.rows)},
        "named": {"clothes": named(clothes), "groceries": named(groceries)},
        "left out": {
            "clothes, 5 of 10 asked": left_out(clothes, 5),
            "clothes, 2 of 10 asked": left_out(clothes, 2),
            "groceries, 8 of 81 asked": left_out(groceries, 8),
            "groceries, 40 of 81 asked": left_out(groceries, 40),
        },
        "far": {
            "clothes asked for groceries": far(clothes, groceries.names),
            "groceries asked for clothes": far(groceries, clothes.names),
            "everyday photographs asked for clothes": far(everyday, clothes.names),
            "everyday photographs asked for groceries": far(everyday, groceries.names),
        },
        "in captions": {word: in_captions(everyday, word, said) for word, said in WORDS.items()},
    }


def read(data: Path, source: str, *, limit: int | None = None) -> Kept:
    """The pictures of a source that took no part in training."""
    encoder = ilk.load_encoder("pocket")
    known = [picture for picture in manifest._read_folders(data) if picture.source == source]  # noqa: SLF001 -- ours
    kept_out = manifest.choose_splits(known, Settings().splits)
    chosen = [picture for picture in known if picture.name in kept_out][:limit]
    images = [pictures.load(data / picture.name, size=encoder.image_size).image for picture in chosen]
    return Kept(
        encoder.encode_images(images),
        tuple(picture.label for picture in chosen),
        tuple(picture.captions for picture in chosen),
    )


def found(rows: Rows, names: Sequence[str], *, other: bool) -> list[str]:
    """What each picture is called."""
    classifier = Classifier.of(ilk.load_encoder("pocket"), Labels(names=names), other=other, top=1)
    return [each.label for each in classifier.label([""] * len(rows), rows)]


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


def in_captions(kept: Kept, word: str, said: str) -> dict[str, Any]:
    """One word, of pictures whose captions say it or do not."""
    counts = [sum(bool(re.search(rf"\b(?:{said})\b", text.lower())) for text in texts) for texts in kept.captions]
    called = found(kept.rows, [word], other=True)
    shown = [label != OTHER for label, count in zip(called, counts, strict=True) if count >= 3]  # noqa: PLR2004 -- of 5
    absent = [label == OTHER for label, count in zip(called, counts, strict=True) if count == 0]
    return {"pictures": len(shown), "kept": share(shown), "caught": share(absent)}


def share(of: Any) -> float:
    """In percent."""
    return round(100 * float(np.mean(of)), 1)


if __name__ == "__main__":
    main()
