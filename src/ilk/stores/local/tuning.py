"""What an index is set to for a search: what was measured to be enough when it was built, and what a call asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ilk.stores.local import kinds

K = 10
"""Neighbours that recall is measured with."""

K_FACTOR = 4.0
"""Candidates for each neighbour, where nothing was measured."""

DEEPER = 0.5
"""To which power of k the lists or nodes that are looked at grow: neighbours lie in ever more of them."""

GROWING = ("nprobe", "efSearch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """The settings of one index.

    Attributes
    ----------
    factory
        As people read it.
    names
        What may be set.
    parameters
        Enough for the 10 nearest.
    by_share
        Enough where a filter leaves no more than some share of the vectors: pairs of share and settings, the largest
        share first.
    """

    factory: str = kinds.EXACT
    names: tuple[str, ...] = ()
    parameters: Mapping[str, float] = field(default_factory=dict)
    by_share: Sequence[tuple[float, Mapping[str, float]]] = ()

    @classmethod
    def from_facts(cls, factory: str, names: tuple[str, ...], facts: Mapping[str, Any]) -> Tuning:
        """As the database remembers it."""
        return cls(
            factory=factory,
            names=names,
            parameters={name: value for name, value in facts.get("parameters", {}).items() if name in names},
            by_share=[(float(share), values) for share, values in facts.get("by_share", [])],
        )

    def checked(self, given: Mapping[str, float] | None) -> dict[str, float]:
        """What a call asks for; see `ilk.stores.local.kinds.checked`."""
        return kinds.checked(given, self.names, self.factory) if given else {}

    def at(self, k: int, *, share: float = 1.0, given: Mapping[str, float]) -> dict[str, float]:
        """The settings to find k among a share of the vectors with."""
        values: dict[str, float] = {"k_factor": K_FACTOR, **self.parameters}
        for reach, more in self.by_share:
            if share <= reach:
                values |= dict(more)
        if k > K:
            values |= {name: round(values[name] * (k / K) ** DEEPER) for name in GROWING if name in values}
        # As many candidates as were enough for 10, and twice what is wanted: a k_factor speaks of k.
        values["k_factor"] = max(values["k_factor"] * K / k, min(2.0, values["k_factor"]))
        return {**values, **given}
