from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import ilk
from ilk.errors import SourceError
from ilk.sources.tables import Columns
from ilk.sources.tables.rows import unique
from sources.tables.reading import picture, write_csv

JPEG = picture(kind="JPEG")


def columns(row: dict[str, Any], *others: dict[str, Any], **named: Any) -> Columns:
    return ilk.table([row, *others], **named).columns()


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"image_url": "https://a.b/c", "caption": "a dog"}, "image_url"),
        ({"file": "a.jpg", "alt": "a dog", "source": "https://a.b/page"}, "file"),
        ({"file_name": "a.jpg", "coco_url": "http://a.b/a.jpg", "width": 3}, "file_name"),
        ({"path": "x/a.webp", "licence_url": "https://a.b/by"}, "path"),
        ({"image": {"bytes": JPEG, "path": None}, "label": "dog"}, "image"),
        ({"jpg": JPEG, "txt": "a dog"}, "jpg"),
        ({"Image URL": "http://a.b/c.png", "Page URL": "http://a.b/c"}, "Image URL"),
        ({"imageUrl": "http://a.b/c", "pageUrl": "http://a.b/c"}, "imageUrl"),
        ({"img": "data:image/png;base64,aaaa", "thumbnail": "t.jpg"}, "img"),
        ({"whatever": "some/where.JPG", "n": 5}, "whatever"),
        ({"link": "http://a.b/c.jpg", "author": "http://a.b"}, "link"),
        ({"image_path": "0001", "note": "x"}, "image_path"),
        ({"photo": None, "url": "http://a.b/c.jpg"}, "url"),
        ({"hash": b"\x01\x02", "src": "a.png"}, "src"),
    ],
)
def test_the_column_of_pictures_is_told_by_name_and_contents(row: dict[str, Any], expected: str) -> None:
    """Contents decide what can be one at all, names which of them it is."""
    assert columns(row).picture == expected


def test_several_that_may_be_it_are_listed() -> None:
    """Rather than taking one; the message says how to name it."""
    row = {"image_url": "http://a.b/c.jpg", "picture_url": "http://a.b/d.jpg", "caption": "a dog"}
    with pytest.raises(SourceError, match=r"image_url, picture_url\. .* --picture COLUMN"):
        columns(row)
    assert columns(row, picture="picture_url").picture == "picture_url"


def test_a_table_without_pictures_says_what_it_has() -> None:
    """Names of columns, so that one can be named."""
    with pytest.raises(SourceError, match=r"No column .* It has: name, price\. .* --picture COLUMN"):
        columns({"name": "shoe", "price": 5})


def test_columns_that_are_named_must_be_there() -> None:
    """A slip of the pen is answered with the nearest name."""
    for wrong in ({"picture": "imege"}, {"caption": ["caption", "imege"]}, {"id": "imege"}):
        with pytest.raises(SourceError, match=r'no column "imege"\. Did you mean "image"\? It has: image, caption'):
            columns({"image": "a.jpg", "caption": "x"}, **wrong)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"caption": "a", "text": "b", "title": "c"}, ("caption",)),
        ({"text": "b", "title": "c"}, ("text",)),
        ({"caption_0": "a", "caption_1": "b", "title": "c"}, ("caption_0", "caption_1")),
        ({"Captions": ["a", "b"]}, ("Captions",)),
        ({"alt_text": "a", "x": "y"}, ("alt_text",)),
        ({"description": 5, "title": "c"}, ("title",)),
        ({"note": "a long note"}, ()),
    ],
)
def test_captions_are_told_by_name(row: dict[str, Any], expected: tuple[str, ...]) -> None:
    """The likeliest name that has texts; numbered ones are taken together."""
    assert columns({"image": "a.jpg", **row}).captions == expected


def test_captions_can_be_named_or_left_out() -> None:
    """One, several, or none."""
    row = {"image": "a.jpg", "caption": "a", "note": "b"}
    assert columns(row, caption="note").captions == ("note",)
    assert columns(row, caption=["note", "caption"]).captions == ("note", "caption")
    assert columns(row, caption=()).captions == ()
    assert columns(row, caption=()).metadata == ("caption", "note")


def test_ids_are_told_by_name_if_each_row_has_its_own() -> None:
    """In lists of captions an image's id comes once for each of them."""
    assert columns({"image": "a.jpg", "id": 1}, {"image": "b.jpg", "id": 2}).id == "id"
    assert columns({"image": "a.jpg", "image_id": 1}, {"image": "a.jpg", "image_id": 1}).id is None
    assert columns({"image": "a.jpg", "id": 1}, {"image": "b.jpg", "id": None}).id is None
    assert columns({"image": "a.jpg", "key": "0001", "uid": "x"}).id == "uid"
    assert columns({"image": "a.jpg", "id": 1, "sku": "s"}, id="sku").id == "sku"
    assert columns({"image": "a.jpg", "id": 1}, id="").id is None


def test_columns_read_as_one_line() -> None:
    """As the command line shows them."""
    found = columns({"image_url": "http://a.b/c", "caption": "a", "n": 1, "m": 2, "o": 3, "p": 4})
    assert str(found) == "picture: image_url, captions: caption, id: none; 4 more columns become metadata"
    assert str(columns({"a": "b.jpg"})) == "picture: a, captions: none, id: none"
    assert str(columns({"a": "b.jpg", "id": 1, "n": 1})) == (
        "picture: a, captions: none, id: id; 1 more column becomes metadata"
    )


def test_a_table_without_a_line_of_names(tmp_path: Path) -> None:
    """As large lists of URLs have been published: the first line is a row, and contents say which column is what."""
    path = tmp_path / "train.tsv"
    path.write_text("a dog on a beach\thttp://a.b/1\nsunset over hills\thttp://a.b/2\n")
    table = ilk.table(path)
    assert str(table.columns()) == "picture: column_2, captions: column_1, id: none"
    assert [entry.uri for entry in table.listing(tmp_path)] == ["http://a.b/1", "http://a.b/2"]


def test_names_that_come_twice_are_told_apart(tmp_path: Path) -> None:
    """And every column keeps what it says."""
    assert unique(["a", "b", "a", "", "a_2", "a"], "x") == ("a", "b", "a_3", "column_4", "a_2", "a_4")
    path = write_csv(tmp_path / "t.csv", [["image", "note", "note"], ["a.jpg", "one", "two"]])
    (tmp_path / "a.jpg").write_bytes(JPEG)
    (entry,) = ilk.table(path).listing(tmp_path)
    assert entry.load().metadata == {"note": "one", "note_2": "two"}


def test_keys_of_objects_stay_as_they_are(tmp_path: Path) -> None:
    """Also those that no table of text could have."""
    source = ilk.table([{" image ": JPEG, "": "nameless", "caption": "a"}])
    assert source.columns().picture == " image "
    (entry,) = source.listing(tmp_path)
    assert (entry.load().data, entry.load().metadata) == (JPEG, {"": "nameless"})


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_ten_thousand_columns_are_refused_kindly(tmp_path: Path, suffix: str) -> None:
    """Nobody means them."""
    path = tmp_path / f"wide.{suffix}"
    names = [f"c{number}" for number in range(10_000)]
    path.write_text(
        f"{','.join(names)}\n{','.join('1' for _ in names)}\n"
        if suffix == "csv"
        else "{" + ",".join(f'"{name}": 1' for name in names) + "}\n"
    )
    with pytest.raises(SourceError, match=r"10,000 (columns|values).*1,000"):
        ilk.table(path).columns()
