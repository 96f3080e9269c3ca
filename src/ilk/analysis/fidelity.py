"""How much of what an exact search finds the gallery's index finds, asked in each modality.

Texts lie elsewhere in a space than pictures do (Liang et al. 2022, the modality gap), so an index that is good at
finding pictures by pictures may be worse by words: both are asked, and both are told.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ilk.analysis.background import WORDS
from ilk.analysis.retrieval import TIE
from ilk.analysis.rows import blocks
from ilk.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from ilk.encoders.base import Encoder
    from ilk.filters import Filter
    from ilk.records import Space
    from ilk.stores.base import Store

ALONE = 20
"""Queries that are timed one at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fidelity:
    """The index against exact search, in one modality.

    Attributes
    ----------
    modality
        ``"image"``: pictures of the gallery, each looking for others. ``"text"``: captions of the gallery, or where it
        has none, everyday words.
    queries, k, vectors
        How many were asked for how many of how many.
    index
        How the gallery searches: ``"exact"``, or a FAISS factory string.
    recall
        The share of the k nearest that the index finds, in [0, 1]; of equally near ones, either counts.
    index_ms
        Milliseconds a query takes by the index, asked one at a time: the median.
    exact_ms
        Milliseconds a query takes exactly: all of them asked together, and every vector read from the database.
    """

    modality: str
    queries: int
    k: int
    vectors: int
    index: str
    recall: float
    index_ms: float
    exact_ms: float

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "modality": self.modality,
            "queries": self.queries,
            "k": self.k,
            "vectors": self.vectors,
            "index": self.index,
            "recall": round(self.recall, 4),
            "index_ms": round(self.index_ms, 3),
            "exact_ms": round(self.exact_ms, 3),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexTrial:
    """One measurement.

    Attributes
    ----------
    store, space
        What is measured.
    encoder
        What reads captions; None, or one that cannot read, to ask by pictures alone.
    where
        A filter that is searched with; None for all.
    queries, k
        How many to ask in each modality, for how many.
    parameters
        Of the index, by name.
    """

    store: Store
    space: Space
    encoder: Encoder | None
    where: Filter | None = None
    queries: int = 200
    k: int = 10
    parameters: Mapping[str, float] | None = None

    def measure(self) -> tuple[Fidelity, ...]:
        """Do it. Cost: one pass over all vectors for each modality, and a search for each query.

        Raises
        ------
        InputError
            If the gallery has fewer than two vectors.
        """
        total = sum(len(rows.ids) for rows in blocks(self.store, self.space, where=self.where))
        if self.k > total > 0:
            return replace(self, k=total).measure()
        ids = self._spread(self.queries, total)
        if len(ids) < 2:  # noqa: PLR2004 -- of one picture there are no others
            raise InputError("The gallery has too few pictures to search among: add some with `ilk index FOLDER`.")
        found = self.store.vectors(ids, self.space)
        trials = [self._trial("image", np.stack(list(found.values())), list(found))]
        if self.encoder is not None and "text" in self.encoder.modalities:
            trials.append(self._trial("text", self._read(self.encoder, ids), None))
        return tuple(trials)

    def _spread(self, count: int, total: int) -> list[str]:
        """So many ids that have vectors, evenly from all."""
        wanted = set(np.unique(np.linspace(0, total - 1, min(count, total)).astype(int)).tolist())
        ids, number = list[str](), 0
        for rows in blocks(self.store, self.space, where=self.where):
            ids += [id_ for place, id_ in enumerate(rows.ids, start=number) if place in wanted]
            number += len(rows.ids)
        return ids

    def _read(self, encoder: Encoder, ids: Sequence[str]) -> npt.NDArray[np.float32]:
        return encoder.encode_texts(self._texts(ids), normalise=self.space.normalised)

    def _texts(self, ids: Sequence[str]) -> list[str]:
        captions = [item.captions[0] for item in self.store.fetch(ids).values() if item.captions]
        return captions or list(WORDS[: self.queries])

    def _trial(self, modality: str, rows: npt.NDArray[np.float32], own: Sequence[str] | None) -> Fidelity:
        """Ask and compare. A picture is not among its own answers, so one more is asked for."""
        take = self.k + (own is not None)
        self._search(rows[:1], take)  # the first opens the index
        times = list[float]()
        for row in rows[:ALONE]:
            began = time.perf_counter()
            self._search(row[np.newaxis], take)
            times.append(time.perf_counter() - began)
        answers, index = self._search(rows, take)
        began = time.perf_counter()
        best, vectors = self._exact(rows, own)
        exact_s = time.perf_counter() - began
        right, possible = 0, 0
        for number, near in enumerate(answers):
            others = [each for id_, each in near if own is None or id_ != own[number]][: self.k]
            wanted = int((best[number] > -np.inf).sum())
            if wanted:
                last = float(best[number, wanted - 1])
                tie = TIE * max(1.0, abs(last))
                right += sum(similarity >= last - tie for similarity in others)
            possible += wanted
        return Fidelity(
            modality=modality,
            queries=len(rows),
            k=self.k,
            vectors=vectors,
            index=index,
            recall=right / possible if possible else 1.0,
            index_ms=float(np.median(times)) * 1000,
            exact_ms=exact_s * 1000 / len(rows),
        )

    def _search(self, rows: npt.NDArray[np.float32], take: int) -> tuple[list[list[tuple[str, float]]], str]:
        found = self.store.search(rows, take, space=self.space, where=self.where, parameters=self.parameters)
        return [[(near.item.id, near.similarity) for near in row] for row in found.rows], found.plan.index

    def _exact(self, rows: npt.NDArray[np.float32], own: Sequence[str] | None) -> tuple[npt.NDArray[np.float32], int]:
        """The k highest similarities of each query, but its own; -inf where there are fewer. And of how many."""
        best = np.full((len(rows), self.k), -np.inf, np.float32)
        places = {} if own is None else {id_: place for place, id_ in enumerate(own)}
        vectors = 0
        for block in blocks(self.store, self.space, where=self.where, raw=True):
            vectors += len(block.ids)
            near = self._similarities(rows, block.vectors)
            for column, id_ in enumerate(block.ids):
                if id_ in places:
                    near[places[id_], column] = -np.inf
            together = np.concatenate([best, near], axis=1)
            best = -np.sort(np.partition(-together, self.k - 1, axis=1)[:, : self.k], axis=1)
        return best, vectors

    def _similarities(self, rows: npt.NDArray[np.float32], vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Of q queries with n vectors, as the space compares, of shape (q, n)."""
        products = rows @ vectors.T
        if self.space.metric != "l2":
            return products
        wide, others = rows.astype(np.float64), vectors.astype(np.float64)  # their difference may be small
        lengths = np.square(wide).sum(axis=1)[:, np.newaxis] + np.square(others).sum(axis=1)
        return np.asarray(2 * wide @ others.T - lengths, np.float32)
