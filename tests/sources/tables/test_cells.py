from __future__ import annotations

import datetime as dt
import enum
import json
import uuid
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ilk.sources.tables import cells
from ilk.sources.tables.seen import FIRST_SLOTS, Seen


class Colour(enum.Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (3, 3),
        (2.5, 2.5),
        (True, True),
        ("text", "text"),
        (" spaces stay ", " spaces stay "),
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (np.True_, True),
        (Decimal("1.50"), 1.5),
        (Decimal(12), 12),
        (dt.date(2024, 2, 29), "2024-02-29"),
        (dt.datetime(2024, 2, 29, 12, 30, tzinfo=dt.UTC), "2024-02-29T12:30:00+00:00"),
        (pd.Timestamp("2024-02-29 12:30"), "2024-02-29T12:30:00"),
        (dt.time(12, 30), "12:30:00"),
        (dt.timedelta(minutes=1), 60.0),
        (Colour.RED, "red"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ([1, 2], [1, 2]),
        (("a", None, "b"), ["a", "b"]),
        (np.array([0.5, np.nan]), [0.5]),
        ([], []),
        ([1, "a"], '[1, "a"]'),
        ([{"a": dt.date(2024, 1, 1)}], '[{"a": "2024-01-01"}]'),
        ([[1], [2]], "[[1], [2]]"),
        ("nul\0byte", "nulbyte"),
        ("lone \ud800", "lone \\ud800"),
    ],
)
def test_metadata_keeps_its_type(cell: object, expected: object) -> None:
    """Numbers, booleans, texts and flat lists as they are; moments as ISO 8601; other things as JSON."""
    ((key, value),) = cells.metadata([("column", cell)]).items()
    assert (key, value) == ("column", expected)
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    "cell",
    [None, float("nan"), float("inf"), np.float64("nan"), pd.NA, pd.NaT, Decimal("NaN"), b"bytes", [0.5] * 257, {}],
)
def test_what_says_nothing_is_left_out(cell: object) -> None:
    """Nulls of every library; bytes and vectors, which nobody filters by."""
    assert cells.metadata([("column", cell)]) == {}


def test_dictionaries_become_columns_of_their_own() -> None:
    """As deep as anyone would look; what is deeper is text."""
    assert cells.metadata([("a", {"b": 1, "c": {"d": [1], "e": None}})]) == {"a.b": 1, "a.c.d": [1]}
    deep: Any = 1
    for _ in range(20):
        deep = {"x": deep}
    (key,) = cells.metadata([("a", deep)])
    assert key == "a" + ".x" * cells.MAX_DEPTH


@given(
    st.dictionaries(
        st.text(),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.datetimes(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        ),
        max_size=4,
    )
)
def test_whatever_is_in_a_row_can_be_stored(row: dict[str, Any]) -> None:
    """As JSON without NaN, as UTF-8, and without U+0000."""
    found = cells.metadata(row.items())
    assert "\\u0000" not in json.dumps(found, allow_nan=False).replace("\\\\", "")
    json.dumps(found, ensure_ascii=False).encode()


# -- text that stands for something -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["1", "-2", ""], [1, -2, None]),
        (["1", "2.5", "1e3"], [1, 2.5, 1000.0]),
        (["0.1", "nan", "NA"], [0.1, None, None]),
        (["true", "False", ""], [True, False, None]),
        (["01234", "98765"], ["01234", "98765"]),
        (["+447700900123", "1"], ["+447700900123", "1"]),
        (["447700900123", "1"], ["447700900123", "1"]),
        (["1234567890"], [1234567890]),
        (["978-3-16", "5"], ["978-3-16", "5"]),
        (["1,5"], ["1,5"]),
        (["1_000"], ["1_000"]),
        (["1", "x"], ["1", "x"]),
        (["yes", "no"], ["yes", "no"]),
        (["NA", "DE"], ["NA", "DE"]),
        ([" 7 "], [7]),
        (["٣"], ["٣"]),
        (["1e999"], ["1e999"]),
        (["", ""], [None, None]),
    ],
)
def test_text_is_typed_by_its_column(texts: list[str], expected: list[object]) -> None:
    """A column in which one text is a code is one of codes."""
    kind = cells.kind(texts)
    read = [cells.read(text, kind) for text in texts]
    assert read == expected
    assert list(map(type, read)) == list(map(type, expected))


def test_a_column_that_was_empty_at_first_is_typed_cell_by_cell() -> None:
    """Nothing better is known of it."""
    assert cells.kind(["", ""]) == "mixed"
    assert [cells.read(text, "mixed") for text in ("5", "true", "05", "x", "NA")] == [5, True, "05", "x", "NA"]


@given(st.integers(-(10**9), 10**9) | st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_come_back_from_text(number: float) -> None:
    """As Python writes them, unless they are so long that they may be codes."""
    text = repr(number)
    read = cells.read(text, cells.kind([text]))
    assert read in {number, text}


# -- captions and ids -------------------------------------------------------------------------------------------------


def test_captions_are_texts_and_lists_of_texts() -> None:
    """Of several columns, each once, blank ones dropped; numbers are no captions."""
    given = [" a ", ["b", "", "a", None, ["c"]], None, float("nan"), 5, '["d", "e"]', "[not json]", np.array(["f"])]
    assert cells.captions(given) == ("a", "b", "c", "d", "e", "[not json]", "f")
    assert len(cells.captions([[str(number) for number in range(1_000)]])) == 100


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (5, "5"),
        (5.0, "5"),
        (np.int64(5), "5"),
        ("007", "007"),
        (" x ", "x"),
        ("a\\b", "a\\b"),
        ("a\nb", "a\\u000ab"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ("", None),
        (None, None),
        (float("nan"), None),
        (True, None),
        ([1], None),
    ],
)
def test_ids_are_text(cell: object, expected: str | None) -> None:
    """One line each; a number has no decimals, whatever pandas made of it."""
    assert cells.identity(cell) == expected


@given(st.lists(st.text(max_size=3)))
def test_ids_are_told_apart(texts: list[str]) -> None:
    """As a set would."""
    seen, known = Seen(), set[str]()
    for text in texts:
        assert seen.add(text) == (text not in known)
        known.add(text)
    assert len(seen) == len(known)


def test_many_ids_take_few_bytes() -> None:
    """And none is taken for another."""
    seen = Seen()
    assert all(seen.add(f"https://pictures.example/{number}.jpg") for number in range(50_000))
    assert not any(seen.add(f"https://pictures.example/{number}.jpg") for number in range(0, 50_000, 7))
    assert len(seen._slots) * 8 <= 32 * 50_000
    assert len(seen._slots) > FIRST_SLOTS
