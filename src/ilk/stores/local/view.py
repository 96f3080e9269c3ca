"""A space's vectors at one moment, ready to be scanned: the index file, the tail in memory, and what is dead in both.

Views are shared by every thread and never change; when the database has moved on, a new one is made of the old one and
of what was written since.
"""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ilk.errors import GalleryDamagedError
from ilk.records import Space
from ilk.records.items import Metric
from ilk.stores.local import catalog, index
from ilk.stores.local.block import Block, Ids
from ilk.stores.local.tuning import Tuning

BLOCK_ROWS = 65_536
"""Vectors in one block in memory, at most."""

MERGE_RATIO = 4
"""Blocks up to so many times what is new are merged with it: few blocks, and each vector is copied few times."""


@dataclass(frozen=True, kw_only=True)
class View:
    """What a space holds at one moment.

    Attributes
    ----------
    space_id, dimension
        Of the space.
    changes
        The moment, as the database counts them.
    generation
        Of the index that this view began with.
    blocks
        The file's, if there is one, then those in memory.
    newest
        The highest embedding_id in any block.
    dead
        Embedding_ids that are in a block and no longer in the database.
    last_tombstone
        The newest one taken note of.
    metric
        How vectors are compared.
    tuning
        What the index is set to.
    longest
        At most so long is any vector; of use where they are compared by inner product and not of length 1.
    """

    space_id: int
    dimension: int
    changes: int
    generation: int
    blocks: tuple[Block, ...] = ()
    newest: int = 0
    dead: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    last_tombstone: int = 0
    metric: Metric = "cosine"
    tuning: Tuning = field(default_factory=Tuning)
    longest: float = 1.01

    @cached_property
    def count(self) -> int:
        """Vectors that may be answered."""
        return sum(block.vectors for block in self.blocks) - len(self.dead)

    @cached_property
    def tail(self) -> int:
        """Vectors that are in no file."""
        return sum(block.vectors for block in self.blocks if not block.from_file)

    @cached_property
    def firsts(self) -> tuple[int, ...]:
        """The place of each block's first vector, counted through all of them."""
        return tuple(accumulate((block.vectors for block in self.blocks), initial=0))[:-1]

    def codes(self, places: Ids) -> npt.NDArray[np.float16]:
        """The vectors at m places, as they are searched, of shape (m, d)."""
        if len(self.blocks) == 1:  # which is most often so
            return self.blocks[0].codes[places]
        found = np.empty((len(places), self.dimension), np.float16)
        for block, first in zip(self.blocks, self.firsts, strict=True):
            here = (places >= first) & (places < first + block.vectors)
            found[here] = block.codes[places[here] - first]
        return found


class Views:
    """The newest view of each space of one gallery.

    Parameters
    ----------
    directory
        The gallery's.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._newest: dict[int, View] = {}
        self._refused: dict[tuple[int, int], str] = {}

    def at(self, connection: sqlite3.Connection, space: Space) -> View | None:
        """The view at the moment of a transaction that has not read anything yet; None if there is no such space.

        Raises
        ------
        ilk.stores.local.index.IndexRefusedError
            Once for each file that is not believed. Begin a new transaction and call again: by then there may be a
            newer file, and if there is not, the vectors are read from the database.
        """
        with self._lock:  # the moment is chosen in here too, so no view is ever newer than the transaction
            changes, number = catalog.moment(connection, space)
            if number is None:
                return None
            view = self._newest.get(number)
            if view is not None and view.changes == changes:
                return view
            record = catalog.index_record(connection, number)
            if view is None or view.generation != record.generation or view.changes > changes:
                view = self._begin(number, record)
            view = replace(_caught_up(connection, view), changes=changes)
            self._newest[number] = view
            return view

    def refuse(self, number: int, generation: int, reason: str) -> None:
        """Believe the file of this generation no more."""
        with self._lock:
            self._refused[number, generation] = reason
            self._newest.pop(number, None)

    def refused(self, number: int, generation: int) -> str | None:
        """Why a file is not believed; None if it is, or was not looked at."""
        return self._refused.get((number, generation))

    def close(self) -> None:
        """Let go of the files."""
        with self._lock:
            self._newest.clear()

    def _begin(self, number: int, record: index.IndexRecord) -> View:
        """A view of the index file alone."""
        view = View(
            space_id=number,
            dimension=record.dimension,
            changes=0,
            generation=record.generation,
            metric=record.metric,
            longest=float(record.facts.get("longest", 1.01)),
        )
        if record.file is None or (number, record.generation) in self._refused:
            return view
        try:
            opened = index.read(self._directory, record)
        except index.IndexRefusedError as error:
            self._refused[number, record.generation] = str(error)
            raise
        block = Block(
            ids=opened.ids,
            codes=opened.codes,
            lay_out=opened.lay_out,
            base=opened.base,
            metric=record.metric,
            from_file=True,
        )
        based = block.base is not None
        tuning = Tuning.from_facts(record.factory, block.names, record.facts) if based else Tuning()
        return replace(view, blocks=(block,), newest=record.last_embedding_id, tuning=tuning)


def unpacked(rows: list[tuple[int, bytes]], dimension: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float16]]:
    """Rows of embedding_id and vector as arrays of shape (n,) and (n, d).

    Raises
    ------
    GalleryDamagedError
        If a vector has another length.
    """
    ids, blobs = zip(*rows, strict=True)
    for id_, blob in rows:
        if len(blob) != 2 * dimension:
            raise GalleryDamagedError(
                f"Vector {id_} in the database has {len(blob)} bytes, not {2 * dimension}. `ilk check` says what else "
                "is wrong; restore the gallery from a copy, or delete it and index again."
            )
    return np.array(ids, np.int64), np.frombuffer(b"".join(blobs), "<f2").reshape(-1, dimension)


def _caught_up(connection: sqlite3.Connection, view: View) -> View:
    """The view with what came and went since."""
    gone = catalog.tombstones_after(connection, view.space_id, view.last_tombstone)
    if gone:
        # What is newer than every block was never in one.
        dead = [embedding_id for _, embedding_id in gone if embedding_id <= view.newest]
        view = replace(view, dead=np.concatenate([view.dead, np.array(dead, np.int64)]), last_tombstone=gone[-1][0])
    rows = catalog.vectors_after(connection, view.space_id, view.newest)
    blocks = list(view.blocks)
    newest, longest = view.newest, view.longest
    while some := rows.fetchmany(BLOCK_ROWS):
        newest = some[-1][0]
        ids, codes = unpacked(some, view.dimension)
        if view.metric == "ip":
            longest = max(longest, float(np.linalg.norm(codes.astype(np.float32), axis=1).max()))
        _append(blocks, ids, codes, view.metric)
    return replace(view, blocks=tuple(blocks), newest=newest, longest=longest)


def _append(blocks: list[Block], ids: Ids, codes: npt.NDArray[np.float16], metric: Metric) -> None:
    """Put vectors into a new block, together with those of small blocks before it."""
    while blocks:
        last = blocks[-1]
        size = last.vectors + len(ids)
        if last.from_file or size > BLOCK_ROWS or last.vectors > MERGE_RATIO * len(ids):
            break
        ids = np.concatenate([last.ids, ids])
        codes = np.concatenate([last.codes, codes])
        blocks.pop()
    held, lay_out = index.in_memory(codes, metric)
    blocks.append(Block(ids=ids, codes=held, lay_out=lay_out, metric=metric))
