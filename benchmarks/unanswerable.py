"""What people and machines ask that a gallery may not have: the queries that a relevance is fitted and tested on."""

from __future__ import annotations

import csv
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.captioned import COMMON, Captioned, Judge, Rows, content, texts
from ilk.encoders.base import Encoder

SHOWN = 0.5
"""The share of a query, by the weight of its words, from which on a picture counts as showing it."""

FEW, MANY = 300, 600

WEIGHTS = {
    "captions of pictures that are there": 0.5,
    "captions of pictures taken out": 0.5,
    "phrases": 4.0,
    "prompts": 1.0,
    "captions of another kind": 0.5,
    "random letters": 0.5,
    "shuffled words": 0.5,
}
"""How often each kind is asked, for fitting: phrases are what people type."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Asked:
    """Queries of one kind.

    Attributes
    ----------
    words
        What is asked.
    vectors
        Unit rows of shape (q, d).
    shown
        Which pictures show it, by what is said of them, of shape (q, n).
    """

    words: tuple[str, ...]
    vectors: Rows
    shown: npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Around:
    """A gallery, and what there is beside it.

    Attributes
    ----------
    gallery
        What is searched.
    removed
        Pictures like those of the gallery that are not in it.
    other
        Pictures of another kind.
    prompts
        A table with a column ``Prompt``.
    """

    gallery: Captioned
    removed: Captioned
    other: Captioned
    prompts: Path


def questions(around: Around, *, encoder: Encoder, judge: Judge, seed: int) -> Mapping[str, Asked]:
    """Queries of every kind put to a gallery."""
    gallery = around.gallery
    generator = random.Random(seed)  # noqa: S311 -- queries, no secrets
    own = sorted(generator.sample(range(len(gallery.captions)), min(MANY, len(gallery.captions))))
    with around.prompts.open(newline="", encoding="utf-8") as lines:
        prompted = [row["Prompt"] for row in csv.DictReader(lines, delimiter="\t")]
    kinds: dict[str, list[str]] = {
        "captions of pictures that are there": [gallery.captions[place] for place in own],
        "captions of pictures taken out": _some(around.removed.captions, MANY, generator),
        "phrases": phrases([*gallery.captions, *around.removed.captions], MANY, generator),
        "prompts": prompted,
        "captions of another kind": _some(around.other.captions, FEW, generator),
        "random letters": [letters(generator) for _ in range(FEW)],
        "shuffled words": shuffled(gallery.captions, FEW, generator),
    }
    asked: dict[str, Asked] = {}
    for kind, words in kinds.items():
        shown = judge.shares(words, gallery) >= SHOWN
        if kind == "captions of pictures that are there":
            shown[np.arange(len(own)), gallery.owners[own]] = True
        if kind in {"random letters", "shuffled words"}:
            shown[:] = False
        asked[kind] = Asked(words=tuple(words), vectors=texts(encoder, words), shown=shown)
    return asked


def phrases(captions: Sequence[str], count: int, generator: random.Random) -> list[str]:
    """Pieces of captions, one to four words long, that say something: ``"black dog"``, ``"in the snow"``."""
    found = list[str]()
    while len(found) < count:
        words = re.findall(r"[A-Za-z']+", generator.choice(captions))
        length = generator.randint(1, 4)
        if len(words) <= length:
            continue
        start = generator.randrange(len(words) - length + 1)
        piece = words[start : start + length]
        while piece and piece[-1].lower() in COMMON:
            piece.pop()
        while piece and piece[0].lower() in COMMON - {"a", "an", "two", "three"}:
            piece.pop(0)
        if content(" ".join(piece)):
            found.append(" ".join(piece))
    return found


def letters(generator: random.Random) -> str:
    """One to five words that are none."""
    alphabet = "abcdefghijklmnopqrstuvwxyz"
    words = ["".join(generator.choices(alphabet, k=generator.randint(3, 9))) for _ in range(generator.randint(1, 5))]
    return " ".join(words)


def shuffled(captions: Sequence[str], count: int, generator: random.Random) -> list[str]:
    """Four to ten words drawn from all captions, in any order."""
    pool = [word for caption in captions for word in caption.split()]
    return [" ".join(generator.choices(pool, k=generator.randint(4, 10))) for _ in range(count)]


def _some(captions: Sequence[str], count: int, generator: random.Random) -> list[str]:
    return generator.sample(list(captions), min(count, len(captions)))
