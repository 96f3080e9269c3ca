from __future__ import annotations

from pathlib import Path

import pytest

import ilk
from ilk.errors import PictureError
from ilk.sources.base import Entry
from ilk.sources.captions import MAX_CAPTIONS, MAX_FILE_BYTES, read_captions


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    (tmp_path / "a.jpg").write_bytes(b"a picture")
    return tmp_path


def entry(photos: Path) -> Entry:
    (only,) = ilk.folder(photos).listing(photos)
    return only


def test_one_caption_a_line(photos: Path) -> None:
    """Blank lines and blanks around are dropped."""
    (photos / "a.txt").write_text("a dog\n\n  on a  beach \r\n", encoding="utf-8")
    assert entry(photos).load().captions == ("a dog", "on a  beach")


def test_a_picture_alone_has_no_captions(photos: Path) -> None:
    """Nor does another picture's text belong to it."""
    (photos / "ab.txt").write_text("another")
    assert entry(photos).load().captions == ()


def test_the_text_with_the_whole_name_wins(photos: Path) -> None:
    """A photograph may share its name with a film; a text of its own is then the better one."""
    (photos / "a.txt").write_text("both")
    (photos / "a.jpg.txt").write_text("the photograph")
    assert entry(photos).load().captions == ("the photograph",)
    (only,) = ilk.folder(photos / "a.jpg").listing(photos)
    assert only.load().captions == ("the photograph",)


def test_captions_are_found_by_a_suffix_in_any_case(photos: Path) -> None:
    """As pictures are."""
    (photos / "a.TXT").write_text("a dog")
    assert entry(photos).load().captions == ("a dog",)


def test_changed_captions_change_the_stamp(photos: Path) -> None:
    """So that they are seen without opening the picture; the same ones leave it."""
    stamps = [entry(photos).stamp, entry(photos).stamp]
    (photos / "a.txt").write_text("a dog")
    stamps.append(entry(photos).stamp)
    (photos / "a.txt").write_text("a cat!")
    stamps.append(entry(photos).stamp)
    (photos / "a.txt").unlink()
    stamps.append(entry(photos).stamp)
    assert stamps[0] == stamps[1] == stamps[4]
    assert len(set(stamps)) == 3


@pytest.mark.parametrize(
    ("data", "captions"),
    [
        (b"", ()),
        (b"\xef\xbb\xbfa caf\xc3\xa9", ("a café",)),
        ("a café\na dog".encode("utf-16"), ("a café", "a dog")),
        ("\ufeffa café".encode("utf-16-be"), ("a café",)),
        ("a dog\n".encode("utf-16-le"), ("a dog",)),
        (b"a caf\xe9", ("a caf\ufffd",)),
        (b"\0\0\0", ()),
        (b"x" * MAX_FILE_BYTES, ("x" * MAX_FILE_BYTES,)),
        (b"x" * (MAX_FILE_BYTES + 1), ()),
    ],
)
def test_texts_of_any_kind_are_read(tmp_path: Path, data: bytes, captions: tuple[str, ...]) -> None:
    """Byte order marks are understood, what is no text is marked, and documents are left aside."""
    (tmp_path / "a.txt").write_bytes(data)
    assert read_captions(tmp_path / "a.txt") == captions


def test_captions_are_counted(tmp_path: Path) -> None:
    """The first hundred are kept."""
    lines = [f"caption {number}" for number in range(MAX_CAPTIONS + 5)]
    (tmp_path / "a.txt").write_text("\n".join(lines))
    assert read_captions(tmp_path / "a.txt") == tuple(lines[:MAX_CAPTIONS])


def test_captions_that_cannot_be_read_are_a_reason(photos: Path) -> None:
    """The picture fails for now, so that it does not lose the captions that it had."""
    (photos / "a.txt").symlink_to("nowhere")
    for listing in (ilk.folder(photos).listing(photos), ilk.folder(photos / "a.jpg").listing(photos)):
        (only,) = listing
        with pytest.raises(PictureError, match=r"a\.txt") as caught:
            only.load()
        assert caught.value.code == "unreadable"
