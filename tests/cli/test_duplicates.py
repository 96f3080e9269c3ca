"""``ilk duplicates``, with the built-in model."""

from __future__ import annotations

import shlex
import signal
from pathlib import Path

import pytest
from PIL import Image

from commands import Ilk
from ilk.analysis.duplicates import search
from scenes import scene

ODD = "-it's a\ncopy.jpg"


@pytest.fixture(autouse=True)
def _scenes(ilk: Ilk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Work in an indexed folder of three scenes, one of them twice, under an odd name."""
    for number in range(3):
        scene(number).save(tmp_path / f"{number}.png")
    scene(1).save(tmp_path / ODD, quality=40)
    monkeypatch.chdir(tmp_path)
    assert ilk("index", ".", "--quiet").code == 0


def test_a_report_for_people(ilk: Ilk, tmp_path: Path) -> None:
    """What to keep, what it has copies of and how they differ, what they take; and that nothing was removed."""
    said = ilk("duplicates")
    assert said.code == 0
    kept, copy, _, counted, freed = said.out.splitlines()
    assert kept.split()[:2] == ["keep", "1.png"]
    assert "re-encoded" in copy
    assert "240 x 180" in copy
    assert "1 group with 1 copy, among 4 pictures" in counted
    assert "nothing was removed" in freed
    assert (tmp_path / ODD).exists()


def test_json_for_programs(ilk: Ilk) -> None:
    """The groups, with the tier, the kinds and the numbers."""
    said = ilk("duplicates", "--json")
    assert (said.code, said.err) == (0, "")
    assert (said.json["count"], said.json["copies"], said.json["kinds"]) == (1, 1, {"re-encoded": 1})
    (group,) = said.json["groups"]
    (copy,) = group["copies"]
    assert (group["best"]["id"], copy["tier"], copy["kinds"]) == ("1.png", "same", ["re-encoded"])
    assert copy["similarity"] > 0.9
    assert copy["agreement"] > 0.9


def test_what_to_remove_is_safe_in_a_shell(ilk: Ilk, tmp_path: Path) -> None:
    """A name with a quote, a line break and a dash first, quoted and ended by NUL."""
    quoted = ilk("duplicates", "--print-removals")
    assert shlex.split(quoted.out) == [f"./{ODD}"]
    assert (tmp_path / shlex.split(quoted.out)[0]).exists()
    assert ilk("duplicates", "--print0").out == f"./{ODD}\0"
    assert quoted.err == ""


def test_what_has_changed_is_not_on_the_list(ilk: Ilk, tmp_path: Path) -> None:
    """And stderr says so."""
    ilk("duplicates")
    (tmp_path / "1.png").write_bytes(b"something else")
    said = ilk("duplicates", "--print0")
    assert said.out == ""
    assert "1.png" in said.err
    assert "changed" in said.err


def test_a_contact_sheet(ilk: Ilk, tmp_path: Path) -> None:
    """A picture with a row for each group."""
    said = ilk("duplicates", "--sheet", "sheet.png")
    assert said.code == 0
    assert "sheet.png" in said.err
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width == 1600


def test_nothing_found_is_code_1(ilk: Ilk, tmp_path: Path) -> None:
    """With a sentence on stderr, and JSON all the same."""
    (tmp_path / ODD).unlink()
    ilk("index", ".", "--quiet")
    said = ilk("duplicates")
    assert (said.code, said.out) == (1, "")
    assert "No duplicates among 3 pictures" in said.err
    assert ilk("duplicates", "--json").json["groups"] == []


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--threshold", "0.9"], "same"),
        (["--tier", "similar", "--threshold", "7"], "7.0"),
        (["--json", "--print0"], "choose one"),
        (["--sheet", "sheet.gif"], "gif"),
        (["--sheet", "nowhere/sheet.png"], "nowhere"),
        (["--where", "year >"], "filter cannot be read"),
        (["--model", "clip"], "clip"),
    ],
)
def test_wrong_use_is_one_sentence(ilk: Ilk, words: list[str], part: str) -> None:
    """Code 2, nothing on stdout, and what was wrong."""
    said = ilk("duplicates", *words)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("ilk: ")
    assert part in said.err


def test_stopping_prints_nothing_and_keeps_what_was_read(ilk: Ilk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while pictures are read: the code that shells expect, no list to act on, and a way to go on."""

    def interrupted(*_: object, **__: object) -> dict[str, str]:
        signal.raise_signal(signal.SIGINT)
        return {}

    monkeypatch.setattr(search, "read_missing", interrupted)
    said = ilk("duplicates", "--print0")
    assert (said.code, said.out) == (130, "")
    assert "goes on from there" in said.err


def test_pictures_that_are_gone_are_named(ilk: Ilk, tmp_path: Path) -> None:
    """Those that could not be looked at, with the reason."""
    (tmp_path / "2.png").unlink()
    said = ilk("duplicates")
    assert said.code == 0
    assert "1 picture could not be looked at" in said.err
    assert "2.png" in said.err
