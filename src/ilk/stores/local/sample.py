"""Some vectors of a space, drawn at random: enough to see what is common in it, read without reading it all."""

from __future__ import annotations

import random
import sqlite3
import threading

import numpy as np
import numpy.typing as npt

from ilk.records import Space
from ilk.stores.local import catalog
from ilk.stores.local.view import unpacked

SEED = 20
"""Two processes draw the same, so that they answer the same."""

SPARSE = 8
"""Where more numbers than so many times the sample are in use, vectors are drawn by number; else all are read."""

ROUNDS = 32
"""Drawings by number before giving up on a space of which there is little among much of others: it is then read."""


class Samples:
    """The newest sample of each space of one gallery. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._newest: dict[tuple[int, int], tuple[int, npt.NDArray[np.float32]]] = {}

    def at(self, connection: sqlite3.Connection, space: Space, count: int) -> npt.NDArray[np.float32]:
        """The sample at the moment of a transaction, of shape (m, d)."""
        number = catalog.space_id(connection, space)
        if number is None:
            return np.empty((0, space.dimension), np.float32)
        changes = catalog.changes(connection)
        with self._lock:
            known = self._newest.get((number, count))
        if known is not None and known[0] == changes:
            return known[1]
        drawn = draw(connection, number, count, space.dimension)
        drawn.setflags(write=False)
        with self._lock:
            self._newest[number, count] = (changes, drawn)
        return drawn


def draw(connection: sqlite3.Connection, number: int, count: int, dimension: int) -> npt.NDArray[np.float32]:
    """At most `count` vectors of a space, at random, of shape (m, d).

    Cost: some look-ups by key for each; one scan where the database holds little more than that.
    """
    first, last = catalog.embedding_range(connection)
    if last - first < SPARSE * count:
        rows = catalog.vectors_after(connection, number, 0).fetchall()
    else:
        rows = _drawn(connection, number, count, range(first, last + 1))
    if not rows:
        return np.empty((0, dimension), np.float32)
    if len(rows) > count:
        rows = [rows[place] for place in sorted(_generator().sample(range(len(rows)), count))]
    return unpacked(rows, dimension)[1].astype(np.float32)


def _drawn(connection: sqlite3.Connection, number: int, count: int, among: range) -> list[tuple[int, bytes]]:
    """As many vectors or some more, by numbers drawn at random; of deleted ones and other spaces' there is no row."""
    generator = _generator()
    found = dict[int, bytes]()
    for _ in range(ROUNDS):
        found |= catalog.vectors_numbered(connection, sorted(generator.sample(among, count)), number)
        if len(found) >= count:
            return sorted(found.items())
    return catalog.vectors_after(connection, number, 0).fetchall()


def _generator() -> random.Random:
    """Not numpy's: importing that takes longer than drawing, and a first search waits for it."""
    return random.Random(SEED)  # noqa: S311 -- a sample is no secret
