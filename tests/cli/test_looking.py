"""Looking at hits from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from commands import Ilk
from galleries import paint
from ilk.render.inline import inquiry


@pytest.fixture
def photos(ilk: Ilk, tmp_path: Path) -> Path:
    for name in ("red", "green", "blue"):
        paint(tmp_path / "photos" / f"{name}.png", name, size=(160, 120))
    assert ilk("index", tmp_path / "photos")[0] == 0
    return tmp_path / "photos"


def test_a_sheet_and_a_page_are_written_beside_the_answer(ilk: Ilk, photos: Path, tmp_path: Path) -> None:
    """What is printed stays as it is; where they are is said on stderr."""
    sheet, html = tmp_path / "out.png", tmp_path / "out.html"
    code, out, err = ilk("search", "red", "-g", photos, "--json", "--sheet", sheet, "--html", html)
    assert code == 0
    assert json.loads(out)["count"] == 3
    assert str(sheet) in err
    assert str(html) in err
    with Image.open(sheet) as picture:
        assert picture.width == 1600
    page = html.read_text(encoding="utf-8")
    assert page.count("<article>") == 3
    assert 'href="photos/red.png"' in page


def test_an_example_heads_the_sheet_and_the_page(ilk: Ilk, photos: Path, tmp_path: Path) -> None:
    """The picture that was asked with."""
    assert ilk("search", photos / "red.png", "-g", photos, "--html", tmp_path / "out.html")[0] == 0
    assert "the picture that was asked with" in (tmp_path / "out.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("option", "name", "said"),
    [
        ("--sheet", "out.gif", "name a .png, .jpg or .webp"),
        ("--html", "out.pdf", "name a .html"),
        ("--sheet", "nowhere/out.png", "there is no folder"),
        ("--html", "nowhere/out.html", "there is no folder"),
    ],
)
def test_what_cannot_be_written_is_refused_before_the_search(
    ilk: Ilk, tmp_path: Path, option: str, name: str, said: str
) -> None:
    """In one sentence; there is not even a gallery here, which would be the next refusal."""
    code, out, err = ilk("search", "red", "-g", tmp_path, option, tmp_path / name)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_without_hits_files_say_so(ilk: Ilk, photos: Path, tmp_path: Path) -> None:
    """Rather than leaving those of an earlier search; the exit code is that of nothing found."""
    code, _, _ = ilk("search", "red", "-g", photos, "--min-similarity", "1", "--html", tmp_path / "out.html")
    assert code == 1
    assert "Nothing found" in (tmp_path / "out.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("way", "mark"), [("kitty", "\x1b_G"), ("iterm", "\x1b]1337"), ("sixel", "\x1bP"), ("blocks", "▀")]
)
def test_a_named_way_shows_pictures_above_the_table(ilk: Ilk, photos: Path, way: str, mark: str) -> None:
    """Also into a pipe, as it was asked for."""
    code, out, _ = ilk("search", "red", "-g", photos, "--show", way)
    assert code == 0
    assert mark in out
    assert out.rindex(mark) < out.index("\tred.png")


@pytest.mark.parametrize("words", [("--show",), ("--show=auto",), ("--show", "never"), ()])
def test_a_pipe_gets_no_pictures(
    ilk: Ilk, photos: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the terminal is not asked; plain lines are as ever."""
    monkeypatch.setattr(inquiry, "ask_terminal", lambda: pytest.fail("the terminal was asked"))
    code, out, err = ilk("search", "red", "-g", photos, *words)
    assert code == 0
    assert "\x1b" not in out
    assert len(out.splitlines()) == 3
    assert err == ""


def test_words_after_show_are_not_taken_for_a_way(ilk: Ilk, photos: Path) -> None:
    """The sentence says how to write it."""
    code, _, err = ilk("search", "--show", "red", "-g", photos)
    assert code == 2
    assert "Write --show after the words, or --show=auto." in err


def test_pictures_do_not_stand_in_what_programs_read(ilk: Ilk, photos: Path) -> None:
    """Asked for by name they are refused; by themselves they stay away."""
    assert ilk("search", "red", "-g", photos, "--json", "--show", "sixel")[0] == 2
    code, out, _ = ilk("search", "red", "-g", photos, "--json", "--show=auto")
    assert code == 0
    assert json.loads(out)["count"] == 3
