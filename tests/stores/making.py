"""Spaces, items and vectors to test stores with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ilk.records import Failure, Item, Space
from ilk.stores.base import Upsert

DIMENSION = 8


def make_space(
    model: str = "colour", *, dimension: int = DIMENSION, name: Literal["image", "caption"] = "image"
) -> Space:
    """A space whose digest is its model's name."""
    return Space(
        name=name,
        model=model,
        revision=None,
        digest=model.ljust(64, "0"),
        dimension=dimension,
        modalities=frozenset({"image", "text"}),
    )


def make_item(id_: str, **changed: Any) -> Item:
    """An item with its own bytes, unless told otherwise."""
    facts: dict[str, Any] = {
        "uri": id_,
        "source": "folder",
        "stamp": "1",
        "digest": f"bytes of {id_}",
        "size_bytes": 1,
        "width": 2,
        "height": 3,
    }
    return Item(id=id_, **facts | changed)


def make_failure(id_: str, **changed: Any) -> Failure:
    """A picture that could not be read."""
    facts: dict[str, Any] = {
        "uri": id_,
        "source": "folder",
        "stamp": "1",
        "code": "damaged",
        "message": "It is damaged.",
    }
    return Failure(id=id_, **facts | changed)


def unit_rows(n: int, dimension: int = DIMENSION, *, seed: int = 0) -> npt.NDArray[np.float32]:
    """Unit rows (n, d) in every direction."""
    rows = np.random.default_rng(seed).standard_normal((n, dimension))
    unit: npt.NDArray[np.float32] = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return unit


def make_upserts(ids: Sequence[str], vectors: npt.NDArray[np.float32]) -> list[Upsert]:
    """One for each id and row."""
    return [Upsert(item=make_item(id_), vector=vector) for id_, vector in zip(ids, vectors, strict=True)]
