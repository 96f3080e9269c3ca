"""What a gallery says of itself and of what was done to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from ilk.records.items import Failure, Space


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
    missing
        Items that were kept although their folder is empty now, as it is when a drive is not mounted;
        ``missing_folders`` names the first hundred such folders.
    skipped
        Pictures that could not be read before and have not changed since.
    encoded
        Pictures that went through the model.
    captioned
        Items that were given a new vector of their captions, in a gallery that has such vectors.
    uncaptioned
        Items with captions that lack one, because the model that reads captions is not here.
    computed_by
        What ran the model, and how exactly, such as ``"OpenVINO in bfloat16"``; empty if nothing was encoded.
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
    missing: int = 0
    skipped: int = 0
    encoded: int = 0
    captioned: int = 0
    uncaptioned: int = 0
    computed_by: str = ""
    interrupted: bool = False
    took_s: float = 0.0
    failed_by_reason: Mapping[str, int] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()
    missing_folders: tuple[str, ...] = ()

    def __add__(self, other: AddReport) -> AddReport:
        """What both did, one after the other."""
        reasons = {**self.failed_by_reason}
        for reason, count in other.failed_by_reason.items():
            reasons[reason] = reasons.get(reason, 0) + count
        summed = {
            each.name: getattr(self, each.name) + getattr(other, each.name)
            for each in fields(self)
            if each.name not in {"uncaptioned", "computed_by", "interrupted", "failed_by_reason"}
        }
        return AddReport(
            **summed,
            uncaptioned=other.uncaptioned,
            computed_by=other.computed_by or self.computed_by,
            interrupted=self.interrupted or other.interrupted,
            failed_by_reason=reasons,
        )

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
    wanted
        What people asked for: ``"auto"``, ``"exact"`` or a FAISS factory string.
    facts
        How the index was chosen, tuned and measured: ``why``, and for one that is not exact ``build_s``, ``recall`` by
        kind of query, ``ms`` of a query, ``exact_ms`` of comparing with everything, ``parameters``.
    """

    space: Space
    vectors: int
    index: str
    indexed: int
    deleted: int
    size_bytes: int
    wanted: str = "auto"
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def vectors_size_bytes(self) -> int:
        """Of the vectors in the database: two bytes a number."""
        return 2 * self.vectors * self.space.dimension


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
                    "metric": state.space.metric,
                    "normalised": state.space.normalised,
                    "vectors": state.vectors,
                    "vectors_size_bytes": state.vectors_size_bytes,
                    "index": state.index,
                    "indexed": state.indexed,
                    "deleted": state.deleted,
                    "index_size_bytes": state.size_bytes,
                    "index_wanted": state.wanted,
                    "index_facts": dict(state.facts),
                }
                for state in self.spaces
            ],
            "size_bytes": self.size_bytes,
            "schema_version": self.schema_version,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }
