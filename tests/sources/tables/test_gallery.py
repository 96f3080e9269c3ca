"""Tables and galleries together."""

from __future__ import annotations

import csv
import http.server
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

import ilk
from colour_encoder import ColourEncoder
from galleries import gallery_of, paint
from ilk.gallery import Gallery
from ilk.records import AddReport
from sources.tables.reading import picture, write_csv

COLOURS = ("red", "green", "blue")
HEADER = ("file", "caption", "price", "id")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with three pictures."""
    for name in COLOURS:
        paint(tmp_path / "photos" / "shop" / f"{name}.png", name)
    return tmp_path / "photos"


@pytest.fixture
def encoder() -> ColourEncoder:
    return ColourEncoder()


@pytest.fixture
def gallery(photos: Path, encoder: ColourEncoder) -> Iterator[Gallery]:
    with gallery_of(photos, encoder) as made:
        yield made


def add(gallery: Gallery, *rows: Sequence[object]) -> AddReport:
    path = write_csv(gallery.base / "shop" / "t.csv", [HEADER, *rows])
    return gallery.add(ilk.table(path))


def row(name: str, caption: str | None = None, price: object = 5) -> tuple[object, ...]:
    return (f"{name}.png", caption or f"a {name} thing", price, f"sku-{name}")


def counts(report: AddReport) -> dict[str, int]:
    """What is not zero in a report."""
    said = report.to_dict()
    return {key: said[key] for key in ("added", "updated", "unchanged", "moved", "removed", "failed") if said[key]}


def test_a_table_becomes_a_gallery(gallery: Gallery) -> None:
    """Searched by meaning; with captions and metadata, under the ids of the table."""
    assert counts(add(gallery, *map(row, COLOURS))) == {"added": 3}
    (hit,) = gallery.search("blue", k=1)
    assert (hit.id, hit.uri, hit.caption, hit.metadata) == (
        "sku-blue",
        "shop/blue.png",
        "a blue thing",
        {"price": 5},
    )
    assert gallery.path(hit.uri).is_file()
    assert gallery.get("sku-blue").source == "table:shop/t.csv"


def test_only_what_changed_is_done_again(gallery: Gallery, encoder: ColourEncoder) -> None:
    """New words are taken in without encoding the picture; rows that went are removed."""
    add(gallery, *map(row, COLOURS))
    assert counts(add(gallery, *map(row, COLOURS))) == {"unchanged": 3}
    assert counts(add(gallery, row("red", "a crimson thing"), row("green", price=6), row("blue"))) == {
        "updated": 2,
        "unchanged": 1,
    }
    assert gallery.get("sku-red").captions == ("a crimson thing",)
    assert counts(add(gallery, row("red", "a crimson thing"), row("blue"))) == {"unchanged": 2, "removed": 1}
    assert encoder.encoded == 3
    paint(gallery.base / "shop" / "red.png", "black", size=(9, 9))
    assert counts(add(gallery, row("red", "a crimson thing"), row("blue"))) == {"updated": 1, "unchanged": 1}
    assert encoder.encoded == 4


def test_failures_are_remembered_with_their_rows(gallery: Gallery) -> None:
    """And left alone until what the row has for a picture changes, unless it was the file system that refused."""
    broken = (gallery.base / "shop" / "broken.png").write_bytes(picture()[:40])
    assert broken == 40
    rows = (row("red"), ("", "nothing", 1, "x"), row("broken"), ("one", "two"), row("gone"))
    report = add(gallery, *rows)
    assert counts(report) == {"added": 1, "failed": 4}
    assert set(report.failed_by_reason) == {"empty", "damaged", "malformed-row", "unreadable"}
    assert {failure.id: failure.code for failure in report.failures}["x"] == "empty"
    again = add(gallery, *rows)
    assert (again.skipped, again.failed, again.unchanged) == (3, 1, 1)
    assert counts(add(gallery, row("red"), row("green"))) == {"unchanged": 1, "added": 1}
    assert gallery.failures() == ()


def test_a_table_that_was_cut_removes_nothing(gallery: Gallery) -> None:
    """Nor does one whose rows are all gone."""
    add(gallery, *map(row, COLOURS))
    path = gallery.base / "shop" / "t.csv"
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.index(b"green.png") + 12])
    report = gallery.add(ilk.table(path))
    assert (report.removed, report.failed) == (0, 1)
    assert set(gallery.store.ids()) == {"sku-red", "sku-green", "sku-blue"}
    path.write_bytes(whole.partition(b"\n")[0] + b"\n")
    with pytest.raises(ilk.IlkError, match="no rows"):
        gallery.add(ilk.table(path))
    assert len(gallery) == 3


def test_a_picture_that_is_renamed_with_its_row_has_moved(gallery: Gallery, encoder: ColourEncoder) -> None:
    """It keeps its vector, whether the table has ids or not."""
    path = gallery.base / "shop" / "t.csv"
    for name, new in (("red", "crimson"), ("green", "emerald")):
        write_csv(path, [("file", "n"), (f"{name}.png", 1)])
        gallery.add(ilk.table(path))
        (path.parent / f"{name}.png").rename(path.parent / f"{new}.png")
        write_csv(path, [("file", "n"), (f"{new}.png", 1)])
        assert counts(gallery.add(ilk.table(path))) == {"moved": 1}
        assert list(gallery.store.ids()) == [f"shop/{new}.png"]
    assert encoder.encoded == 2


def test_sources_speak_for_themselves_alone(gallery: Gallery, photos: Path) -> None:
    """A table that shrinks removes nothing of another one, nor of a folder."""
    paint(photos / "more" / "white.png", "white")
    gallery.add(ilk.folder(photos / "more"))
    write_csv(photos / "other.csv", [HEADER, ("shop/green.png", "g", 1, "other-green")])
    gallery.add(ilk.table(photos / "other.csv"))
    add(gallery, *map(row, COLOURS))
    assert counts(add(gallery, row("red"))) == {"unchanged": 1, "removed": 2}
    assert set(gallery.store.ids()) == {"sku-red", "other-green", "more/white.png"}


def test_pictures_in_a_table_are_encoded_once(gallery: Gallery, encoder: ColourEncoder) -> None:
    """Also when rows are put before them, so that every row has another number."""
    path = gallery.base / "t.parquet"
    data = [picture(name) for name in COLOURS]
    pq.write_table(pa.table({"image": data, "n": [1, 2, 3]}), path)
    assert counts(gallery.add(ilk.table(path))) == {"added": 3}
    pq.write_table(pa.table({"image": [picture("white"), *data], "n": [0, 1, 2, 3]}), path)
    gallery.add(ilk.table(path))
    assert encoder.encoded == 4
    assert gallery.search("blue", k=1)[0].id == "t.parquet#4"


def test_rows_of_one_picture_are_one_picture(gallery: Gallery, encoder: ColourEncoder) -> None:
    """As data sets with five rows a picture have it: one item with all its captions, also where one of them changes."""
    path = gallery.base / "t.csv"
    rows = [("shop/red.png", f"caption {n}", n, "mine") for n in (1, 2, 3)]
    write_csv(path, [("image", "caption", "number", "licence"), *rows, ("shop/blue.png", "another", 4, "mine")])
    report = gallery.add(ilk.table(path))
    assert (report.added, report.encoded, encoder.encoded) == (2, 2, 2)
    item = gallery.get("shop/red.png")
    assert item.captions == ("caption 1", "caption 2", "caption 3")
    assert item.metadata == {"number": [1, 2, 3], "licence": "mine"}
    assert [hit.id for hit in gallery.search("red", where="number = 2")] == ["shop/red.png"]
    rows[1] = ("shop/red.png", "another word", 2, "mine")
    write_csv(path, [("image", "caption", "number", "licence"), *rows, ("shop/blue.png", "another", 4, "mine")])
    again = gallery.add(ilk.table(path))
    assert (again.updated, again.unchanged, again.removed, encoder.encoded) == (1, 1, 0, 2)


def test_rows_of_one_picture_that_are_apart_are_encoded_once(gallery: Gallery, encoder: ColourEncoder) -> None:
    """Nothing is remembered of a table that is streamed, so each is an item; so it is where rows have ids."""
    rows = [("shop/red.png", "one"), ("shop/blue.png", "two"), ("shop/red.png", "three")]
    path = write_csv(gallery.base / "t.csv", [("image", "caption"), *rows])
    report = gallery.add(ilk.table(path))
    assert (report.added, report.encoded, encoder.encoded) == (3, 2, 2)
    assert set(gallery.store.ids()) == {"shop/red.png", "shop/blue.png", "shop/red.png#3"}
    assert counts(add(gallery, row("red"), ("red.png", "again", 5, "other"))) == {"added": 2}


class Shop:
    """A server of pictures on a loopback address, which counts what it is asked."""

    def __init__(self) -> None:
        self.asked = list[str]()
        shop, pictures = self, {f"/{name}": picture(name) for name in COLOURS}

        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                shop.asked.append(self.path.lstrip("/"))
                data = pictures.get(self.path)
                self.send_response(200 if data else 404)
                self.send_header("Content-Length", str(len(data or b"")))
                self.end_headers()
                self.wfile.write(data or b"")

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.top = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def shop() -> Iterator[Shop]:
    made = Shop()
    with made.server:
        threading.Thread(target=made.server.serve_forever, daemon=True).start()
        yield made
        made.server.shutdown()


def test_urls_are_fetched_from_a_server(gallery: Gallery, shop: Shop) -> None:
    """A dead one is a failure with its reason; without leave, none in this machine is asked, and with it all are."""
    urls = [f"{shop.top}/{name}" for name in (*COLOURS, "dead")]
    path = write_csv(gallery.base / "t.csv", [("url", "caption"), *((url, url[-3:]) for url in urls)])
    refused = gallery.add(ilk.table(path))
    assert (refused.added, refused.failed) == (0, 4)
    assert gallery.add(ilk.table(path)).skipped == 4
    report = gallery.add(ilk.table(path, allow_private=True))  # it is what failed that is permitted now
    assert (report.added, report.failed) == (3, 1)
    assert gallery.add(ilk.table(path, allow_private=True)).skipped == 1
    assert gallery.search("blue", k=1)[0].uri == f"{shop.top}/blue"


def test_new_words_of_a_url_are_taken_in_without_fetching_it(
    gallery: Gallery, shop: Shop, encoder: ColourEncoder
) -> None:
    """Captions and metadata are the row's as it is now; only a row with another URL is fetched; dead ones stay so."""
    path = gallery.base / "t.csv"

    def run(*rows: tuple[str, str, str, int]) -> AddReport:
        listed = [(f"{shop.top}/{name}", id_, caption, price) for name, id_, caption, price in rows]
        write_csv(path, [("url", "id", "caption", "price"), *listed])
        shop.asked.clear()
        return gallery.add(ilk.table(path, allow_private=True))

    run(("red", "a", "one", 1), ("green", "b", "two", 2), ("dead", "c", "three", 3))
    again = run(("red", "a", "uno", 1), ("green", "b", "two", 20), ("dead", "c", "tres", 30))
    assert (again.updated, again.skipped, again.encoded, shop.asked) == (2, 1, 0, [])
    assert (gallery.get("a").captions, gallery.get("b").metadata) == (("uno",), {"price": 20})
    assert [hit.id for hit in gallery.search("uno", space="caption")] == ["a"]
    assert counts(run(("red", "a", "uno", 1), ("green", "b", "two", 20))) == {"unchanged": 2}
    moved = run(("blue", "a", "uno", 1), ("green", "b", "two", 20))
    assert (moved.updated, moved.unchanged, moved.encoded, shop.asked) == (1, 1, 1, ["blue"])
    assert encoder.encoded == 3
    assert gallery.check() == ()


def test_a_new_model_reads_pictures_whose_words_are_others(gallery: Gallery, encoder: ColourEncoder) -> None:
    """What has no vector of the model is read, whatever was said of it."""
    add(gallery, row("red"))
    other = ColourEncoder(digest="d" * 64)
    other.name = "other"
    gallery.models.opened["other"] = other
    path = write_csv(gallery.base / "shop" / "t.csv", [HEADER, row("red", "a crimson thing")])
    assert gallery.add(ilk.table(path), model="other").encoded == 1
    assert gallery.get("sku-red").captions == ("a crimson thing",)
    assert (encoder.encoded, other.encoded) == (1, 1)


def test_what_a_picture_says_itself_outlives_the_words_of_its_row(gallery: Gallery) -> None:
    """A column that has the name of a fact of the picture hides that, and no longer than it is there."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Leica", "M11"
    Image.new("RGB", (9, 9), "red").save(gallery.base / "camera.jpg", exif=exif)
    path = gallery.base / "t.csv"
    write_csv(path, [("file", "n"), ("camera.jpg", 1)])
    gallery.add(ilk.table(path))
    own = {key: value for key, value in gallery.get("camera.jpg").metadata.items() if key != "n"}
    assert "Leica" in str(own)
    name = next(iter(own))
    write_csv(path, [("file", name), ("camera.jpg", "mine")])
    assert counts(gallery.add(ilk.table(path))) == {"updated": 1}
    assert gallery.get("camera.jpg").metadata == {**own, name: "mine"}
    write_csv(path, [("file", "n"), ("camera.jpg", 2)])
    gallery.add(ilk.table(path))
    assert gallery.get("camera.jpg").metadata == {**own, "n": 2}


def test_real_pictures_with_their_captions(shared_data: Path, tmp_path: Path, encoder: ColourEncoder) -> None:
    """Every row of a table of real pictures is an item with its caption."""
    path = shared_data / "openstax" / "captions.csv"
    if not path.is_file():
        pytest.skip("there is no openstax among the shared pictures")
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    source = ilk.table(path)
    assert str(source.columns()) == "picture: file, captions: caption, id: none; 4 more columns become metadata"
    listing = source.listing(path.parent)
    entries = list(listing)
    assert [entry.id for entry in entries] == [row["file"] for row in rows]
    assert listing.complete
    for entry, expected in list(zip(entries, rows, strict=True))[::20]:
        payload = entry.load()
        assert payload.data == (path.parent / expected["file"]).read_bytes()
        assert payload.captions == ((expected["caption"].strip(),) if expected["caption"].strip() else ())
        assert payload.metadata == {key: expected[key] for key in ("alt", "book", "source", "licence") if expected[key]}
