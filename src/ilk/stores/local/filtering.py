"""Filters as SQL, and the embeddings that one leaves.

Every value and every name goes to SQLite as a parameter. The metadata are read from the table ``field_value``, field
by field; see ``changes/0004_fields.sql``.
"""

# ruff: noqa: S608 -- what is put into a statement here is SQL of this module's own

from __future__ import annotations

import sqlite3
import threading
from collections import OrderedDict

import numpy as np

from ilk.filters.places import is_near
from ilk.filters.tree import And, Filter, Not, Or
from ilk.stores.local import catalog
from ilk.stores.local.conditions import Condition, condition_of
from ilk.stores.local.meeting import Items, among, few, meeting, plain_of, read_all
from ilk.stores.local.members import Memberships
from ilk.stores.local.sets import Ids, within

MAX_ANSWERS = 256
"""Filters whose answers are remembered."""

DRAWN = 64
"""Items that tell whether a filter is worth to be held against the nearest."""

WIDE = 2
"""So many of them match: seldom fewer where a tenth of all items do, and seldom as many where a hundredth does."""

MAX_ASKED = 10_000
"""Filters of which it is counted how often they were asked."""

MAX_ANSWERS_BYTES = 128 << 20
"""Of the answers that are remembered, together: sixteen times half a million ids, and more."""

SPARSE = 16
"""Of fewer than one item in so many, each is looked up in the list; of more, the list is passed over once."""

MANY = 20_000
"""Items from which on a filter is worth a plan: a field of fewer is read in a millisecond or two."""

FEW_IN = 64
"""Of one item in so many at most, what an index on values gives is read rather than the field."""

FEW = 2_000
"""Items whose embeddings are looked up one by one; of more, the space's whole list of items is read and kept."""


class Answers:
    """What filters left at one moment of a gallery, so that asking again costs nothing. Safe from many threads.

    Attributes
    ----------
    size_bytes
        Of the answers.
    memberships
        Which embeddings are of which items; kept when something is written, unlike the answers.
    """

    def __init__(self, *, max_answers: int = MAX_ANSWERS, max_bytes: int = MAX_ANSWERS_BYTES) -> None:
        self._max_answers = max_answers
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[object, ...], Ids] = OrderedDict()
        self._asked: dict[tuple[object, ...], int] = {}
        self._changes = -1
        self.size_bytes = 0
        self.memberships = Memberships()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, changes: int, key: tuple[object, ...]) -> Ids | None:
        """What was kept under a key at this moment."""
        with self._lock:
            if changes != self._changes or key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key]

    def put(self, changes: int, key: tuple[object, ...], ids: Ids) -> None:
        """Keep an array, which nobody may change from now on. What is of an older moment goes; so does the oldest."""
        ids.flags.writeable = False
        with self._lock:
            if changes < self._changes or ids.nbytes > self._max_bytes:
                return
            self._move_to(changes)
            old = self._kept.pop(key, None)
            self._kept[key] = ids
            self.size_bytes += ids.nbytes - (0 if old is None else old.nbytes)
            while len(self._kept) > self._max_answers or self.size_bytes > self._max_bytes:
                self.size_bytes -= self._kept.popitem(last=False)[1].nbytes

    def times(self, changes: int, key: tuple[object, ...]) -> int:
        """How often this was called for a key at this moment, before."""
        with self._lock:
            if changes < self._changes:
                return 0
            self._move_to(changes)
            if len(self._asked) >= MAX_ASKED:
                self._asked.clear()
            before = self._asked.get(key, 0)
            self._asked[key] = before + 1
            return before

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._forget()
        self.memberships.clear()

    def _move_to(self, changes: int) -> None:
        if changes > self._changes:
            self._forget()
            self._changes = changes

    def _forget(self) -> None:
        self._kept.clear()
        self._asked.clear()
        self.size_bytes = 0


def fields(connection: sqlite3.Connection) -> tuple[str, ...]:
    """The names of the metadata fields that any item has, sorted."""
    rows = connection.execute(
        "SELECT name FROM field WHERE EXISTS (SELECT 1 FROM field_value WHERE field_value.field_id = field.field_id) "
        "ORDER BY name"
    )
    return tuple(name for (name,) in rows)


def prepare(connection: sqlite3.Connection) -> None:
    """Teach a connection the function that `compile` may call."""
    connection.create_function("ilk_is_near", 5, is_near, deterministic=True)


def compile(where: Filter) -> tuple[str, list[object]]:  # noqa: A001 -- what is done to filters everywhere
    """A filter as a condition on one row of ``item``, and its parameters; the connection must be prepared.

    For statements that look at few rows; for all of them there is `matching`.
    """
    if isinstance(where, Not):
        sql, parameters = compile(where.part)
        return f"(NOT {sql})", parameters
    if isinstance(where, And | Or):
        return _joined(" AND " if isinstance(where, And) else " OR ", [compile(part) for part in where.parts])
    condition = condition_of(plain_of(where))
    return condition.of_item()


def matching(connection: sqlite3.Connection, where: Filter, number: int, answers: Answers | None = None) -> Ids:
    """The embeddings of one space whose items a filter matches.

    Parameters
    ----------
    connection
        In a transaction.
    number
        Of the space.
    answers
        What was found before, and where to keep what is found now.

    Returns
    -------
    Embedding_ids, ascending, shape (m,). Not to be changed.

    Notes
    -----
    Cost: a scan of each field that the filter names, or of the part that matches where an index finds it and it is
    small; and for the first filter one of the space's list of items; nothing when asked again.
    """
    answers = Answers() if answers is None else answers
    changes = catalog.changes(connection)
    known = answers.get(changes, ("embeddings", number, where.key))
    if known is None:
        known = matching_few(connection, where, number, answers, changes)
    if known is not None:
        return known

    def read(condition: Condition) -> Ids:
        key = ("items", condition.key)
        ids = answers.get(changes, key)
        if ids is None:
            ids = read_all(connection, condition)
            answers.put(changes, key, ids)
        return ids

    found = _embeddings(connection, meeting(where, read), number, answers, changes)
    answers.put(changes, ("embeddings", number, where.key), found)
    return found


def matching_few(
    connection: sqlite3.Connection, where: Filter, number: int, answers: Answers, changes: int
) -> Ids | None:
    """As `matching`, where indexes tell that they are few; None where they do not, and where all are few."""
    last = _last(connection)
    if last < MANY:
        return None
    items = few(connection, where, max(FEW, last // FEW_IN))
    if items is None:
        return None
    found = _embeddings(connection, Items(items), number, answers, changes)
    answers.put(changes, ("embeddings", number, where.key), found)
    return found


def seems_wide(connection: sqlite3.Connection, where: Filter) -> bool:
    """Whether a filter matches some of a few items drawn at random, always the same: a twentieth, or more."""
    drawn = np.random.default_rng(0).random(DRAWN) * _last(connection)
    return int(among(connection, where, drawn.astype(np.int64) + 1).sum()) >= WIDE


def _last(connection: sqlite3.Connection) -> int:
    """The highest number of an item."""
    (last,) = connection.execute("SELECT max(item_id) FROM item").fetchone()
    return last or 0


def items_of(connection: sqlite3.Connection, embeddings: Ids, number: int, answers: Answers, changes: int) -> Ids:
    """The items of some embeddings of a space, beside them."""
    if answers.memberships.pays(number, len(embeddings)):
        return answers.memberships.at(connection, number, changes).of_embeddings(embeddings)
    found = dict[int, int]()
    for some, marks in catalog.batches(sorted(embeddings.tolist())):
        found |= dict(
            connection.execute(f"SELECT embedding_id, item_id FROM embedding WHERE embedding_id IN ({marks})", some)
        )
    return np.array([found[each] for each in embeddings.tolist()], np.int64)


def _embeddings(connection: sqlite3.Connection, items: Items, number: int, answers: Answers, changes: int) -> Ids:
    """The embeddings that some items have in a space, ascending."""
    lone = not items.all_but and len(items.ids) <= FEW
    if lone and not answers.memberships.pays(number, len(items.ids)):
        found = list[int]()
        for some, marks in catalog.batches(items.ids.tolist()):
            found += (
                embedding_id
                for (embedding_id,) in connection.execute(
                    f"SELECT embedding_id FROM embedding WHERE space_id = ? AND item_id IN ({marks})", (number, *some)
                )
            )
        return np.sort(np.array(found, np.int64))
    members = answers.memberships.at(connection, number, changes)
    if not items.all_but and len(items.ids) * SPARSE < len(members.items):
        return members.of_items(items.ids)
    chosen: Ids = members.embeddings[within(members.items, items.ids) != items.all_but]
    return chosen


def _joined(between: str, conditions: list[tuple[str, list[object]]]) -> tuple[str, list[object]]:
    """Conditions joined, in a tree as flat as can be: SQLite takes a thousand levels at most."""
    if len(conditions) == 1:
        return conditions[0]
    half = len(conditions) // 2
    one, other = _joined(between, conditions[:half]), _joined(between, conditions[half:])
    return f"({one[0]}{between}{other[0]})", [*one[1], *other[1]]
