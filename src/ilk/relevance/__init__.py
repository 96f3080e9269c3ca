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

__all__ = ["NOTHING", "Asked", "Background"]

NOTHING = 0.06
"""Where no hit of a query is as relevant as this, nothing in the gallery looks like what was asked for."""
