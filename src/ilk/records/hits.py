"""What a search answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, overload

from ilk.records.items import Metadata, SpaceName


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One answer to a query.

    Attributes
    ----------
    rank
        1 for the nearest.
    similarity
        Cosine of the query's vector and the item's, in [-1, 1]; higher is nearer. Comparable between hits of one
        query and one model only.
    """

    rank: int
    id: str
    similarity: float
    uri: str
    caption: str | None
    metadata: Metadata


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """The answers to one query, nearest first.

    Attributes
    ----------
    query
        The query as it is written.
    model, space
        Which model's vectors were compared, and in which space.
    index
        How the vectors were searched: ``"exact"``, or a FAISS factory string.
    took_ms
        Milliseconds from the query to the hits, without loading the model; the first search of a process also
        opens the index. Queries searched together share it.
    """

    query: str
    model: str
    space: SpaceName
    index: str
    took_ms: float
    hits: tuple[Hit, ...]

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

    def to_dict(self) -> dict[str, Any]:
        """As the JSON that the command line and the service answer with."""
        return {
            "query": self.query,
            "model": self.model,
            "space": self.space,
            "index": self.index,
            "count": len(self.hits),
            "took_ms": round(self.took_ms, 1),
            "hits": [
                asdict(hit) | {"similarity": round(hit.similarity, 4), "metadata": dict(hit.metadata)}
                for hit in self.hits
            ],
        }
