"""What may become a hit, on its way through the steps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from ilk.records import Hit, Item, Metric
from ilk.searching.ways import Ranked


@dataclass(slots=True, kw_only=True)
class Candidate:
    """An item that was found, and what has been learned of it so far.

    Attributes
    ----------
    id, item
        The item; None until it is fetched, or if it was removed meanwhile.
    similarity
        To the query, as the space compares whose similarities are shown; NaN where it has no vector there.
    worth
        What it is ranked by, higher is better: the similarity, or the sum of a fusion.
    parts, relevance, duplicates
        As in `Hit`.
    """

    id: str
    item: Item | None
    similarity: float
    worth: float
    parts: dict[str, Mapping[str, float]] | None = None
    relevance: float | None = None
    duplicates: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, ranked: Ranked) -> Candidate:
        """One that was found in one way alone, whose worth is its similarity."""
        return cls(id=ranked.id, item=ranked.item, similarity=ranked.value, worth=ranked.value)

    def hit(self, rank: int, metric: Metric) -> Hit:
        """As it is answered, by what similarities are compared by."""
        if self.item is None:
            raise AssertionError(f"{self.id} was not fetched")
        return Hit(
            rank=rank,
            id=self.item.id,
            similarity=self.similarity + 0.0,  # and no -0.0
            uri=self.item.uri,
            caption=self.item.captions[0] if self.item.captions else None,
            metadata=self.item.metadata,
            relevance=self.relevance,
            distance=0.0 - self.similarity if metric == "l2" and not math.isnan(self.similarity) else None,
            parts=self.parts,
            duplicates=tuple(self.duplicates),
        )
