"""What a gallery makes of archives, and how their pictures are found again."""

from __future__ import annotations

import io
import os
import shutil
from pathlib import Path

import pytest
from PIL import Image

import ilk
from colour_encoder import ColourEncoder
from galleries import gallery_of
from ilk.errors import PictureError, SourceError
from ilk.sources import open_member
from ilk.sources.archives.shards import shards_of
from sources.archives.packing import tar, zipped


def painted(colour: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (16, 12), colour).save(file, "PNG")
    return file.getvalue()


COLOURS = [(f"{colour}.png", painted(colour)) for colour in ("red", "green", "blue")]
TEXTS = [(f"{colour}.txt", f"all {colour}".encode()) for colour in ("red", "green", "blue")]

each_kind = pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.zip"])


def packed(path: Path, members: list[tuple[str, bytes]]) -> Path:
    if path.suffix == ".zip":
        return zipped(path, members)
    return tar(path, members, mode="w:gz" if path.suffix == ".gz" else "w")


# -- in a gallery -----------------------------------------------------------------------------------------------------


@each_kind
def test_an_archive_is_searched_and_kept_in_step(tmp_path: Path, name: str) -> None:
    """New ones are added, gone ones removed, and nothing is encoded twice, also if the archive is only touched."""
    path = packed(tmp_path / name, COLOURS + TEXTS)
    encoder = ColourEncoder()
    with gallery_of(tmp_path, encoder) as gallery:
        assert gallery.add(ilk.archive(path)).added == 3
        hit = gallery.search("red")[0]
        assert (hit.id, hit.caption) == (f"{name}!/red.png", "all red")
        assert gallery.add(ilk.archive(path)).unchanged == 3
        os.utime(path, ns=(1, 1))
        assert gallery.add(ilk.archive(path)).unchanged == 3
        assert encoder.encoded == 3
        packed(path, [*COLOURS[1:], ("white.png", painted("white"))])
        report = gallery.add(ilk.archive(path))
        assert (report.added, report.removed, report.updated) == (1, 1, 2)
        assert encoder.encoded == 4
        assert gallery.check() == ()


def test_what_a_broken_archive_no_longer_shows_is_kept(tmp_path: Path) -> None:
    """A download that was cut takes nothing away, and the reason is recorded."""
    path = tar(tmp_path / "a.tar", COLOURS)
    encoder = ColourEncoder()
    with gallery_of(tmp_path, encoder) as gallery:
        gallery.add(ilk.archive(path))
        path.write_bytes(path.read_bytes()[:1800])
        report = gallery.add(ilk.archive(path))
        assert (report.removed, report.failed, len(gallery)) == (0, 1, 3)
        (failure,) = gallery.failures()
        assert (failure.id, failure.code) == ("a.tar!/", "truncated")
        assert 'is cut short after "green.png"' in failure.message
        tar(path, COLOURS)
        assert gallery.add(ilk.archive(path)).failed == 0
        assert gallery.failures() == ()
        assert encoder.encoded == 3


def test_equal_names_in_two_shards_stay_apart(tmp_path: Path) -> None:
    """And sources of other archives are left alone."""
    for number, (_, data) in enumerate(COLOURS):
        tar(tmp_path / f"s-{number}.tar", [("x.png", data)])
    zipped(tmp_path / "other.zip", COLOURS)
    with gallery_of(tmp_path, ColourEncoder()) as gallery:
        gallery.add(ilk.archive(tmp_path / "other.zip"))
        assert gallery.add(ilk.archive(str(tmp_path / "s-*.tar"))).added == 3
        (tmp_path / "s-1.tar").unlink()
        assert gallery.add(ilk.archive(str(tmp_path / "s-*.tar"))).removed == 1
        assert len(gallery) == 5


def test_a_moved_archive_keeps_its_vectors(tmp_path: Path) -> None:
    """Under another name of the same pattern its pictures have moved; with the whole folder they have not even that."""
    (tmp_path / "one").mkdir()
    tar(tmp_path / "one" / "a.tar", COLOURS)
    encoder = ColourEncoder()
    with gallery_of(tmp_path / "one", encoder) as gallery:
        gallery.add(ilk.archive(str(tmp_path / "one" / "*.tar")))
        (tmp_path / "one" / "a.tar").rename(tmp_path / "one" / "b.tar")
        assert gallery.add(ilk.archive(str(tmp_path / "one" / "*.tar"))).moved == 3
    shutil.move(tmp_path / "one", tmp_path / "two")
    with gallery_of(tmp_path / "two", encoder) as gallery:
        assert gallery.add(ilk.archive(str(tmp_path / "two" / "*.tar"))).unchanged == 3
    assert encoder.encoded == 3


# -- found again ------------------------------------------------------------------------------------------------------


@each_kind
def test_a_picture_is_found_again_by_its_uri(tmp_path: Path, name: str) -> None:
    """Also in a folder whose name has the mark in it, and under a name that is no text."""
    folder = tmp_path / "wow!"
    folder.mkdir()
    odd = "od\\d\n!/x.png"
    path = packed(folder / name, [*COLOURS, (odd, b"odd")])
    entries = list(ilk.archive(path).listing(tmp_path))
    assert [open_member(entry.uri, tmp_path) for entry in entries] == [*(data for _, data in COLOURS), b"odd"]
    with pytest.raises(PictureError, match="There is no"):
        open_member(f"wow!/{name}!/gone.png", tmp_path)
    path.unlink()
    with pytest.raises(PictureError, match="cannot be read"):
        open_member(entries[0].uri, tmp_path)


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz"])
def test_the_second_of_one_name_is_found_again_too(tmp_path: Path, name: str) -> None:
    """By its number."""
    path = packed(tmp_path / name, [*COLOURS, ("red.png", b"newer")])
    *_, again = ilk.archive(path).listing(tmp_path)
    assert again.uri == again.id == f"{name}!/red.png#4"
    assert open_member(again.uri, tmp_path) == again.load().data == b"newer"


def test_an_archive_that_changed_is_looked_into_anew(tmp_path: Path) -> None:
    """What is remembered of it is of one size and time."""
    path = tar(tmp_path / "a.tar", [("a.png", b"old"), ("b.png", b"b")])
    assert open_member("a.tar!/b.png", tmp_path) == b"b"
    tar(path, [("b.png", b"new" * 500)])
    assert open_member("a.tar!/b.png", tmp_path) == b"new" * 500


# -- patterns ---------------------------------------------------------------------------------------------------------


def test_braces_and_wildcards_name_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Braces in their order and with their zeros, wildcards in natural order, both together, each file once."""
    monkeypatch.chdir(tmp_path)
    for name in ("t-000.tar", "t-001.tar", "t-2.tar", "t-10.tar", "v-0.tar", "x{1}.tar"):
        (tmp_path / name).touch()

    def named(pattern: str) -> list[str]:
        found = shards_of(pattern)
        assert all(path.is_absolute() for path in found)
        return [path.name for path in found]

    assert named("t-{000..002}.tar") == ["t-000.tar", "t-001.tar", "t-002.tar"]
    assert named("t-{2..0}.tar") == ["t-2.tar", "t-1.tar", "t-0.tar"]
    assert named("{v,t}-{0,2}.tar") == ["v-0.tar", "v-2.tar", "t-0.tar", "t-2.tar"]
    assert named("t-?*.tar") == ["t-000.tar", "t-001.tar", "t-2.tar", "t-10.tar"]
    assert named("{t-0*,t-001}.tar") == ["t-000.tar", "t-001.tar"]
    assert named("x{1}.tar") == ["x{1}.tar"]


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("none.tar", "There is no archive"),
        ("none-*.tar", "There is no archive"),
        ("{0..3}.tar", "There is no archive"),
        ("{0..999999999999}.tar", "means 1,000,000,000,000 archives"),
        ("{0..999}{0..999}.tar", "means 1,000,000 archives"),
    ],
)
def test_patterns_that_mean_nothing_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str, message: str
) -> None:
    """At once, however many they would be."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError, match=message):
        ilk.archive(pattern).listing(tmp_path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"hello" * 200, "neither a tar nor a zip"),
        (b"BZh9" + bytes(600), "packed with bzip2, which is not read here"),
        (b"\x1f\x8bhello" + bytes(600), "is damaged"),
        (b"PK\x03\x04" + bytes(600), "is damaged or cut short"),
    ],
)
def test_what_is_no_archive_is_refused_in_a_sentence(tmp_path: Path, data: bytes, message: str) -> None:
    """By its bytes, whatever its name; beside others it is a failure among them."""
    (tmp_path / "a.tar").write_bytes(data)
    with pytest.raises(SourceError, match=message):
        list(ilk.archive(tmp_path / "a.tar").listing(tmp_path))
    tar(tmp_path / "b.tar", COLOURS)
    listing = ilk.archive(str(tmp_path / "*.tar")).listing(tmp_path)
    assert [entry.id for entry in listing] == ["a.tar!/", *(f"b.tar!/{name}" for name, _ in COLOURS)]
    assert not listing.complete


@each_kind
def test_an_archive_without_pictures_is_refused(tmp_path: Path, name: str) -> None:
    """Nothing is made for it, and nothing removed."""
    with pytest.raises(SourceError, match="There is no picture"):
        list(ilk.archive(packed(tmp_path / name, TEXTS)).listing(tmp_path))
