"""What looking for duplicates found: plain, frozen, typed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias, get_args

from ilk.records import Item

Tier: TypeAlias = Literal["identical", "same", "similar"]
"""``identical``: the same bytes. ``same``: the same picture, made again. ``similar``: another picture of the like."""

TIERS: tuple[Tier, ...] = get_args(Tier)

Kind: TypeAlias = Literal[
    "identical", "re-encoded", "resized", "cropped", "turned", "mirrored", "recoloured", "similar"
]
"""How a copy differs from the best of its group."""


class Progress(Protocol):
    """Told how far the work is."""

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Of a stage, called so, so many are done."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One picture that is much like the best of its group.

    Attributes
    ----------
    item
        What the gallery knows of it.
    tier
        How much like it.
    kinds
        Each way in which it differs, such as ``("resized", "cropped")``.
    turned
        Degrees clockwise by which its pixels are turned: 0, 90, 180 or 270.
    similarity
        Cosine of the two pictures' vectors; None where one has none.
    agreement
        How well the pictures agree where one lies over the other, up to 1; None if they were not both looked at.
    """

    item: Item
    tier: Tier
    kinds: tuple[Kind, ...]
    turned: int = 0
    similarity: float | None = None
    agreement: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return _item_dict(self.item) | {
            "tier": self.tier,
            "kinds": list(self.kinds),
            "turned": self.turned,
            "similarity": None if self.similarity is None else round(self.similarity, 4),
            "agreement": None if self.agreement is None else round(self.agreement, 4),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Pictures that are much like one of them.

    Attributes
    ----------
    best
        The one to keep: it has the most pixels; of those the most bytes, then the shortest id.
    copies
        The others, each compared with the best itself: the most alike tier first.
    """

    best: Item
    copies: tuple[Copy, ...]

    def removable(self, *, mirrored: bool = False) -> tuple[Copy, ...]:
        """Those that need not be kept beside the best; mirrored ones only if asked for, since someone made them so."""
        return tuple(copy for copy in self.copies if mirrored or "mirrored" not in copy.kinds)

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {"best": _item_dict(self.best), "copies": [copy.to_dict() for copy in self.copies]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unverified:
    """A picture that could not be looked at, so that only its bytes and its vector were compared.

    Attributes
    ----------
    id
        Of the item.
    reason
        A sentence.
    """

    id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicates:
    """Groups of duplicates, those that free most first.

    Attributes
    ----------
    groups
        No picture is in two of them.
    tier
        The least alike tier that was looked for.
    items
        How many were compared.
    model
        Whose vectors; None for tier ``identical``.
    threshold
        The least cosine that counted as similar; None unless tier ``similar`` was looked for.
    unverified
        The first hundred pictures that could not be looked at, ``unverified_count`` in all.
    unencoded
        How many had no vector, and so were compared by bytes and looks alone.
    interrupted
        Whether it was stopped: then the groups are those of identical files alone.
    took_s
        Seconds.
    """

    groups: tuple[Group, ...]
    tier: Tier
    items: int
    model: str | None = None
    threshold: float | None = None
    unverified: tuple[Unverified, ...] = ()
    unverified_count: int = 0
    unencoded: int = 0
    interrupted: bool = False
    took_s: float = 0.0

    def __len__(self) -> int:
        return len(self.groups)

    def __iter__(self) -> Iterator[Group]:
        return iter(self.groups)

    def removals(self, *, mirrored: bool = False) -> tuple[str, ...]:
        """The ids of all copies but the best of each group. Nothing is removed.

        Parameters
        ----------
        mirrored
            With those that are mirrored, too.
        """
        return tuple(copy.item.id for group in self.groups for copy in group.removable(mirrored=mirrored))

    def freed_bytes(self, *, mirrored: bool = False) -> int:
        """What `removals` take on disk."""
        return sum(copy.item.size_bytes for group in self.groups for copy in group.removable(mirrored=mirrored))

    def counts(self) -> dict[str, int]:
        """How many copies there are by kind, a copy with several counted under each."""
        counts = dict[str, int]()
        for group in self.groups:
            for copy in group.copies:
                for kind in copy.kinds:
                    counts[kind] = counts.get(kind, 0) + 1
        return counts

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "tier": self.tier,
            "items": self.items,
            "model": self.model,
            "threshold": None if self.threshold is None else round(self.threshold, 4),
            "count": len(self.groups),
            "copies": sum(len(group.copies) for group in self.groups),
            "kinds": self.counts(),
            "freed_bytes": self.freed_bytes(),
            "unencoded": self.unencoded,
            "unverified_count": self.unverified_count,
            "unverified": [{"id": each.id, "reason": each.reason} for each in self.unverified],
            "interrupted": self.interrupted,
            "took_s": round(self.took_s, 2),
            "groups": [group.to_dict() for group in self.groups],
        }


def _item_dict(item: Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "uri": item.uri,
        "width": item.width,
        "height": item.height,
        "size_bytes": item.size_bytes,
    }
