"""Queries on their way to vectors, and from there to their neighbours."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ilk.errors import ItemNotFoundError, QueryError
from ilk.query import Query, Term
from ilk.records import Space
from ilk.sources import id_of

if TYPE_CHECKING:
    import numpy.typing as npt
    from PIL.Image import Image

    from ilk.encoders.base import Encoder
    from ilk.relevance import Asked
    from ilk.stores.base import Store


def unknown_item(id_: str) -> str:
    """The sentence for an id that a gallery does not hold."""
    return f'The gallery has no item "{id_}". `ilk search` shows ids; they are case-sensitive.'


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
    """

    queries: Sequence[Query]
    space: Space
    store: Store
    base: Path
    open_encoder: Callable[[], Encoder]

    def load(self) -> None:
        """Load the towers that the queries need, so that loading is not counted as searching."""
        kinds = {term.kind for query in self.queries for term in query.terms}
        for modality in ("text", "image"):
            if modality in kinds:
                self.open_encoder().load(modality)

    def vectors(self) -> npt.NDArray[np.float32]:
        """One unit row of shape (d,) for each query: its terms' unit vectors, weighted and summed."""
        terms = [term for query in self.queries for term in query.terms]
        rows = np.empty((len(terms), self.space.dimension), np.float32)
        for kind in ("text", "image", "item", "vector"):
            places = [i for i, term in enumerate(terms) if term.kind == kind]
            if places:
                rows[places] = self._encoded(kind, [terms[i] for i in places])
        rows *= np.array([[term.weight] for term in terms], np.float32)
        starts = np.cumsum([0, *(len(query.terms) for query in self.queries)])
        vectors = np.stack([rows[a:b].sum(axis=0) for a, b in pairwise(starts)])
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        for query, length in zip(self.queries, lengths[:, 0], strict=True):
            if length < 1e-6:  # noqa: PLR2004 -- well above what rounding leaves of a sum that cancels
                raise QueryError(f"The terms of {query} cancel out: nothing is left to search for.")
        return np.asarray(vectors / lengths, np.float32)

    def _encoded(self, kind: str, terms: Sequence[Term]) -> npt.NDArray[np.float32]:
        """The unit rows (n, d) of n terms of one kind."""
        if kind == "text":
            return self.open_encoder().encode_texts([str(term.value) for term in terms])
        if kind == "image":
            encoder = self.open_encoder()
            return encoder.encode_images([_opened(term, encoder.image_size) for term in terms])
        if kind == "item":
            ids = [str(term.value) for term in terms]
            stored = self.store.vectors(ids, self.space)
            for id_ in ids:
                if id_ not in stored:
                    if not self.store.fetch([id_]):
                        raise ItemNotFoundError(unknown_item(id_))
                    raise ItemNotFoundError(
                        f'"{id_}" has no vector of the model "{self.space.model}" yet: '
                        f"run `ilk index FOLDER --model {self.space.model}`."
                    )
            return np.stack([stored[id_] for id_ in ids])
        rows = np.empty((len(terms), self.space.dimension), np.float32)
        for row, term in zip(rows, terms, strict=True):
            try:
                given = np.asarray(term.value, np.float64)
            except (TypeError, ValueError) as error:
                raise QueryError(f"What is to be searched for as a vector holds no numbers: {error}.") from error
            if given.shape != (self.space.dimension,) or not np.isfinite(given).all() or not given.any():
                raise QueryError(
                    f"A vector to search with has shape ({self.space.dimension},) and finite numbers, "
                    f"not all 0; one of shape {given.shape} was given."
                )
            row[:] = given / np.linalg.norm(given)
        return rows

    def asked(self, query: Query) -> Asked:
        """What a query is made of, by which its hits' relevance is told; see `ilk.relevance`."""
        of_texts = self.space.name == "caption"
        made = {"text": "text", "image": "image", "item": "text" if of_texts else "image", "vector": "other"}
        kinds = {made[term.kind] for term in query.terms}
        if len(kinds) > 1:
            return "other"
        return "text" if kinds == {"text"} else "image" if kinds == {"image"} else "other"

    def asked_with(self, query: Query) -> frozenset[str]:
        """The ids of the items a query is made of: themselves they would always find first."""
        ids = set[str]()
        for term in query.terms:
            if term.kind == "item":
                ids.add(str(term.value))
            elif term.kind == "image" and isinstance(term.value, str | Path):
                path = os.path.expanduser(term.value)  # noqa: PTH111 -- pathlib's raises where there is no home
                ids |= {id_of(Path(path), self.base), id_of(Path(os.path.realpath(path)), self.base)}
        return frozenset(ids)


def _opened(term: Term, image_size: int) -> Image:
    """The picture of a term, upright and RGB."""
    from PIL import Image

    from ilk import pictures

    if isinstance(term.value, Image.Image):
        return pictures.upright(term.value)
    if isinstance(term.value, bytes):
        return pictures.load(term.value, size=image_size).image
    return pictures.load(Path(os.path.expanduser(str(term.value))), size=image_size).image  # noqa: PTH111 -- see above
