"""The picture behind an item, wherever it came from."""

from __future__ import annotations

import gc
import io
import pickle
import shutil
import tarfile
import weakref
import zipfile
from pathlib import Path

import pytest
from PIL import Image

import ilk
from galleries import paint
from ilk.errors import InputError, ItemNotFoundError, PictureError
from ilk.originals import Originals


def png(colour: str, size: tuple[int, int] = (400, 300)) -> bytes:
    """A file of one colour."""
    encoded = io.BytesIO()
    Image.new("RGB", size, colour).save(encoded, "PNG")
    return encoded.getvalue()


def test_a_file_is_read_where_it_lies(tmp_path: Path) -> None:
    """And when it has gone, that is said."""
    paint(tmp_path / "red.png", "red")
    with ilk.create(tmp_path / ".ilk") as gallery:
        gallery.add(ilk.folder(tmp_path))
        assert gallery.picture("red.png") == (tmp_path / "red.png").read_bytes()
        (tmp_path / "red.png").unlink()
        with pytest.raises(PictureError, match=r'The picture of "red.png" is not where it was'):
            gallery.picture("red.png")
        with pytest.raises(ItemNotFoundError):
            gallery.picture("blue.png")


def test_a_member_of_an_archive_is_read_from_it(tmp_path: Path) -> None:
    """By the name that the item has."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("red.png", png("red"))
    with ilk.create(tmp_path / ".ilk") as gallery:
        gallery.add(ilk.archive(tmp_path / "a.zip"))
        (item,) = gallery
        assert gallery.picture(item.id) == png("red")


def test_a_path_is_that_of_a_file_alone(tmp_path: Path) -> None:
    """Of URLs, members and rows the error names what has their pictures; files may be called as those are."""
    for name in ("odd!/in.png", "photo #7"):
        paint(tmp_path / f"{name}.png", "red")
        (tmp_path / f"{name}.png").rename(tmp_path / name)
    with ilk.create(tmp_path / ".ilk") as gallery:
        for name in ("odd!/in.png", "photo #7", "gone.png", "sub/gone #2.png"):
            assert gallery.path(name) == tmp_path / name
        for uri in ("https://example.org/a.jpg", "a.zip!/red.png", "t.parquet#3", "../data/train#0"):
            with pytest.raises(InputError, match=r"no file of its own .*open_picture"):
                gallery.path(uri)


def test_a_picture_is_opened_wherever_it_is(tmp_path: Path) -> None:
    """Of a file, an archive and a table alike: upright, in RGB, and no larger than it is wanted for if that is said."""
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    turned = io.BytesIO()
    Image.new("RGB", (400, 300), "red").save(turned, "JPEG", exif=exif)
    (tmp_path / "file.jpg").write_bytes(turned.getvalue())
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("in.jpg", turned.getvalue())
    with ilk.create(tmp_path / ".ilk") as gallery:
        gallery.add(ilk.folder(tmp_path))
        gallery.add(ilk.archive(tmp_path / "a.zip"))
        gallery.add(ilk.table([{"image": turned.getvalue()}], name="rows"), keep=True)
        assert len(gallery) == 3
        for item in gallery:
            picture = gallery.open_picture(item.id)
            assert (picture.size, picture.mode) == ((300, 400), "RGB")
            assert gallery.open_picture(item.id, size=32).size < (300, 400)
        (tmp_path / "file.jpg").write_bytes(b"nothing")
        with pytest.raises(PictureError, match=r'The picture of "file\.jpg"'):
            gallery.open_picture("file.jpg")
        with pytest.raises(ItemNotFoundError):
            gallery.open_picture("unknown")


def test_of_what_is_packed_as_a_whole_the_thumbnail_is_taken(tmp_path: Path) -> None:
    """Nothing is unpacked from the front for each picture: what was kept answers, also when the archive has gone."""
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        for colour in ("red", "blue"):
            member = tarfile.TarInfo(f"{colour}.png")
            member.size = len(png(colour))
            archive.addfile(member, io.BytesIO(png(colour)))
    with ilk.create(tmp_path / ".ilk") as gallery:
        gallery.add(ilk.archive(tmp_path / "a.tar.gz"))
        (tmp_path / "a.tar.gz").unlink()
        for item in gallery:
            with Image.open(io.BytesIO(gallery.picture(item.id))) as picture:
                assert picture.size == (256, 192)


@pytest.mark.parametrize("keep", [False, True])
def test_of_bytes_in_a_table_something_is_kept(tmp_path: Path, keep: bool) -> None:  # noqa: FBT001 -- a parameter
    """A thumbnail of the same colour, or the whole; a second run keeps it."""
    rows = [{"image": png("blue"), "caption": "a blue wall"}]
    with ilk.create(tmp_path / ".ilk") as gallery:
        for _ in range(2):
            gallery.add(ilk.table(rows, name="walls"), keep=keep)
        (item,) = gallery
        found = gallery.picture(item.id)
        assert (found == png("blue")) is keep
        with Image.open(io.BytesIO(found)) as picture:
            assert picture.size == ((400, 300) if keep else (256, 192))
            red, green, blue = picture.convert("RGB").getpixel((5, 5))  # type: ignore[misc]
        assert blue > 250
        assert max(red, green) < 5


def test_of_vectors_alone_there_is_no_picture(tmp_path: Path) -> None:
    """Which is said."""
    with ilk.create(tmp_path / ".ilk") as gallery:
        gallery.add(ilk.embeddings(["a"], [[1.0, 0.0]]))
        with pytest.raises(PictureError, match=r"the gallery has its vector alone|is not where it was"):
            gallery.picture("a")


def taken(hits: ilk.Hits) -> list[bytes | PictureError]:
    """The pictures behind hits, or why there are none."""
    assert hits.originals is not None
    return list(hits.originals.pictures([hit.id for hit in hits]))


class TestHits:
    """What hits know of their pictures."""

    def test_they_outlive_their_gallery(self, tmp_path: Path) -> None:
        """Closed and let go, also in another process: what they hold is the name of a place."""
        paint(tmp_path / "red.png", "red")
        with ilk.create(tmp_path / ".ilk") as gallery:
            gallery.add(ilk.folder(tmp_path))
            hits = gallery.search("red")
        held = weakref.ref(gallery)
        del gallery
        gc.collect()
        assert held() is None
        assert taken(hits) == [(tmp_path / "red.png").read_bytes()]
        again = pickle.loads(pickle.dumps(hits))  # noqa: S301 -- made the line before
        assert taken(again) == taken(hits)

    def test_what_is_gone_is_said_of_each(self, tmp_path: Path) -> None:
        """The file, the item, and at last the gallery; never an error."""
        for name in ("red", "blue", "green"):
            paint(tmp_path / f"{name}.png", name)
        with ilk.create(tmp_path / ".ilk") as gallery:
            gallery.add(ilk.folder(tmp_path))
            hits = gallery.search("a colour")
            (tmp_path / "red.png").unlink()
            gallery.remove(["blue.png"])
        said = dict(zip((hit.id for hit in hits), taken(hits), strict=True))
        assert "is not where it was" in str(said["red.png"])
        assert str(said["blue.png"]) == '"blue.png" is no longer in the gallery.'
        assert said["green.png"] == (tmp_path / "green.png").read_bytes()
        shutil.rmtree(tmp_path / ".ilk")
        assert all("The gallery of this picture is not there" in str(each) for each in taken(hits))
        assert "Nothing" not in hits._repr_html_()

    def test_they_know_the_picture_that_was_asked_with(self, tmp_path: Path) -> None:
        """A path, bytes, an image or an item; not one that was asked against, nor words."""
        paint(tmp_path / "red.png", "red")
        paint(tmp_path / "blue.png", "blue")
        red = (tmp_path / "red.png").read_bytes()
        image = Image.new("RGB", (9, 9))
        with ilk.create(tmp_path / ".ilk") as gallery:
            gallery.add(ilk.folder(tmp_path))
            for query, example in (
                (ilk.text("a wall") + ilk.image(tmp_path / "red.png"), red),
                (ilk.image(red), red),
                (ilk.item("red.png"), red),
                (ilk.image(image), image),
                (ilk.text("a wall") - ilk.image(red), None),
                (ilk.text("a wall"), None),
            ):
                originals = gallery.search(query).originals
                assert originals is not None
                assert originals.example() == example
            gone = gallery.search(ilk.image(tmp_path / "red.png")).originals
        (tmp_path / "red.png").unlink()
        assert gone is not None
        assert isinstance(gone.example(), PictureError)

    def test_an_address_that_was_asked_with_is_not_fetched_again(self, tmp_path: Path) -> None:
        """Showing hits asks no server; what is missing is said."""
        example = Originals(directory=tmp_path, query=ilk.image("https://example.org/a.png")).example()
        assert isinstance(example, PictureError)
        assert "not fetched again" in str(example)
