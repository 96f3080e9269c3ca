"""Queries on their way to vectors.

::

    pictures  those that queries name: opened, fetched, cut
    balance   how much each term of a sum counts
    sums      what a sum is where vectors are not compared by their direction
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ilk.asking.balance import SAMPLE, combined, refuse_unanswerable, sentence
from ilk.asking.pictures import Pictures, is_url, unknown_item
from ilk.errors import ItemNotFoundError, QueryError
from ilk.query import Query, Term
from ilk.records import Space
from ilk.sources import id_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from ilk.encoders.base import Encoder
    from ilk.relevance import Asked
    from ilk.stores.base import Store

__all__ = ["Asking", "made_of", "unknown_item"]

LARGEST = 1e15
"""Of a number in a vector that is compared as it is: the squares of larger ones leave float32."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Queries put to one space of a store.

    Attributes
    ----------
    queries
        What is asked, together.
    space, store
        Where.
    base
        The directory that the paths of the gallery's pictures are relative to.
    open_encoder
        Opens the model of the space; not called for queries by item or vector alone.

    Raises
    ------
    QueryError
        If all the terms of a query are taken away.
    """

    queries: Sequence[Query]
    space: Space
    store: Store
    base: Path
    open_encoder: Callable[[], Encoder]

    def __post_init__(self) -> None:
        for query in self.queries:
            refuse_unanswerable(query)

    def load(self) -> None:
        """Load the towers that the queries need, so that loading is not counted as searching."""
        kinds = {_read_as(term) for query in self.queries for term in query.terms}
        for modality in ("text", "image"):
            if modality in kinds:
                self.open_encoder().load(modality)

    def vectors(self) -> npt.NDArray[np.float32]:
        """One row of shape (d,) for each query.

        That of a single term is its own. Those of several are added, each weighted and balanced as `balance` says, and
        the row has length 1; where cosines are not what is compared, they are as `sums` says.
        """
        terms = [term for query in self.queries for term in query.terms]
        if self.space.metric != "cosine" and len(terms) != len(self.queries):
            return self._plain_vectors(terms)
        if len(terms) == len(self.queries):
            return self._encoded(terms)
        sentences = [sentence(query.terms) for query in self.queries]
        together = [Term(kind="text", value=said) for said in sentences if said is not None]
        rows = self._encoded([*terms, *together])
        joined = iter(rows[len(terms) :])
        starts = np.cumsum([0, *(len(query.terms) for query in self.queries)])
        return np.stack(
            [
                combined(query, rows[a:b], None if said is None else next(joined), self._sample)
                for query, said, (a, b) in zip(self.queries, sentences, pairwise(starts), strict=True)
            ]
        )

    def _plain_vectors(self, terms: Sequence[Term]) -> npt.NDArray[np.float32]:
        from ilk.asking.sums import plainly_combined

        rows = self._encoded(terms)
        starts = np.cumsum([0, *(len(query.terms) for query in self.queries)])
        return np.stack(
            [
                plainly_combined(query, rows[a:b], self.space.metric)
                for query, (a, b) in zip(self.queries, pairwise(starts), strict=True)
            ]
        )

    def asked_with(self, query: Query) -> frozenset[str]:
        """The ids of the items a query is made of: themselves they would always find first."""
        ids = set[str]()
        for term in query.terms:
            if term.kind == "item":
                ids.add(str(term.value))
            elif term.kind == "image" and isinstance(term.value, str | Path) and not is_url(term):
                path = os.path.expanduser(term.value)  # noqa: PTH111 -- pathlib's raises where there is no home
                ids |= {id_of(Path(path), self.base), id_of(Path(os.path.realpath(path)), self.base)}
        return frozenset(ids)

    def _sample(self) -> npt.NDArray[np.float32]:
        return self.store.sample(self.space, SAMPLE)

    def _encoded(self, terms: Sequence[Term]) -> npt.NDArray[np.float32]:
        """The rows (n, d) of n terms, those of one kind together; of length 1 where cosines are compared."""
        kinds = [_read_as(term) for term in terms]
        if len(set(kinds)) == 1:
            return np.asarray(self._of_kind(kinds[0], terms), np.float32)
        rows = np.empty((len(terms), self.space.dimension), np.float32)
        for kind in dict.fromkeys(kinds):
            places = [place for place, each in enumerate(kinds) if each == kind]
            rows[places] = self._of_kind(kind, [terms[place] for place in places])
        return rows

    def _of_kind(self, kind: str, terms: Sequence[Term]) -> npt.NDArray[np.float32]:
        if kind == "text":
            texts = [str(term.value) for term in terms]
            return self.open_encoder().encode_texts(texts, normalise=self.space.normalised)
        if kind == "image":
            encoder = self.open_encoder()
            pictures = Pictures(store=self.store, base=self.base, image_size=encoder.image_size)
            return encoder.encode_images(pictures.opened(terms), normalise=self.space.normalised)
        if kind == "item":
            return self._stored([str(term.value) for term in terms])
        return self._given(terms)

    def _stored(self, ids: Sequence[str]) -> npt.NDArray[np.float32]:
        stored = self.store.vectors(ids, self.space)
        for id_ in ids:
            if id_ not in stored:
                if not self.store.fetch([id_]):
                    raise ItemNotFoundError(unknown_item(id_))
                raise ItemNotFoundError(
                    f'"{id_}" has no vector of the model "{self.space.model}" yet: '
                    f"run `ilk index FOLDER --model {self.space.model}`."
                )
        rows = np.stack([stored[id_] for id_ in ids])
        if self.space.metric != "cosine":
            return rows
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)

    def _given(self, terms: Sequence[Term]) -> npt.NDArray[np.float32]:
        given = np.array([self._numbers(term) for term in terms])
        if self.space.metric == "cosine":
            lengths = np.sqrt(np.square(given).sum(axis=1))
            fine = np.isfinite(lengths) & (lengths != 0)
        else:
            lengths = np.ones(len(given))
            fine = np.abs(given).max(axis=1) <= LARGEST
        if not fine.all():
            raise self._unanswerable(given[int(fine.argmin())])
        return np.asarray(given / lengths[:, np.newaxis], np.float32)

    def _numbers(self, term: Term) -> npt.NDArray[np.float64]:
        """Those of a term that is a vector, of shape (d,)."""
        try:
            numbers = np.asarray(term.value, np.float64)
        except (TypeError, ValueError) as error:
            raise QueryError(f"What is to be searched for as a vector holds no numbers: {error}.") from error
        if numbers.shape != (self.space.dimension,):
            raise self._unanswerable(numbers)
        return numbers

    def _unanswerable(self, given: npt.NDArray[np.float64]) -> QueryError:
        return QueryError(
            f"A vector to search with has shape ({self.space.dimension},) and finite numbers, "
            f"{'not all 0' if self.space.metric == 'cosine' else f'none beyond {LARGEST:g}'}; "
            f"one of shape {given.shape} was given."
        )


def made_of(query: Query, space: Space) -> Asked:
    """What a query to a space is made of, by which its hits' relevance is told; see `ilk.relevance`."""
    stored: Asked = "text" if space.name == "caption" else "image"
    made: dict[str, Asked] = {"text": "text", "image": "image", "item": stored, "vector": "other"}
    kinds = {made[_read_as(term)] for term in query.terms}
    return kinds.pop() if len(kinds) == 1 else "other"


def _read_as(term: Term) -> str:
    """The kind that a term is encoded as: of an item's part, the picture is read."""
    return "image" if term.kind == "item" and term.region is not None else term.kind
