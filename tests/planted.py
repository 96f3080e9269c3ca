"""A gallery of made-up vectors, of which everything is known."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from colour_encoder import ColourEncoder
from ilk.gallery import Gallery
from ilk.models import space_of
from ilk.stores.base import Upsert
from ilk.stores.local import LocalStore
from stores.making import make_item

D = 6
LABELS = ("cup", "hat", "key")


class PlantedEncoder(ColourEncoder):
    """Reads texts that were given rows beforehand."""

    name = "planted"
    dimension = D

    def __init__(self) -> None:
        super().__init__(digest="p" * 64)
        self.known: dict[str, npt.NDArray[np.float32]] = {}

    def encode_texts(self, texts: Sequence[str], *, normalise: bool = True) -> npt.NDArray[np.float32]:
        """The rows they were given; a row of its own for every other text."""
        return np.stack([self.known.setdefault(text, unit(hash_of(text), 1)[0]) for text in texts])


def hash_of(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def unit(seed: int, n: int) -> npt.NDArray[np.float32]:
    rows = np.random.default_rng(seed).standard_normal((n, D))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


class Planted:
    """A gallery of made-up vectors, of which everything is known."""

    def __init__(self, place: Path, *, items: int = 60, seed: int = 0) -> None:
        self.encoder = PlantedEncoder()
        store = LocalStore.create(place / ".ilk")
        self.gallery = Gallery(store, directory=place / ".ilk", model="planted")
        self.gallery.models.opened["planted"] = self.encoder
        self.ids = [f"{number:03}.jpg" for number in range(items)]
        rows = unit(seed, items)
        rows[7] = rows[3]  # the same picture twice
        self.rows = rows.astype(np.float16).astype(np.float32)
        self.labels = [LABELS[number % 3] for number in range(items)]
        self.captions: dict[str, list[str]] = {}
        for number, id_ in enumerate(self.ids):
            for said in range(number % 4):  # every fourth has none
                text = f"{said} of {id_}"
                near = self.rows[number] + 0.9 * unit(1000 + 10 * number + said, 1)[0]
                self.encoder.known[text] = near / np.linalg.norm(near)
                self.captions.setdefault(id_, []).append(text)
        self.space = space_of(self.encoder)
        with store.writing() as writer:
            writer.add_space(self.space)
            upserts = [
                Upsert(
                    item=make_item(
                        id_,
                        captions=tuple(self.captions.get(id_, ())),
                        metadata={"kind": self.labels[number], "half": "first" if number < items // 2 else "second"},
                    ),
                    vector=self.rows[number],
                )
                for number, id_ in enumerate(self.ids)
            ]
            writer.write(upserts, [], space=self.space)

    def cosine(self, text: str, number: int) -> float:
        return float(self.encoder.known[text].astype(np.float64) @ self.rows[number].astype(np.float64))

    def text_ranks(self, chosen: Sequence[int]) -> list[int]:
        """One comparison at a time; whoever is as near as the right one stands before it."""
        ranks = []
        for number in chosen:
            for text in self.captions.get(self.ids[number], []):
                own = self.cosine(text, number)
                ranks.append(sum(self.cosine(text, n) >= own - 1e-6 for n in chosen if n != number))
        return ranks

    def image_ranks(self, chosen: Sequence[int]) -> list[int]:
        ranks = []
        for number in chosen:
            mine = self.captions.get(self.ids[number], [])
            if mine:
                best = max(self.cosine(text, number) for text in mine)
                others = [text for n in chosen if n != number for text in self.captions.get(self.ids[n], [])]
                ranks.append(sum(self.cosine(text, number) >= best - 1e-6 for text in others))
        return ranks
