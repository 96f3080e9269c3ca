"""``ilk classify``, run in this process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from commands import Ilk
from galleries import paint


@pytest.fixture
def photos(tmp_path: Path, ilk: Ilk, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An indexed folder with a red, a green and a blue wall, which is the working directory."""
    for name in ("red", "green", "blue"):
        paint(tmp_path / f"{name}.png", name, size=(160, 120))
    monkeypatch.chdir(tmp_path)
    assert ilk("index", tmp_path)[0] == 0
    return tmp_path


LABELS = ("--labels", "a red wall,a green wall,a blue wall", "--no-other")


@pytest.mark.usefixtures("photos")
def test_a_gallery_is_counted(ilk: Ilk) -> None:
    """How many pictures are what, most first, with their share."""
    code, out, err = ilk("classify", *LABELS)
    assert (code, err) == (0, "")
    assert sum(int(line.split()[0]) for line in out.splitlines()) == 3
    assert all("%" in line for line in out.splitlines())


@pytest.mark.usefixtures("photos")
def test_each_picture_is_a_line(ilk: Ilk) -> None:
    """Its path, its label, and the best labels with their probabilities."""
    _, out, _ = ilk("classify", *LABELS, "--each", "--top", "2")
    lines = {line.split("\t")[0]: line.split("\t")[1:] for line in out.splitlines()}
    assert set(lines) == {"red.png", "green.png", "blue.png"}
    assert lines["green.png"][0] == "a green wall"
    assert lines["green.png"][1].count(",") == 1


def test_labels_are_saved_and_stay(ilk: Ilk, photos: Path) -> None:
    """A filter finds them, and indexing again leaves them alone."""
    code, _, err = ilk("classify", *LABELS, "--save", "kind")
    assert code == 0
    assert "kind_probability" in err
    assert "3 unchanged" in ilk("index", photos)[2] + ilk("index", photos)[1]
    _, out, _ = ilk("classify", "--labels", "wall,tree", "--no-other", "--where", 'kind = "a red wall"', "--json")
    assert {each["id"] for each in json.loads(out)["items"]} >= {"red.png"}


@pytest.mark.usefixtures("photos")
def test_json_is_the_whole_answer(ilk: Ilk) -> None:
    """The same as in Python, whichever order its keys are in."""
    import ilk as package

    _, out, _ = ilk("classify", *LABELS, "--json")
    with package.open() as gallery:
        found = package.classify(gallery, ["a red wall", "a green wall", "a blue wall"], other=False)
    assert json.loads(out) == found.to_dict()


def test_pictures_and_hits(ilk: Ilk, photos: Path) -> None:
    """Pictures that are named, with or without a gallery; or those nearest to a query."""
    _, out, _ = ilk("classify", *LABELS, photos / "red.png")
    assert out.split("\t")[1] == "a red wall"
    _, out, _ = ilk("classify", *LABELS, "--query", "a blue wall", "-k", "2")
    assert len(out.splitlines()) == 2
    _, out, _ = ilk("classify", *LABELS, "--query", "a wall + item:red.png", "-k", "1")
    assert not out.startswith("red.png")  # an item is not among its own hits


def test_no_gallery_is_needed_for_a_picture(ilk: Ilk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The built-in model does; for labels of a gallery there must be one."""
    paint(tmp_path / "red.png", "red", size=(160, 120))
    monkeypatch.chdir(tmp_path)
    assert ilk("classify", *LABELS, "red.png")[0] == 0
    code, _, err = ilk("classify", *LABELS)
    assert code == 2
    assert "gallery" in err


def test_labels_come_from_a_file_too(ilk: Ilk, photos: Path) -> None:
    """Beside those that are named."""
    (photos / "labels.txt").write_text("a green wall\na blue wall\n", encoding="utf-8")
    _, out, _ = ilk("classify", "--labels", "a red wall", "--labels-file", "labels.txt", "--no-other", "--json")
    assert json.loads(out)["labels"] == ["a red wall", "a green wall", "a blue wall"]


@pytest.mark.usefixtures("photos")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "no labels"),
        (("--labels", "cat,dog,cat"), "twice"),
        (("--labels", "cat,,dog"), "empty"),
        (("--labels", "cat,other"), "--no-other"),
        (("--labels", "cat", "--template", "a photo"), "{}"),
        (("--labels", "cat", "--save", "two words"), "saved"),
        (("--labels", "cat", "--where", "year >"), "year"),
        (("--labels", "cat", "--labels-file", "gone.txt"), "gone.txt"),
        (("--labels", "cat", "--top", "0"), "top"),
        (("--labels", "cat", "-k", "0"), "-k"),
        (("--labels", "cat", "--query", ""), "search"),
        (("--labels", "cat", "gone.png"), "gone.png"),
        (("--labels", "cat", "red.png", "--save", "kind"), "one or the other"),
    ],
)
def test_wrong_use_is_one_sentence(ilk: Ilk, words: tuple[str, ...], said: str) -> None:
    """On stderr, with exit code 2, and nothing on stdout."""
    code, out, err = ilk("classify", *words)
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


@pytest.mark.usefixtures("photos")
def test_nothing_to_label_is_exit_code_1(ilk: Ilk) -> None:
    """As for a search that finds nothing."""
    code, _, err = ilk("classify", *LABELS, "--where", "width > 5000")
    assert code == 1
    assert "no picture" in err
