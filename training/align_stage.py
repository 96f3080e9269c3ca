"""Texts and the last layer of the picture tower, on what the finished tower sees.

The rest of the picture tower rests, so its view of every picture is taken once and an epoch costs seconds: the
texts can look at all captions with large batches, as in the first stage, but with this tower's eyes.
"""

from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer
from torch import nn

from training.batches import draw_batches, normalise
from training.lesson import Lesson
from training.pixels import Pixels
from training.runs import seeded
from training.settings import Settings, Text
from training.teacher import TaughtViews
from training.text_stage import TextStage
from training.towers import PictureTower, TextTower
from training.views import Views, concatenate_views, random_views, whole_views


class AlignedSpace(nn.Module):  # type: ignore[misc]
    """The text tower, and the layer from pooled channels to the embedding."""

    def __init__(self, text: TextTower, layer: nn.Linear) -> None:
        super().__init__()
        self.text = copy.deepcopy(text).requires_grad_(requires_grad=True)
        self.projection = copy.deepcopy(layer).requires_grad_(requires_grad=True)


class AlignStage(TextStage):
    """Contrast of captions with what the picture tower pools.

    Parameters
    ----------
    lesson
        Pictures and pixels.
    tokenizer
        Without dropout.
    settings
        The recipe.
    picture, text
        The towers as the stage before left them.
    """

    name = "align"

    def __init__(
        self, lesson: Lesson, tokenizer: Tokenizer, settings: Settings, *, picture: PictureTower, text: TextTower
    ) -> None:
        self.begin = (text, picture.embedding)
        super().__init__(pool_lesson(lesson, picture, settings), tokenizer, settings)

    def choose_recipe(self, settings: Settings) -> Text:
        """Return the part of the settings that this stage follows."""
        return settings.align.text

    def build_space(self) -> nn.Module:
        """Return the towers' own weights to begin from."""
        return AlignedSpace(*self.begin)


def pool_lesson(lesson: Lesson, tower: PictureTower, settings: Settings) -> Lesson:
    """Return the lesson with the tower's pooled channels in place of the teacher's features.

    Parameters
    ----------
    lesson
        Pictures and pixels.
    tower
        In evaluation mode.
    settings
        Size and number of the views.

    Returns
    -------
    Lesson
        Of all captioned and labelled pictures, and of some of the others.
    """
    a = settings.align
    rng = seeded(settings.seed, "align views")
    pictures = lesson.pictures
    named = set(a.text.weights)
    known = [i for i, p in enumerate(pictures) if p.split != "test" and p.source in named]
    others = [i for i, p in enumerate(pictures) if p.split == "train" and p.source not in named]
    others = rng.permutation(others)[: a.others].tolist()
    rows = np.array(sorted(known + others), dtype=np.int64)
    captioned = np.array([i for i in rows if pictures[i].captions and pictures[i].source in named], dtype=np.int64)

    table = np.zeros((len(pictures), tower.embedding.in_features), dtype=np.float32)
    table[rows] = pool_views(lesson, whole_views(rows), tower, a.px)
    windows = [random_views(captioned, lesson.store.aspects, rng, smallest=a.smallest) for _ in range(a.windows)]
    views = concatenate_views([whole_views(captioned, mirrored=True), *windows])
    seen = pool_views(lesson, views, tower, a.px).astype(np.float16)
    looked_at = set(rows.tolist())
    pictures = [p if i in looked_at else replace(p, split="unseen") for i, p in enumerate(pictures)]
    return Lesson(pictures, lesson.store, table, TaughtViews(views, seen))


def pool_views(lesson: Lesson, views: Views, tower: PictureTower, px: int) -> npt.NDArray[np.float32]:
    """Return what the tower pools from each view, before its last layer.

    Parameters
    ----------
    lesson
        Where the pixels are.
    views
        What to look at.
    tower
        In evaluation mode.
    px
        Size to look at.

    Returns
    -------
    numpy.ndarray
        ``(views, channels)``.
    """

    def pool(pixels: Pixels) -> npt.NDArray[np.float32]:
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            pooled: npt.NDArray[np.float32] = tower.pool(normalise(pixels)).float().numpy()
        return pooled

    with ThreadPoolExecutor(2) as pool_of_threads:
        batches = draw_batches(lesson.store, views, px, 256)
        return np.concatenate(list(pool_of_threads.map(pool, (pixels for _, pixels in batches))))
