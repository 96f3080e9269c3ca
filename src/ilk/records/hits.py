"""What a search answers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, overload

from ilk.plans import Plan
from ilk.records.items import Metadata, SpaceName
from ilk.records.looking import Looking, Originals

SearchedIn: TypeAlias = SpaceName | Literal["both"]
"""What a query is compared with: pictures, what is said of them, or both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One answer to a query.

    Attributes
    ----------
    rank
        1 for the best of all, whatever page it is on.
    similarity
        Cosine of the query's vector and the item's, in [-1, 1]; higher is nearer. Comparable between hits of one
        query and one model only. In a gallery that compares by inner product it is that, and by distance the negative
        of `distance`. Where several ways of searching were fused it is that of the pictures, or of the
        captions where only they were searched, and need not fall with the rank; NaN where no vector can be compared.
    relevance
        How far above what the gallery has for any query like it, in [0, 1]; None where it is not known, as it is of
        anything but cosines.
    distance
        Euclidean and squared, as FAISS's ``IndexFlatL2`` has it, in galleries that compare by it; lower is nearer.
        Else None.
    parts
        Of a fused search, what each way of searching said of this item: its rank there, from 1, and its cosine
        (``image``, ``caption``) or its BM25 (``words``). Else None.
    duplicates
        The ids of items nearly the same that this one stands for, best first, where they were grouped.
    """

    rank: int
    id: str
    similarity: float
    uri: str
    caption: str | None
    metadata: Metadata
    relevance: float | None = None
    distance: float | None = None
    parts: Mapping[str, Mapping[str, float]] | None = None
    duplicates: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As JSON. ``distance``, ``parts`` and ``duplicates`` are there where they say something."""
        told: dict[str, Any] = {
            "rank": self.rank,
            "id": self.id,
            "similarity": _rounded(self.similarity),
            "uri": self.uri,
            "caption": self.caption,
            "metadata": dict(self.metadata),
            "relevance": None if self.relevance is None else _rounded(self.relevance),
        }
        if self.distance is not None:
            told["distance"] = _rounded(self.distance)
        if self.parts is not None:
            told["parts"] = {
                way: {name: _rounded(value) for name, value in said.items()} for way, said in self.parts.items()
            }
        if self.duplicates:
            told["duplicates"] = list(self.duplicates)
        return told


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPlan:
    """How an answer came about: each way that was searched, and what was done with what they found.

    Attributes
    ----------
    stores
        How the store searched, by the way: ``image``, ``caption``, ``words``. Queries searched together share it.
    steps
        What was done after that, as sentences, in order.
    took_ms
        Milliseconds by step, in the order of the steps. Queries searched together share them.
    """

    stores: Mapping[str, Plan] = field(default_factory=dict)
    steps: tuple[str, ...] = ()
    took_ms: Mapping[str, float] = field(default_factory=dict)

    def sentences(self) -> tuple[str, ...]:
        """For people, one for each thing worth knowing."""
        said = [f"{way}: {sentence}" for way, plan in self.stores.items() for sentence in plan.sentences()]
        said += self.steps
        if self.took_ms:
            said.append(
                "In all it took " + ", ".join(f"{ms:.2f} ms to {step}" for step, ms in self.took_ms.items()) + "."
            )
        return tuple(said)

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "ways": {way: plan.to_dict() for way, plan in self.stores.items()},
            "steps": list(self.steps),
            "took_ms": {step: round(ms, 3) for step, ms in self.took_ms.items()},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits(Looking):
    """The answers to one query, best first.

    Attributes
    ----------
    query
        The query as it is written.
    model, space
        Which model's vectors were compared, and what with.
    index
        How the vectors were searched: ``"exact"``, or a FAISS factory string.
    took_ms
        Milliseconds from the query to the hits, without loading the model; the first search of a process also
        opens the index. Queries searched together share it.
    offset
        How many better ones were passed over.
    next_offset
        Where the next page begins; None if there is none.
    plan
        How they were found.
    note
        What a person should know of this answer, in a sentence or two; None if there is nothing.
    originals
        What has the pictures, for `show`; None if nothing here has.
    """

    query: str
    model: str
    space: SearchedIn
    index: str
    took_ms: float
    hits: tuple[Hit, ...]
    offset: int = 0
    next_offset: int | None = None
    plan: SearchPlan | None = None
    note: str | None = None
    originals: Originals | None = field(default=None, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.hits)

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    @overload
    def __getitem__(self, position: int) -> Hit: ...
    @overload
    def __getitem__(self, position: slice) -> tuple[Hit, ...]: ...
    def __getitem__(self, position: int | slice) -> Hit | tuple[Hit, ...]:
        return self.hits[position]

    def dataset_rows(self, dataset: Any, *, id: str | None = None) -> Any:  # noqa: A002 -- the field's word
        """The examples behind the hits, in their order.

        Parameters
        ----------
        dataset
            The ``datasets.Dataset`` that the gallery was made of, or that `ilk.Gallery.to_dataset` made.
        id
            The column that has its ids; by default ``id``, if there is one.

        Returns
        -------
        datasets.Dataset
            One row for each hit.

        Raises
        ------
        ilk.errors.InputError
            If a hit is no row of it.
        """
        from ilk.examples import rows_of

        rows = rows_of([(hit.id, hit.uri) for hit in self.hits], dataset, column=id)
        return dataset.select(rows)

    def to_dict(self, *, explain: bool = False) -> dict[str, Any]:
        """As the JSON that the command line and the service answer with.

        Parameters
        ----------
        explain
            Also the plan.
        """
        told: dict[str, Any] = {
            "query": self.query,
            "model": self.model,
            "space": self.space,
            "index": self.index,
            "count": len(self.hits),
            "took_ms": round(self.took_ms, 1),
            "hits": [hit.to_dict() for hit in self.hits],
            "offset": self.offset,
            "next_offset": self.next_offset,
            "note": self.note,
        }
        if explain:
            told["plan"] = None if self.plan is None else self.plan.to_dict()
        return told


def _rounded(value: float) -> float | None:
    """To four places; JSON has no NaN."""
    return None if math.isnan(value) else round(value, 4) + 0.0  # and no -0.0
