"""How well captions find their pictures, and pictures their captions, by exact ranks over stored vectors.

As retrieval is measured since Karpathy and Fei-Fei 2015: the share of queries whose right answer is among the first
k. All captions of a picture are its own, so a picture is answered rightly by any of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ilk.analysis.captions import read_captions
from ilk.analysis.rows import Rows, blocks
from ilk.errors import InputError, ModalityError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from ilk.encoders.base import Encoder
    from ilk.filters import Filter
    from ilk.records import Space
    from ilk.stores.base import Store

RECALLS = (1, 5, 10)

CURVE = 50
"""The curve of recall goes as far."""

TIE = 1e-6
"""Cosines that differ by less are equal: more is not to be had of float32. A tie counts against the model."""

TEXTS = 4_096
"""Captions encoded, or compared with a block of pictures, at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranks:
    """Where the right answers were found.

    Attributes
    ----------
    queries, candidates
        How many were asked, among how many.
    recall
        The share of queries with a right answer among the first k, by k, in [0, 1].
    median_rank
        1 is best.
    curve
        The recall at 1, 2, 3 ... and so on.
    """

    queries: int
    candidates: int
    recall: Mapping[int, float]
    median_rank: float
    curve: tuple[float, ...]

    @classmethod
    def of(cls, ranks: npt.NDArray[np.int64], *, candidates: int) -> Ranks:
        """Of the rank of the best right answer for each query; 0 is first."""
        furthest = max(1, min(CURVE, candidates))
        return cls(
            queries=len(ranks),
            candidates=candidates,
            recall={k: float((ranks < k).mean()) for k in RECALLS},
            median_rank=float(np.median(ranks)) + 1,
            curve=tuple(float((ranks < k).mean()) for k in range(1, furthest + 1)),
        )

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "queries": self.queries,
            "candidates": self.candidates,
            **{f"recall@{k}": round(share, 4) for k, share in self.recall.items()},
            "median_rank": self.median_rank,
            "curve": [round(share, 4) for share in self.curve],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieval:
    """How well words and pictures find each other.

    Attributes
    ----------
    captions
        Where they are from: ``"the gallery's own"``, or a file.
    pictures
        How many pictures with captions were asked about, of ``captioned``.
    unknown
        Pictures of the file that the gallery does not have.
    text_to_image
        Each caption among all pictures of the gallery or of the filter, captioned or not.
    image_to_text
        Each picture among all captions that were asked about.
    """

    captions: str
    pictures: int
    captioned: int
    unknown: int
    text_to_image: Ranks
    image_to_text: Ranks

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "captions": self.captions,
            "pictures": self.pictures,
            "captioned": self.captioned,
            "unknown": self.unknown,
            "text_to_image": self.text_to_image.to_dict(),
            "image_to_text": self.image_to_text.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class _Asked:
    """A picture with what is said of it."""

    id: str
    texts: tuple[str, ...]
    vector: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionedPictures:
    """One measurement.

    Attributes
    ----------
    store, space, encoder
        What is measured.
    where
        Which items count, as questions and as answers; None for all.
    limit
        At most so many pictures are asked about, taken evenly from all that have captions.
    file
        Whose captions; None for the gallery's own.
    """

    store: Store
    space: Space
    encoder: Encoder
    where: Filter | None
    limit: int
    file: Path | None

    def measure(self) -> Retrieval:
        """Do it. Cost: cosines of each caption with each picture; memory for the captions asked about, and a block.

        Raises
        ------
        InputError
            If no picture has a caption.
        ModalityError
            If the model cannot read.
        """
        if "text" not in self.encoder.modalities:
            raise ModalityError(f"{self.encoder.name} only sees pictures: captions cannot be asked of it.")
        said = None if self.file is None else read_captions(self.file)
        everything = {} if said is None else dict.fromkeys(said, True)
        captioned = 0
        for rows in self._rows():
            for item in rows.items or ():
                captioned += bool(item.captions if said is None else _said(said, item.id, item.uri))
                everything.pop(item.id, None)
                everything.pop(item.uri, None)
        if not captioned:
            raise InputError(
                "No picture here has a caption to ask with: give a file with --captions FILE, or index a table or a "
                "folder that has captions."
            )
        asked = self._asked(said, captioned)
        texts = [text for each in asked for text in each.texts]
        owners = np.repeat(np.arange(len(asked)), [len(each.texts) for each in asked])
        encoded = np.concatenate(
            [self.encoder.encode_texts(texts[start : start + TEXTS]) for start in range(0, len(texts), TEXTS)]
        )
        vectors = np.stack([each.vector for each in asked])
        forward, candidates = self._text_ranks(encoded, owners, [each.id for each in asked], vectors)
        backward = image_ranks(vectors, encoded, owners)
        return Retrieval(
            captions="the gallery's own" if self.file is None else str(self.file),
            pictures=len(asked),
            captioned=captioned,
            unknown=len(everything),
            text_to_image=Ranks.of(forward, candidates=candidates),
            image_to_text=Ranks.of(backward, candidates=len(texts)),
        )

    def _rows(self) -> Iterator[Rows]:
        return blocks(self.store, self.space, where=self.where, with_items=True)

    def _asked(self, said: Mapping[str, Sequence[str]] | None, captioned: int) -> list[_Asked]:
        """The pictures to ask about, taken evenly where there are too many."""
        wanted = set(np.unique(np.linspace(0, captioned - 1, min(self.limit, captioned)).astype(int)).tolist())
        asked, number = list[_Asked](), 0
        for rows in self._rows():
            for item, vector in zip(rows.items or (), rows.vectors, strict=True):
                texts = item.captions if said is None else _said(said, item.id, item.uri)
                if texts:
                    if number in wanted:
                        asked.append(_Asked(item.id, tuple(texts), vector))
                    number += 1
        return asked

    def _text_ranks(
        self,
        encoded: npt.NDArray[np.float32],
        owners: npt.NDArray[np.int64],
        ids: Sequence[str],
        vectors: npt.NDArray[np.float32],
    ) -> tuple[npt.NDArray[np.int64], int]:
        """How many other pictures are as near to each caption as its own, and how many pictures there are."""
        own = np.einsum("td,td->t", encoded, vectors[owners])
        places = {id_: place for place, id_ in enumerate(ids)}
        ranks, candidates = np.zeros(len(encoded), np.int64), 0
        for rows in blocks(self.store, self.space, where=self.where):
            candidates += len(rows.ids)
            here = np.array([places.get(id_, -1) for id_ in rows.ids])
            for start in range(0, len(encoded), TEXTS):
                some = slice(start, start + TEXTS)
                nearer = encoded[some] @ rows.vectors.T >= own[some, None] - TIE
                ranks[some] += nearer.sum(axis=1) - (nearer & (here == owners[some, None])).sum(axis=1)
        return ranks, candidates


def image_ranks(
    vectors: npt.NDArray[np.float32], encoded: npt.NDArray[np.float32], owners: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """How many captions of others are as near to each picture as the nearest of its own.

    Parameters
    ----------
    vectors
        Of p pictures, unit rows of shape (p, d).
    encoded, owners
        Of t captions, shape (t, d), and which picture each belongs to, shape (t,); those of one picture are together.

    Returns
    -------
    Shape (p,).
    """
    ranks = np.empty(len(vectors), np.int64)
    width = max(1, 2**24 // max(1, len(encoded)))
    for start in range(0, len(vectors), width):
        numbers = np.arange(start, min(start + width, len(vectors)))
        cosines = vectors[numbers] @ encoded.T
        mine = owners[None, :] == numbers[:, None]
        best = np.where(mine, cosines, -2).max(axis=1, keepdims=True)
        ranks[numbers] = ((cosines >= best - TIE) & ~mine).sum(axis=1)
    return ranks


def _said(captions: Mapping[str, Sequence[str]], id_: str, uri: str) -> Sequence[str]:
    return captions.get(id_) or captions.get(uri) or ()
