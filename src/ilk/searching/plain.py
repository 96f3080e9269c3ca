"""The first page of what is nearest, as it is: what is asked most often, and of many queries at once.

Here nothing is fused, left out, or put in another order, so that a hit is made of a neighbour without a `Candidate`
between them. The steps would make the same of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat

from ilk.records import Hit, Neighbour
from ilk.records.items import Metric
from ilk.records.making import maker
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
    make = maker(Hit)
    return tuple(
        [
            make(
                rank,
                item.id,
                similarity + 0.0,  # and no -0.0
                item.uri,
                item.captions[0] if item.captions else None,
                item.metadata,
                relevance,
                0.0 - similarity if far else None,
                None,  # of its parts: nothing is fused
                (),  # of its duplicates: nothing is grouped
            )
            for rank, (near, relevance) in enumerate(zip(page, relevances or repeat(None)), 1)  # noqa: B905 -- endless
            for item, similarity in ((near.item, near.similarity),)
        ]
    )
