from __future__ import annotations

import base64
import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import ilk
from ilk.errors import PictureError
from ilk.machine import usable_processors
from ilk.sources import fetch
from ilk.sources.base import Entry
from sources.tables.reading import listed, picture, reason, write_csv

PNG = picture()


class FakeFetcher:
    """Answers with the URL itself, and remembers what was made of it."""

    made: list[FakeFetcher]

    def __init__(self, limits: fetch.FetchLimits, *, allow_private: bool = False, heed_opt_out: bool = True) -> None:
        self.limits, self.allow_private = limits, allow_private
        self.closed = False
        type(self).made.append(self)

    def fetch(self, url: str) -> bytes:
        if "gone" in url:
            raise PictureError(f"{url} is not there (404).", code="http-404")
        return url.encode()

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def fetchers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[FakeFetcher]]:
    FakeFetcher.made = []
    monkeypatch.setattr(fetch, "Fetcher", FakeFetcher)
    yield FakeFetcher.made
    FakeFetcher.made = []


def one(cell: object, base: Path) -> Entry:
    """The entry of a row with this picture."""
    (entry,) = listed([{"image": cell}], base, picture="image")
    return entry


# -- what the cell of a picture may be --------------------------------------------------------------------------------


def test_paths_are_those_of_the_table_s_folder(tmp_path: Path) -> None:
    """Named from the gallery's base, as a folder would name them; absolute ones and file:// too."""
    (tmp_path / "shop" / "pictures").mkdir(parents=True)
    (tmp_path / "shop" / "pictures" / "a b.png").write_bytes(PNG)
    (tmp_path / "outside.png").write_bytes(PNG)
    path = write_csv(
        tmp_path / "shop" / "t.csv",
        [
            ["file", "n"],
            ["pictures/a b.png", 1],
            [tmp_path / "outside.png", 2],
            ["../outside.png", 3],
            [(tmp_path / "shop" / "pictures" / "a b.png").as_uri(), 4],
            ["file://localhost" + str(tmp_path / "outside.png"), 5],
        ],
    )
    for base, prefix, out in ((tmp_path, "shop/", ""), (tmp_path / "shop", "", "../")):
        listing = ilk.table(path).listing(base)
        entries = list(listing)
        inside, outside = f"{prefix}pictures/a b.png", f"{out}outside.png"
        assert [entry.uri for entry in entries] == [inside, outside, outside, inside, outside]
        assert [entry.id for entry in entries] == [inside, outside, f"{outside}#3", f"{inside}#4", f"{outside}#5"]
        assert {entry.load().data for entry in entries} == {PNG}
        assert listing.kind == f"table:{prefix}t.csv"
        assert (listing.scope, listing.readers) == ("", usable_processors())
        names = {entry.id for entry in ilk.folder(tmp_path).listing(base)}
        assert {inside, outside} == names


@pytest.mark.skipif(os.sep != "/", reason="there they are paths as they are")
def test_paths_that_were_written_on_windows_are_found(tmp_path: Path) -> None:
    """Unless there is a file of that very name."""
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.png").write_bytes(PNG)
    (tmp_path / "odd\\b.png").write_bytes(PNG)
    path = write_csv(tmp_path / "t.csv", [["file"], ["pictures\\a.png"], ["odd\\b.png"], ["gone\\c.png"]])
    entries = listed(path, tmp_path)
    assert [entry.id for entry in entries] == ["pictures/a.png", "odd\\\\b.png", "gone\\\\c.png"]
    assert [entry.load().data for entry in entries[:2]] == [PNG, PNG]
    assert reason(entries[2])[0] == "unreadable"


def test_bytes_and_text_that_stands_for_bytes(tmp_path: Path) -> None:
    """All of them the same picture; it is not to be had again by its uri."""
    text = base64.b64encode(PNG).decode()
    cells: list[Any] = [
        PNG,
        bytearray(PNG),
        {"bytes": PNG, "path": None},
        {"bytes": text},
        text,
        text.rstrip("="),
        base64.urlsafe_b64encode(PNG).decode(),
        "\n".join(text[start : start + 76] for start in range(0, len(text), 76)),
        f"data:image/png;base64,{text}",
        "data:image/png," + "".join(f"%{byte:02x}" for byte in PNG),
    ]
    entries = listed([{"image": cell} for cell in cells], tmp_path)
    payloads = [entry.load() for entry in entries]
    assert {payload.data for payload in payloads} == {PNG}
    assert all(payload.fleeting for payload in payloads)
    assert [(entry.id, entry.uri) for entry in entries] == [(f"table#{row}",) * 2 for row in range(1, 11)]


def test_a_struct_with_a_path_alone_is_that_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative to the working directory, since the table has no folder."""
    monkeypatch.chdir(tmp_path)
    Path("a.png").write_bytes(PNG)
    entry = one({"bytes": None, "path": "a.png"}, tmp_path)
    assert (entry.id, entry.load().data, entry.load().fleeting) == ("a.png", PNG, False)
    assert one(Path("a.png"), tmp_path).load().data == PNG


@pytest.mark.parametrize(
    ("cell", "code", "expected"),
    [
        (None, "empty", "has no picture"),
        ("", "empty", "has no picture"),
        ("  ", "empty", "has no picture"),
        ("NaN", "empty", "has no picture"),
        (float("nan"), "empty", "has no picture"),
        (b"", "empty", "has no picture"),
        ({"bytes": None, "path": None}, "empty", "has no picture"),
        ({"x": 1}, "not-a-picture", "no bytes and no path"),
        (5, "not-a-picture", "but a int"),
        ([PNG], "not-a-picture", "but a list"),
        ("x" * 5_000, "not-a-picture", "5,000 characters"),
        ("a\0b.png", "not-a-picture", "no file can have"),
        ("\ud800.png", "not-a-picture", "no file can have"),
        ("s3://bucket/a.png", "unsupported", '"s3://"'),
        ("file://elsewhere/a.png", "unsupported", "another machine"),
        ("data:image/png;base64,!!!!", "damaged", "no base64"),
        ("nowhere.png", "unreadable", "nowhere.png"),
        ("x" * 400 + ".png", "unreadable", "too long"),
        (".", "unreadable", "cannot be read"),
    ],
)
def test_a_cell_without_a_usable_picture_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cell: object, code: str, expected: str
) -> None:
    """With its reason and its row, and with the id that it has."""
    monkeypatch.chdir(tmp_path)
    (entry,) = listed([{"image": cell, "id": "seven"}], tmp_path, picture="image", id="id")
    found, sentence = reason(entry)
    assert found == code
    assert sentence.startswith("Row 1 of The table")
    assert expected in sentence
    assert entry.id == "seven"


# -- URLs -------------------------------------------------------------------------------------------------------------


def test_urls_are_fetched(tmp_path: Path, fetchers: list[FakeFetcher]) -> None:
    """By one fetcher for all of them, made for the first and closed when nothing needs it any more."""
    limits = fetch.FetchLimits()
    rows = [{"image_url": f"https://a.b/{name}", "caption": name} for name in ("one", "two", "gone")]
    source = ilk.table(rows, allow_private=True, limits=limits)
    listing = source.listing(tmp_path)
    entries = list(listing)
    assert listing.readers == 32
    assert [entry.id for entry in entries] == [row["image_url"] for row in rows]
    assert not fetchers
    payloads = [entry.load() for entry in entries[:2]]
    assert [(payload.data, payload.captions, payload.fleeting) for payload in payloads] == [
        (b"https://a.b/one", ("one",), True),
        (b"https://a.b/two", ("two",), True),
    ]
    assert reason(entries[2]) == ("http-404", "Row 3 of The table: https://a.b/gone is not there (404).")
    (fetcher,) = fetchers
    assert (fetcher.allow_private, fetcher.limits) == (True, limits)
    del source, listing
    assert not fetcher.closed
    del entries
    gc.collect()
    assert fetcher.closed


# -- ids and stamps ---------------------------------------------------------------------------------------------------


def test_ids_are_those_of_their_column(tmp_path: Path) -> None:
    """Where the column is empty the path is the id; one that comes twice gets its row, also if that was taken."""
    rows = [
        {"image": "a.png", "id": "x"},
        {"image": "b.png", "id": None},
        {"image": "c.png", "id": "x"},
        {"image": "d.png", "id": "x#5"},
        {"image": "e.png", "id": "x"},
        {"image": "b.png", "id": ""},
    ]
    assert [entry.id for entry in listed(rows, tmp_path, id="id")] == [
        "x",
        os.path.relpath(Path.cwd() / "b.png", tmp_path),
        "x#3",
        "x#5",
        "x#5#5",
        os.path.relpath(Path.cwd() / "b.png", tmp_path) + "#6",
    ]


@pytest.mark.parametrize("make", [lambda row: [row], lambda row: iter([row])])
def test_a_stamp_changes_with_whatever_the_row_says(tmp_path: Path, make: Callable[[Any], Any]) -> None:
    """And with nothing else."""
    row = {"image": PNG, "caption": "a dog", "n": 1}
    others: list[dict[str, Any]] = [
        {"image": picture("blue")},
        {"caption": "a cat"},
        {"caption": ["a dog", "a hound"]},
        {"n": 2},
        {"n": "1"},
        {"n": True},
        {"more": 1},
        {"image": {"bytes": PNG, "path": "x.png"}},
        {"image": base64.b64encode(PNG).decode()},
    ]
    stamps = [listed(make({**row, **other}), tmp_path)[0].stamp for other in ({}, *others)]
    assert len(set(stamps)) == len(stamps)
    assert listed(make(dict(row)), tmp_path)[0].stamp == stamps[0]


def test_the_stamp_of_a_path_changes_with_the_file(tmp_path: Path) -> None:
    """In size or time; and when it comes back."""
    path = write_csv(tmp_path / "t.csv", [["file", "n"], ["a.png", 1]])

    def stamp() -> str:
        return listed(path, tmp_path)[0].stamp

    stamps = [stamp()]
    (tmp_path / "a.png").write_bytes(PNG)
    stamps.append(stamp())
    assert stamp() == stamps[-1]
    os.utime(tmp_path / "a.png", ns=(1, 1))
    stamps.append(stamp())
    (tmp_path / "a.png").write_bytes(PNG + b"x")
    stamps.append(stamp())
    assert len(set(stamps)) == 4


def test_a_file_is_held_while_it_is_there(tmp_path: Path) -> None:
    """Of URLs and of what is in the table it is not known, so they are."""
    (tmp_path / "a.png").write_bytes(PNG)
    path = write_csv(tmp_path / "t.csv", [["file"], ["a.png"]])
    listing = ilk.table(path).listing(tmp_path)
    held = {
        uri: listing.holds(uri) for uri in ("a.png", "gone.png", "gone/a.png", "https://a.b/c", "t.csv#5", "a\\u0000b")
    }
    assert held == {uri: uri != "gone.png" for uri in held}


def test_a_listing_that_was_left_is_not_complete(tmp_path: Path) -> None:
    """Only what was seen to the end speaks for what is gone."""
    listing = ilk.table([{"image": PNG}, {"image": PNG}]).listing(tmp_path)
    list(listing)
    assert listing.complete
    next(iter(listing))
    assert not listing.complete
