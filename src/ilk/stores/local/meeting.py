"""The items that meet a filter: all of them, those among some, or few of them by the indexes on values.

A filter is a tree of plain conditions. Each is read as a set of items, by its own statement, and the sets are joined
here: one statement for the whole tree would look at every condition of every item.
"""

# ruff: noqa: S608 -- what is put into a statement here is SQL of this package's own

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ilk.filters.places import EARTH_RADIUS_M, is_near
from ilk.filters.tree import And, Comparison, Filter, Near, Not, Or
from ilk.stores.local.catalog import PARAMETERS
from ilk.stores.local.conditions import Condition, condition_of
from ilk.stores.local.sets import Ids, merged, within

EDGE_M = 0.01
"""How near to the edge of a circle the order of operations may decide what is within it."""

LOOKS = 8
"""Conditions of one filter whose values are counted in an index, at most."""


@dataclass(frozen=True, slots=True)
class Items:
    """Some items by number, ascending; or all but these."""

    ids: Ids
    all_but: bool = False


def meeting(where: Filter, read: Callable[[Condition], Ids]) -> Items:
    """The items that a filter matches.

    Parameters
    ----------
    where
        Any.
    read
        Gives the items that meet a plain condition, ascending: `read_all`, or `read_these` of some.
    """
    if isinstance(where, Not):
        inner = meeting(where.part, read)
        return Items(inner.ids, not inner.all_but)
    if isinstance(where, And | Or):
        # a or b is not (not a and not b), so that there is only one way to join.
        flip = isinstance(where, Or)
        whole: Items | None = None
        for part in where.parts:
            found = meeting(part, read)
            found = Items(found.ids, found.all_but != flip)
            whole = found if whole is None else _both(whole, found)
            if not whole.all_but and not len(whole.ids):
                break
        assert whole is not None
        return Items(whole.ids, whole.all_but != flip)
    plain = plain_of(where)
    condition = condition_of(plain)
    ids = read(condition)
    if not condition.or_none:
        return Items(ids, condition.denied)
    assert isinstance(plain, Comparison)
    has = meeting(Comparison(plain.field, "$exists", value=True), read)
    others = _both(has, Items(ids, all_but=True))
    return Items(others.ids, all_but=not condition.denied)


def among(connection: sqlite3.Connection, where: Filter, items: Ids) -> npt.NDArray[np.bool_]:
    """Which of some items, in any order, a filter matches.

    Cost: a look at each for each condition, but of those joined only until one decides.
    """
    matched: npt.NDArray[np.bool_]
    if isinstance(where, And | Or):
        wanted = isinstance(where, And)
        undecided = np.unique(items)
        for part in where.parts:
            undecided = undecided[among(connection, part, undecided) == wanted]
        matched = within(items, undecided) == wanted
        return matched
    looked_at = np.unique(items)  # near each other in the tables, too
    met = meeting(where, lambda condition: read_these(connection, condition, looked_at))
    matched = within(items, met.ids) != met.all_but
    return matched


def few(connection: sqlite3.Connection, where: Filter, most: int) -> Ids | None:
    """The items that a filter matches, ascending, where indexes tell that they are few.

    Returns
    -------
    None where there is no index for it, or where it gives more than `most` items to look at.

    Notes
    -----
    Cost: of what the indexes give, and of `most` entries in each that gives more.
    """
    if not isinstance(where, And | Or | Not):  # which is read at once: whoever asks takes it for few
        found = _spanned(connection, where, most)
    else:
        found = _few(connection, where, most, iter(range(LOOKS)))
    if found is None:
        return None
    items, exact = found
    return items if exact else items[among(connection, where, items)]


def _few(connection: sqlite3.Connection, where: Filter, most: int, looks: Iterator[int]) -> tuple[Ids, bool] | None:
    """Few items, all that match among them; and whether all of them do."""
    if isinstance(where, And):
        parts = (_few(connection, part, most, looks) for part in where.parts)
        known = [found for found in parts if found is not None]
        return (min((ids for ids, _ in known), key=len), False) if known else None
    if isinstance(where, Or):
        whole, sure = np.empty(0, np.int64), True
        for part in where.parts:
            found = _few(connection, part, most, looks)
            if found is None or len(whole) + len(found[0]) > most:
                return None
            whole, sure = np.concatenate([whole, found[0]]), sure and found[1]
        return np.unique(whole), sure
    span = None if isinstance(where, Not) else condition_of(plain_of(where)).span
    if span is None or next(looks, None) is None:
        return None
    # To count takes half the time that reading does, and one of many conditions most often gives too many.
    (count,) = connection.execute(f"SELECT count(*) FROM ({span.sql})", (*span.parameters, most + 1)).fetchone()
    return None if count > most else _spanned(connection, where, most)


def _spanned(connection: sqlite3.Connection, where: Filter, most: int) -> tuple[Ids, bool] | None:
    """As `_few`, of a plain condition."""
    span = condition_of(plain_of(where)).span
    if span is None:
        return None
    sql = f"SELECT count(*), group_concat(item_id) FROM ({span.sql})"
    count, joined = connection.execute(sql, (*span.parameters, most + 1)).fetchone()
    return None if count > most else (_parsed(joined), span.exact)


def read_all(connection: sqlite3.Connection, condition: Condition) -> Ids:
    """The items that meet a plain condition, ascending. Cost: a scan of its field."""
    sql, parameters = condition.of_all()
    if condition.near is not None:
        return _near(connection.execute(sql, parameters).fetchall(), condition.near)
    return _numbers(connection, sql, parameters)


def read_these(connection: sqlite3.Connection, condition: Condition, items: Ids) -> Ids:
    """Those of some items, ascending, that meet a plain condition."""
    found = [np.empty(0, np.int64)]
    for start in range(0, len(items), PARAMETERS):
        sql, parameters = condition.of_these(items[start : start + PARAMETERS].tolist())
        rows = connection.execute(sql, parameters).fetchall()
        if condition.near is not None:
            found.append(_near(rows, condition.near))
        else:
            found.append(_ascending(np.array([item for (item,) in rows], np.int64)))
    return np.concatenate(found)


def plain_of(where: Filter) -> Comparison | Near:
    """A filter that has no others in it, as one.

    Raises
    ------
    TypeError
        If it is of a class that is not known here.
    """
    if not isinstance(where, Comparison | Near):
        raise TypeError(f"{type(where).__name__} is no filter that can be compiled")
    return where


def _both(one: Items, other: Items) -> Items:
    """What is in two sets."""
    if one.all_but and other.all_but:
        return Items(merged(one.ids, other.ids), all_but=True)
    if one.all_but:
        one, other = other, one
    return Items(one.ids[within(one.ids, other.ids) != other.all_but])


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


def _numbers(connection: sqlite3.Connection, sql: str, parameters: Sequence[object]) -> Ids:
    """The items that a statement gives, ascending."""
    # One text of numbers crosses from SQLite a third sooner than as many rows do.
    (joined,) = connection.execute(f"SELECT group_concat(item_id) FROM ({sql})", parameters).fetchone()
    return _parsed(joined)


def _parsed(joined: str | None) -> Ids:
    """Numbers in a text, with commas between them, ascending."""
    return np.empty(0, np.int64) if joined is None else _ascending(np.fromstring(joined, np.int64, sep=","))


def _ascending(ids: Ids) -> Ids:
    """Each number once, ascending; most often they are so already."""
    if len(ids) < 2 or bool((ids[1:] > ids[:-1]).all()):  # noqa: PLR2004 -- a pair
        return ids
    ordered = np.sort(ids)  # NumPy's `unique` looks for what is there twice in a way that takes twenty times as long
    once: Ids = ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])]
    return once
