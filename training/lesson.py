"""Everything a stage learns from: pictures, what is said of them, and what the teacher sees in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from training.manifest import Picture
from training.pixels import PixelStore
from training.teacher import Features, TaughtViews

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Lesson:
    """Pictures, pixels and the teacher's features.

    Attributes
    ----------
    pictures
        The manifest.
    store
        Their pixels.
    table
        The teacher's features of the original files.
    taught
        Views that the teacher has looked at, where it has.
    """

    pictures: list[Picture]
    store: PixelStore
    table: Features
    taught: TaughtViews | None = None

    def rows(self, split: str, *sources: str) -> Rows:
        """Return the rows of one split, of all sources or some."""
        chosen = [i for i, p in enumerate(self.pictures) if p.split == split and (not sources or p.source in sources)]
        return np.array(chosen, dtype=np.int64)

    def sample(self, rng: np.random.Generator, count: int, weights: Mapping[str, float]) -> Rows:
        """Draw training pictures.

        Parameters
        ----------
        rng
            Source of chance.
        count
            How many, with repetition.
        weights
            Share of each source, by name; ``""`` stands for all others, in proportion to their size.

        Returns
        -------
        Rows
            Of the manifest.
        """
        groups = self._groups(tuple(sorted(weights)))
        names = [name for name in weights if len(groups[name])]
        shares = np.array([weights[name] for name in names])
        counts = rng.multinomial(count, shares / shares.sum())
        drawn = [_draw(groups[name], n, rng) for name, n in zip(names, counts, strict=True)]
        return rng.permutation(np.concatenate(drawn))

    def seen(self, rows: Rows, rng: np.random.Generator, share: float) -> npt.NDArray[np.float32]:
        """Return the teacher's features of pictures: of the file, or by chance of one of its taught views.

        Parameters
        ----------
        rows
            Of the manifest.
        rng
            Source of chance.
        share
            How often a view is taken, where there is one.

        Returns
        -------
        numpy.ndarray
            ``(rows, 256)``.
        """
        features = self.table[rows]
        if self.taught is None or share <= 0:
            return features
        first, count, order = self._views_of
        use = (rng.random(len(rows)) < share) & (count[rows] > 0)
        picked = first[rows[use]] + (rng.random(int(use.sum())) * count[rows[use]]).astype(np.int64)
        features[use] = self.taught.features[order[picked]]
        return features

    @cached_property
    def _views_of(self) -> tuple[Rows, Rows, Rows]:
        if self.taught is None:
            empty = np.zeros(0, dtype=np.int64)
            return empty, empty, empty
        pure = np.flatnonzero(self.taught.views.share >= 1)
        owner = self.taught.views.picture[pure, 0]
        order = pure[np.argsort(owner, kind="stable")]
        count = np.bincount(owner, minlength=len(self.pictures))
        return np.cumsum(count) - count, count, order

    def _groups(self, names: tuple[str, ...]) -> dict[str, Rows]:
        if names not in self._cache:
            groups: dict[str, list[int]] = {name: [] for name in names}
            for row, picture in enumerate(self.pictures):
                if picture.split == "train":
                    group = picture.source if picture.source in groups else ""
                    if group in groups:
                        groups[group].append(row)
            self._cache[names] = {name: np.array(rows, dtype=np.int64) for name, rows in groups.items()}
        return self._cache[names]

    @cached_property
    def _cache(self) -> dict[tuple[str, ...], dict[str, Rows]]:
        return {}


def _draw(rows: Rows, count: int, rng: np.random.Generator) -> Rows:
    """Draw as evenly as possible: every row before any row again."""
    rounds = [rng.permutation(rows) for _ in range(-(-count // len(rows)))] if count else []
    return np.concatenate(rounds)[:count] if rounds else rows[:0]
