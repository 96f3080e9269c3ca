from __future__ import annotations

from collections.abc import Sequence

import pytest

from ilk.records import Metadata
from ilk.sources.captions import MAX_CAPTIONS
from ilk.sources.tables.places import Place
from ilk.sources.tables.rows import Row
from ilk.sources.tables.together import merged, together


def runs(rows: Sequence[tuple[object, ...]], *, captions: Sequence[str] = ("caption",)) -> list[list[int]]:
    """The numbers of the rows that came together, of rows of a picture, a caption and something more."""
    made = [
        Row(number=number, values=dict(zip(("image", "caption", "size"), cells, strict=False)))
        for number, cells in enumerate(rows, start=1)
    ]
    found: list[tuple[Place, list[Row]]] = list(together(made, "image", captions))
    return [[row.number for row in run] for _, run in found]


def test_rows_that_follow_each_other_with_captions_of_one_picture_come_together() -> None:
    """By path, URL and bytes alike; those apart do not, nor any where no column has captions."""
    assert runs([("a.jpg", "x"), ("a.jpg", "y"), ("b.jpg", "x"), ("a.jpg", "z")]) == [[1, 2], [3], [4]]
    assert runs([("http://x/a", "x"), ("http://x/a", "y"), (b"a" * 9, "x"), (b"a" * 9, "y"), (b"b", "z")]) == [
        [1, 2],
        [3, 4],
        [5],
    ]
    assert runs([("a.jpg", "x"), ("a.jpg", "y")], captions=()) == [[1], [2]]
    assert runs([]) == []


def test_a_row_joins_with_a_further_caption() -> None:
    """Whatever else it says; one that says the same of another thing does not, and one that comes again does."""
    assert runs([("a.jpg", "x", 1), ("a.jpg", "y", 2), ("a.jpg", "z", 3)]) == [[1, 2, 3]]
    assert runs([("a.jpg", "a shirt", "S"), ("a.jpg", "a shirt", "M"), ("a.jpg", "a shirt", "L")]) == [[1], [2], [3]]
    assert runs([("a.jpg", "x"), ("a.jpg", "x"), ("a.jpg", "y")]) == [[1, 2, 3]]
    assert runs([("a.jpg", "x"), ("a.jpg", None), ("a.jpg", "y")]) == [[1], [2], [3]]


def test_rows_without_a_picture_stay_apart() -> None:
    """Each is a failure of its own; so is one that cannot be read."""
    assert runs([(None, "a"), (None, "b"), ("", "c"), (5, "d"), (5, "e")]) == [[1], [2], [3], [4], [5]]
    fault = Row(number=2, fault="is cut short")
    a, b = (Row(number=number, values={"image": "a.jpg", "caption": str(number)}) for number in (1, 3))
    assert [len(run) for _, run in together([a, fault, fault, b], "image", ["caption"])] == [1, 1, 1, 1]


def test_a_run_ends() -> None:
    """A table of nothing but one picture does not have to be in memory, nor does its picture."""
    assert [len(run) for run in runs([("a.jpg", f"{n}") for n in range(MAX_CAPTIONS + 5)])] == [MAX_CAPTIONS, 5]
    rows = [Row(number=number, values={"image": bytes(100), "caption": str(number)}) for number in (1, 2, 3)]
    ((_, run),) = together(rows, "image", ["caption"])
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
