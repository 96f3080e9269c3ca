"""Several rankings made one, by rank alone: a cosine of pictures, one of captions and a BM25 share no scale.

Source: Cormack, Clarke and Büttcher, Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning Methods,
SIGIR 2009: an item's worth is the sum of 1 / (60 + rank) over the rankings that have it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

K = 60
"""The paper's: how much the very first ranks stand out."""


def worths(rankings: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """What each id is worth, over rankings by name that have the best first. All weigh the same.

    ``python -m benchmarks.hybrid`` measured other weights on one half of its queries; none did better on both kinds.

    >>> fused = worths({"image": ["a", "b"], "words": ["b"]})
    >>> sorted(fused, key=fused.__getitem__, reverse=True)
    ['b', 'a']
    """
    fused: dict[str, float] = {}
    for ranking in rankings.values():
        for rank, id_ in enumerate(ranking, start=1):
            fused[id_] = fused.get(id_, 0.0) + 1 / (K + rank)
    return fused
