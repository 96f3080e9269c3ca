"""Filters as SQL, and the embeddings that one leaves.

Every value and every name goes to SQLite as a parameter. The metadata are read from the table ``field_value``, field
by field; see ``changes/0004_fields.sql``.
"""

# ruff: noqa: S608 -- what is put into a statement here is SQL of this module's own

from __future__ import annotations

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ilk.filters.places import EARTH_RADIUS_M, is_near
from ilk.filters.tree import And, Comparison, Filter, Near, Not, Or
from ilk.stores.local import catalog
from ilk.stores.local.conditions import Condition, condition_of
from ilk.stores.local.members import Memberships
from ilk.stores.local.sets import Ids, merged, within

MAX_ANSWERS = 256
"""Filters whose answers are remembered."""

MAX_ANSWERS_BYTES = 128 << 20
"""Of the answers that are remembered, together: sixteen times half a million ids, and more."""

EDGE_M = 0.01
"""How near to the edge of a circle the order of operations may decide what is within it."""

FEW = 2_000
"""Items whose embeddings are looked up one by one; of more, the space's whole list of items is read and kept."""


@dataclass(frozen=True, slots=True)
class _Set:
    """Some items by number, ascending; or all but these."""

    ids: Ids
    all_but: bool = False


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
            if changes > self._changes:
                self._kept.clear()
                self._changes, self.size_bytes = changes, 0
            old = self._kept.pop(key, None)
            self._kept[key] = ids
            self.size_bytes += ids.nbytes - (0 if old is None else old.nbytes)
            while len(self._kept) > self._max_answers or self.size_bytes > self._max_bytes:
                self.size_bytes -= self._kept.popitem(last=False)[1].nbytes

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()
            self.size_bytes = 0
        self.memberships.clear()


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
    condition = condition_of(_plain(where))
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
    Cost: a scan of each field that the filter names, and for the first filter one of the space's list of items; nothing
    when asked again.
    """
    answers = Answers() if answers is None else answers
    changes = catalog.changes(connection)
    key = ("embeddings", number, where.key)
    known = answers.get(changes, key)
    if known is not None:
        return known
    found = _embeddings(connection, _items(connection, where, answers, changes), number, answers, changes)
    answers.put(changes, key, found)
    return found


def _items(connection: sqlite3.Connection, where: Filter, answers: Answers, changes: int) -> _Set:
    """The items that a filter matches."""
    if isinstance(where, Not):
        inner = _items(connection, where.part, answers, changes)
        return _Set(inner.ids, not inner.all_but)
    if isinstance(where, And | Or):
        # a or b is not (not a and not b), so that there is only one way to join.
        flip = isinstance(where, Or)
        whole: _Set | None = None
        for part in where.parts:
            found = _items(connection, part, answers, changes)
            found = _Set(found.ids, found.all_but != flip)
            whole = found if whole is None else _both(whole, found)
            if not whole.all_but and not len(whole.ids):
                break
        assert whole is not None
        return _Set(whole.ids, whole.all_but != flip)
    plain = _plain(where)
    condition = condition_of(plain)
    key = ("items", condition.key)
    ids = answers.get(changes, key)
    if ids is None:
        ids = _read(connection, condition)
        answers.put(changes, key, ids)
    if not condition.or_none:
        return _Set(ids, condition.denied)
    has = _items(connection, Comparison(_field(plain), "$exists", value=True), answers, changes)
    others = _both(has, _Set(ids, all_but=True))
    return _Set(others.ids, all_but=not condition.denied)


def _both(one: _Set, other: _Set) -> _Set:
    """What is in two sets."""
    if one.all_but and other.all_but:
        return _Set(merged(one.ids, other.ids), all_but=True)
    if one.all_but:
        one, other = other, one
    return _Set(one.ids[within(one.ids, other.ids) != other.all_but])


def _read(connection: sqlite3.Connection, condition: Condition) -> Ids:
    """The items that meet a plain condition, ascending."""
    sql, parameters = condition.of_all()
    if condition.near is not None:
        return _near(connection.execute(sql, parameters).fetchall(), condition.near)
    # One text of numbers crosses from SQLite a third sooner than as many rows do.
    (joined,) = connection.execute(f"SELECT group_concat(item_id) FROM ({sql})", parameters).fetchone()
    return _ascending(_numbers(joined))


def _near(rows: Sequence[tuple[int, float, float]], near: Near) -> Ids:
    """Those of some items, with their places, that are near."""
    if not rows:
        return np.empty(0, np.int64)
    ids = np.array([row[0] for row in rows], np.int64)
    places = np.array([row[1:] for row in rows], np.float64)
    there = near.latitude, near.longitude, near.within_m
    at = np.radians(places)
    latitude, longitude = np.radians(near.latitude), np.radians(near.longitude)
    h = np.sin((at[:, 0] - latitude) / 2) ** 2
    h += np.cos(at[:, 0]) * np.cos(latitude) * np.sin((at[:, 1] - longitude) / 2) ** 2
    away = 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(h, 1)))
    inside = away <= near.within_m
    # So close to the edge that the last bit decides, the reference does.
    for row in np.flatnonzero(np.abs(away - near.within_m) <= EDGE_M).tolist():
        inside[row] = is_near(float(places[row, 0]), float(places[row, 1]), *there)
    return _ascending(ids[inside])


def _embeddings(connection: sqlite3.Connection, items: _Set, number: int, answers: Answers, changes: int) -> Ids:
    """The embeddings that some items have in a space, ascending."""
    if not items.all_but and len(items.ids) <= FEW:
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
    chosen: Ids = members.embeddings[within(members.items, items.ids) != items.all_but]
    return chosen


def _numbers(joined: str | None) -> Ids:
    """Numbers in a text, with commas between them."""
    return np.empty(0, np.int64) if joined is None else np.fromstring(joined, np.int64, sep=",")


def _ascending(ids: Ids) -> Ids:
    """Each number once, ascending; most often they are so already."""
    return ids if len(ids) < 2 or bool((ids[1:] > ids[:-1]).all()) else np.unique(ids)  # noqa: PLR2004 -- a pair


def _joined(between: str, conditions: list[tuple[str, list[object]]]) -> tuple[str, list[object]]:
    """Conditions joined, in a tree as flat as can be: SQLite takes a thousand levels at most."""
    if len(conditions) == 1:
        return conditions[0]
    half = len(conditions) // 2
    one, other = _joined(between, conditions[:half]), _joined(between, conditions[half:])
    return f"({one[0]}{between}{other[0]})", [*one[1], *other[1]]


def _field(plain: Comparison | Near) -> str:
    assert isinstance(plain, Comparison)
    return plain.field


def _plain(where: Filter) -> Comparison | Near:
    if not isinstance(where, Comparison | Near):
        raise TypeError(f"{type(where).__name__} is no filter that can be compiled")
    return where
