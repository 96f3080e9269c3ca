"""``ilk eval``, run in this process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from commands import Ilk
from galleries import paint

COLOURS = ("red", "green", "blue", "yellow", "black", "white")


@pytest.fixture
def walls(tmp_path: Path, ilk: Ilk, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An indexed table of walls, each with a caption and whether it is bright; its folder is the working directory."""
    lines = ["file,caption,bright"]
    for name in COLOURS:
        paint(tmp_path / f"{name}.png", name, size=(160, 120))
        lines.append(f"{name}.png,a {name} wall,{'no' if name in {'black', 'blue'} else 'yes'}")
    (tmp_path / "walls.csv").write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert ilk("index", "walls.csv")[0] == 0
    return tmp_path


@pytest.mark.usefixtures("walls")
def test_what_can_be_measured_is(ilk: Ilk) -> None:
    """Without options: the gallery's own captions, and its index, in tables."""
    code, out, err = ilk("eval")
    assert (code, err) == (0, "")
    assert "words to pictures" in out
    assert "R@10" in out
    assert "Index: exact" in out


@pytest.mark.usefixtures("walls")
def test_json_is_the_whole_answer(ilk: Ilk) -> None:
    """Every number, by its name; what was not asked for is null."""
    code, out, _ = ilk("eval", "--labels", "bright", "--json", "--where", 'bright = "yes" or bright = "no"')
    told = json.loads(out)
    assert code == 0
    assert (told["captions"], told["index"]) == (None, [])
    assert told["labels"]["labels"] == ["no", "yes"]
    assert 0 <= told["labels"]["mean_average_precision"] <= 1
    assert "bright" in told["split"]


@pytest.mark.usefixtures("walls")
def test_a_table_for_labels(ilk: Ilk) -> None:
    """By neighbours and by texts."""
    _, out, _ = ilk("eval", "--labels", "bright")
    assert "mean average precision" in out
    assert "right by texts, first" in out


def test_captions_of_a_file(ilk: Ilk, walls: Path) -> None:
    """Named behind the option; those of pictures that are not here are counted."""
    (walls / "said.csv").write_text("file,caption\nred.png,red bricks\ngone.png,nothing\n", encoding="utf-8")
    _, out, _ = ilk("eval", "--captions", "said.csv")
    assert "Captions: said.csv" in out
    assert "1 pictures of the file are not in the gallery" in out
    assert "1 of" not in ilk("eval", "--captions")[1]
    assert "2 of 6 captioned pictures" in ilk("eval", "--captions", "--limit", "2")[1]


def test_plots_are_drawn(ilk: Ilk, walls: Path) -> None:
    """Where it says, and it says where."""
    pytest.importorskip("matplotlib")
    code, _, err = ilk("eval", "--captions", "--plots", "plots")
    assert code == 0
    assert (walls / "plots" / "recall.png").stat().st_size > 1000
    assert "recall.png" in err


@pytest.mark.usefixtures("walls")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--labels", "colour"), "colour"),
        (("--captions", "gone.csv"), "gone.csv"),
        (("--where", "bright ="), "bright"),
        (("--captions", "--where", 'bright = "perhaps"'), "caption"),
        (("--limit", "0"), "limit"),
        (("--index", "-k", "0"), "-k"),
        (("--labels", "bright", "--template", "a photo"), "{}"),
        (("--model", "no/such"), "no/such"),
    ],
)
def test_wrong_use_is_one_sentence(ilk: Ilk, words: tuple[str, ...], said: str) -> None:
    """On stderr, with exit code 2, and nothing on stdout."""
    code, out, err = ilk("eval", *words)
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


def test_there_must_be_a_gallery(ilk: Ilk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With pictures in it."""
    monkeypatch.chdir(tmp_path)
    code, _, err = ilk("eval")
    assert code == 2
    assert "no gallery" in err.lower()
