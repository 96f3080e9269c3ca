from __future__ import annotations

from collections.abc import Sequence

import pytest

from ilk.records import Metadata
from ilk.sources.captions import MAX_CAPTIONS
from ilk.sources.tables.places import Place
from ilk.sources.tables.rows import Row
from ilk.sources.tables.together import merged, together


def runs(cells: Sequence[object], *, joined: bool = True) -> list[list[int]]:
    """The numbers of the rows that came together."""
    rows = [Row(number=number, values={"image": cell, "n": number}) for number, cell in enumerate(cells, start=1)]
    found: list[tuple[Place, list[Row]]] = list(together(rows, "image", joined=joined))
    assert [row.values["n"] for _, run in found for row in run] == [row.number for row in rows]
    return [[row.number for row in run] for _, run in found]


def test_rows_that_follow_each_other_with_one_picture_come_together() -> None:
    """By path, URL and bytes alike; those apart do not."""
    assert runs(["a.jpg", "a.jpg", "b.jpg", "a.jpg"]) == [[1, 2], [3], [4]]
    assert runs(["http://x/a", "http://x/a", b"a" * 9, b"a" * 9, b"b"]) == [[1, 2], [3, 4], [5]]
    assert runs(["a.jpg", "a.jpg"], joined=False) == [[1], [2]]
    assert runs([]) == []


def test_rows_without_a_picture_stay_apart() -> None:
    """Each is a failure of its own; so is one that cannot be read."""
    assert runs([None, None, "", 5, 5]) == [[1], [2], [3], [4], [5]]
    fault = Row(number=2, fault="is cut short")
    a, b = (Row(number=number, values={"image": "a.jpg"}) for number in (1, 3))
    assert [len(run) for _, run in together([a, fault, fault, b], "image", joined=True)] == [1, 1, 1, 1]


def test_a_run_ends() -> None:
    """A table of nothing but one picture does not have to be in memory, nor does its picture."""
    assert [len(run) for run in runs(["a.jpg"] * (MAX_CAPTIONS + 5))] == [MAX_CAPTIONS, 5]
    rows = [Row(number=number, values={"image": bytes(100), "n": number}) for number in (1, 2, 3)]
    ((_, run),) = together(rows, "image", joined=True)
    assert ["image" in row.values for row in run] == [True, False, False]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([{"a": 1}, {"a": 1}], {"a": 1}),
        ([{"a": 1}, {"a": 2}, {"a": 1}], {"a": [1, 2]}),
        ([{"a": 1}, {"a": 2.5}], {"a": [1, 2.5]}),
        ([{"a": "x"}, {"b": 2}], {"a": "x", "b": 2}),
        ([{"a": ["x", "y"]}, {"a": ["y", "z"]}], {"a": ["x", "y", "z"]}),
        ([{"a": True}, {"a": 1}], {"a": True}),
        ([{"a": "x"}, {"a": 1}], {"a": "x"}),
        ([{"a": True}, {"a": False}], {"a": True}),
    ],
)
def test_what_rows_say_is_merged(said: list[Metadata], expected: Metadata) -> None:
    """The same is said once, what differs is a list of one kind, and where there can be none the first holds."""
    found = merged(said)
    assert found == expected
    assert [type(value) for value in found.values()] == [type(value) for value in expected.values()]
