"""``ilk map``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from commands import Ilk
from galleries import paint


@pytest.fixture
def photos(ilk: Ilk, tmp_path: Path) -> Path:
    for folder in ("warm", "cold"):
        for name in ("red", "orange") if folder == "warm" else ("blue", "navy"):
            paint(tmp_path / "photos" / folder / f"{name}.png", name, size=(160, 120))
    assert ilk("index", tmp_path / "photos")[0] == 0
    return tmp_path / "photos"


@pytest.mark.parametrize("name", ["out.png", "out.html"])
def test_a_map_is_written_and_said_to_be(ilk: Ilk, photos: Path, tmp_path: Path, name: str) -> None:
    """As a picture or as a page; nothing on stdout."""
    code, out, err = ilk("map", "-g", photos, "--colour", "folder", "--out", tmp_path / name)
    assert (code, out) == (0, "")
    assert str(tmp_path / name) in err
    if name == "out.png":
        with Image.open(tmp_path / name) as drawn:
            assert drawn.width == 2000
    else:
        assert '["#4477aa","cold"]' in (tmp_path / name).read_text(encoding="utf-8")


def test_json_has_the_places(ilk: Ilk, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no file is written unless one is named."""
    monkeypatch.chdir(tmp_path)
    code, out, _ = ilk("map", "-g", photos, "--json", "--color", "folder")
    answer = json.loads(out)
    assert code == 0
    assert (answer["method"], answer["model"], answer["count"], answer["total"]) == ("pca", "pocket", 4, 4)
    assert {item["id"]: item["folder"] for item in answer["items"]}["warm/red.png"] == "warm"
    assert all(-1 <= item[axis] <= 1 for item in answer["items"] for axis in "xy")
    assert [each.name for each in tmp_path.iterdir()] == ["photos"]


def test_without_a_place_it_is_a_page_here(
    ilk: Ilk, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Called map.html."""
    monkeypatch.chdir(tmp_path)
    assert ilk("map", "-g", photos)[0] == 0
    assert (tmp_path / "map.html").is_file()


def test_a_sample_is_said_to_be_one(ilk: Ilk, photos: Path, tmp_path: Path) -> None:
    """With what would draw all."""
    _, _, err = ilk("map", "-g", photos, "-n", "3", "-o", tmp_path / "out.html")
    assert "Of 4 pictures 3 are drawn, by lot: -n 4 draws all." in err


def test_nothing_to_draw_is_nothing_found(ilk: Ilk, photos: Path, tmp_path: Path) -> None:
    """Exit code 1, one sentence, and no file."""
    code, _, err = ilk("map", "-g", photos, "--where", "year > 2020", "-o", tmp_path / "out.png")
    assert code == 1
    assert err == "There is nothing to draw: no picture with a vector was found.\n"
    assert not (tmp_path / "out.png").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--out", "map.svg"), "A map cannot be a .svg"),
        (("--out", "nowhere/map.png"), "there is no folder nowhere"),
        (("--colour", "place", "--json"), 'No item has a field "place". There are: folder'),
    ],
)
def test_what_cannot_be_done_is_refused(ilk: Ilk, photos: Path, words: tuple[str, ...], said: str) -> None:
    """In one sentence each."""
    code, out, err = ilk("map", "-g", photos, *words)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
