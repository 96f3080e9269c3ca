"""More like this, less like that: a query moved towards items that a person liked, and away from others.

Source: Rocchio, Relevance feedback in information retrieval, 1971, with the weights of Manning, Raghavan and Schütze,
Introduction to Information Retrieval, 2008, section 9.1.1: the query counts 1, the average of the liked 0.75, and
that of the others -0.15.
"""

from __future__ import annotations

from collections.abc import Sequence

from ilk.query import Query, item

LIKED = 0.75
DISLIKED = 0.15


def fed_back(query: Query, more: Sequence[str], less: Sequence[str]) -> Query:
    """The query with items of the gallery added and taken away; an ordinary query, which can be written and kept.

    As with every item named in a query, they are not among its own hits.

    >>> from ilk.query import text
    >>> print(fed_back(text("a dog"), ["a.jpg", "b.jpg"], ["c.jpg"]))
    "a dog" + 0.375:item:a.jpg + 0.375:item:b.jpg - 0.15:item:c.jpg
    """
    for id_ in more:
        query = query + LIKED / len(more) * item(id_)
    for id_ in less:
        query = query - DISLIKED / len(less) * item(id_)
    return query
