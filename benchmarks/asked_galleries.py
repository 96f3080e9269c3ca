"""The galleries that relevances are fitted and tested on, and what is found in them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import ilk
from benchmarks import captioned, unanswerable
from benchmarks.captioned import Judge, Rows
from benchmarks.judged import Judged, joined, judged, judged_by_example
from benchmarks.unanswerable import Around
from ilk.encoders.base import Encoder
from ilk.relevance import Background

LIKE = 0.35
"""The share of what is said of one picture that is said of another, from which on the two count as alike."""

DRAWN = {50: 6, 100: 4, 300: 2, 1_000: 1}
"""Sizes of galleries, and how many of each are drawn."""


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
        self.data = data

    def background(self, place: Path, rows: Rows) -> Background:
        """That of a gallery of these vectors."""
        with ilk.create(place, model=self.encoder.name) as gallery:
            ids = [str(number) for number in range(len(rows))]
            gallery.add(ilk.embeddings(ids, rows, model=self.encoder.name))
            return Background.of(gallery.store, gallery.models.space(), open_encoder=lambda: self.encoder)

    def sizes(self, place: Path) -> Iterator[tuple[int, dict[str, Judged]]]:
        """The hits of queries in words, put to ever larger galleries.

        The last has the pictures that the built-in model was taught with, too, since there are no others.
        """
        for size, draws in DRAWN.items():
            parts = [self.words("flickr8k test", place, size=size, seed=draw) for draw in range(draws)]
            yield size, {kind: joined([part[kind] for part in parts]) for kind in parts[0]}
        chosen = frozenset(self.galleries["flickr8k choose"].names)
        every = captioned.read(self.data, "flickr8k_train", self.encoder)
        self.galleries["flickr8k"] = every.at([place for place, name in enumerate(every.names) if name not in chosen])
        yield len(self.galleries["flickr8k"].names), self.words("flickr8k", place)

    def words(self, name: str, place: Path, *, size: int | None = None, seed: int = 0) -> dict[str, Judged]:
        """The hits of queries in words, put to a gallery, or to so many of its pictures, drawn by a seed."""
        gallery = self.galleries[name] if size is None else self.galleries[name].some(size, seed=seed)
        around = Around(
            gallery=gallery,
            removed=self.galleries["flickr8k test" if name == "flickr8k choose" else "flickr8k choose"],
            other=self.galleries["flickr8k test" if name == "openstax" else "openstax"],
            prompts=self.prompts,
        )
        asked = unanswerable.questions(around, encoder=self.encoder, judge=self.judge, seed=len(name) + seed)
        background = self.background(place / f"{name.replace(' ', '-')}-{size}-{seed}", gallery.vectors)
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
