"""How a store searched: said to whoever asks why an answer is as it is, and how long it took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Way: TypeAlias = Literal["scan", "index", "matching", "selector", "verified"]
"""``scan`` compares with every vector, ``matching`` with every one that a filter leaves, both exactly; ``index`` asks
an index that looks at some, and ``selector`` asks it for such as a filter leaves. ``verified`` is one of
the first two for more than is wanted, and the filter is asked of those."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What was done to answer queries that were searched together.

    Attributes
    ----------
    index
        ``"exact"``, or the factory string of a FAISS index.
    way
        How it was searched; see `Way`.
    vectors
        How many the space holds.
    metric
        What they are compared by: ``"cosine"``, ``"ip"`` or ``"l2"``.
    matching
        How many of them a filter leaves; None without one, and where it was asked of the nearest only.
    looked_at, met
        Of how many of the nearest the filter was asked, and how many met it, in all queries; None where it was asked
        of everything.
    tail
        Vectors that are not in the index file yet, and were compared exactly.
    parameters
        Of the search, by name, such as ``nprobe``.
    took_ms
        Milliseconds by step, in the order of the steps.
    moment
        Of the gallery, as a number that is another one after each write; None where nothing is known of it.
    """

    index: str
    way: Way
    vectors: int
    matching: int | None = None
    looked_at: int | None = None
    met: int | None = None
    tail: int = 0
    parameters: Mapping[str, float] = field(default_factory=dict)
    took_ms: Mapping[str, float] = field(default_factory=dict)
    metric: str = "cosine"
    moment: int | None = None

    def sentences(self) -> tuple[str, ...]:
        """For people, one for each thing worth knowing."""
        said = [] if self.matching is None else [f"The filter leaves {self.matching:,} of {self.vectors:,} vectors."]
        said.append(
            {
                "scan": f"All {self.vectors:,} vectors were compared.",
                "matching": "Each of those was compared.",
                "index": f"The index {self.index} was asked{self._set_to()}.",
                "selector": f"The index {self.index} was asked{self._set_to()} for those.",
                "verified": self._compared(),
            }[self.way]
        )
        if self.way == "verified":
            said.append(
                f"Of the {self.looked_at:,} nearest {self.met:,} meet the filter, which was asked of no others."
            )
        if self.tail and self.index != "exact" and self.way in {"index", "selector", "verified"}:
            said.append(f"{self.tail:,} vectors newer than the index were compared one by one.")
        if self.metric != "cosine":
            said.append(f"Nearness is by {'squared distance' if self.metric == 'l2' else 'inner product'}.")
        if self.took_ms:
            said.append("It took " + ", ".join(f"{ms:.2f} ms to {step}" for step, ms in self.took_ms.items()) + ".")
        return tuple(said)

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "index": self.index,
            "way": self.way,
            "vectors": self.vectors,
            "metric": self.metric,
            "matching": self.matching,
            "looked_at": self.looked_at,
            "met": self.met,
            "tail": self.tail,
            "parameters": dict(self.parameters),
            "took_ms": {step: round(ms, 3) for step, ms in self.took_ms.items()},
        }

    def _compared(self) -> str:
        if self.index == "exact":
            return f"All {self.vectors:,} vectors were compared."
        return f"The index {self.index} was asked{self._set_to()}."

    def _set_to(self) -> str:
        if not self.parameters:
            return ""
        return " with " + ", ".join(f"{name} {value:g}" for name, value in self.parameters.items())
