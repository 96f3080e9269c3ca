"""The two towers: plain convolutions for pictures, convolutions over words for texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Sequence


class Gate(nn.Module):  # type: ignore[misc]
    """Channels weighted by what the whole picture shows (Hu et al. 2018, "Squeeze-and-Excitation Networks")."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.squeeze = nn.Linear(width, width // 4)
        self.excite = nn.Linear(width // 4, width)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x`` with its channels weighted."""
        weight = torch.sigmoid(self.excite(functional.relu(self.squeeze(x.mean((2, 3))))))
        return x * weight[:, :, None, None]


class Block(nn.Module):  # type: ignore[misc]
    """Two 3x3 convolutions around a shortcut (He et al. 2016), gated."""

    def __init__(self, width_in: int, width: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width_in, width, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(width)
        self.second = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(width)
        self.gate = Gate(width)
        self.shortcut: nn.Module = nn.Identity()
        if width_in != width or stride > 1:
            self.shortcut = nn.Sequential(
                nn.AvgPool2d(stride, ceil_mode=True) if stride > 1 else nn.Identity(),
                nn.Conv2d(width_in, width, 1, bias=False),
                nn.BatchNorm2d(width),
            )

    def forward(self, x: Tensor) -> Tensor:
        """Return the features after both convolutions."""
        y = functional.relu(self.first_norm(self.first(x)))
        y = self.gate(self.second_norm(self.second(y)))
        return functional.relu(y + self.shortcut(x))


class PictureTower(nn.Module):  # type: ignore[misc]
    """Pictures of any size to an embedding, and to the teacher's whitened features.

    The stem reads 8x8 pixels every 4: on a processor a convolution over three channels at full size
    costs more time than it is worth. Every later layer is a 3x3 convolution with as much work as the last.

    Parameters
    ----------
    widths, depths
        Channels and blocks at a quarter, an eighth and a sixteenth of the size.
    head
        Channels before the average over the picture.
    dimension
        Of the embedding and of the teacher's features.
    """

    def __init__(self, widths: Sequence[int], depths: Sequence[int], head: int, dimension: int) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, widths[0], 8, 4, 2, bias=False)
        self.stem_norm = nn.BatchNorm2d(widths[0])
        blocks: list[nn.Module] = []
        before = widths[0]
        for level, (width, depth) in enumerate(zip(widths, depths, strict=True)):
            for position in range(depth):
                blocks.append(Block(before, width, 2 if position == 0 and level > 0 else 1))
                before = width
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Conv2d(before, head, 1, bias=False)
        self.head_norm = nn.BatchNorm2d(head)
        self.features = nn.Linear(head, dimension)
        self.embedding = nn.Linear(head, dimension)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def pool(self, pixels: Tensor) -> Tensor:
        """Return ``(batch, head)`` from ``(batch, 3, height, width)``."""
        x = functional.relu(self.stem_norm(self.stem(pixels)))
        x = functional.relu(self.head_norm(self.head(self.blocks(x))))
        return x.mean((2, 3))

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Return embeddings and predicted teacher features, each ``(batch, dimension)``."""
        pooled = self.pool(pixels)
        return self.embedding(pooled), self.features(pooled)


class WordBlock(nn.Module):  # type: ignore[misc]
    """A convolution over neighbouring words around a shortcut; padding is kept at zero."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.mix = nn.Linear(3 * width, width)
        self.out = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return ``(batch, words, width)``."""
        y = self.norm(x) * mask
        before, after = functional.pad(y, (0, 0, 1, 0))[:, :-1], functional.pad(y, (0, 0, 0, 1))[:, 1:]
        y = self.out(functional.gelu(self.mix(torch.cat([before, y, after], -1))))
        return (x + self.dropout(y)) * mask


class TextTower(nn.Module):  # type: ignore[misc]
    """Texts to embeddings: words, three at a time, the strongest and the average of each feature.

    In the manner of Kim 2014, "Convolutional neural networks for sentence classification". Padding takes
    part in nothing, so that a text's embedding is the same in any batch.

    Parameters
    ----------
    words
        Size of the vocabulary; token 0 is padding.
    width
        Of the word vectors.
    depth
        Convolutions over words.
    dimension
        Of the embedding.
    dropout, word_dropout
        Of features, and of whole words, while training.
    """

    def __init__(
        self, *, words: int, width: int, depth: int, dimension: int, dropout: float, word_dropout: float
    ) -> None:
        super().__init__()
        self.words = nn.Embedding(words, width, padding_idx=0)
        self.blocks = nn.ModuleList(WordBlock(width, dropout) for _ in range(depth))
        self.dropout = nn.Dropout(dropout)
        self.word_dropout = word_dropout
        self.embedding = nn.Linear(3 * width, dimension)
        self.logit_scale = nn.Parameter(torch.tensor(3.0))
        nn.init.normal_(self.words.weight, std=0.5)
        with torch.no_grad():
            self.words.weight[0] = 0

    def forward(self, tokens: Tensor, attention: Tensor) -> Tensor:
        """Return ``(batch, dimension)`` from tokens and their mask, each ``(batch, words)``."""
        mask = attention.unsqueeze(-1).to(self.words.weight.dtype)
        if self.training and self.word_dropout > 0:
            kept = (torch.rand(mask.shape) >= self.word_dropout).to(mask.dtype) * mask
            mask = torch.where(kept.sum(1, keepdim=True) > 0, kept, mask)
        x = self.words(tokens) * mask
        count = mask.sum(1).clamp(min=1)
        bag = x.sum(1) / count
        for block in self.blocks:
            x = block(x, mask)
        strongest = (x - (1 - mask) * 1e4).amax(1)
        average = x.sum(1) / count
        return self.embedding(self.dropout(torch.cat([bag, strongest, average], -1)))


class Projection(nn.Module):  # type: ignore[misc]
    """The teacher's features into the space of the texts: a line and a small bend."""

    def __init__(self, width: int, dimension: int, dropout: float) -> None:
        super().__init__()
        self.straight = nn.Linear(width, dimension)
        self.bend = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Dropout(dropout), nn.Linear(2 * width, dimension)
        )

    def forward(self, features: Tensor) -> Tensor:
        """Return ``(batch, dimension)``."""
        return self.straight(features) + self.bend(features)
