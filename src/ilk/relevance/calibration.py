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
    """

    offset: float
    excess: float
    meaning: float = 0.0

    def relevance(
        self, excess: npt.NDArray[np.float64], meaning: npt.NDArray[np.float64] | float = 0.0
    ) -> npt.NDArray[np.float64]:
        """The probability of each hit, in [0, 1]."""
        logits = self.offset + self.excess * excess + self.meaning * meaning
        return np.asarray(1 / (1 + np.exp(-np.clip(logits, -STEEPEST, STEEPEST))), np.float64)

    def relevances(self, cosines: Sequence[float], *, middle: float, spread: float, meaning: float) -> list[float]:
        """As `relevance` for the hits of one query: the log-odds are a line over their cosines.

        Without NumPy, whose calls would take longer than the few numbers.
        """
        slope = self.excess / spread
        start = self.offset + self.meaning * meaning - slope * middle
        return [1 / (1 + exp(min(-start - slope * cosine, STEEPEST))) for cosine in cosines]


TEXT = Calibration(offset=-3.3, excess=0.52, meaning=-0.74)
"""Of queries in words."""

IMAGE = Calibration(offset=-8.57, excess=2.22)
"""Of queries by example."""

OTHER = Calibration(offset=-4.76, excess=1.26)
"""Of what mixes both, and of vectors that nobody knows the model of."""

OF: Mapping[str, Calibration] = {"text": TEXT, "image": IMAGE, "other": OTHER}
"""By what a query is made of; see `ilk.asking.made_of`."""
