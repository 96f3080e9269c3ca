"""Stored vectors, a block at a time: whatever the gallery's size, no more than a block is in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from ilk.records import Item, Space

if TYPE_CHECKING:
    import numpy.typing as npt

    from ilk.filters import Filter
    from ilk.stores.base import Store

BLOCK = 4_096
"""Items read at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Some items' vectors.

    Attributes
    ----------
    ids
        Of the items, n.
    vectors
        Unit rows of shape (n, d), float32; or as stored, where that was asked for.
    items
        The items themselves, where they were read.
    """

    ids: list[str]
    vectors: npt.NDArray[np.float32]
    items: list[Item] | None = None


def blocks(  # noqa: PLR0913 -- which rows, and what of them
    store: Store,
    space: Space,
    *,
    ids: Iterable[str] | None = None,
    where: Filter | None = None,
    with_items: bool = False,
    raw: bool = False,
) -> Iterator[Rows]:
    """The vectors of a space, of these items or of all, that a filter matches. Items without a vector are left out.

    Cost: about 10 µs an item; three times that where the items are needed too.
    """
    remaining = iter(store.ids() if ids is None else ids)
    while page := list(islice(remaining, BLOCK)):
        items = store.fetch(page) if where is not None or with_items else None
        if where is not None and items is not None:
            page = [id_ for id_ in page if id_ in items and where.matches(items[id_])]
        found = store.vectors(page, space)
        if found:
            rows = np.stack(list(found.values()))
            yield Rows(
                ids=list(found),
                vectors=rows if raw or space.normalised else unit_rows(rows),
                items=[items[id_] for id_ in found] if items is not None else None,
            )


def unit_rows(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Rows of shape (n, d) at length 1; those of zeros, which have no direction, stay."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: npt.NDArray[np.float32] = np.divide(rows, lengths, out=rows.copy(), where=lengths > 0)
    return unit
