"""How deep to look, so that one page continues another.

What an approximate index finds, and what a fusion, a grouping or a diversification makes of it, depends on how many
candidates are looked at: the best ten of forty are not always the best ten of twenty. Were each page made of as many
as it needs, the second could repeat a hit of the first, or leave one out between them. So the depths are a ladder that
does not depend on the page. What the first rung finds comes first, in its order, whatever later rungs say; each further
rung adds only what no rung before it has found.
"""

from __future__ import annotations

from collections.abc import Iterator

POOL = 128
"""Candidates on the first rung where they are not simply the hits: enough that what a step moves up is among them."""

GROWTH = 4
"""How many times deeper each rung is."""


def ladder(first: int) -> Iterator[int]:
    """The depths to search to, in turn, until there is enough or there are no more.

    Parameters
    ----------
    first
        The first rung.

    >>> from itertools import islice
    >>> list(islice(ladder(10), 4))
    [10, 40, 160, 640]
    """
    depth = first
    while True:
        yield depth
        depth *= GROWTH
