"""The picture behind an item, wherever it came from."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from PIL import Image

import ilk
from galleries import paint
from ilk.errors import ItemNotFoundError, PictureError


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
