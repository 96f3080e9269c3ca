"""The contrast between pictures and texts, and how well the right one is found."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional


def same_pairs(rows: npt.NDArray[np.int64], texts: Sequence[str]) -> Tensor:
    """Mark the pairs of a batch that are no negatives: the same picture, or the same words.

    Parameters
    ----------
    rows
        Picture of each pair.
    texts
        Text of each pair.

    Returns
    -------
    Tensor
        Boolean ``(batch, batch)``, false on the diagonal.
    """
    numbers: dict[str, int] = {}
    said = np.array([numbers.setdefault(t.lower(), len(numbers)) for t in texts])
    same = (rows[:, None] == rows[None]) | (said[:, None] == said[None])
    np.fill_diagonal(same, val=False)
    return torch.from_numpy(same)


def contrast(left: Tensor, right: Tensor, scale: Tensor, ignored: Tensor) -> Tensor:
    """Return the symmetric cross-entropy of a batch of pairs (Radford et al. 2021, "CLIP", figure 3).

    Parameters
    ----------
    left, right
        Embeddings ``(batch, dimension)`` of the two sides.
    scale
        What cosines are multiplied by.
    ignored
        Pairs that are no negatives, ``(batch, batch)``.

    Returns
    -------
    Tensor
        A scalar.
    """
    logits = scale * functional.normalize(left, dim=-1) @ functional.normalize(right, dim=-1).T
    logits = logits.masked_fill(ignored, -1e4)
    target = torch.arange(len(logits))
    return (functional.cross_entropy(logits, target) + functional.cross_entropy(logits.T, target)) / 2


def recall(
    queries: Tensor, found: Tensor, right: npt.NDArray[np.int64], ks: Sequence[int] = (1, 5, 10)
) -> dict[str, float]:
    """Measure how often the right one of all is among the first ``k``.

    Parameters
    ----------
    queries, found
        Embeddings.
    right
        For each query the row of ``found`` that belongs to it.
    ks
        How many are looked at.

    Returns
    -------
    dict[str, float]
        ``r@k`` in percent.
    """
    similarity = functional.normalize(queries, dim=-1) @ functional.normalize(found, dim=-1).T
    own = similarity.gather(1, torch.from_numpy(right)[:, None])
    rank = (similarity > own).sum(1)
    return {f"r@{k}": float((rank < k).double().mean() * 100) for k in ks}
