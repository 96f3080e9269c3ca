"""One plain condition of a filter as SQL: on all items, on some, on one, and where an index finds what meets it.

SQLite keeps no count of the values in a range, and would take an index for a condition that half of all items meet. So
the index is named where it is meant, and elsewhere the one by items is.
"""

# ruff: noqa: S608 -- what is put into a statement here is SQL of this module's own

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from ilk.filters.comparing import lowered
from ilk.filters.fields import metadata_name
from ilk.filters.patterns import after_prefix, as_glob, beginning
from ilk.filters.places import latitudes_near
from ilk.filters.tree import Comparison, Near
from ilk.filters.values import Date, Scalar
from ilk.filters.words import words_of

_COLUMNS: Final = {
    "id": "item.id", "path": "item.uri", "uri": "item.uri", "source": "item.source", "size": "item.size_bytes",
    "width": "item.width", "height": "item.height", "caption": "caption.text",
}  # fmt: skip

_VALUES_OF: Final = "SELECT item_id FROM field_value{} WHERE field_id = (SELECT field_id FROM field WHERE name = ?)"
_BY_VALUE: Final = " INDEXED BY field_value_found"
_BY_ITEM: Final = " INDEXED BY sqlite_autoindex_field_value_1"  # SQLite's name for that of the primary key
_VALUE: Final = "field_value.value"

INDEXED: Final = frozenset({"item.id"})
"""Columns of items that have an index."""

MAX_PARAMETERS = 500
"""Of one list of values; a longer one goes to SQLite as JSON."""

# Numbers come before texts, and texts before BLOBs, which are what the table has for true and false.
_IS_NUMBER: Final = "{0} < ''"
_IS_TEXT: Final = "({0} >= '' AND {0} < x'')"


@dataclass(frozen=True, slots=True)
class Span:
    """Rows that an index finds, and nothing else has to be read for.

    Attributes
    ----------
    sql, parameters
        A statement for the items of at most so many of them; how many is the one parameter that is not here, the last.
    exact
        Whether the condition holds of all of these; else it holds of none but these.
    """

    sql: str
    parameters: tuple[object, ...]
    exact: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A test of one value, and where the values are.

    Attributes
    ----------
    table
        ``item``: a column of it. ``caption``: any of the item's. ``field``: any of its values in a metadata field.
        ``place``: its latitude and longitude.
    test
        SQL about the value; it holds of an item if it holds of any of its values.
    parameters
        The test's.
    name
        Of the metadata field.
    or_none
        It holds also of an item that has no value at all.
    denied
        The condition holds of the other items.
    near
        Where the items must be, of which the test tells only that they may.
    span
        What an index finds; None where none helps, and where the condition is denied.
    """

    table: Literal["item", "caption", "field", "place"]
    test: str
    parameters: tuple[object, ...] = ()
    name: str | None = None
    denied: bool = False
    or_none: bool = False
    near: Near | None = None
    span: Span | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """What tells the items apart that `of_all` selects."""
        near = None if self.near is None else self.near.key
        return self.table, self.name, self.test, tuple((type(each), each) for each in self.parameters), near

    def of_all(self) -> tuple[str, tuple[object, ...]]:
        """A statement for the items of whose values the test holds; of places also where they are."""
        if self.table == "place":
            return _PLACES.format(test=self.test), self.parameters
        present, parameters = self.of_present()
        return f"{present} AND {self.test}", (*parameters, *self.parameters)

    def of_these(self, items: Sequence[int]) -> tuple[str, tuple[object, ...]]:
        """As `of_all`, of these items only. Cost: a look at each."""
        sql, parameters = self.of_all()
        if self.test == _MATCH:  # which would list all captions with these words before it looked at one
            sql = sql.replace(_MATCH, _MATCHES)
        rows = {"item": "item", "caption": "caption", "field": "field_value", "place": "a"}[self.table]
        return f"{sql} AND {rows}.item_id IN ({', '.join('?' * len(items))})", (*parameters, *items)

    def of_present(self) -> tuple[str, tuple[object, ...]]:
        """A statement for the items that have any value."""
        if self.table == "field":
            return _VALUES_OF.format(_BY_ITEM), (self.name,)
        return f"SELECT item_id FROM {self.table} WHERE 1", ()

    def of_item(self) -> tuple[str, list[object]]:
        """The condition on one row of ``item``."""
        sql, parameters = self.of_all()
        if self.near is not None:
            there = (self.near.latitude, self.near.longitude, self.near.within_m)
            sql = f"SELECT 1 FROM ({sql} AND a.item_id = item.item_id) WHERE ilk_is_near(latitude, longitude, ?, ?, ?)"
            return f"(EXISTS ({sql}))", [*parameters, *there]
        if self.table == "item":
            holds, parameters = f"({self.test})", self.parameters
        else:
            rows = {"caption": "caption", "field": "field_value"}[self.table]
            of_this = f"AND {rows}.item_id = item.item_id"
            holds = f"EXISTS ({sql} {of_this})"
            if self.or_none:
                present, more = self.of_present()
                holds = f"({holds} OR NOT EXISTS ({present} {of_this}))"
                parameters = (*parameters, *more)
        return f"(NOT {holds})" if self.denied else holds, list(parameters)


_PLACES: Final = (
    "SELECT a.item_id, a.value AS latitude, o.value AS longitude "
    f"FROM field_value AS a{_BY_ITEM} CROSS JOIN field_value AS o "
    "ON o.item_id = a.item_id AND o.position = 0 AND o.field_id = (SELECT field_id FROM field WHERE name = 'longitude')"
    " WHERE a.field_id = (SELECT field_id FROM field WHERE name = 'latitude') AND a.position = 0 AND {test}"
)


def condition_of(plain: Comparison | Near) -> Condition:
    """A plain filter as SQL."""
    if isinstance(plain, Near):
        least, most = latitudes_near(plain.latitude, plain.within_m)
        test = "a.value >= ? AND a.value <= ? AND o.value >= -180 AND o.value <= 180"
        edges = (max(-90.0, least), min(90.0, most))
        belt = _span("field", _VALUE, "latitude", ("{0} >= ? AND {0} <= ?", edges), exact=False)
        return Condition(table="place", test=test, parameters=edges, near=plain, span=belt)
    name = metadata_name(plain.field)
    if name is not None:
        return _condition(plain, "field", _VALUE, name)
    return _condition(plain, "caption" if plain.field == "caption" else "item", _COLUMNS[plain.field], None)


def _condition(
    plain: Comparison, table: Literal["item", "caption", "field"], column: str, name: str | None
) -> Condition:
    """A comparison with the values in a column."""
    operator, value = plain.operator, plain.value
    if operator in {"$eq", "$ne", "$in", "$nin"}:
        wanted = value if isinstance(value, tuple) else (value,)
        return _equal(wanted, table, column, name, denied=operator in {"$ne", "$nin"})
    if operator == "$exists":
        return Condition(table=table, name=name, test="1")
    assert not isinstance(value, tuple)
    if operator == "$match":
        words = (" ".join(f'"{word}"' for word in words_of(str(value))),)
        return Condition(table=table, test=_MATCH, parameters=words, span=Span(_MATCHING, words))
    test, parameters = _compared(operator, value, column)
    span = _span(table, column, name, _range(operator, value), exact=operator != "$like")
    return Condition(table=table, name=name, test=test, parameters=parameters, span=span)


_MATCH: Final = "caption_id IN (SELECT rowid FROM caption_words WHERE caption_words MATCH ?)"
_MATCHES: Final = "EXISTS (SELECT 1 FROM caption_words WHERE caption_words MATCH ? AND rowid = caption_id)"
_MATCHING: Final = (
    "SELECT item_id FROM caption WHERE caption_id IN "
    "(SELECT rowid FROM caption_words WHERE caption_words MATCH ? LIMIT ?)"
)


def _compared(operator: str, value: Scalar, column: str) -> tuple[str, tuple[object, ...]]:
    """A test by one value, of its own kind only."""
    if operator == "$contains":
        return f"{_IS_TEXT} AND instr(lower({{0}}), ?) > 0".format(column), (lowered(str(value)),)
    if operator == "$like":
        start = beginning(str(value))  # an index, where there is one, finds what begins so
        end = after_prefix(start)
        edge = b"" if end is None else end
        return f"{column} >= ? AND {column} < ? AND {column} GLOB ?", (start, edge, as_glob(str(value)))
    sign = {"$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<="}[operator]
    if isinstance(value, Date):  # after a day is after all of it, and up to a day is up to its end
        edge = value.after if operator in {"$gt", "$lte"} else value.text
        sign = ">=" if operator in {"$gt", "$gte"} else "<"
        return f"{_IS_TEXT} AND {{0}} {sign} ?".format(column), (edge,)
    kind = _IS_TEXT if isinstance(value, str) else _IS_NUMBER
    return f"{kind} AND {{0}} {sign} ?".format(column), (value,)


def _range(operator: str, value: Scalar) -> tuple[str, tuple[object, ...]] | None:
    """What `_compared` tests, as one range of values: with two upper bounds SQLite may read up to the wrong one."""
    if operator == "$contains":
        return None
    if operator == "$like":
        start = beginning(str(value))
        end = after_prefix(start)
        return None if end is None else ("{0} >= ? AND {0} < ?", (start, end))
    if isinstance(value, Date):
        edge = value.after if operator in {"$gt", "$lte"} else value.text
        return ("{0} >= ? AND {0} < x''" if operator in {"$gt", "$gte"} else "{0} >= '' AND {0} < ?"), (edge,)
    if operator in {"$gt", "$gte"}:
        sign, last = {"$gt": ">", "$gte": ">="}[operator], "x''" if isinstance(value, str) else "''"
        return f"{{0}} {sign} ? AND {{0}} < {last}", (value,)
    sign, first = {"$lt": "<", "$lte": "<="}[operator], "{0} >= '' AND " if isinstance(value, str) else ""
    return f"{first}{{0}} {sign} ?", (value,)


def _span(
    table: str, column: str, name: str | None, found: tuple[str, tuple[object, ...]] | None, *, exact: bool = True
) -> Span | None:
    """A range of values where there is an index on them."""
    if found is None:
        return None
    test, parameters = found
    if table == "field":
        start = _VALUES_OF.format(_BY_VALUE)
        return Span(f"{start} AND {test.format('field_value.value')} LIMIT ?", (name, *parameters), exact)
    if column not in INDEXED:
        return None
    return Span(f"SELECT item_id FROM item WHERE {test.format(column)} LIMIT ?", parameters, exact)


def _equal(
    wanted: tuple[Scalar, ...],
    table: Literal["item", "caption", "field"],
    column: str,
    name: str | None,
    *,
    denied: bool,
) -> Condition:
    """Whether a value is one of these."""
    tests, parameters = list[str](), list[object]()
    for date in (each for each in wanted if isinstance(each, Date)):
        tests.append(f"({column} >= ? AND {column} < ?)")
        parameters += (date.text, date.after)
    plain = [_stored(each) for each in wanted if each is not None and not isinstance(each, Date)]
    blobs = [each for each in plain if isinstance(each, bytes)]
    if len(plain) > MAX_PARAMETERS:
        tests.append(f"{column} IN (SELECT value FROM json_each(?))")
        parameters.append(json.dumps([each for each in plain if not isinstance(each, bytes)]))
        plain = [*blobs]
    if plain:
        tests.append(f"{column} IN ({', '.join('?' * len(plain))})")
        parameters += plain
    null = None in wanted
    one = len(tests) == 1 and not null and not denied and len(parameters) <= MAX_PARAMETERS
    span = _span(table, column, name, (tests[0].replace(column, "{0}"), tuple(parameters))) if one else None
    if null:
        tests.append(f"{column} IS NULL")
    return Condition(
        table=table,
        test=f"({' OR '.join(tests)})",
        parameters=tuple(parameters),
        name=name,
        denied=denied,
        or_none=null and table != "item",  # which has all its columns
        span=span,
    )


def _stored(value: str | float | bool) -> str | int | float | bytes:  # noqa: FBT001 -- a value, no flag
    """A value as the table has it."""
    return (b"\x00", b"\x01")[value] if isinstance(value, bool) else value
