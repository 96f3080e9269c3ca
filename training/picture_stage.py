"""The picture tower taught by the teacher alone, at growing sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from training.batches import draw_batches, normalise, tint
from training.halves import Halves
from training.lesson import Lesson, Rows
from training.optimisers import MovingAverage, Optimiser, rate
from training.runs import seeded
from training.settings import Phase, Settings
from training.towers import PictureTower
from training.views import Views, concatenate_views, random_views, whole_views

OUTER = ("stem.", "features.", "embedding.")


def build_picture_tower(settings: Settings) -> PictureTower:
    """Return the tower with random weights, the same for the same seed.

    Parameters
    ----------
    settings
        Its shape.

    Returns
    -------
    PictureTower
        Channels last in memory.
    """
    seeded(settings.seed, "picture weights")
    p = settings.picture
    tower: PictureTower = PictureTower(p.widths, p.depths, p.head, settings.dimension)
    tower.to(memory_format=torch.channels_last)
    return tower


def draw_lesson(
    lesson: Lesson, rng: np.random.Generator, phase: Phase, weights: dict[str, float], samples: int
) -> tuple[Views, np.typing.NDArray[np.float32]]:
    """Choose the views of one epoch and what the teacher says of each.

    Views that the teacher has seen come with its word on that very view; the others are windows little smaller
    than the picture, with its word on the file; or mixtures of two such windows, with a mixture of both words, so that
    no picture comes twice as the same lesson (Zhang et al. 2018, "mixup").

    Parameters
    ----------
    lesson
        Pictures and features.
    rng
        Source of chance.
    phase
        Share of taught views, and of the others the smallest window and the share of mixtures.
    weights
        Share of each source among the windows.
    samples
        How many in all.

    Returns
    -------
    tuple
        Views and features ``(samples, 256)``, in an order without pattern.
    """
    taught = 0 if lesson.taught is None else int(samples * phase.taught)
    rows = lesson.sample(rng, samples - taught, weights)
    views = [random_views(rows, lesson.store.aspects, rng, smallest=phase.smallest, mixed=phase.mixed)]
    first, second = (lesson.table[views[0].picture[:, which]] for which in (0, 1))
    features = [second + views[0].share[:, None] * (first - second)]
    if lesson.taught is not None and taught:
        chosen = rng.permutation(len(lesson.taught.views))[:taught]
        views.append(lesson.taught.views[chosen])
        features.append(lesson.taught.features[np.sort(chosen)].astype(np.float32)[np.argsort(np.argsort(chosen))])
    order = rng.permutation(sum(len(v) for v in views))
    return concatenate_views(views)[order], np.concatenate(features)[order]


class PictureStage:
    """Cosine to the teacher's whitened features.

    Parameters
    ----------
    lesson
        Pictures, pixels and features.
    settings
        The recipe.
    """

    name = "picture"

    def __init__(self, lesson: Lesson, settings: Settings) -> None:
        self.lesson, self.settings = lesson, settings
        p = settings.picture
        self.epochs = sum(phase.epochs for phase in p.phases)
        self.tower = build_picture_tower(settings)
        self.halves = Halves(self.tower, settings.threads)
        self.average = MovingAverage(self.tower, p.keep)
        self.optimiser = Optimiser(
            self.tower, muon_lr=p.muon_lr, adam_lr=p.adam_lr, weight_decay=p.weight_decay, outer=OUTER
        )

    def train_epoch(self, epoch: int) -> dict[str, float]:
        """Train one epoch of the phase that is due."""
        p = self.settings.picture
        phase = phase_of(p.phases, epoch)
        rng = seeded(self.settings.seed, self.name, epoch)
        views, features = draw_lesson(self.lesson, rng, phase, p.weights, p.samples)
        losses: list[float] = []
        self.tower.train()
        for rows, pixels in draw_batches(self.lesson.store, views, phase.px, p.batch):
            if len(rows) < p.batch:
                continue
            seen = torch.from_numpy(features[rows])

            def loss(outputs: Sequence[Tensor], seen: Tensor = seen) -> Tensor:
                distance = 1 - functional.cosine_similarity(outputs[1], seen).mean()
                losses.append(distance.item())
                return distance

            self.halves.step(tint(normalise(pixels), rng, p.tint), loss)
            self.optimiser.step(rate((epoch + rows[-1] / len(views)) / self.epochs, warm=p.warm, decay=p.decay))
            self.average.update(self.tower)
        return {"px": phase.px, "loss": float(np.mean(losses)), **self._measure(phase.px)}

    def _measure(self, px: int) -> dict[str, float]:
        rows = self.lesson.rows("choose", "flickr8k_train")
        if not len(rows):
            return {}
        _, predicted = embed_pictures(self.average.model, self.lesson, rows, px)
        wanted = torch.from_numpy(self.lesson.table[rows])
        return {"cosine": functional.cosine_similarity(predicted, wanted).mean().item()}

    def state_dict(self) -> dict[str, Any]:
        """Return weights, moving average and optimiser."""
        return {
            "tower": self.tower.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self.tower.load_state_dict(state["tower"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])


def phase_of(phases: tuple[Phase, ...], epoch: int) -> Phase:
    """Return the phase that an epoch belongs to.

    Parameters
    ----------
    phases
        In order.
    epoch
        From zero.

    Returns
    -------
    Phase
        The last one for epochs past the end.
    """
    for phase in phases:
        if epoch < phase.epochs:
            return phase
        epoch -= phase.epochs
    return phases[-1]


@torch.no_grad()  # type: ignore[untyped-decorator]
def embed_pictures(tower: PictureTower, lesson: Lesson, rows: Rows, px: int) -> tuple[Tensor, Tensor]:
    """Embed whole pictures, squashed to a square.

    Parameters
    ----------
    tower
        In evaluation mode.
    lesson
        Where the pixels are.
    rows
        Of the manifest.
    px
        Size to look at them.

    Returns
    -------
    tuple
        Embeddings and predicted features, each ``(rows, dimension)``.
    """
    embeddings, features = [], []
    for _, pixels in draw_batches(lesson.store, whole_views(rows), px, 128):
        with torch.autocast("cpu", torch.bfloat16):
            embedding, feature = tower(normalise(pixels))
        embeddings.append(embedding.float())
        features.append(feature.float())
    return torch.cat(embeddings), torch.cat(features)
