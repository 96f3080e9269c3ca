"""Which embeddings of a space are of which items, kept from one write to the next.

Reading that of a million items takes longer than most filters do, and a write changes it for few: what came is told by
the numbers of embeddings, which only grow, and what went by tombstones.
"""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ilk.stores.local import catalog
from ilk.stores.local.sets import Ids, within

LOOKED_UP = 4_000
"""Rows read one by one until the whole list is read instead: whoever filters so often will do it again."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Members:
    """Of one space at one moment.

    Attributes
    ----------
    items, embeddings
        Side by side, (n,); the embeddings ascend.
    changes
        The moment, as the database counts them.
    generation
        Of the space's index: with another, tombstones are forgotten.
    newest, last_tombstone
        The last that were taken note of.
    """

    items: Ids
    embeddings: Ids
    changes: int
    generation: int
    newest: int
    last_tombstone: int

    @cached_property
    def _by_item(self) -> tuple[Ids, Ids]:
        """Items, ascending, and their embeddings."""
        if (self.items[1:] > self.items[:-1]).all():  # as they were written
            return self.items, self.embeddings
        order = np.argsort(self.items, kind="stable")
        return self.items[order], self.embeddings[order]

    def of_items(self, items: Ids) -> Ids:
        """The embeddings, ascending, of some items, ascending. Cost: of those items, once the list is in order."""
        ordered, embeddings = self._by_item
        if not len(ordered):
            return ordered
        places = np.searchsorted(ordered, items)
        found = list[Ids]()
        while True:
            here = np.minimum(places, len(ordered) - 1)
            places = here[(ordered[here] == items) & (places == here)]
            if not len(places):
                break
            found.append(embeddings[places])
            items, places = ordered[places], places + 1  # an item with several is rare, if it occurs at all
        return np.sort(np.concatenate([np.empty(0, np.int64), *found]))

    def of_embeddings(self, embeddings: Ids) -> Ids:
        """The item of each embedding, all of which there are."""
        return self.items[np.searchsorted(self.embeddings, embeddings)]


class Memberships:
    """The newest members of each space of one gallery. Safe from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._newest: dict[int, Members] = {}
        self._looked_up = 0

    def pays(self, number: int, rows: int) -> bool:
        """Whether `at` is better than to look up so many rows one by one."""
        self._looked_up += rows
        return number in self._newest or self._looked_up > LOOKED_UP

    def at(self, connection: sqlite3.Connection, number: int, changes: int) -> Members:
        """Those of a space at the moment of a transaction. Cost: of what was written since; at first, of everything."""
        with self._lock:
            known = self._newest.get(number)
        if known is not None and known.changes == changes:
            return known
        row = connection.execute("SELECT generation FROM vector_index WHERE space_id = ?", (number,)).fetchone()
        generation = 0 if row is None else int(row[0])
        found = None
        if known is not None and known.generation == generation and known.changes < changes:
            found = _caught_up(connection, number, known, changes)
        if found is None or not _holds(connection, number, found):
            nothing = np.empty(0, np.int64)
            begun = Members(
                items=nothing, embeddings=nothing, changes=changes, generation=generation, newest=0, last_tombstone=0
            )
            found = _caught_up(connection, number, begun, changes)
        with self._lock:
            newest = self._newest.get(number)
            if newest is None or newest.changes < changes:
                self._newest[number] = found
        return found

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._newest.clear()


def _holds(connection: sqlite3.Connection, number: int, members: Members) -> bool:
    """Whether they are still of this space: one that was removed leaves no tombstones, and the next may get its number.

    Numbers of embeddings are never given again, so that one of them tells it of all.
    """
    if not len(members.embeddings):
        return members.newest == 0
    first = int(members.embeddings[0])
    there = connection.execute("SELECT 1 FROM embedding WHERE embedding_id = ? AND space_id = ?", (first, number))
    return there.fetchone() is not None


def _caught_up(connection: sqlite3.Connection, number: int, known: Members, changes: int) -> Members:
    """The members with what came and went since."""
    items, embeddings, newest, last = known.items, known.embeddings, known.newest, known.last_tombstone
    gone = catalog.tombstones_after(connection, number, last)
    if gone:
        last = gone[-1][0]
        left = ~within(embeddings, np.sort(np.array([each for _, each in gone], np.int64)))
        items, embeddings = items[left], embeddings[left]
    # By the number of the embedding where little is new: the index on spaces and items would be read as a whole. That
    # is what pays where all is new, and without the plus SQLite would read the vectors as well.
    how, number_of = ("NOT INDEXED", "embedding_id") if newest else ("", "+embedding_id")
    of_items, of_embeddings = connection.execute(
        f"SELECT group_concat(item_id), group_concat(embedding_id) FROM embedding {how} "  # noqa: S608 -- two words
        f"WHERE space_id = ? AND {number_of} > ?",
        (number, newest),
    ).fetchone()
    if of_embeddings is not None:
        more = np.fromstring(of_items, np.int64, sep=","), np.fromstring(of_embeddings, np.int64, sep=",")
        order = np.argsort(more[1], kind="stable")
        items = np.concatenate([items, more[0][order]])
        embeddings = np.concatenate([embeddings, more[1][order]])
        newest = int(embeddings[-1])
    return Members(
        items=items,
        embeddings=embeddings,
        changes=changes,
        generation=known.generation,
        newest=newest,
        last_tombstone=last,
    )
