"""What the towers look at: a window of a picture, perhaps mirrored, perhaps mixed with another one.

A view is described in fractions of the stored square, so that teacher and student can be shown the very
same thing at their own resolutions: a consistent teacher (Beyer et al. 2022, "Knowledge distillation: A
good teacher is patient and consistent", section 3).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from training.pixels import Pixels, PixelStore

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Views:
    """Views of pictures, one a row; each may mix a second picture in.

    Attributes
    ----------
    picture
        Rows of the manifest, ``(n, 2)``.
    box
        Left, top, right and bottom as fractions of the stored square, ``(n, 2, 4)``.
    mirrored
        ``(n, 2)``.
    share
        Weight of the first picture in the mixture, ``(n,)``; one where there is no second.
    """

    picture: Rows
    box: npt.NDArray[np.float32]
    mirrored: npt.NDArray[np.bool_]
    share: npt.NDArray[np.float32]

    def __len__(self) -> int:
        """Count the views."""
        return len(self.share)

    def __getitem__(self, rows: Rows | slice) -> Views:
        """Return some of the views."""
        return Views(self.picture[rows], self.box[rows], self.mirrored[rows], self.share[rows])

    def render(self, store: PixelStore, row: int, px: int) -> Pixels:
        """Draw one view.

        Parameters
        ----------
        store
            Where the pictures are.
        row
            Which view.
        px
            Side of the square to draw.

        Returns
        -------
        Pixels
            ``(px, px, 3)``.
        """
        share = float(self.share[row])
        first = self._window(store, row, 0, px)
        if share >= 1:
            return np.asarray(first)
        return np.asarray(Image.blend(self._window(store, row, 1, px), first, share))

    def _window(self, store: PixelStore, row: int, which: int, px: int) -> Image.Image:
        picture = Image.fromarray(store[int(self.picture[row, which])])
        left, top, right, bottom = (float(x) for x in self.box[row, which] * picture.width)
        drawn = picture.resize((px, px), Image.Resampling.BICUBIC, box=(left, top, right, bottom))
        return drawn.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if self.mirrored[row, which] else drawn


def whole_views(pictures: Rows, *, mirrored: bool = False) -> Views:
    """Look at whole pictures, squashed to the square.

    Parameters
    ----------
    pictures
        Rows of the manifest.
    mirrored
        Whether left and right change places.

    Returns
    -------
    Views
        One for each picture.
    """
    n = len(pictures)
    box = np.tile(np.array([0, 0, 1, 1], dtype=np.float32), (n, 2, 1))
    return Views(np.stack([pictures, pictures], 1), box, np.full((n, 2), mirrored), np.ones(n, dtype=np.float32))


def random_views(
    pictures: Rows,
    aspects: npt.NDArray[np.float32],
    rng: np.random.Generator,
    *,
    smallest: float,
    mixed: float = 0.0,
) -> Views:
    """Look at random windows of pictures.

    Parameters
    ----------
    pictures
        Rows of the manifest.
    aspects
        Width divided by height of every picture of the manifest.
    rng
        Source of chance.
    smallest
        Smallest share of the area that a window covers.
    mixed
        Share of the views that are mixtures of two pictures (Zhang et al. 2018, "mixup").

    Returns
    -------
    Views
        One for each picture, mirrored by half.
    """
    n = len(pictures)
    both = np.stack([pictures, rng.permutation(pictures)], 1)
    area = rng.uniform(smallest, 1, (n, 2))
    # The shape of the window as it will be seen: between the square of the original and the squashed square.
    seen = np.log(aspects[both]) * rng.uniform(0, 1, (n, 2)) + rng.uniform(-0.2, 0.2, (n, 2))
    width = np.minimum(np.sqrt(area) * np.exp(-seen / 2), 1)
    height = np.minimum(np.sqrt(area) * np.exp(seen / 2), 1)
    left, top = rng.uniform(0, 1 - width), rng.uniform(0, 1 - height)
    box = np.stack([left, top, left + width, top + height], -1).astype(np.float32)
    share = np.where(rng.random(n) < mixed, rng.uniform(0.5, 0.9, n), 1.0).astype(np.float32)
    return Views(both, np.clip(box, 0, 1), rng.random((n, 2)) < 0.5, share)  # noqa: PLR2004 - half


def concatenate_views(parts: list[Views]) -> Views:
    """Join views end to end.

    Parameters
    ----------
    parts
        At least one.

    Returns
    -------
    Views
        All of them, in order.
    """
    return Views(
        np.concatenate([p.picture for p in parts]),
        np.concatenate([p.box for p in parts]),
        np.concatenate([p.mirrored for p in parts]),
        np.concatenate([p.share for p in parts]),
    )
