"""Pictures with captions as galleries, and what their captions say they show: the truth that searching is held to."""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from training.manifest import Picture, choose_splits, clean_caption
from training.settings import Splits

from ilk import pictures
from ilk.encoders.base import Encoder

Rows = npt.NDArray[np.float32]

COMMON = frozenset(
    re.findall(
        r"\w+",
        """
        a an the of in on at to and or with is are was were be been by for from as it its his her their this that
        these those he she they there two three one some into over near up down out off while who which has have
        having being through across next front behind under onto along around very
        """,
    )
)
"""Words that say nothing of what a picture shows."""

BATCH = 64


@dataclass(frozen=True, kw_only=True, eq=False)
class Captioned:
    """Pictures and what is said of them.

    Attributes
    ----------
    names
        Of n pictures.
    vectors
        As a gallery stores them, of shape (n, d).
    captions, owners
        What is said, and of which picture, by its place.
    """

    names: tuple[str, ...]
    vectors: Rows
    captions: tuple[str, ...]
    owners: npt.NDArray[np.int64]

    def said(self) -> list[str]:
        """All that is said of each picture, in lower case."""
        said = [list[str]() for _ in self.names]
        for owner, caption in zip(self.owners, self.captions, strict=True):
            said[owner].append(caption.lower())
        return [" | ".join(each) for each in said]

    def some(self, count: int, *, seed: int) -> Captioned:
        """So many of the pictures, drawn at random, with what is said of them."""
        return self.at(np.sort(np.random.default_rng(seed).permutation(len(self.names))[:count]).tolist())

    def at(self, places: Sequence[int]) -> Captioned:
        """The pictures at these places, which rise."""
        there = np.flatnonzero(np.isin(self.owners, places))
        return Captioned(
            names=tuple(self.names[place] for place in places),
            vectors=self.vectors[list(places)],
            captions=tuple(self.captions[place] for place in there.tolist()),
            owners=np.searchsorted(np.array(places), self.owners[there]),
        )


def read(data: Path, source: str, encoder: Encoder, *, split: str | None = None) -> Captioned:
    """Encode the pictures of one folder of the data, or of one of its parts that no model was taught with.

    Parameters
    ----------
    data
        Folders with ``captions.csv`` (columns ``file`` and ``caption``, or ``alt``) and the pictures.
    split
        ``"test"`` or ``"choose"`` of `training.manifest`; None for all pictures.
    """
    said: dict[str, list[str]] = {}
    with (data / source / "captions.csv").open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            said.setdefault(row["file"], []).append(clean_caption(row.get("alt") or row["caption"]))
    every = [Picture(f"{source}/{file}", source, tuple(captions)) for file, captions in said.items()]
    kept_out = choose_splits(every, Splits())
    chosen = [each for each in every if split is None or kept_out.get(each.name) == split]
    rows = [
        encoder.encode_images(
            [pictures.load(data / each.name, size=encoder.image_size).image for each in chosen[start : start + BATCH]]
        )
        for start in range(0, len(chosen), BATCH)
    ]
    return Captioned(
        names=tuple(each.name for each in chosen),
        vectors=np.concatenate(rows).astype(np.float16).astype(np.float32),
        captions=tuple(caption for each in chosen for caption in each.captions if caption),
        owners=np.array([place for place, each in enumerate(chosen) for caption in each.captions if caption]),
    )


def texts(encoder: Encoder, said: Sequence[str]) -> Rows:
    """Unit rows of texts."""
    return np.concatenate([encoder.encode_texts(said[start : start + 256]) for start in range(0, len(said), 256)])


def stem(word: str) -> str:
    """A word without its ending, roughly."""
    for ending in ("ings", "ing", "ies", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) > 2:  # noqa: PLR2004 -- "red" and "bus" have none
            word = word.removesuffix(ending)
            return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word  # noqa: PLR2004 -- "run", not "al"
    return word[:-1] if word.endswith("e") and len(word) > 3 else word  # noqa: PLR2004 -- "bike", not "the"


def content(text: str) -> frozenset[str]:
    """What a text says that a picture could show, as stems."""
    return frozenset(stem(word) for word in re.findall(r"[a-z']+", text.lower()) if word not in COMMON)


class Judge:
    """Says from captions how much of what is asked for a picture shows.

    Parameters
    ----------
    said
        Texts whose words are counted: a rare word weighs more than a common one.
    """

    def __init__(self, said: Sequence[str]) -> None:
        seen = Counter(word for text in said for word in content(text))
        self.weights: Mapping[str, float] = {word: math.log(len(said) / count) for word, count in seen.items()}
        self.unseen = math.log(len(said))

    def shares(self, queries: Sequence[str], gallery: Captioned) -> Rows:
        """The weight of the words of each of q queries that the captions of each of n pictures have, of shape (q, n).

        In [0, 1]; 0 for a query without words.
        """
        shown = [content(each) for each in gallery.said()]
        asked = [content(query) for query in queries]
        places = {word: place for place, word in enumerate(sorted(frozenset().union(*asked)))}
        has = np.zeros((len(places), len(shown)), np.float32)
        for column, words in enumerate(shown):
            has[[places[word] for word in words if word in places], column] = 1
        weighs = np.zeros((len(asked), len(places)), np.float32)
        for row, words in enumerate(asked):
            for word in words:
                weighs[row, places[word]] = self.weights.get(word, self.unseen)
        return np.asarray(weighs @ has / np.maximum(weighs.sum(axis=1, keepdims=True), 1e-6), np.float32)
