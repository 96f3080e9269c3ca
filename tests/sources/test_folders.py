from __future__ import annotations

import inspect
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ilk
from ilk.errors import EmptySourceError, PictureError, SourceError
from ilk.pictures import SUFFIXES
from ilk.sources import walk
from ilk.sources.base import Entry

on_posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")


def make(top: Path, *names: str) -> Path:
    """Make files, each holding its own name."""
    for name in names:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_bytes(os.fsencode(name))
    return top


def listed(top: Path, base: Path | None = None, *, hidden: bool = False, follow_symlinks: bool = True) -> list[str]:
    return [entry.id for entry in ilk.folder(top, hidden=hidden, follow_symlinks=follow_symlinks).listing(base or top)]


def reason(entry: Entry) -> str:
    """Why an entry cannot be loaded."""
    with pytest.raises(PictureError) as caught:
        entry.load()
    assert caught.value.code == "unreadable"
    return str(caught.value)


@pytest.fixture
def no_entry(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Names of directories that cannot be read, as without permission (which tests run as root cannot take away)."""
    refused, real = set[str](), os.scandir

    def scandir(path: str) -> Iterator[os.DirEntry[str]]:
        if os.path.basename(path) in refused:  # noqa: PTH119 -- what os.scandir is given
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    return refused


# -- which files, in which order --------------------------------------------------------------------------------------


def test_pictures_are_listed_in_natural_order(tmp_path: Path) -> None:
    """Of each directory first the pictures, then the directories; numbers as numbers, letters in any case."""
    names = [
        "img1.jpg",
        "IMG2.jpg",
        "img10.jpg",
        "z.jpg",
        "album 2/x.jpg",
        "album 2/deep/y.jpg",
        "Album 10/x.jpg",
        "z/x.jpg",
    ]
    make(tmp_path, *reversed(names))
    assert listed(tmp_path) == names


def test_suffixes_count_in_any_case_and_nothing_else_does(tmp_path: Path) -> None:
    """A directory with the suffix of a picture is a directory; what is in a file is not looked at."""
    make(tmp_path, "a.JPG", "b.jPeG", "c.HEIC", "d.png.txt", "e", "f.mov", "jpg", "g.jpg/h.png", ".jpg")
    assert listed(tmp_path) == ["a.JPG", "b.jPeG", "c.HEIC", "g.jpg/h.png"]


@given(st.lists(st.text(st.characters(exclude_characters="\0/", codec="utf-8"), min_size=1, max_size=8), max_size=8))
def test_the_order_is_one_and_the_same(names: list[str]) -> None:
    """Whatever order a file system tells names in, and even where two look alike to it."""
    ordered = walk.natural(names, name=str)
    assert sorted(ordered) == sorted(names)
    assert walk.natural(reversed(ordered), name=str) == ordered


def test_an_entry_reads_its_picture(tmp_path: Path) -> None:
    """Bytes, and nothing made up."""
    make(tmp_path, "a.jpg")
    (entry,) = ilk.folder(tmp_path).listing(tmp_path)
    payload = entry.load()
    assert (entry.id, entry.uri, payload.data, payload.captions, payload.metadata) == (
        "a.jpg",
        "a.jpg",
        b"a.jpg",
        (),
        {},
    )


def test_a_stamp_is_size_and_time(tmp_path: Path) -> None:
    """And nothing else: neither the name nor the place."""
    make(tmp_path, "a.jpg", "b/c.jpg")
    for name in ("a.jpg", "b/c.jpg"):
        (tmp_path / name).write_bytes(b"12345")
        os.utime(tmp_path / name, ns=(7, 1_000_000_700))
    assert {entry.stamp for entry in ilk.folder(tmp_path).listing(tmp_path)} == {"5:1000000700"}


def test_hidden_files_are_listed_when_asked_for(tmp_path: Path) -> None:
    """Files and directories; what programs keep for themselves stays out."""
    make(tmp_path, "a.jpg", ".b.jpg", ".c/d.jpg", ".git/e.jpg", "._a.jpg", ".Trash-1000/f.jpg")
    assert listed(tmp_path) == ["a.jpg"]
    assert sorted(listed(tmp_path, hidden=True)) == [".b.jpg", ".c/d.jpg", "a.jpg"]


def test_a_hidden_folder_can_be_named(tmp_path: Path) -> None:
    """Rules are for what is found, not for what is asked for."""
    make(tmp_path, ".wallpapers/a.jpg")
    assert listed(tmp_path / ".wallpapers", tmp_path) == [".wallpapers/a.jpg"]


def test_galleries_are_passed_over(tmp_path: Path) -> None:
    """Whatever they are called."""
    make(tmp_path, "a.jpg", ".ilk/b.jpg", "trip.ilk/c.jpg", "strange/gallery.sqlite", "strange/d.jpg")
    assert listed(tmp_path, hidden=True) == ["a.jpg"]


def test_a_listing_starts_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Directories are read as their turn comes."""
    make(tmp_path, *(f"{number}/a.jpg" for number in range(20)))
    read, real = list[str](), os.scandir

    def scandir(path: str) -> Iterator[os.DirEntry[str]]:
        read.append(path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    entries = iter(ilk.folder(tmp_path).listing(tmp_path))
    assert next(entries).id == "0/a.jpg"
    assert len(read) == 2


def test_deep_folders_are_listed(tmp_path: Path) -> None:
    """Deeper than Python calls functions from functions."""
    deep = make(tmp_path, "d/" * 200 + "a.jpg")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 100)
    try:
        assert listed(deep) == ["d/" * 200 + "a.jpg"]
    finally:
        sys.setrecursionlimit(limit)


def test_the_count_is_that_of_the_listing(tmp_path: Path, no_entry: set[str]) -> None:
    """Failures included, so that progress reaches its end."""
    make(tmp_path, "a.jpg", "b/c.jpg", "b/d.txt", "e/f.jpg", ".g/h.jpg", "node_modules/i.jpg", "locked/j.jpg")
    (tmp_path / "gone.jpg").symlink_to("nowhere")
    no_entry.add("locked")
    listing = ilk.folder(tmp_path).listing(tmp_path)
    assert listing.count() == len(list(listing)) == 5


# -- names, scope and kind --------------------------------------------------------------------------------------------


def test_ids_are_paths_from_the_base(tmp_path: Path) -> None:
    """And the scope says which of them a folder speaks for."""
    make(tmp_path, "photos/2024/a.jpg")
    for top, base, id_, scope, kind in (
        ("photos", "photos", "2024/a.jpg", "", "folder"),
        ("photos/2024", "photos", "2024/a.jpg", "2024/", "folder"),
        ("photos/2024", "galleries", "../photos/2024/a.jpg", "../photos/2024/", "folder-outside"),
    ):
        listing = ilk.folder(tmp_path / top).listing(tmp_path / base)
        assert ([entry.id for entry in listing], listing.scope, listing.kind) == ([id_], scope, kind)


def test_the_base_does_not_speak_for_folders_elsewhere(tmp_path: Path) -> None:
    """Their pictures are of another kind, so a listing of the base cannot have them removed."""
    make(tmp_path, "photos/a.jpg", "more/b.jpg")
    base = tmp_path / "photos"
    assert ilk.folder(base).listing(base).kind != ilk.folder(tmp_path / "more").listing(base).kind
    named = ilk.folder(base / "a.jpg").listing(base)
    assert named.kind not in {ilk.folder(base).listing(base).kind, ilk.folder(tmp_path / "more").listing(base).kind}


def test_a_folder_above_the_base_names_pictures_as_the_base_does(tmp_path: Path) -> None:
    """One picture has one id; and as its prefix would fit other folders too, it speaks for none."""
    make(tmp_path, "all/x/photos/a.jpg", "all/x/b.jpg", "all/c.jpg", "all/y/d.jpg", "all/x/photos/deep/e.jpg")
    listing = ilk.folder(tmp_path / "all").listing(tmp_path / "all" / "x" / "photos")
    assert {entry.id for entry in listing} == {"a.jpg", "../b.jpg", "../../c.jpg", "../../y/d.jpg", "deep/e.jpg"}
    assert {entry.id: entry.load().data.decode().split("/")[-1] for entry in listing}["../b.jpg"] == "b.jpg"
    assert listing.scope is None


def test_a_file_can_be_named(tmp_path: Path) -> None:
    """Whatever its suffix; it speaks for nothing else."""
    make(tmp_path, "photos/a.jpg", "photos/b.jpg", "photos/strange")
    for name in ("a.jpg", "strange"):
        source = ilk.folder(tmp_path / "photos" / name)
        listing = source.listing(tmp_path / "photos")
        (entry,) = listing
        assert (entry.id, entry.load().data) == (name, f"photos/{name}".encode())
        assert (listing.scope, listing.complete, listing.count()) == (None, True, 1)
        assert source.top == tmp_path / "photos"
    in_folder = {entry.id: entry.stamp for entry in ilk.folder(tmp_path / "photos").listing(tmp_path / "photos")}
    (entry,) = ilk.folder(tmp_path / "photos" / "a.jpg").listing(tmp_path / "photos")
    assert entry.stamp == in_folder["a.jpg"]


def test_a_folder_is_named_from_where_one_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative, at home, or by way of its parent."""
    make(tmp_path, "photos/a.jpg")
    monkeypatch.chdir(tmp_path / "photos")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    for written in (".", "../photos", "~/photos", tmp_path / "photos"):
        assert ilk.folder(written).top == tmp_path / "photos"
        assert listed(Path(written), tmp_path) == ["photos/a.jpg"]


# -- links ------------------------------------------------------------------------------------------------------------


@on_posix
def test_a_link_to_a_file_is_a_picture(tmp_path: Path) -> None:
    """Read through the link, and changed when what it leads to is."""
    make(tmp_path, "disk/a.jpg", "photos/x")
    (tmp_path / "photos" / "b.jpg").symlink_to(tmp_path / "disk" / "a.jpg")
    (before,) = ilk.folder(tmp_path / "photos", follow_symlinks=False).listing(tmp_path / "photos")
    assert (before.id, before.load().data) == ("b.jpg", b"disk/a.jpg")
    (tmp_path / "disk" / "a.jpg").write_bytes(b"changed")
    (after,) = ilk.folder(tmp_path / "photos").listing(tmp_path / "photos")
    assert before.stamp != after.stamp


@on_posix
def test_links_to_directories_are_followed_once(tmp_path: Path) -> None:
    """Each real directory is listed once, under its own name if it has one here, whatever the order of names."""
    make(tmp_path, "photos/m/a.jpg", "disk/b.jpg", "disk/deep/c.jpg")
    photos = tmp_path / "photos"
    (photos / "a link").symlink_to(photos / "m")
    (photos / "m" / "circle").symlink_to(photos)
    (photos / "m" / "self").symlink_to(photos / "m")
    (photos / "n").symlink_to(tmp_path / "disk")
    (photos / "o").symlink_to(tmp_path / "disk" / "deep")
    (tmp_path / "disk" / "back").symlink_to(photos / "n")
    assert listed(photos) == ["m/a.jpg", "n/b.jpg", "n/deep/c.jpg"]
    assert listed(photos, follow_symlinks=False) == ["m/a.jpg"]


def test_directories_are_not_left_out_where_numbers_repeat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some network drives have no number for a directory that tells it from others."""
    make(tmp_path, "a/x.jpg", "b/x.jpg", "b/c/x.jpg")
    monkeypatch.setattr(walk, "_identity", lambda path: (0, 0))
    assert listed(tmp_path) == ["a/x.jpg", "b/x.jpg", "b/c/x.jpg"]


@on_posix
def test_a_link_upwards_does_not_list_the_world(tmp_path: Path) -> None:
    """What the folder is in is not in the folder."""
    make(tmp_path, "home/photos/a.jpg", "home/secret.jpg")
    (tmp_path / "home" / "photos" / "up").symlink_to(tmp_path / "home")
    (tmp_path / "home" / "photos" / "all").symlink_to("/")
    assert listed(tmp_path / "home" / "photos") == ["a.jpg"]


@on_posix
@pytest.mark.parametrize("target", ["nowhere.jpg", "link.jpg"])
def test_a_link_that_leads_nowhere_is_a_failure_with_a_reason(tmp_path: Path, target: str) -> None:
    """Or in a circle; the rest is listed and complete."""
    make(tmp_path, "a.jpg")
    (tmp_path / "link.jpg").symlink_to(target)
    listing = ilk.folder(tmp_path).listing(tmp_path)
    good, bad = listing
    assert (good.id, bad.id) == ("a.jpg", "link.jpg")
    assert "link.jpg" in reason(bad)
    assert listing.complete


@on_posix
def test_a_link_to_a_drive_that_is_not_there_is_reported(tmp_path: Path) -> None:
    """Nothing beneath is taken for removed. Links to other things that are gone are none of ours."""
    make(tmp_path, "a.jpg")
    (tmp_path / "usb").symlink_to(tmp_path / "unplugged")
    (tmp_path / "library.so").symlink_to("nowhere.so")
    listing = ilk.folder(tmp_path).listing(tmp_path)
    entries = list(listing)
    assert [entry.id for entry in entries] == ["a.jpg", "usb/"]
    assert "No such file" in reason(entries[1])
    assert not listing.complete


# -- what cannot be read ----------------------------------------------------------------------------------------------


def test_a_directory_that_cannot_be_read_is_reported(tmp_path: Path, no_entry: set[str]) -> None:
    """With the reason, and nothing beneath is taken for removed until it can be."""
    make(tmp_path, "a.jpg", "locked/b.jpg", "z/c.jpg")
    listing = ilk.folder(tmp_path).listing(tmp_path)
    assert not listing.complete
    no_entry.add("locked")
    entries = list(listing)
    assert [entry.id for entry in entries] == ["a.jpg", "locked/", "z/c.jpg"]
    assert reason(entries[1]) == f'The folder "{tmp_path / "locked"}" cannot be read: Permission denied.'
    assert not listing.complete
    no_entry.clear()
    assert [entry.id for entry in listing] == ["a.jpg", "locked/b.jpg", "z/c.jpg"]
    assert listing.complete


def test_a_listing_that_was_left_is_not_complete(tmp_path: Path) -> None:
    """Only what was seen to the end speaks for what is gone."""
    make(tmp_path, "a.jpg", "b.jpg")
    listing = ilk.folder(tmp_path).listing(tmp_path)
    list(listing)
    assert listing.complete
    next(iter(listing))
    assert not listing.complete


def test_a_directory_with_unreadable_rules_is_not_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures that somebody wanted left out are not taken in because of a file's permissions."""
    make(tmp_path, "a.jpg", "private/.ilkignore", "private/b.jpg")
    real = os.open

    def refuse(path: str | Path, *args: int) -> int:
        if str(path).endswith(".ilkignore"):
            raise PermissionError(13, "Permission denied", path)
        return real(path, *args)

    monkeypatch.setattr(os, "open", refuse)
    listing = ilk.folder(tmp_path).listing(tmp_path)
    good, bad = listing
    assert (good.id, bad.id, listing.complete) == ("a.jpg", "private/", False)
    assert ".ilkignore" in reason(bad)
    with pytest.raises(SourceError, match=r"\.ilkignore"):
        list(ilk.folder(tmp_path / "private").listing(tmp_path))


def test_a_file_that_went_meanwhile_is_a_reason(tmp_path: Path) -> None:
    """Gone between listing and reading; one gone even before that is not listed."""
    make(tmp_path, "a.jpg", "b.jpg", "c.jpg")
    entries = iter(ilk.folder(tmp_path).listing(tmp_path))
    first = next(entries)
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).unlink()
    assert "a.jpg" in reason(first)
    assert [entry.id for entry in entries] == ["c.jpg"]


@on_posix
def test_reasons_are_text(tmp_path: Path) -> None:
    """Also where names are not: they are stored and printed."""
    name = os.fsdecode(b"caf\xe9.jpg")
    make(tmp_path, name)
    (tmp_path / os.fsdecode(b"\xff.jpg")).symlink_to("nowhere")
    entries = list(ilk.folder(tmp_path).listing(tmp_path))
    (tmp_path / name).unlink()
    for entry in entries:
        reason(entry).encode()


@on_posix
@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_what_is_no_file_is_never_waited_for(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither as a picture, nor as captions, nor as an ignore file, nor put there between listing and reading."""
    make(tmp_path, "b.jpg", "sub/c.jpg")
    monkeypatch.chdir(tmp_path)  # the names of sockets are short

    def put(name: str) -> None:
        if kind == "pipe":
            os.mkfifo(name)
        else:
            with socket.socket(socket.AF_UNIX) as made:
                made.bind(name)

    put("a.jpg")
    put("b.txt")
    put("sub/.ilkignore")
    entries = list(ilk.folder(tmp_path).listing(tmp_path))
    assert [entry.id for entry in entries] == ["a.jpg", "b.jpg", "sub/"]
    assert "no file" in reason(entries[0])
    assert entries[1].load().captions == ()
    assert ".ilkignore" in reason(entries[2])
    (tmp_path / "b.jpg").unlink()
    put("b.jpg")
    assert "b.jpg" in reason(entries[1])
    with pytest.raises(SourceError, match="neither a folder nor a file"):
        ilk.folder("a.jpg").listing(tmp_path)


# -- what is no source ------------------------------------------------------------------------------------------------


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """As soon as it is listed; also one whose name cannot be, or that would be in a file."""
    make(tmp_path, "a.jpg")
    for path in (tmp_path / "nowhere", tmp_path / "a.jpg" / "b", tmp_path / "a\0b"):
        with pytest.raises(SourceError, match="There is no folder"):
            ilk.folder(path).listing(tmp_path)


def test_an_empty_folder_says_what_it_has_instead(tmp_path: Path) -> None:
    """Suffixes, most first, and how much was passed over."""
    with pytest.raises(SourceError, match="There is no picture"):
        list(ilk.folder(tmp_path).listing(tmp_path))
    make(tmp_path, "a.mov", "b.MOV", "c.txt", "README", ".hidden.jpg", "node_modules/d.jpg")
    listing = ilk.folder(tmp_path).listing(tmp_path)
    with pytest.raises(SourceError, match=r"2 \.mov, 1 without a suffix, 1 \.txt\. .* ignored: 2\."):
        list(listing)
    assert listing.complete
    assert listing.empty == ()


def test_directories_with_nothing_in_them_are_told(tmp_path: Path) -> None:
    """So look places where a drive should be mounted; one with any file in it is not empty."""
    make(tmp_path, "a.jpg", "b/notes.txt", "c/.keep")
    for name in ("d", "e/f", ".hidden"):
        (tmp_path / name).mkdir(parents=True)
    listing = ilk.folder(tmp_path).listing(tmp_path)
    assert [entry.id for entry in listing] == ["a.jpg"]
    assert listing.empty == ("d/", "e/f/")
    (tmp_path / "nothing").mkdir()
    listing = ilk.folder(tmp_path / "nothing").listing(tmp_path)
    with pytest.raises(EmptySourceError):
        list(listing)
    assert listing.empty == ("nothing/",)
    assert listing.count() == 0


def test_a_folder_that_cannot_be_read_is_no_source(tmp_path: Path, no_entry: set[str]) -> None:
    """The folder itself, rather than one in it."""
    make(tmp_path, "locked/a.jpg")
    no_entry.add("locked")
    with pytest.raises(SourceError, match="Permission denied"):
        list(ilk.folder(tmp_path / "locked").listing(tmp_path))


# -- moved or copied --------------------------------------------------------------------------------------------------


def test_a_file_in_the_folder_is_held_while_it_is_there(tmp_path: Path) -> None:
    """A directory of the same name is no picture, a link is one, and the old directory may be gone too."""
    make(tmp_path, "a.jpg", "b.jpg/c.jpg")
    (tmp_path / "link.jpg").symlink_to("a.jpg")
    listing = ilk.folder(tmp_path).listing(tmp_path)
    held = {uri: listing.holds(uri) for uri in ("a.jpg", "link.jpg", "b.jpg", "gone.jpg", "gone/a.jpg", "a.jpg/x.jpg")}
    assert held == {uri: uri in {"a.jpg", "link.jpg"} for uri in held}


def test_a_file_elsewhere_is_gone_only_if_its_directory_is_there(tmp_path: Path) -> None:
    """With its directory a whole drive may be missing."""
    make(tmp_path, "photos/2023/x.jpg", "photos/2024/a.jpg", "usb/b.jpg")
    for source in ("2024", "2024/a.jpg"):
        listing = ilk.folder(tmp_path / "photos" / source).listing(tmp_path / "photos")
        held = [
            listing.holds(uri) for uri in ("2023/x.jpg", "2023/gone.jpg", "gone/a.jpg", "../usb/b.jpg", "../usb/c.jpg")
        ]
        assert held == [True, False, True, True, False]


def test_a_file_that_cannot_be_looked_for_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be told is not taken for gone."""
    make(tmp_path, "a.jpg")
    listing = ilk.folder(tmp_path).listing(tmp_path)

    def lstat(_: Path) -> os.stat_result:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "lstat", lstat)
    assert listing.holds("a.jpg")


# -- real folders -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["coco_free/images", "hostile"])
def test_real_folders_are_listed_as_find_would(shared_data: Path, name: str) -> None:
    """Every file with the suffix of a picture, each once, and nothing else."""
    top = shared_data / name
    expected = {
        path.relative_to(top).as_posix()
        for path in top.rglob("*")
        if path.suffix.lower() in SUFFIXES and path.is_file() and "/." not in f"/{path.relative_to(top).as_posix()}"
    }
    found = listed(top)
    assert len(found) == len(set(found))
    assert set(found) == expected
