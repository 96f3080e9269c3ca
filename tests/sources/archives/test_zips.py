from __future__ import annotations

import os
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ilk
from ilk.errors import IlkError, PictureError, SourceError
from ilk.sources.base import Entry
from sources.archives.packing import said, zipped

A, B = ("a.jpg", b"AAA"), ("b.png", b"BB")


def listed(path: Path) -> list[Entry]:
    return list(ilk.archive(path).listing(path.parent))


def refusal(entry: Entry) -> PictureError:
    with pytest.raises(PictureError) as caught:
        entry.load()
    return caught.value


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_texts_are_found_beside_a_picture(tmp_path: Path, method: int) -> None:
    """Anywhere in the archive: by the whole name, by the stem, or by a webdataset's key."""
    members = [
        ("x/one.jpg.txt", b"first"),
        ("x/one.jpg", b"1" * 1000),
        ("two.v2.png", b"2"),
        ("two.v2.txt", b"second"),
        ("three.seg.png", b"3"),
        ("three.txt", b"third"),
        ("three.json", b'{"n": 3}'),
        ("two.txt", b"of another"),
    ]
    assert said(listed(zipped(tmp_path / "a.zip", members, method=method))) == {
        "a.zip!/x/one.jpg": (b"1" * 1000, ("first",), {}),
        "a.zip!/two.v2.png": (b"2", ("second",), {}),
        "a.zip!/three.seg.png": (b"3", ("third",), {"n": 3}),
    }


def test_a_table_inside_says_what_pictures_show(tmp_path: Path) -> None:
    """As the library datasets has it for folders of pictures: CSV with types, JSON Lines; from the table's folder."""
    members = [
        ("train/metadata.csv", b"file_name,caption,stars,code\na.jpg,a red car,4,007\nsub/b.jpg,a bus,5,012\n"),
        ("test/metadata.jsonl", b'{"file_name": "c.jpg", "text": "a van", "tags": ["x"]}\nno json\n'),
        ("train/a.jpg", b"A"),
        ("train/sub/b.jpg", b"B"),
        ("test/c.jpg", b"C"),
        ("d.jpg", b"D"),
    ]
    assert said(listed(zipped(tmp_path / "a.zip", members))) == {
        "a.zip!/train/a.jpg": (b"A", ("a red car",), {"stars": 4, "code": "007"}),
        "a.zip!/train/sub/b.jpg": (b"B", ("a bus",), {"stars": 5, "code": "012"}),
        "a.zip!/test/c.jpg": (b"C", ("a van",), {"tags": ["x"]}),
        "a.zip!/d.jpg": (b"D", (), {}),
    }


def test_stamps_are_of_the_contents(tmp_path: Path) -> None:
    """An archive packed anew from the same files reads nothing; a new caption, or row, or picture changes its own."""
    row = b"file_name,size\na.jpg,%d\n"
    path = zipped(tmp_path / "a.zip", [A, B, ("metadata.csv", row % 1)])
    first = {entry.id: entry.stamp for entry in listed(path)}
    zipped(path, [A, B, ("metadata.csv", row % 1)], method=zipfile.ZIP_STORED)
    os.utime(path, ns=(1, 1))
    assert {entry.id: entry.stamp for entry in listed(path)} == first
    for changed in ([("a.jpg", b"AAX"), B, ("metadata.csv", row % 1)], [A, B, ("metadata.csv", row % 2)]):
        zipped(path, changed)
        stamps = {entry.id: entry.stamp for entry in listed(path)}
        assert [id_ for id_, stamp in stamps.items() if stamp != first[id_]] == ["a.zip!/a.jpg"]


def test_the_pictures_of_a_zip_are_counted(tmp_path: Path) -> None:
    """If its list of members is known not to be too long to be read for that."""
    listing = ilk.archive(zipped(tmp_path / "a.zip", [A, B, ("c.txt", b"x")])).listing(tmp_path)
    assert listing.count() == len(list(listing)) == 2
    with zipfile.ZipFile(tmp_path / "a.zip", "a") as archive:
        archive.comment = b"it ends otherwise then"
    assert listing.count() is None


def test_encrypted_members_are_refused_in_a_sentence(tmp_path: Path) -> None:
    """And others of the same archive are read."""
    data = bytearray(zipped(tmp_path / "a.zip", [A, B]).read_bytes())
    listing_at = data.index(b"PK\x01\x02")
    data[listing_at + 8] |= 1
    (tmp_path / "a.zip").write_bytes(data)
    first, second = listed(tmp_path / "a.zip")
    assert refusal(first).code == "unsupported"
    assert "is encrypted. Unpack the archive with its password" in str(refusal(first))
    assert second.load().data == b"BB"


def test_methods_that_are_not_read_are_refused(tmp_path: Path) -> None:
    """Those of which a few bytes can become any number at once."""
    (entry,) = listed(zipped(tmp_path / "a.zip", [A], method=zipfile.ZIP_BZIP2))
    assert refusal(entry).code == "unsupported"


def lie(path: Path, size: int) -> None:
    """Have the list of members state another size than the first member unpacks to."""
    data = bytearray(path.read_bytes())
    struct.pack_into("<L", data, data.index(b"PK\x01\x02") + 24, size)
    path.write_bytes(data)


def test_a_member_is_unpacked_no_further_than_it_says(tmp_path: Path) -> None:
    """A bomb that says that it is small is found out after one byte more, one that says it is large is not opened."""
    import tracemalloc

    path = zipped(tmp_path / "a.zip", [("bomb.png", bytes(2**26))])
    lie(path, 1000)
    (entry,) = listed(path)
    tracemalloc.start()
    try:
        assert refusal(entry).code == "damaged"
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2**20
    lie(path, 2**30)
    (entry,) = listed(path)
    assert refusal(entry).code == "too-many-bytes"


@settings(max_examples=200)
@given(st.integers(0, 10_000), st.integers(0, 255), st.integers(0, 400))
def test_damage_never_escapes(tmp_path_factory: pytest.TempPathFactory, at: int, byte: int, cut: int) -> None:
    """Whatever is wrong with it: pictures as they were, or a reason."""
    path = tmp_path_factory.getbasetemp() / "damaged.zip"
    data = bytearray(zipped(path, [A, B, ("metadata.csv", b"file_name,x\na.jpg,1\n")]).read_bytes())
    data[at % len(data)] = byte
    path.write_bytes(data[: len(data) - cut % 3 * cut])
    try:
        entries = listed(path)
    except SourceError:
        return
    for entry in entries:
        try:
            assert entry.load().data in {b"AAA", b"BB"}
        except IlkError:
            continue


def test_an_empty_zip_has_no_picture(tmp_path: Path) -> None:
    """It is said, as of a folder."""
    with pytest.raises(SourceError, match="There is no picture in"):
        listed(zipped(tmp_path / "a.zip", []))
