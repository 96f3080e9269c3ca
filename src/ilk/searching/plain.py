"""The first page of what is nearest, as it is: what is asked most often, and of many queries at once.

Here nothing is fused, left out, or put in another order, so that a hit is made of a neighbour without a `Candidate`
between them. The steps would make the same of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat

from ilk.records import Hit, Neighbour
from ilk.records.items import Metric
from ilk.searching.options import SearchOptions


def is_plain(options: SearchOptions) -> bool:
    """Whether the hits are the nearest in one space, from the first on."""
    return (
        options.space == "image"
        and options.offset == 0
        and options.min_similarity is None
        and options.min_relevance is None
        and not options.reordered
    )


def hits_of(page: Sequence[Neighbour], relevances: Sequence[float] | None, metric: Metric) -> tuple[Hit, ...]:
    """The hits of a page, by what similarities are compared by; without relevances where nobody can tell."""
    far = metric == "l2"
    return tuple(
        [
            Hit(
                rank=rank,
                id=item.id,
                similarity=near.similarity + 0.0,  # and no -0.0
                uri=item.uri,
                caption=item.captions[0] if item.captions else None,
                metadata=item.metadata,
                relevance=relevance,
                distance=0.0 - near.similarity if far else None,
            )
            for rank, (near, relevance) in enumerate(zip(page, relevances or repeat(None)), 1)  # noqa: B905 -- endless
            for item in (near.item,)
        ]
    )
