"""Both towers together: the teacher's features, the space of the texts, and captions."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

from training.batches import draw_batches, normalise, tint
from training.captions import Captions
from training.contrast import contrast, recall, same_pairs
from training.halves import Halves
from training.lesson import Lesson
from training.manifest import Picture
from training.optimisers import MovingAverage, Optimiser, rate
from training.picture_stage import build_picture_tower, draw_lesson, embed_pictures, phase_of
from training.runs import seeded
from training.settings import Joint, Settings
from training.text_stage import TextSpace, ask_captions, embed_by_length, embed_texts
from training.views import Views
from training.vocabulary import PiecewiseTokenizer, tokenise


class Towers(nn.Module):  # type: ignore[misc]
    """Picture tower, text tower, and the projection that ties both to the teacher."""

    def __init__(self, words: int, settings: Settings) -> None:
        super().__init__()
        self.picture = build_picture_tower(settings)
        self.space = TextSpace(words, settings)


class JointStage:
    """The picture tower learns where the texts are, and the texts move a little towards what it can see.

    Parameters
    ----------
    lesson
        Pictures, pixels and features.
    tokenizer
        Without dropout.
    settings
        The recipe.
    name
        Of the stage, and of its part of the settings: ``joint``, or ``settle`` for the small steps at the end.
    picture, space, anchor
        Weights that the former stages ended with; the anchor is the projection before it began to move.
    """

    def __init__(
        self,
        lesson: Lesson,
        tokenizer: Tokenizer,
        settings: Settings,
        *,
        name: Literal["joint", "settle"],
        picture: dict[str, Tensor],
        space: dict[str, Tensor],
        anchor: dict[str, Tensor],
    ) -> None:
        self.name: str = name
        self.lesson, self.tokenizer, self.settings = lesson, tokenizer, settings
        self.recipe: Joint = getattr(settings, name)
        j = self.recipe
        self.epochs = sum(phase.epochs for phase in j.phases)
        self.noisy = PiecewiseTokenizer(tokenizer, settings.text.broken, settings.text.broken_merges)
        self.captions = Captions(lesson.pictures, settings.text.bare)
        self.towers = Towers(tokenizer.get_vocab_size(), settings)
        self.towers.picture.load_state_dict(picture)
        self.towers.space.load_state_dict(space)
        self.labels = labels_of(lesson)
        self.anchor = copy.deepcopy(self.towers.space.projection).eval().requires_grad_(requires_grad=False)
        self.anchor.load_state_dict(anchor)
        self.halves = Halves(self.towers.picture, settings.threads)
        self.average = MovingAverage(self.towers, j.keep)
        self.optimiser = Optimiser(
            self.towers.picture,
            muon_lr=j.muon_lr,
            adam_lr=j.adam_lr,
            weight_decay=j.weight_decay,
            outer=("stem.", "features.", "embedding."),
        )
        self.text_optimiser = Optimiser(
            self.towers.space, muon_lr=0, adam_lr=j.text_lr, weight_decay=j.weight_decay, outer=("",)
        )

    def train_epoch(self, epoch: int) -> dict[str, float]:
        """Train one epoch of the phase that is due."""
        j = self.recipe
        phase = phase_of(j.phases, epoch)
        rng = seeded(self.settings.seed, self.name, epoch)
        views, features = draw_lesson(self.lesson, rng, phase, j.weights, j.samples)
        logs: list[dict[str, float]] = []
        self.towers.train()
        for rows, pixels in draw_batches(self.lesson.store, views, phase.px, j.batch):
            if len(rows) < j.batch:
                continue
            some = views[rows]
            seen = torch.from_numpy(features[rows])

            def loss(outputs: Sequence[Tensor], some: Views = some, seen: Tensor = seen) -> Tensor:
                parts = self._losses(outputs[0], outputs[1], some, seen, rng)
                logs.append({name: value.item() for name, value in parts.items()})
                return torch.stack([getattr(j, f"{name}_weight") * value for name, value in parts.items()]).sum()

            self.halves.step(tint(normalise(pixels), rng, self.settings.picture.tint), loss)
            share = rate((epoch + (rows[-1] + 1) / len(views)) / self.epochs, warm=j.warm, decay=j.decay)
            self.optimiser.step(share)
            self.text_optimiser.step(share)
            self.average.update(self.towers)
        means = {name: float(np.mean([log[name] for log in logs])) for name in logs[0]}
        return {"px": phase.px, **means, **self.measure(phase.px)}

    def _losses(
        self,
        embedding: Tensor,
        predicted: Tensor,
        views: Views,
        features: Tensor,
        rng: np.random.Generator,
    ) -> dict[str, Tensor]:
        pure = np.flatnonzero(views.share >= 1)
        rows = views.picture[pure, 0]
        texts = [self.captions.draw(int(row), rng)[0] for row in rows]
        said = embed_by_length(self.towers.space.text, self.noisy.tokenise(texts, rng), 4)
        scale = self.towers.space.text.logit_scale.exp().clamp(max=100)
        same = same_pairs(rows, texts)
        kept = torch.from_numpy(pure)
        labelled = [(int(k), p) for k, p in zip(pure, (self.lesson.pictures[r] for r in rows), strict=True) if p.label]
        return {
            "features": 1 - functional.cosine_similarity(predicted, features).mean(),
            "embedding": 1 - functional.cosine_similarity(embedding, self.anchor(features)).mean(),
            "captions": contrast(embedding[kept], said, scale, same),
            "labels": self._name(embedding, [k for k, _ in labelled], [p for _, p in labelled], scale),
            "teacher": contrast(self.towers.space.projection(features[kept]), said, scale, same),
        }

    def _name(self, embedding: Tensor, places: list[int], pictures: list[Picture], scale: Tensor) -> Tensor:
        """Tell each labelled picture's label from the others of its source, as naming by texts will be asked to."""
        losses = [embedding.sum() * 0]
        for source, labels in self.labels.items():
            chosen = [
                (k, labels.index(str(p.label))) for k, p in zip(places, pictures, strict=True) if p.source == source
            ]
            if chosen:
                tokens = torch.from_numpy(tokenise(self.tokenizer, labels))
                said = functional.normalize(self.towers.space.text(tokens, tokens > 0), dim=-1)
                logits = scale * functional.normalize(embedding[[k for k, _ in chosen]], dim=-1) @ said.T
                right = torch.tensor([label for _, label in chosen])
                losses.append(functional.cross_entropy(logits, right, reduction="sum") / len(embedding))
        return torch.stack(losses).sum()

    def measure(self, px: int) -> dict[str, float]:
        """Measure text to picture over the pictures kept out to choose by."""
        rows = self.lesson.rows("choose", "flickr8k_train")
        asked = ask_captions(self.lesson, rows)
        if not asked.texts:
            return {}
        towers: Any = self.average.model
        pictures, predicted = embed_pictures(towers.picture, self.lesson, rows, px)
        wanted = torch.from_numpy(self.lesson.table[rows])
        texts = embed_texts(towers.space.text, self.tokenizer, asked.texts)
        return {
            "cosine": functional.cosine_similarity(predicted, wanted).mean().item(),
            **recall(texts, pictures, asked.right),
        }

    def state_dict(self) -> dict[str, Any]:
        """Return weights, moving average and optimisers."""
        return {
            "towers": self.towers.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "text_optimiser": self.text_optimiser.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self.towers.load_state_dict(state["towers"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.text_optimiser.load_state_dict(state["text_optimiser"])


def labels_of(lesson: Lesson) -> dict[str, list[str]]:
    """List the labels of each labelled source.

    Parameters
    ----------
    lesson
        The pictures.

    Returns
    -------
    dict[str, list[str]]
        In alphabetical order.
    """
    found: dict[str, set[str]] = {}
    for picture in lesson.pictures:
        if picture.label is not None:
            found.setdefault(picture.source, set()).add(picture.label)
    return {source: sorted(labels) for source, labels in found.items()}
