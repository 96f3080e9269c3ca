"""What goes into a gallery and what comes out of it: plain, frozen, typed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, TypeAlias, overload

MetadataValue: TypeAlias = str | int | float | bool | list[str] | list[int] | list[float] | None
"""What one metadata field may hold: JSON's scalars, and flat lists of them."""

Metadata: TypeAlias = Mapping[str, MetadataValue]

SpaceName: TypeAlias = Literal["image", "caption"]
"""``image`` holds vectors of pictures, ``caption`` vectors of their texts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One picture, as a gallery knows it.

    Attributes
    ----------
    id
        Its name in the gallery, unique; for a folder, the path below the gallery's place, with ``/``.
    uri
        Where the picture is: a path relative to the gallery's place, or a URL.
    source
        The kind of source it came from, such as ``"folder"``.
    stamp
        What the source says changes when the picture or its texts do (size and time of a file, the tag of a URL).
    digest
        SHA-256 of the bytes, hexadecimal.
    size_bytes, width, height
        Of the file, and of the upright picture in pixels.
    captions
        Texts that belong to the picture.
    metadata
        Everything else that is known: date, camera, place, columns of a table.
    """

    id: str
    uri: str
    source: str
    stamp: str
    digest: str
    size_bytes: int
    width: int
    height: int
    captions: tuple[str, ...] = ()
    metadata: Metadata = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One picture that could not be read, and why.

    Attributes
    ----------
    id, uri, source, stamp
        As in `Item`: the failure is not retried until the stamp changes.
    code
        The reason as one word, to count by (see `ilk.errors.PictureError`).
    message
        The reason as a sentence.
    """

    id: str
    uri: str
    source: str
    stamp: str
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """Vectors that may be compared with each other: one model's, of one kind.

    Attributes
    ----------
    name
        ``"image"`` or ``"caption"``.
    model
        The name the model was asked for by, such as ``"pocket"`` or ``"openai/clip-vit-base-patch32"``.
    revision
        Which version of it, where the name alone does not say.
    digest
        SHA-256 over the model's files: two spaces with the same digest hold comparable vectors.
    dimension
        Numbers in a vector.
    modalities
        What the model can encode into this space: ``"image"``, ``"text"``.
    """

    name: SpaceName
    model: str
    revision: str | None
    digest: str
    dimension: int
    modalities: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """An item near a vector: what a store answers, before a gallery dresses it as a `Hit`."""

    item: Item
    similarity: float


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


@dataclass(frozen=True, slots=True, kw_only=True)
class AddReport:
    """What an `add` did.

    Attributes
    ----------
    added
        Pictures that are new to the gallery; ``copied`` of them were known by content and not encoded again.
    updated
        Pictures whose bytes, captions or metadata changed, or that got a vector of one more model.
    unchanged
        Pictures found as they were.
    moved
        Pictures found under another name, with nothing left under the old one.
    removed
        Items whose picture is gone from the source.
    failed
        Pictures that could not be read now; `failures` says why, for the first thousand, and ``failed_by_reason``
        counts them all.
    skipped
        Pictures that could not be read before and have not changed since.
    encoded
        Pictures that went through the model.
    interrupted
        Whether it was stopped before the end of the source. What is counted is committed.
    took_s
        Seconds.
    """

    added: int = 0
    copied: int = 0
    updated: int = 0
    unchanged: int = 0
    moved: int = 0
    removed: int = 0
    failed: int = 0
    skipped: int = 0
    encoded: int = 0
    interrupted: bool = False
    took_s: float = 0.0
    failed_by_reason: Mapping[str, int] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()

    def __add__(self, other: AddReport) -> AddReport:
        """What both did, one after the other."""
        reasons = {**self.failed_by_reason}
        for reason, count in other.failed_by_reason.items():
            reasons[reason] = reasons.get(reason, 0) + count
        summed = {
            each.name: getattr(self, each.name) + getattr(other, each.name)
            for each in fields(self)
            if each.name not in {"interrupted", "failed_by_reason"}
        }
        return AddReport(**summed, interrupted=self.interrupted or other.interrupted, failed_by_reason=reasons)

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self) | {
            "took_s": round(self.took_s, 2),
            "failed_by_reason": dict(self.failed_by_reason),
            "failures": [{"id": f.id, "reason": f.code, "message": f.message} for f in self.failures],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexState:
    """How one space is searched just now.

    Attributes
    ----------
    space
        The space.
    vectors
        How many it holds.
    index
        ``"exact"``, or a FAISS factory string.
    indexed
        Vectors in the index file; the rest, the tail, is read from the database.
    deleted
        Vectors in the index file that no longer belong to an item and are masked.
    size_bytes
        Of the index file; 0 when there is none.
    """

    space: Space
    vectors: int
    index: str
    indexed: int
    deleted: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryInfo:
    """What a gallery holds: counts, models, size on disk, the state of its indexes.

    Attributes
    ----------
    path
        The gallery's directory.
    items, captions
        Counts.
    failures
        Pictures that could not be read, counted by reason.
    spaces
        One for each model and kind of vector.
    size_bytes
        Of the whole directory.
    schema_version
        Of the database.
    created_at, updated_at
        ISO 8601, UTC.
    """

    path: str
    items: int
    captions: int
    failures: Mapping[str, int]
    spaces: tuple[IndexState, ...]
    size_bytes: int
    schema_version: int
    created_at: str
    updated_at: str

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "path": self.path,
            "items": self.items,
            "captions": self.captions,
            "failures": dict(self.failures),
            "spaces": [
                {
                    "space": state.space.name,
                    "model": state.space.model,
                    "revision": state.space.revision,
                    "digest": state.space.digest,
                    "dimension": state.space.dimension,
                    "vectors": state.vectors,
                    "index": state.index,
                    "indexed": state.indexed,
                    "deleted": state.deleted,
                    "index_size_bytes": state.size_bytes,
                }
                for state in self.spaces
            ],
            "size_bytes": self.size_bytes,
            "schema_version": self.schema_version,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }
