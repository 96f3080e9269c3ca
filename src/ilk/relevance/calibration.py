"""From what was measured of a hit to a probability: logistic regressions, fitted once by `benchmarks/relevance.py`.

`docs/relevance.md` says on what, and how far they hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp

import numpy as np
import numpy.typing as npt

STEEPEST = 40.0
"""Beyond it a probability is 0 or 1 in all its digits."""

NOISY = 2.0
"""Deviations from phrases that mean something, towards random letters: see `ilk.relevance.background`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """The weights of one regression.

    Attributes
    ----------
    offset
        Of all.
    excess
        Weight of how far a hit is above the query's background, in spreads.
    meaning
        Weight of how much the query is like one that means nothing.
    noise
        Weight of how far the query is beyond `NOISY` on the way to random letters, where hardly any words are.
    copy
        The share of the way from the query to its background within which a hit is more and more likely a copy of what
        was asked for, whatever else is like it; 0 where copies do not say anything.
    """

    offset: float
    excess: float
    meaning: float = 0.0
    noise: float = 0.0
    copy: float = 0.0

    def relevance(
        self,
        excess: npt.NDArray[np.float64],
        meaning: npt.NDArray[np.float64] | float = 0.0,
        short: npt.NDArray[np.float64] | float = 1.0,
        noise: npt.NDArray[np.float64] | float = 0.0,
    ) -> npt.NDArray[np.float64]:
        """The probability of each hit, in [0, 1].

        Parameters
        ----------
        short
            How far each is from the query, as a share of how far its background is.
        """
        beyond = np.maximum(np.asarray(noise) - NOISY, 0)
        logits = self.offset + self.excess * excess + self.meaning * meaning + self.noise * beyond
        likely = np.asarray(1 / (1 + np.exp(-np.clip(logits, -STEEPEST, STEEPEST))), np.float64)
        if not self.copy:
            return likely
        copies = np.clip(1 - np.asarray(short, np.float64) / self.copy, 0, 1)
        return np.asarray(likely + (1 - likely) * copies, np.float64)

    def relevances(
        self, cosines: Sequence[float], *, middle: float, spread: float, meaning: float, noise: float
    ) -> list[float]:
        """As `relevance` for the hits of one query: the log-odds are a line over their cosines.

        Without NumPy, whose calls would take longer than the few numbers.
        """
        slope = self.excess / spread
        start = self.offset + self.meaning * meaning + self.noise * max(noise - NOISY, 0) - slope * middle
        likely = [1 / (1 + exp(min(-start - slope * cosine, STEEPEST))) for cosine in cosines]
        reach = self.copy * (1 - middle)
        if reach <= 0:
            return likely
        copies = (min(max(1 - (1 - cosine) / reach, 0), 1) for cosine in cosines)
        return [each + (1 - each) * copy for each, copy in zip(likely, copies, strict=True)]


TEXT = Calibration(offset=-3.46, excess=0.67, meaning=-0.47, noise=-2.36)
"""Of queries in words."""

IMAGE = Calibration(offset=-7.98, excess=2.06, copy=0.1)
"""Of queries by example. Copies that are re-encoded, smaller, cropped by a tenth or mirrored are nearly all within a
tenth of the way, and few other pictures are."""

OTHER = Calibration(offset=-3.8, excess=0.92)
"""Of what mixes both, and of vectors that nobody knows the model of."""

OF: Mapping[str, Calibration] = {"text": TEXT, "image": IMAGE, "other": OTHER}
"""By what a query is made of; see `ilk.asking.made_of`."""
