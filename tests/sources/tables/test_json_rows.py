from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ilk
from ilk.errors import SourceError
from ilk.sources.tables import json_rows, lines
from ilk.sources.tables.json_rows import JsonReader
from sources.tables.reading import listed, picture, reason, said

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
ROWS = st.lists(st.dictionaries(st.text(max_size=5), VALUES, max_size=4), min_size=1, max_size=6)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    for name in "abc":
        (tmp_path / f"{name}.png").write_bytes(picture())
    return tmp_path


@pytest.mark.parametrize("name", ["t.jsonl", "t.ndjson", "t.jsonl.gz", "t.json", "t.json.gz"])
def test_lines_and_arrays_say_the_same(pictures: Path, name: str) -> None:
    """With every type that JSON has, and columns that only some rows have."""
    rows = [
        {"file": "a.png", "caption": ["one", "uno", " "], "n": 1, "x": 1.5, "ok": True, "none": None, "tags": ["a"]},
        {"file": "b.png", "caption": "two", "late": "column", "place": {"city": "Rome", "at": {"lat": 41.9}}},
    ]
    text = json.dumps(rows, indent=2) if ".json" in name and "jsonl" not in name else "\n".join(map(json.dumps, rows))
    path = pictures / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    assert said(path, pictures) == [
        (("one", "uno"), {"n": 1, "x": 1.5, "ok": True, "tags": ["a"]}),
        (("two",), {"late": "column", "place.city": "Rome", "place.at.lat": 41.9}),
    ]


def test_a_line_that_is_no_json_is_a_failure(pictures: Path) -> None:
    """The rest goes on."""
    path = pictures / "t.jsonl"
    path.write_bytes(
        b'{"file": "a.png"}\n{"file": "b.png"\n\n[1, 2]\n{"file": "\xff.png"}\n{"file": NaN}\n' + b"[" * 100_000 + b"\n"
        b'{"file": "c.png"}\n'
    )
    listing = ilk.table(path).listing(pictures)
    entries = list(listing)
    assert [entry.id for entry in entries] == ["a.png", *(f"t.jsonl#{row}" for row in range(2, 7)), "c.png"]
    codes, sentences = zip(*map(reason, entries[1:6]), strict=True)
    assert codes == ("malformed-row", "malformed-row", "malformed-row", "empty", "malformed-row")
    for sentence, expected in zip(
        sentences, ("Row 2 (line 2)", "Row 3 (line 4)", "not UTF-8", "has no picture", "too deeply"), strict=True
    ):
        assert expected in sentence
    assert listing.complete


def test_lines_that_were_cut_are_not_complete(pictures: Path) -> None:
    """A last line that lacks only its line break is whole."""
    path = pictures / "t.jsonl"
    for last, complete in (('{"file": "b.p', False), ('{"file": "b.png"}', True)):
        path.write_text('{"file": "a.png"}\n' + last)
        listing = ilk.table(path).listing(pictures)
        assert len(list(listing)) == 2
        assert listing.complete is complete


@pytest.mark.parametrize("cut", ["", ",", ', {"file": "b.p', ', {"file": "b.png"} {', ", nonsense]"])
def test_an_array_that_was_cut_is_not_complete(pictures: Path, cut: str) -> None:
    """What came before the cut is listed."""
    path = pictures / "t.json"
    path.write_text('[{"file": "a.png"}' + cut)
    listing = ilk.table(path).listing(pictures)
    first, *_, last = listing
    assert first.id == "a.png"
    assert reason(last)[0] == "malformed-row"
    assert not listing.complete


def test_elements_that_are_no_objects_are_failures(pictures: Path) -> None:
    """The rest of the array goes on."""
    path = pictures / "t.json"
    path.write_text('[{"file": "a.png"}, 12, "text", [1], null, {"file": "b.png"}]')
    listing = ilk.table(path).listing(pictures)
    assert [entry.id for entry in listing] == ["a.png", *(f"t.json#{row}" for row in range(2, 6)), "b.png"]
    assert listing.complete


def test_what_is_json_but_no_table_is_refused(pictures: Path) -> None:
    """One object over many lines; an empty array; another encoding."""
    path = pictures / "t.json"
    for text, expected in (
        (b'{\n  "images": []\n}\n', "neither JSON Lines nor an array"),
        (b"[nonsense]", "neither JSON Lines nor an array"),
        ('{"file": "fjäll.png"}\n'.encode("latin-1"), "Line 1 .* not UTF-8"),
    ):
        path.write_bytes(text)
        with pytest.raises(SourceError, match=expected):
            ilk.table(path).columns()
    path.write_text("[]")
    with pytest.raises(SourceError, match="has no rows"):
        ilk.table(path).columns()


def test_a_long_element_is_passed_over(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's memory is filled by one line."""
    monkeypatch.setattr(lines, "MAX_LINE", 100)
    path = pictures / "t.jsonl"
    path.write_text(f'{{"file": "a.png"}}\n{{"file": "{"x" * 1_000}"}}\n{{"file": "b.png"}}\n')
    first, long, last = listed(path, pictures)
    assert (first.id, last.id) == ("a.png", "b.png")
    assert "longer than 100 characters" in reason(long)[1]


@pytest.mark.parametrize("layout", ["lines", "array"])
@pytest.mark.parametrize("chunk", [1, 7, 2**20])
@settings(max_examples=40, deadline=None)
@given(rows=ROWS, indent=st.sampled_from([None, 1]))
def test_every_value_comes_back(
    tmp_path_factory: pytest.TempPathFactory, layout: str, chunk: int, rows: list[dict[str, Any]], indent: int | None
) -> None:
    """Wherever an array is cut into the pieces that are read at once."""
    path, array = tmp_path_factory.mktemp("round") / "t.json", layout == "array"
    text = json.dumps(rows, indent=indent) if array else "\n".join(map(json.dumps, rows))
    path.write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_rows, "CHUNK", chunk)
        read = list(JsonReader(path, array=array).rows())
    assert [dict(row.values) for row in read] == rows
    assert not any(row.fault or row.last for row in read)
