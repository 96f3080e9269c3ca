from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

import ilk
from ilk.errors import MissingExtraError, SourceError
from sources.tables.reading import listed, picture, reason, said

PNG = picture()


def table(rows: int = 3) -> pa.Table:
    return pa.table(
        {
            "image": [{"bytes": PNG, "path": f"{number}.png"} for number in range(rows)],
            "caption": [["one", f"number {number}"] for number in range(rows)],
            "n": pa.array(range(rows), pa.int8()),
            "colour": pa.array(["red"] * rows).dictionary_encode(),
            "price": pa.array([Decimal("1.25")] * rows),
            "when": pa.array([1_700_000_000_123_456_789] * rows, pa.timestamp("ns", tz="UTC")),
            "day": [dt.date(2024, 2, 29)] * rows,
            "took": pa.array([1_500_000_001] * rows, pa.duration("ns")),
            "at": pa.array([1_001] * rows, pa.time64("ns")),
            "half": pa.array([0.5] * rows, pa.float16()),
            "tags": [["a", "b"]] * rows,
            "place": [{"city": "Rome", "lat": 41.9}] * rows,
            "nothing": pa.nulls(rows),
            "not_a_number": [float("nan")] * rows,
        }
    )


EXPECTED = {
    "image.path": "1.png",
    "n": 1,
    "colour": "red",
    "price": 1.25,
    "when": "2023-11-14T22:13:20.123456+00:00",
    "day": "2024-02-29",
    "took": 1.5,
    "at": "00:00:00.000001",
    "half": 0.5,
    "tags": ["a", "b"],
    "place.city": "Rome",
    "place.lat": 41.9,
}


def write(path: Path, data: pa.Table) -> Path:
    if path.suffix == ".parquet":
        pq.write_table(data, path, row_group_size=2)
    elif path.suffix == ".feather":
        pa.feather.write_feather(data, path)
    else:
        opened = pa.ipc.new_stream if path.stem == "stream" else pa.ipc.new_file
        with opened(str(path), data.schema) as writer:
            writer.write_table(data, max_chunksize=2)
    return path


@pytest.mark.parametrize("name", ["t.parquet", "t.feather", "t.arrow", "stream.arrow"])
def test_files_of_arrow_say_the_same(tmp_path: Path, name: str) -> None:
    """Every type as JSON has it, and pictures as the library of datasets writes them."""
    path = write(tmp_path / name, table())
    opened = ilk.table(path)
    assert opened.columns().picture == "image"
    listing = opened.listing(tmp_path)
    entries = list(listing)
    assert [entry.id for entry in entries] == [f"{name}#{row}" for row in (1, 2, 3)]
    assert listing.complete
    payload = entries[1].load()
    assert (payload.data, payload.captions, payload.fleeting) == (PNG, ("one", "number 1"), True)
    assert payload.metadata == EXPECTED


def test_what_is_in_memory_says_the_same(tmp_path: Path) -> None:
    """Tables, batches, and whatever else hands out Arrow's streams; again and again."""

    class Stream:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return table().__arrow_c_stream__(requested_schema)

    batch = table().combine_chunks().to_batches()[0]
    for data in (table(), batch, Stream()):
        source = ilk.table(data)
        for _ in range(2):
            payload = list(source.listing(tmp_path))[1].load()
            assert (payload.captions, payload.metadata) == (("one", "number 1"), EXPECTED)
    assert ilk.table(table()).listing(tmp_path).count() == 3
    assert ilk.table(table()).listing(tmp_path).kind == "table:table"
    assert ilk.table(table(), name="shoes").listing(tmp_path).kind == "table:shoes"


def test_a_stream_of_batches_is_read_once(tmp_path: Path) -> None:
    """Looking at its columns takes nothing away; a second reading is refused, not empty."""
    reader = table(5).to_reader(max_chunksize=2)
    source = ilk.table(reader)
    assert source.columns().picture == "image"
    assert len(list(source.listing(tmp_path))) == 5
    with pytest.raises(SourceError, match="only once"):
        list(source.listing(tmp_path))


def test_labels_are_words(tmp_path: Path) -> None:
    """What the numbers stand for is noted in the file; one that stands for nothing is left out."""
    features = {
        "picture": {"_type": "Image"},
        "thumb": {"_type": "Value", "dtype": "binary"},
        "label": {"_type": "ClassLabel", "names": ["cat", "dog"]},
    }
    rows = pa.table(
        {
            "thumb": [PNG] * 4,
            "picture": [{"bytes": PNG, "path": None}] * 4,
            "label": [1, 0, -1, None],
        }
    ).replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    path = write(tmp_path / "t.parquet", rows)
    assert ilk.table(path).columns().picture == "picture"
    assert [metadata for _, metadata in said(path, tmp_path)] == [{"label": "dog"}, {"label": "cat"}, {}, {}]
    for broken in (b"no json", b"[]", b'{"info": {"features": 3}}'):
        odd = write(tmp_path / "odd.parquet", rows.replace_schema_metadata({"huggingface": broken}))
        assert said(odd, tmp_path, picture="picture")[0][1] == {"label": 1}


def test_what_python_has_no_object_for_is_left_out(tmp_path: Path) -> None:
    """Such as a day in the year 12000."""
    rows = pa.table({"image": [PNG, PNG], "day": pa.array([4_000_000, 1], pa.date32())})
    assert [metadata for _, metadata in said(rows, tmp_path)] == [{}, {"day": "1970-01-02"}]


def test_columns_that_have_one_name_are_told_apart(tmp_path: Path) -> None:
    """Arrow allows them."""
    rows = pa.Table.from_arrays([pa.array([PNG]), pa.array([1]), pa.array([2])], names=["image", "n", "n"])
    assert said(rows, tmp_path) == [((), {"n": 1, "n_2": 2})]


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow", "t.feather", "stream.arrow"])
def test_a_file_that_was_cut_removes_nothing(tmp_path: Path, name: str) -> None:
    """Refused as a whole where its end is needed to read it; else incomplete."""
    path = write(tmp_path / name, table(50))
    path.write_bytes(path.read_bytes()[: -path.stat().st_size // 3])
    if name != "stream.arrow":
        with pytest.raises(SourceError, match="cannot be read"):
            ilk.table(path).columns()
        return
    listing = ilk.table(path).listing(tmp_path)
    *entries, last = listing
    assert 1 < len(entries) < 50
    assert "the rest of the table cannot be read" in reason(last)[1]
    assert not listing.complete


def test_a_file_that_is_damaged_inside_is_not_complete(tmp_path: Path) -> None:
    """What was read is listed."""
    path = tmp_path / "t.parquet"
    rows = pa.table({"image": ["a.png"] * 5_000, "n": range(5_000)})
    pq.write_table(rows, path, row_group_size=1_000, use_dictionary=False, compression="zstd")
    start = pq.ParquetFile(path).metadata.row_group(3).column(1).data_page_offset
    data = bytearray(path.read_bytes())
    data[start : start + 200] = b"\xaa" * 200
    path.write_bytes(data)
    listing = ilk.table(path).listing(tmp_path)
    entries = list(listing)
    assert 2_000 <= len(entries) < 5_000
    assert not listing.complete


def test_other_versions_are_told(tmp_path: Path) -> None:
    """An old Feather; a gzip around what can only be read from its end; no rows."""
    old = tmp_path / "old.feather"
    old.write_bytes(b"FEA1" + bytes(100))
    with pytest.raises(SourceError, match="first version"):
        ilk.table(old).columns()
    import gzip

    packed = tmp_path / "t.parquet.gz"
    packed.write_bytes(gzip.compress(write(tmp_path / "t.parquet", table()).read_bytes()))
    with pytest.raises(SourceError, match="unpack it"):
        ilk.table(packed).columns()
    with pytest.raises(SourceError, match="no rows"):
        ilk.table(write(tmp_path / "empty.parquet", table(0))).columns()


def test_without_pyarrow_its_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other tables need nothing."""
    path = write(tmp_path / "t.parquet", table())
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r'pip install "ilk\[tables\]"'):
        ilk.table(path).columns()
    (tmp_path / "t.csv").write_text("image\na.png\n")
    assert len(listed(tmp_path / "t.csv", tmp_path)) == 1
    assert len(listed(pd.DataFrame({"image": ["a.png"]}), tmp_path)) == 1


# -- pandas and dictionaries ------------------------------------------------------------------------------------------


def frame(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"image": [PNG, PNG], **columns})


def test_a_data_frame_is_a_table(tmp_path: Path) -> None:
    """Nulls of every kind left out, categories as words, and the index left aside."""
    given = frame(
        caption=["a", None],
        n=[1, 2],
        x=[1.5, float("nan")],
        when=[pd.Timestamp("2024-02-29"), pd.NaT],
        kind=pd.Categorical(["shoe", "hat"]),
        maybe=pd.array([1, None], dtype="Int64"),
        flag=pd.array([True, None], dtype="boolean"),
    ).set_axis([7, 9], axis=0)
    assert said(given, tmp_path) == [
        (("a",), {"n": 1, "x": 1.5, "when": "2024-02-29T00:00:00", "kind": "shoe", "maybe": 1, "flag": True}),
        ((), {"n": 2, "kind": "hat"}),
    ]
    assert ilk.table(given).listing(tmp_path).count() == 2


def test_columns_of_a_data_frame_need_not_be_text(tmp_path: Path) -> None:
    """Nor be different."""
    given = pd.DataFrame([[PNG, 1, 2]], columns=["image", 5, 5])
    assert said(given, tmp_path) == [((), {"5": 1, "5_2": 2})]


def test_dictionaries_are_rows(tmp_path: Path) -> None:
    """A list can be read again, an iterator once; what is no dictionary is a failure."""
    rows: list[Any] = [{"image": PNG, "n": 1}, 5, {"image": PNG, "late": 2}]
    source = ilk.table(rows)
    for _ in range(2):
        first, wrong, last = source.listing(tmp_path)
        assert (first.load().metadata, last.load().metadata) == ({"n": 1}, {"late": 2})
        assert "no dictionary but a int" in reason(wrong)[1]
    once = ilk.table(iter(rows))
    assert once.columns() == source.columns()
    assert len(list(once.listing(tmp_path))) == 3
    with pytest.raises(SourceError, match="only once"):
        list(once.listing(tmp_path))


@pytest.mark.parametrize("wrong", [5, {"image": ["a.jpg"]}, b"image"])
def test_what_is_no_table_is_refused(wrong: object) -> None:
    """In one sentence."""
    with pytest.raises(SourceError, match="A table is"):
        ilk.table(wrong).columns()


def test_nothing_heavy_is_loaded_for_text() -> None:
    """Neither pyarrow nor pandas nor numpy, for a table that is a text file."""
    import subprocess
    import sys

    code = (
        "import ilk, pathlib, sys, tempfile; p = pathlib.Path(tempfile.mkdtemp()); "
        "(p / 't.csv').write_text('image\\na.png\\n'); list(ilk.table(p / 't.csv').listing(p)); "
        "print({'pyarrow', 'pandas', 'numpy', 'httpx'} & sys.modules.keys())"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
