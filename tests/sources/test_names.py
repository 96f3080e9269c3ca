from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from unicodedata import category

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import ilk
from ilk.sources import id_of, names, path_of

# Whatever a file system of POSIX may hold: any bytes but NUL and the slash.
RAW_NAMES = st.binary(min_size=1, max_size=20).filter(lambda raw: not {0, ord("/")} & {*raw}).map(os.fsdecode)
WINDOWS_NAMES = st.text(st.characters(exclude_characters="\0/\\"), min_size=1)  # lone surrogates included


@given(RAW_NAMES | WINDOWS_NAMES)
@example("caf\udce9.jpg")
@example("two\nlines.jpg")
@example("\\x41.jpg")
@example("\\\\u000a")
@example("\x1b[31mred.jpg")
def test_any_name_becomes_text_and_back(name: str) -> None:
    """Text that is one line, and that JSON and SQLite give back as it was."""
    text = names.escape(name)
    assert names.unescape(text) == name
    assert len(text.splitlines()) == 1
    assert not {"Cc", "Cs"} & {category(letter) for letter in text}
    assert json.loads(json.dumps(text, ensure_ascii=False).encode()) == text
    with sqlite3.connect(":memory:") as connection:
        assert connection.execute("SELECT ?", (text,)).fetchone() == (text,)
    connection.close()


@given(st.lists(RAW_NAMES | WINDOWS_NAMES, min_size=2, max_size=2, unique=True))
def test_two_names_never_become_one(two: list[str]) -> None:
    """Or one picture would take the other's place."""
    assert names.escape(two[0]) != names.escape(two[1])


@pytest.mark.parametrize("name", ["beach.jpg", "100%.jpg", "Ünï 日本 (1).png", "a'b\"c.jpg", "e\u0301.jpg"])
def test_ordinary_names_stay_as_they_are(name: str) -> None:
    """Whatever the script, and however its accents are composed."""
    assert names.escape(name) == name


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_names_of_any_bytes_are_listed_and_opened(tmp_path: Path) -> None:
    """From the disk through an id back to the file."""
    raw = [b"caf\xe9.jpg", b"two\nlines.jpg", b"\xff\xfe.jpg", b"back\\slash.jpg", b"\x1b[2J.jpg", "é.jpg".encode()]
    directory = os.fsencode(tmp_path) + b"/d\xe9p"
    os.mkdir(directory)  # noqa: PTH102 -- a name in bytes
    for number, name in enumerate(raw):
        Path(os.fsdecode(directory + b"/" + name)).write_bytes(b"%d" % number)
    entries = list(ilk.folder(tmp_path).listing(tmp_path))
    assert {entry.id for entry in entries} == {
        "d\\xe9p/" + name
        for name in (
            "caf\\xe9.jpg",
            "two\\u000alines.jpg",
            "\\xff\\xfe.jpg",
            "back\\\\slash.jpg",
            "\\u001b[2J.jpg",
            "é.jpg",
        )
    }
    for entry in entries:
        path = path_of(entry.uri, tmp_path)
        assert entry.load().data == path.read_bytes() == b"%d" % raw.index(os.fsencode(path.name))
        assert id_of(path, tmp_path) == entry.id


def test_a_path_is_named_from_the_base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However it is written."""
    base = tmp_path / "photos"
    (base / "2024").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    written = (base / "2024/a.jpg", "photos/2024/a.jpg", "photos/2024/../2024/a.jpg", "./photos/2024/a.jpg")
    for path in (*written, "~/photos/2024/a.jpg"):
        assert id_of(path, base) == "2024/a.jpg"
    assert path_of("2024/a.jpg", base) == base / "2024" / "a.jpg"


def test_a_path_elsewhere_is_named_by_the_way_there(tmp_path: Path) -> None:
    """And found again by it, wherever both are moved."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "galleries" / "deep").mkdir(parents=True)
    base = tmp_path / "galleries" / "deep"
    assert id_of(tmp_path / "photos" / "a.jpg", base) == "../../photos/a.jpg"
    assert path_of("../../photos/a.jpg", base).parent.samefile(tmp_path / "photos")


def test_links_do_not_lead_astray(tmp_path: Path) -> None:
    """A base reached by a link names its pictures, and those beside it, as if reached directly."""
    base, linked = tmp_path / "disk" / "photos", tmp_path / "link"
    (base / "2024").mkdir(parents=True)
    linked.symlink_to(base)
    (tmp_path / "disk" / "more").mkdir()
    for start in (base, linked):
        assert id_of(base / "2024" / "a.jpg", start) == "2024/a.jpg"
        assert id_of(linked / "2024" / "a.jpg", start) == "2024/a.jpg"
        assert id_of(tmp_path / "disk" / "more" / "a.jpg", start) == "../more/a.jpg"
        assert path_of("../more/a.jpg", start).parent.samefile(tmp_path / "disk" / "more")


def test_what_a_link_in_the_base_leads_to_is_named_by_the_link(tmp_path: Path) -> None:
    """As the folder lists it."""
    base, disk = tmp_path / "photos", tmp_path / "disk"
    base.mkdir()
    disk.mkdir()
    (base / "more").symlink_to(disk)
    (disk / "a.jpg").touch()
    assert [entry.id for entry in ilk.folder(base).listing(base)] == ["more/a.jpg"]
    assert id_of(base / "more" / "a.jpg", base) == "more/a.jpg"


def test_what_a_link_in_the_base_leads_to_elsewhere_in_it_is_named_by_its_place(tmp_path: Path) -> None:
    """As the base lists it, whichever of the two is named."""
    (tmp_path / "2024").mkdir()
    (tmp_path / "2024" / "a.jpg").touch()
    (tmp_path / "best").symlink_to("2024")
    for top in (tmp_path, tmp_path / "best", tmp_path / "2024"):
        assert [entry.id for entry in ilk.folder(top).listing(tmp_path)] == ["2024/a.jpg"]
    assert id_of(tmp_path / "best" / "a.jpg", tmp_path) == "2024/a.jpg"


def test_naming_files_loads_nothing_heavy() -> None:
    """A search names files; only a listing pays for sorting and matching, and none for decoding."""
    probe = "import ilk.sources, sys; names = {*sys.modules}; ilk.sources.folder; print(*names, '|', *sys.modules)"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    naming, naming_folders = (set(part.split()) for part in done.stdout.split("|"))
    assert "ilk.sources.folders" in naming_folders - naming
    assert not {"numpy", "PIL", "natsort", "pathspec"} & naming_folders
