"""Hits that differ from each other: maximal marginal relevance.

Source: Carbonell and Goldstein, The Use of MMR, Diversity-Based Reranking for Reordering Documents and Producing
Summaries, SIGIR 1998. Each next hit is the one with the most of (1 - diverse) x worth - diverse x likeness, where
likeness is its cosine with the most similar of those before it.

Worth and likeness are put on one scale first, for the paper's two are both similarities of texts, while here a text and
a picture have a cosine around 0.2 and two pictures one around 0.6: unscaled, the second would decide alone. Over
the candidates, the least worth becomes 0 and the most 1; likewise the least likeness of two becomes 0, and equality 1.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def spread(
    worths: npt.NDArray[np.float64],
    vectors: npt.NDArray[np.float32],
    before: npt.NDArray[np.float32],
    *,
    diverse: float,
) -> list[int]:
    """The order of n candidates in which they differ.

    Parameters
    ----------
    worths
        Of shape (n,), higher is better.
    vectors
        Unit rows of shape (n, d); zeros where there is none, which is like nothing.
    before
        Unit rows of shape (m, d): what was chosen on earlier rungs, which these should differ from too.
    diverse
        From 0, which leaves the order of worths, to 1, which only looks for what is unlike.

    Returns
    -------
    Each place once, the first hit first. Cost: n x (n + m) inner products.
    """
    if not len(worths):
        return []
    pairs = vectors @ vectors.T
    least = min(float(pairs.min()), 0.999)  # of candidates all alike, too, equality is 1
    range_ = float(np.ptp(worths))
    gain = (1 - diverse) * ((worths - worths.min()) / range_ if range_ else np.zeros(len(worths)))
    likeness = np.zeros(len(worths)) if not len(before) else _scaled((vectors @ before.T).max(axis=1), least)
    waiting = np.ones(len(worths), bool)
    order = list[int]()
    while len(order) < len(worths):
        marginal = np.where(waiting, gain - diverse * likeness, -np.inf)
        best = int(marginal.argmax())  # of equal ones the first, which is the better
        order.append(best)
        waiting[best] = False
        scaled = _scaled(pairs[best], least)
        likeness = scaled if len(order) == 1 and not len(before) else np.maximum(likeness, scaled)
    return order


def _scaled(cosines: npt.NDArray[np.float32], least: float) -> npt.NDArray[np.float64]:
    scaled: npt.NDArray[np.float64] = (cosines.astype(np.float64) - least) / (1 - least)
    return scaled
