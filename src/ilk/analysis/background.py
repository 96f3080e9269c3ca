"""Whether a label fits a picture at all, told by words that were not asked about.

A softmax over labels always finds one that is best, and says nothing of whether it is any good: all of them may be
wrong. So each picture is also compared with everyday words that have nothing to do with the labels. Their cosines are
what a wrong word's looks like on this picture, by this model; a label fits if it stands out from them further than the
best of as many wrong words would on every other picture, and further where the gallery says so (`ilk.analysis.heaps`):
photographs of one thing each, say. That other words than the labels tell what belongs to none of them is the idea of
Jiang et al. 2024 (negative labels), who add up the words' softmax. Where several things are in one picture, of which
each is one of the words, that sum outweighs a label that is right; a standard score does not, and needs no scale.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Self

import numpy as np

from ilk.analysis.heaps import FEWEST, Heaps
from ilk.analysis.labels import encode_names

if TYPE_CHECKING:
    import numpy.typing as npt

    from ilk.encoders.base import Encoder

CHANCE = 0.5
"""Labels that wrong words would match as well in a larger share of pictures do not fit."""

FARTHEST = 8.0
"""Standard scores beyond are all alike: no picture in the world is so by chance."""

NEAR = 0.99
"""Words nearer to a label than this share of all pairs of words are to each other mean much the same."""

WORDS = tuple(
    """
    person man woman child crowd face hand dog cat horse bird cow sheep fish insect butterfly elephant bear monkey
    snake tree flower grass leaf forest mountain rock beach sea river lake waterfall sky cloud sun snow rain night
    sunset field desert island house building tower church bridge street road city village castle factory room kitchen
    bathroom bedroom office classroom shop restaurant stadium car bus truck train bicycle motorcycle boat ship airplane
    helicopter rocket tractor wheel chair table bed sofa lamp window door stairs wall floor mirror curtain carpet shelf
    box bag bottle cup plate bowl knife spoon basket bucket food bread cake fruit apple banana vegetable meat soup
    salad pizza cheese egg drink milk coffee wine shirt dress trousers jacket shoe hat coat skirt glove scarf belt
    watch glasses jewellery umbrella computer phone camera television keyboard book newspaper letter map sign poster
    painting drawing diagram chart screenshot text logo flag ball toy doll game guitar piano drum violin microphone
    statue clock candle balloon tent ladder hammer saw rope machine engine pipe wire medicine bone skeleton
    cell planet star fire smoke water ice sand metal wood glass paper cloth pattern
    """.split()  # noqa: SIM905 -- eleven lines, not a hundred and ninety
)
"""Everyday things, places and materials, so that most pictures have some of them and none has many."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Background:
    """Words that mean something else than the labels.

    Attributes
    ----------
    rows
        Their vectors, unit rows of shape (w, d).
    labels
        How many labels they are compared with.
    """

    rows: npt.NDArray[np.float32]
    labels: int

    @classmethod
    def beside(cls, encoder: Encoder, labels: npt.NDArray[np.float32], templates: Sequence[str]) -> Self:
        """The words that are not near any of the labels, given as unit rows; always at least half of them."""
        rows = encode_names(encoder, WORDS, templates)
        pairs = (rows @ rows.T)[np.triu_indices(len(rows), 1)]
        nearest = (rows @ labels.T).max(axis=1)
        bound = max(float(np.quantile(pairs, NEAR)), float(np.median(nearest)))
        return cls(rows=rows[nearest <= bound], labels=len(labels))

    def chances(self, vectors: npt.NDArray[np.float32], best: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """How likely the best of as many wrong words would be as near to each picture as its best label is.

        Parameters
        ----------
        vectors
            Of n pictures, unit rows of shape (n, d).
        best
            The cosine of each with its best label, shape (n,).

        Returns
        -------
        Shape (n,), in [0, 1]: one less the normal distribution of the best label's standard score among the words, to
        the power of the number of labels (Šidák 1967).
        """
        cosines = vectors @ self.rows.T
        spread = np.maximum(cosines.std(axis=1), 1e-6)
        scores = (best - cosines.mean(axis=1)) / spread
        beyond = (0.5 * math.erfc(score / math.sqrt(2)) for score in scores.tolist())
        # Of scores far out this keeps the digits that ``1 - (1 - p) ** n`` would lose.
        return np.array([-math.expm1(self.labels * math.log1p(-p)) if p < 1 else 1.0 for p in beyond])

    def bound(self, vectors: npt.NDArray[np.float32], best: npt.NDArray[np.float32]) -> float:
        """The chance above which no label fits in a gallery, given some of its pictures as for `chances`.

        It is at most `CHANCE`, and less where the pictures fall into two heaps that are farther up. Of fewer than
        `heaps.FEWEST` it is `CHANCE`.
        """
        if len(vectors) < FEWEST:
            return CHANCE
        chances = np.clip(self.chances(vectors, best), 1e-15, 1 - 1e-6)
        normal = NormalDist()
        heaps = Heaps.of(np.minimum([-normal.inv_cdf(float(chance)) for chance in chances], FARTHEST))
        return min(CHANCE, normal.cdf(-heaps.border))
