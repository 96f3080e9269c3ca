"""Batches of views as tensors, drawn ahead of the training by threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from training.pixels import Pixels, PixelStore
from training.views import Rows, Views

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
_AHEAD = 4


def draw_batches(
    store: PixelStore, views: Views, px: int, batch: int, *, threads: int = 2
) -> Iterator[tuple[Rows, Pixels]]:
    """Yield the views in order, drawn.

    Parameters
    ----------
    store
        Where the pictures are.
    views
        What to look at.
    px
        Side of each drawn picture.
    batch
        Views a batch; the last one may be shorter.
    threads
        How many draw at a time.

    Yields
    ------
    tuple
        Rows of ``views`` and pixels ``(batch, px, px, 3)``.
    """

    def draw(rows: Rows) -> tuple[Rows, Pixels]:
        return rows, np.stack([views.render(store, int(row), px) for row in rows])

    starts = iter(range(0, len(views), batch))
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[tuple[Rows, Pixels]]] = deque()
        while True:
            while len(waiting) < _AHEAD and (start := next(starts, None)) is not None:
                waiting.append(pool.submit(draw, np.arange(start, min(start + batch, len(views)))))
            if not waiting:
                return
            yield waiting.popleft().result()


def normalise(pixels: Pixels) -> Tensor:
    """Turn pixels into what the picture tower reads.

    Parameters
    ----------
    pixels
        ``(batch, height, width, 3)``.

    Returns
    -------
    Tensor
        float32 ``(batch, 3, height, width)``, channels last in memory.
    """
    x = torch.from_numpy(np.ascontiguousarray(pixels)).float().div_(255)
    x = x.sub_(torch.tensor(MEAN)).div_(torch.tensor(STD))
    return x.permute(0, 3, 1, 2)


def tint(pictures: Tensor, rng: np.random.Generator, strength: float) -> Tensor:
    """Change brightness, contrast and saturation a little, differently for each picture.

    Parameters
    ----------
    pictures
        What ``normalise`` returned.
    rng
        Source of chance.
    strength
        Largest change; 0.2 is a fifth.

    Returns
    -------
    Tensor
        Same shape.
    """
    n = len(pictures)
    change = torch.from_numpy(rng.uniform(-strength, strength, (3, n, 1, 1, 1)).astype(np.float32))
    grey = pictures.mean(1, keepdim=True)
    pictures = torch.lerp(grey, pictures, 1 + change[0])
    return pictures * (1 + change[1]) + change[2]
