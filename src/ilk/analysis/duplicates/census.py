"""What a gallery holds, as narrow columns: a million items take some hundred megabytes."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from ilk.filters import Filter
    from ilk.records import Item
    from ilk.stores.base import Store

PAGE = 2_048


@dataclass(frozen=True, slots=True)
class Census:
    """n items, by row.

    Attributes
    ----------
    ids
        In the order they were added.
    digests
        SHA-256 of the picture's bytes; empty where the gallery has never seen the picture, but was given its vector.
    shapes
        Width and height in pixels, shape (n, 2).
    sizes
        Bytes, shape (n,).
    """

    ids: list[str] = field(default_factory=list)
    digests: list[bytes] = field(default_factory=list)
    shapes: npt.NDArray[np.int32] = field(default_factory=lambda: np.empty((0, 2), np.int32))
    sizes: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    def __len__(self) -> int:
        return len(self.ids)

    def order(self, row: int) -> tuple[int, int, int, str]:
        """What to sort rows by, the one to keep first: most pixels, then most bytes, then the shortest name."""
        return (
            -int(self.shapes[row].astype(np.int64).prod()),
            -int(self.sizes[row]),
            len(self.ids[row]),
            self.ids[row],
        )

    def shape(self, row: int) -> tuple[int, int]:
        """Width and height in pixels."""
        return int(self.shapes[row, 0]), int(self.shapes[row, 1])


def taken(store: Store, where: Filter | None) -> Census:
    """Of all items, or of those that a filter matches."""
    ids, digests, shapes, sizes = list[str](), list[bytes](), array("i"), array("q")
    for item in _items(store):
        if where is None or where.matches(item):
            ids.append(item.id)
            digests.append(bytes.fromhex(item.digest) if item.width else b"")
            shapes.extend((item.width, item.height))
            sizes.append(item.size_bytes)
    return Census(ids, digests, np.array(shapes, np.int32).reshape(-1, 2), np.array(sizes, np.int64))


def _items(store: Store) -> Iterator[Item]:
    ids = iter(store.ids())
    while page := list(islice(ids, PAGE)):
        yield from store.fetch(page).values()
