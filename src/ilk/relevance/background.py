"""What a query finds anyway: how near it is to pictures of the gallery that it does not ask for.

The cosines of these models mean little by themselves. 0.3 may be the best that words ever reach in one model and what
everything has in another; some queries are near everything. What tells is how far a hit stands above the others.

::

    sample of the gallery ──▶ similarities with this query ──▶ middle ────┐
                          └─▶ similarities with other queries ──▶ spread ─┴─▶ excess ──▶ relevance
    phrases without meaning ──▶ likeness of this query ────────────────────▶ meaning ──┘
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from ilk.multiplication import products
from ilk.relevance import calibration
from ilk.relevance.probes import Probes

if TYPE_CHECKING:
    from ilk.encoders.base import Encoder
    from ilk.records import Space
    from ilk.stores.base import Store

Asked: TypeAlias = Literal["text", "image", "other"]
"""What a query is made of: words alone, pictures alone, or both, or nobody knows what."""

SAMPLE = 1024
"""Vectors of the gallery that a query is compared with."""

FEWEST = 32
"""With less in a gallery nobody knows what is common there."""

PICTURES = 256
"""Of the sample, whose own backgrounds say what is typical of a query by example."""

NEAREST = 3
"""Strings of random letters whose nearness counts, of some hundred."""

FARTHEST = 5.0
"""Deviations by which random letters are away from phrases at most: where they are farther, the unit is larger, so that
words that are a little odd are not taken for them."""

NARROWEST = 1e-5
"""A spread below this is that of copies of one picture."""

_Values: TypeAlias = npt.NDArray[np.float32]

_newest: WeakKeyDictionary[Store, dict[Space, tuple[int | None, Background]]] = WeakKeyDictionary()
"""The background of each space, and the moment that it is of."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Background:
    """A sample of a space, and what is typical of it. Make it with `of`.

    Attributes
    ----------
    sample
        Vectors as stored, of shape (m, d).
    open_encoder
        Opens the model of the space; called for queries in words alone.
    """

    sample: npt.NDArray[np.float32]
    open_encoder: Callable[[], Encoder] = field(repr=False)

    @classmethod
    def of(
        cls, store: Store, space: Space, *, open_encoder: Callable[[], Encoder], moment: int | None = None
    ) -> Background:
        """The background of a space; the very same for as long as nothing is written to the gallery.

        Parameters
        ----------
        moment
            That a search was answered at, if there was one (see `ilk.plans.Plan.moment`): where the background of that
            moment is known, the store need not be asked whether it has changed.
        """
        spaces = _newest.setdefault(store, {})
        before, known = spaces.get(space, (None, None))
        if known is not None and moment is not None and before == moment:
            return known
        sample = store.sample(space, SAMPLE)
        if known is None or known.sample is not sample:
            known = cls(sample=sample, open_encoder=open_encoder)
        spaces[space] = (moment, known)
        return known

    def relevance(
        self, query: npt.NDArray[np.float32], similarities: Sequence[float], *, asked: Asked
    ) -> list[float] | None:
        """How likely each hit shows what was asked for, in [0, 1].

        Parameters
        ----------
        query
            Unit vector of shape (d,).
        similarities
            Cosines of the query with the hits.
        asked
            What the query is made of; see `ilk.asking.made_of`.

        Returns
        -------
        In the order of the similarities, and rising with them; None where the space cannot tell: with too few vectors
        (`FEWEST`), or all of them alike.

        Notes
        -----
        Cost: one product of the sample with the query. `docs/relevance.md` says what was measured.
        """
        return self.relevances(query[None], [similarities], asked=[asked])[0]

    def relevances(
        self, queries: npt.NDArray[np.float32], similarities: Sequence[Sequence[float]], *, asked: Sequence[Asked]
    ) -> list[list[float] | None]:
        """As `relevance` for each of q queries, of shape (q, d), with one product for all of them."""
        if len(self.sample) < FEWEST:
            return [None for _ in similarities]
        return [
            calibration.OF[kind].relevances(cosines, middle=middle, spread=typical, meaning=meaning, noise=noise)
            if min(own, typical) > NARROWEST
            else None
            for cosines, kind, (middle, own, typical, meaning, noise) in zip(
                similarities, asked, zip(*self._measured(queries, asked), strict=True), strict=True
            )
        ]

    def features(self, query: npt.NDArray[np.float32], asked: Asked) -> Features:
        """What of a query decides its relevances."""
        return self.features_of(query[None], [asked])[0]

    def features_of(self, queries: npt.NDArray[np.float32], asked: Sequence[Asked]) -> list[Features]:
        """What of each of q queries, of shape (q, d), decides its relevances."""
        return [
            Features(middle=middle, own_spread=own, typical_spread=typical, meaning=meaning, noise=noise)
            for middle, own, typical, meaning, noise in zip(*self._measured(queries, asked), strict=True)
        ]

    def _measured(self, queries: npt.NDArray[np.float32], asked: Sequence[Asked]) -> tuple[list[float], ...]:
        """The fields of `Features`, each of q queries."""
        common = products(np.asarray(queries, np.float32), self.sample)
        # What np.std and np.median do, without what they do besides, which for one query takes longer than the product.
        away = common - common.sum(axis=1, keepdims=True) / common.shape[1]
        own = np.maximum(np.sqrt(np.square(away, out=away).sum(axis=1) / common.shape[1]), NARROWEST).tolist()
        common.sort(axis=1)
        middle = ((common[:, (len(self.sample) - 1) // 2] + common[:, len(self.sample) // 2]) / 2).tolist()
        typical, meaning, noise = list(own), [0.0] * len(own), [0.0] * len(own)
        if "text" in asked:
            told = zip(self._texts.meaninglessness(queries), self._texts.noisiness(queries), strict=True)
            for place, (meaningless, noisy) in enumerate(told):
                if asked[place] == "text":
                    typical[place], meaning[place], noise[place] = self._texts.spread, meaningless, noisy
        if "image" in asked:
            for place, kind in enumerate(asked):
                if kind == "image":
                    typical[place] = self._spread_of_pictures
        return middle, own, typical, meaning, noise

    @cached_property
    def _texts(self) -> _Texts:
        probes = Probes.of(self.open_encoder())
        nonsense = probes.meaningless.mean(axis=0)
        likeness, nearness = probes.meaningful @ nonsense, _nearest(probes.meaningful, probes.noise)
        apart = float(_nearest(probes.noise, probes.noise, itself=True).mean() - nearness.mean())
        return _Texts(
            spread=_spread(self.sample @ probes.meaningful.T),
            nonsense=nonsense,
            middle=float(likeness.mean()),
            deviation=max(float(likeness.std()), NARROWEST),
            noise=probes.noise,
            noise_middle=float(nearness.mean()),
            noise_deviation=max(float(nearness.std()), apart / FARTHEST, NARROWEST),
        )

    @cached_property
    def _spread_of_pictures(self) -> float:
        some = self.sample[:PICTURES]
        return _spread(self.sample @ some.T)


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """What of a query decides its relevances.

    Attributes
    ----------
    middle
        The median of its similarities with the sample.
    own_spread
        Their standard deviation.
    typical_spread
        That of other queries of its kind; its own, where its kind is not known.
    meaning
        How much it is like one that means nothing; 0 if it is not in words.
    noise
        How near it is to random letters; 0 if it is not in words.
    """

    middle: float
    own_spread: float
    typical_spread: float
    meaning: float
    noise: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Texts:
    """What is typical of queries in words.

    Attributes
    ----------
    spread
        Of the similarities of one phrase with the sample.
    nonsense
        The mean of phrases that mean nothing, of shape (d,).
    middle, deviation
        Of the likeness of phrases that mean something to it.
    noise
        Random letters, of shape (p, d).
    noise_middle, noise_deviation
        Of the nearness of phrases that mean something to the nearest of those.
    """

    spread: float
    nonsense: npt.NDArray[np.float32]
    middle: float
    deviation: float
    noise: npt.NDArray[np.float32]
    noise_middle: float
    noise_deviation: float

    def meaninglessness(self, queries: npt.NDArray[np.float32]) -> list[float]:
        """How much each of q queries is like those that mean nothing, in deviations from those that mean something."""
        return [
            (likeness - self.middle) / self.deviation
            for likeness in np.einsum("qd,d->q", queries, self.nonsense).tolist()
        ]

    def noisiness(self, queries: npt.NDArray[np.float32]) -> list[float]:
        """How near each of q queries is to random letters, in deviations from phrases that mean something."""
        return [
            (nearness - self.noise_middle) / self.noise_deviation for nearness in _nearest(queries, self.noise).tolist()
        ]


def _nearest(queries: npt.NDArray[np.float32], phrases: npt.NDArray[np.float32], *, itself: bool = False) -> _Values:
    """How near each of q queries is to the `NEAREST` nearest of p phrases, itself left out if it is one of them."""
    common = np.einsum("qd,pd->qp", queries, phrases)  # a product would wake NumPy's threads
    common.sort(axis=1)
    last = common.shape[1] - itself
    nearest: _Values = common[:, last - NEAREST : last].mean(axis=1)
    return nearest


def _spread(similarities: npt.NDArray[np.float32]) -> float:
    """The mean standard deviation of columns, each of the similarities of one query with the sample."""
    return max(float(similarities.std(axis=0).mean()), NARROWEST)
