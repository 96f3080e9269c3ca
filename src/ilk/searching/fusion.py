"""Several rankings made one, by rank alone: a cosine of pictures, one of captions and a BM25 share no scale.

Source: Cormack, Clarke and Büttcher, Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning Methods,
SIGIR 2009: an item's worth is the sum of 1 / (60 + rank) over the rankings that have it.

A picture without a caption can be in one of them only, and would stand behind everything that is in two, were it the
very picture that was asked for. What is lacking says nothing against it: it counts as if its caption had the place that
the picture has. Not so with words: most captions that are right lack some.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ilk.searching.candidates import Candidate
from ilk.searching.ways import Ranked

K = 60
"""The paper's: how much the very first ranks stand out."""


LONG = 20
"""Words in a text, without stop words, beyond which it is more of a passage than a query. A model reads the beginning
of one, and makes one direction of all that it says; then what captions have word for word tells more."""

WORDS_OF_LONG = 3.0
"""What the ranking by words counts there. Everything else counts one."""


def worths(rankings: Mapping[str, Sequence[str]], weights: Mapping[str, float] | None = None) -> dict[str, float]:
    """What each id is worth.

    Both numbers were chosen on one half of the queries of ``python -m benchmarks.hybrid``, and tried on the other.

    Parameters
    ----------
    rankings
        Ids, the best first, by the name of the ranking.
    weights
        What a ranking counts, by its name; 1 where nothing is said.

    >>> fused = worths({"image": ["a", "b"], "words": ["b"]})
    >>> sorted(fused, key=fused.__getitem__, reverse=True)
    ['b', 'a']
    """
    fused: dict[str, float] = {}
    for name, ranking in rankings.items():
        weight = (weights or {}).get(name, 1.0)
        for rank, id_ in enumerate(ranking, start=1):
            fused[id_] = fused.get(id_, 0.0) + weight / (K + rank)
    return fused


def merged(
    rankings: Mapping[str, Sequence[Ranked]], weights: Mapping[str, float], *, shown: str | None
) -> list[Candidate]:
    """What several rankings have found, best first; equal ones are ordered by id.

    Parameters
    ----------
    rankings, weights
        As in `worths`.
    shown
        The ranking whose values are the similarities of candidates; those that it lacks get NaN.
    """
    fused = worths({name: [each.id for each in row] for name, row in rankings.items()}, weights)
    candidates = {
        id_: Candidate(id=id_, item=None, similarity=float("nan"), worth=worth, parts={})
        for id_, worth in fused.items()
    }
    for name, row in rankings.items():
        for rank, each in enumerate(row, start=1):
            candidate = candidates[each.id]
            candidate.item = candidate.item or each.item
            if name == shown:
                candidate.similarity = each.value
            if candidate.parts is not None:
                candidate.parts[name] = {"rank": rank, "bm25" if name == "words" else "similarity": each.value}
            if name == "image" and "caption" in rankings and each.item is not None and not each.item.captions:
                candidate.worth += 1 / (K + rank)
    return sorted(candidates.values(), key=lambda each: (-each.worth, each.id))
