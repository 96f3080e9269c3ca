"""The first hits of queries, what their relevances are made of, and whether they show what was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from benchmarks.captioned import Rows
from benchmarks.unanswerable import Asked
from ilk.relevance import Background, nothing_below
from ilk.relevance.background import Features
from ilk.relevance.calibration import OTHER, Calibration

Numbers = npt.NDArray[np.float64]

HITS = 20
"""First hits of each query that are judged."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Judged:
    """Hits of queries of one kind.

    Attributes
    ----------
    excess, meaning, noise, short, excess_of_its_own
        What a relevance is made of, of shape (q, `HITS`): see `ilk.relevance.background`.
    right
        Whether each hit shows what was asked for, of the same shape.
    answerable
        Whether any picture of the gallery does, of shape (q,).
    below
        Where no hit of a query is as relevant, "nothing" is said, of shape (q,).
    """

    excess: Numbers
    meaning: Numbers
    noise: Numbers
    short: Numbers
    excess_of_its_own: Numbers
    right: npt.NDArray[np.bool_]
    answerable: npt.NDArray[np.bool_]
    below: Numbers

    def relevances(self, calibration: Calibration) -> Numbers:
        """Of each hit."""
        excess = self.excess_of_its_own if calibration is OTHER else self.excess
        return calibration.relevance(excess, self.meaning, self.short, self.noise)


def judged(background: Background, rows: Rows, asked: Asked) -> Judged:
    """The first hits of each query in words, and what is known of them."""
    similarities = asked.vectors @ rows.T
    order = np.argsort(-similarities, axis=1, kind="stable")[:, :HITS]
    features = [background.features(query, "text") for query in asked.vectors]
    return _judged(similarities, order, features, asked.shown)


def judged_by_example(background: Background, rows: Rows, examples: Rows, alike: npt.NDArray[np.bool_]) -> Judged:
    """The same of pictures; one that is in the gallery itself is left out."""
    similarities = examples @ rows.T
    similarities[similarities > 0.999] = -1  # noqa: PLR2004 -- itself, as stored
    order = np.argsort(-similarities, axis=1, kind="stable")[:, :HITS]
    features = [background.features(query, "image") for query in examples]
    return _judged(similarities, order, features, alike)


def joined(parts: Sequence[Judged]) -> Judged:
    """Hits of queries of one kind, put to several galleries."""
    return Judged(
        **{each.name: np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(Judged)}
    )


def _judged(
    similarities: Rows, order: npt.NDArray[np.int64], features: Sequence[Features], shown: npt.NDArray[np.bool_]
) -> Judged:
    rows = np.arange(len(order))[:, None]
    cosines, middle = similarities[rows, order].astype(np.float64), np.array([[each.middle] for each in features])
    above = cosines - middle
    return Judged(
        excess=above / np.array([[each.typical_spread] for each in features]),
        meaning=np.array([[each.meaning] for each in features]) + 0 * above,
        noise=np.array([[each.noise] for each in features]) + 0 * above,
        short=(1 - cosines) / (1 - middle),
        excess_of_its_own=above / np.array([[each.own_spread] for each in features]),
        right=shown[rows, order],
        answerable=np.asarray(shown.any(axis=1), np.bool_),
        below=np.full(len(order), nothing_below(similarities.shape[1])),
    )
