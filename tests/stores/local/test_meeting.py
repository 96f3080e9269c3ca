"""What an index on values finds, and what it is not asked for. Agreement with the reference is in `test_filtering`."""

from __future__ import annotations

import sqlite3
from functools import cache

import numpy as np
import pytest

from ilk.filters import Or, parse
from ilk.stores.local import meeting
from ilk.stores.local.conditions import condition_of
from ilk.stores.local.meeting import plain_of
from stores.local.test_filtering import database
from stores.making import make_item

INDEXED = (
    "n == 3",
    "n in [3, 4]",
    "n < 3",
    "n <= 3",
    "n > 96",
    "n >= 97.5",
    "draft == true",
    "place == 'p3'",
    "place > 'p96'",
    "place <= 'p0'",
    "place like 'p1*7'",
    "taken_at == 2020-03",
    "taken_at < 2020-02",
    "taken_at >= 2020-12",
    "near(7, 5, 100km)",
)


@cache
def hundred() -> sqlite3.Connection:
    """Items from 1 to 100."""
    return database(
        [
            make_item(
                f"i{n}",
                captions=(f"number {n}",),
                metadata={
                    "n": n,
                    "place": f"p{n}",
                    "draft": n == 7,
                    "taken_at": f"2020-{1 + n % 12:02}-01",
                    "latitude": n,
                    "longitude": 5,
                    "tags": ["a", "b"],
                },
            )
            for n in range(100)
        ]
    )


def how(sql: str, parameters: tuple[object, ...]) -> str:
    """What SQLite says that it does for a statement."""
    rows = hundred().execute(f"EXPLAIN QUERY PLAN {sql}", parameters).fetchall()
    return "; ".join(row[-1] for row in rows)


@pytest.mark.parametrize("text", INDEXED)
def test_few_values_are_found_by_their_index(text: str) -> None:
    """By equality and in ranges, and nothing else of the field is read; what has to be read whole is not."""
    condition = condition_of(plain_of(parse(text)))
    assert condition.span is not None
    said = how(condition.span.sql, (*condition.span.parameters, 10))
    assert "INDEX field_value_found (field_id=? AND value" in said
    assert "field_value_found" not in how(*condition.of_all())
    these = how(*condition.of_these([1, 2, 3]))
    assert "field_value_found" not in these
    assert "(field_id=? AND item_id=?" in these
    found = meeting.few(hundred(), parse(text), 20)
    assert found is not None
    assert 0 < len(found) <= 20


@pytest.mark.parametrize(
    "text",
    [
        "n != 3",
        "not n == 3",
        "nothing == null",
        "n in [3, null]",
        "n exists",
        "place contains 'p3'",
        "place like '*3'",
        "width == 1",
        "caption contains '3'",
        "n == 3 or place contains '3'",
    ],
)
def test_where_no_index_helps_none_is_asked(text: str) -> None:
    """Such conditions, and whatever they are part of by an or, are read from their fields."""
    assert meeting.few(hundred(), parse(text), 1_000) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("n < 5 and place contains '3'", [4]),
        ("n exists and not n == 3 and n in [2, 3] and n >= 0", [3]),
        ("n == 3 or n == 7 or place == 'p3'", [4, 8]),
        ("id == 'i9' or caption match 'number 12'", [10, 13]),
        ("id like 'i1*' and n > 17", [19, 20]),
        ("tags == 'c'", []),
    ],
)
def test_conditions_joined_are_found_by_the_one_that_leaves_fewest(text: str, expected: list[int]) -> None:
    """And the others are asked of what it leaves."""
    found = meeting.few(hundred(), parse(text), 12)
    assert found is not None
    assert found.tolist() == expected


@pytest.mark.parametrize("text", ["n < 50", "n < 6 or n > 92", "n < 50 and n > 20", "place like 'p*'"])
def test_more_than_few_are_not_read(text: str) -> None:
    """However they are come by."""
    assert meeting.few(hundred(), parse(text), 12) is None


def test_a_filter_of_many_conditions_does_not_have_each_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The counting ends after some of them."""
    monkeypatch.setattr(meeting, "LOOKS", 3)
    parts = tuple(parse(f"n == {n}") for n in range(4))
    assert meeting.few(hundred(), Or(parts[:3]), 50) is not None
    assert meeting.few(hundred(), Or(parts), 50) is None


def test_items_are_asked_about_in_any_order_and_more_than_once() -> None:
    """Numbers that are no item's match nothing but a denial."""
    items = np.array([9, 3, 3, 500])
    assert meeting.among(hundred(), parse("n > 5"), items).tolist() == [True, False, False, False]
    assert meeting.among(hundred(), parse("not n > 5"), items).tolist() == [False, True, True, True]
