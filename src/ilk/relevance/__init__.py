"""How likely a hit shows what was asked for: similarities made comparable between queries, models and modalities.

::

    background   what a query finds anyway, and how far a hit stands above that
    phrases      what queries in words are compared with
    probes       the phrases as vectors of a model
    calibration  from there to a probability

>>> Background.of(store, space, open_encoder=load).relevance(query, [0.31, 0.27], asked="text")  # doctest: +SKIP
[0.64, 0.21]
"""

from __future__ import annotations

from ilk.relevance.background import Asked, Background

__all__ = ["NOTHING", "Asked", "Background", "nothing_below"]

NOTHING = 0.1
"""Where no hit of a query is as relevant as this, nothing in a gallery of a thousand looks like what was asked for."""

GROWTH = 0.135
"""With its size to this power: the best of many is more relevant than the best of few, whatever is asked for."""

FEWEST, MOST = 30, 10_000
"""Sizes beyond which nothing was measured: there it stays as it is."""


def nothing_below(count: int) -> float:
    """Where no hit is as relevant, nothing in a gallery of so many pictures looks like what was asked for.

    At any size one in twenty queries that some picture answers stays below (`benchmarks/relevance.py --fit`).
    """
    size = min(max(count, FEWEST), MOST)
    return float(NOTHING * (size / 1_000) ** GROWTH)
