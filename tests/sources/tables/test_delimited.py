from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ilk
from ilk.errors import SourceError
from ilk.sources.tables import delimited, lines
from ilk.sources.tables.delimited import DelimitedReader, sniff
from sources.tables.reading import listed, picture, reason, said, write_csv

CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    for name in "abc":
        (tmp_path / f"{name}.png").write_bytes(picture())
    return tmp_path


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_delimiters_and_line_ends_are_told(pictures: Path, delimiter: str, end: str, mark: bytes) -> None:
    """With other delimiters, quotes and line breaks in the cells."""
    path = pictures / "t.csv"
    write_csv(
        path,
        [
            ["file", "caption", "n"],
            ["a.png", f'one, two; "three" | four{end}five', 1],
            ["b.png", "plain", 2],
        ],
        delimiter=delimiter,
        lineterminator=end,
    )
    path.write_bytes(mark + path.read_bytes())
    assert said(path, pictures) == [
        ((f'one, two; "three" | four{end}five'.strip(),), {"n": 1}),
        (("plain",), {"n": 2}),
    ]


def test_quotes_that_mean_nothing_and_quotes_after_backslashes(pictures: Path) -> None:
    """As some exports of databases have them."""
    raw = pictures / "raw.tsv"
    raw.write_text('file\tcaption\na.png\t"Hello" she said\nb.png\tan inch is 1"\n')
    assert [captions for captions, _ in said(raw, pictures)] == [('"Hello" she said',), ('an inch is 1"',)]
    escaped = pictures / "escaped.csv"
    escaped.write_text('file,caption\na.png,"he said \\"hi\\", twice"\nb.png,"plain"\n')
    assert [captions for captions, _ in said(escaped, pictures)] == [('he said "hi", twice',), ("plain",)]


def test_a_gzip_is_read_as_what_is_in_it(pictures: Path) -> None:
    """Whatever its name."""
    path = pictures / "t.csv.gz"
    path.write_bytes(gzip.compress(b"file,caption\na.png,one\n"))
    assert said(path, pictures) == [(("one",), {})]


def test_utf_16_is_read_by_its_mark(pictures: Path) -> None:
    """As a spreadsheet saves "Unicode text"."""
    path = pictures / "t.txt"
    path.write_bytes("file\tcaption\r\na.png\tfjällsjö\r\n".encode("utf-16"))
    assert said(path, pictures) == [(("fjällsjö",), {})]


def test_another_encoding_is_told_with_its_line(pictures: Path) -> None:
    """If it is met at the beginning, before anything is done."""
    path = pictures / "t.csv"
    path.write_bytes("file,caption\na.png,one\nb.png,fjällsjö\n".encode("latin-1"))
    with pytest.raises(SourceError, match=r'Line 3 of "t\.csv" is not UTF-8.*windows-1252'):
        ilk.table(path).columns()
    path.write_bytes("file,größe\na.png,1\n".encode("latin-1"))
    with pytest.raises(SourceError, match=r"Line 1 .* not UTF-8"):
        ilk.table(path).columns()


def test_a_stray_byte_far_down_is_that_row_s_failure(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are read."""
    monkeypatch.setattr("ilk.sources.tables.rows.HEAD_ROWS", 1)
    path = pictures / "t.csv"
    path.write_bytes(b"file,caption\na.png,one\nb.png,fj\xe4ll\nc.png,three\n")
    listing = ilk.table(path).listing(pictures)
    good, bad, last = listing
    assert (good.id, bad.id, last.id, listing.complete) == ("a.png", "t.csv#2", "c.png", True)
    assert reason(bad) == ("malformed-row", 'Row 2 (line 3) of "t.csv" cannot be read: it is not UTF-8.')


def test_rows_that_do_not_fit_are_failures_and_the_rest_goes_on(pictures: Path) -> None:
    """Too many cells, too few; empty ones at the end are no harm, blank lines are no rows."""
    path = pictures / "t.csv"
    path.write_text("file,caption\na.png,one,more\n\nb.png\nc.png,three,,\na.png,four\n")
    listing = ilk.table(path, id="").listing(pictures)
    entries = list(listing)
    assert [entry.id for entry in entries] == ["t.csv#1", "t.csv#2", "c.png", "a.png"]
    assert reason(entries[0])[1].startswith("Row 1 (line 2)")
    assert "3 cells, and the table 2 columns" in reason(entries[0])[1]
    assert "Row 2 (line 4)" in reason(entries[1])[1]
    assert listing.complete


def test_a_stray_quote_costs_one_row(pictures: Path) -> None:
    """Whether it swallows the next lines up to another quote, or all of them."""
    many = "".join(f"c.png,{number}\n" for number in range(60))
    for stray in ('b.png,"two\nc.png,"three"\n', 'b.png,"two" and a half\n', 'b.png,"two\n'):
        path = pictures / "t.csv"
        path.write_text(f"file,caption\n{many}{stray}a.png,four\n")
        entries = listed(path, pictures)
        bad = [entry for entry in entries if entry.uri.startswith("t.csv#")]
        assert [entry.id for entry in bad] == ["t.csv#61"], stray
        assert reason(bad[0])[0] == "malformed-row"
        assert entries[-1].uri == "a.png"


def test_a_quote_without_end_is_given_up_after_many_lines(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather than reading the whole file for it; and one long line is passed over."""
    monkeypatch.setattr(delimited, "MAX_ROW_LINES", 3)
    path = pictures / "t.csv"
    path.write_text('file,caption\na.png,one\nb.png,"two\n' + "".join(f"c{n}.png,three\n" for n in range(9)))
    listing = ilk.table(path).listing(pictures)
    entries = list(listing)
    assert len(entries) == 11
    assert "does not end within 3 lines" in reason(entries[1])[1]
    assert listing.complete
    monkeypatch.setattr(lines, "MAX_LINE", 50)
    path.write_text("file,caption\na.png,one\nb.png," + "x" * 1_000 + "\nc.png,three\n")
    good, long, last = listed(path, pictures)
    assert (good.id, last.id) == ("a.png", "c.png")
    assert "longer than 50 characters" in reason(long)[1]


@pytest.mark.parametrize("end", ["c.p", 'c.png,"three and', 'c.png,"th\nree'])
def test_a_file_that_was_cut_is_not_complete(pictures: Path, end: str) -> None:
    """So that nothing is removed for being behind the cut."""
    path = pictures / "t.csv"
    path.write_text(f"file,caption\na.png,one\nb.png,two\n{end}")
    listing = ilk.table(path).listing(pictures)
    entries = list(listing)
    assert [entry.id for entry in entries][:3] == ["a.png", "b.png", "t.csv#3"]
    assert not listing.complete


def test_a_gzip_that_was_cut_is_not_complete(pictures: Path) -> None:
    """What could be read is listed, and then why there is no more."""
    path = pictures / "t.csv.gz"
    text = "file,number\n" + "".join(f"a.png,{number * 7919 % 1000003}\n" for number in range(20_000))
    path.write_bytes(gzip.compress(text.encode())[:-5_000])
    listing = ilk.table(path).listing(pictures)
    *entries, last = listing
    assert 1_000 < len(entries) < 20_000
    assert "the rest of the file cannot be read" in reason(last)[1]
    assert not listing.complete
    assert ilk.table(path).columns().picture == "file"


def test_an_empty_table_is_no_source(pictures: Path) -> None:
    """No names, or names alone: nothing is removed because of it."""
    path = pictures / "t.csv"
    path.write_text("")
    with pytest.raises(SourceError, match="is empty"):
        ilk.table(path).columns()
    for text in ("file,caption\n", "file,caption", "file,caption\n\n\n"):
        path.write_text(text)
        with pytest.raises(SourceError, match="has no rows"):
            ilk.table(path, picture="file").listing(pictures)
    path.write_text("file,caption\na.png,one\n")
    listing = ilk.table(path).listing(pictures)
    path.write_text("file,caption\n")
    with pytest.raises(SourceError, match="has no rows"):
        list(listing)
    assert not listing.complete


def test_what_is_no_table_is_refused(pictures: Path) -> None:
    """A folder, a picture, nothing at all."""
    for path, said_ in ((pictures, "is a folder"), (pictures / "a.png", "no table"), (pictures / "x.csv", "no table")):
        with pytest.raises(SourceError, match=said_):
            ilk.table(path).columns()


def test_a_single_column_is_a_table(pictures: Path) -> None:
    """Of paths, with a name or without."""
    path = pictures / "t.csv"
    for text in ("file\na.png\nb.png\n", "a.png\nb.png\n"):
        path.write_text(text)
        assert [entry.id for entry in listed(path, pictures)] == ["a.png", "b.png"]


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz"])
@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8), delimiter=st.sampled_from(",;\t|"))
def test_every_text_comes_back(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, rows: list[tuple[str, str]], delimiter: str
) -> None:
    """Whatever is in the cells, as Python's own writer writes them."""
    path = tmp_path_factory.mktemp("round") / f"t{suffix}"
    table = [["file", "first", "second"], *(["a.png", *row] for row in rows)]
    write_csv(path.with_suffix(".plain"), table, delimiter=delimiter)
    data = path.with_suffix(".plain").read_bytes()
    path.write_bytes(gzip.compress(data) if suffix.endswith("gz") else data)
    read = list(DelimitedReader(path).rows())
    assert [row.fault for row in read] == [None] * len(rows)
    assert [tuple(row.values.values()) for row in read] == [("a.png", *row) for row in rows]


def test_the_dialect_is_the_one_that_explains_the_lines() -> None:
    """Not the one that happens to come first in a text."""
    assert sniff(["a;b;c\n", "1,5;2,5;3,5\n", "4,5;5,5;6,5\n"]).delimiter == ";"
    assert sniff(["a|b\n", "x, y, z|2\n"]).delimiter == "|"
    assert sniff(["file\n"]).delimiter == ","
