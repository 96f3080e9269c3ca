"""Where in a gallery a label begins to fit: its pictures fall into two heaps, if some show a label and some do not.

How far a right label stands out of wrong words differs from one kind of picture to another. On a photograph of a shirt
alone it is twice as far as on a street with a dog in it, and so is a wrong one that is near to it, such as a coat. Of
one picture nobody can say which it is; of fifty, the scores themselves do. They are taken for two normal distributions
of one width, found by expectation and maximisation (Dempster et al. 1977) from what is usual, which holds as long as
the gallery says nothing else: a prior that is worth a handful of pictures (maximum a posteriori).

The numbers here were fitted on pictures that `benchmarks/labels.py` does not measure with: see `docs/labels.md`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FEWEST = 32
"""Scores; of less, what is usual is all there is."""

WIDTH = 1.2
"""Standard deviation of either heap."""

LOW, HIGHER = 0.0, 2.5
"""The usual middle of the lower heap, and how far above it the other's is."""

SURE = 0.25
"""Standard deviation of both between galleries, as the prior has it. Less than was seen (about 1), so that what is
usual weighs as much as 23 pictures, and a gallery of fifty is not taken at its word alone."""

SHARE, WORTH = 0.3, 10
"""The usual share of the higher heap, and how many pictures this is worth."""

TURNS = 30

LENIENT = 1.75
"""A score counts as of the higher heap until it is ``exp(1.75)`` times, or about six, as likely to be of the lower one:
a label that is lost is missed more than one too many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heaps:
    """Two normal distributions of the width `WIDTH`.

    Attributes
    ----------
    low, high
        Their middles.
    share
        Of the higher one, in [0, 1].
    """

    low: float = LOW
    high: float = LOW + HIGHER
    share: float = SHARE

    @classmethod
    def of(cls, scores: npt.NDArray[np.float64]) -> Heaps:
        """Those of n scores, shape (n,). Cost: thirty times a pass over them."""
        if len(scores) < FEWEST:
            return cls()
        low, gap, share = LOW, HIGHER, SHARE
        width, sure = WIDTH**2, SURE**2
        for _ in range(TURNS):
            odds = np.log(share / (1 - share)) + gap * (scores - low - gap / 2) / width
            high = 1 / (1 + np.exp(-np.clip(odds, -30, 30)))
            count, total = float(high.sum()), float(high @ scores)
            others, rest = len(scores) - count, float(scores.sum()) - total
            for _ in range(3):  # one middle depends on the other, and settles at once
                low = (LOW / sure + (rest + total - count * gap) / width) / (1 / sure + (others + count) / width)
                gap = max((HIGHER / sure + (total - count * low) / width) / (1 / sure + count / width), 1.0)
            share = (SHARE * WORTH + count) / (WORTH + len(scores))
        return cls(low=low, high=low + gap, share=share)

    @property
    def border(self) -> float:
        """The least score that counts as of the higher heap."""
        gap = self.high - self.low
        return min(max(self.low + gap / 2 - LENIENT * WIDTH**2 / gap, self.low), self.high)
