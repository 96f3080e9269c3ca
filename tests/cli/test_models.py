"""``ilk models``, and what is said of models while indexing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from encoders.fake_hub import COMMIT, FakeHub
from encoders.tiny import Tiny
from galleries import paint
from ilk.encoders import runtimes
from ilk.encoders.cards import CARDS

PINNED = f"org/tiny@{COMMIT}"


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeHub]:
    """A Hub with a tiny model."""
    Tiny(tmp_path / "published")
    with FakeHub(tmp_path / "published") as served:
        yield served


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name in ("red", "blue"):
        paint(tmp_path / "photos" / f"{name}.png", name, size=(40, 30))
    return tmp_path / "photos"


def ilk(*words: str | Path, home: Path, code: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``ilk`` in a process of its own, since the Hub's library reads its settings once."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "ILK_"))}
    kept |= {"HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1", **environment}
    done = subprocess.run(
        [sys.executable, "-m", "ilk", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        env=kept,
        timeout=60,
        cwd=home.parent,
    )
    assert done.returncode == code, done.stderr
    return done


def test_the_list_has_every_card(tmp_path: Path) -> None:
    """As lines for a pipe and as JSON, without asking any network."""
    home = tmp_path / "home"
    lines = ilk("models", "list", home=home, HF_HUB_OFFLINE="1").stdout.splitlines()
    assert [line.split("\t")[0] for line in lines] == [card.name for card in CARDS]
    models = json.loads(ilk("models", "list", "--json", home=home, HF_HUB_OFFLINE="1").stdout)["models"]
    assert [model["name"] for model in models] == [card.name for card in CARDS]
    assert [model["name"] for model in models if model["here"]] == ["pocket"]
    assert models[1]["scores"]["coco"]["at_10"] == 66.9


def test_the_list_knows_what_is_here(fake: FakeHub, tmp_path: Path) -> None:
    """A model that was fetched is marked; one that was fetched in part is not."""
    home = tmp_path / "home"
    fake.name = "Xenova/clip-vit-base-patch32"
    ilk("models", "fetch", fake.name, home=home, HF_ENDPOINT=fake.url)
    marked = [line for line in ilk("models", "list", home=home).stdout.splitlines() if line.endswith("\there")]
    assert [line.split("\t")[0] for line in marked] == ["pocket", fake.name]
    for file in (home / "hub").rglob("text_model.onnx"):
        file.unlink()
    assert ilk("models", "list", home=home).stdout.count("\there") == 1


def test_a_fetched_model_is_pinned_and_serves_offline(fake: FakeHub, photos: Path, tmp_path: Path) -> None:
    """What is printed can be given to --model where there is no connection, and nothing else is on stdout."""
    home = tmp_path / "home"
    fetched = ilk("models", "fetch", "org/tiny", home=home, HF_ENDPOINT=fake.url)
    assert (fetched.stdout, fetched.stderr) == (f"{PINNED}\n", "")
    indexed = ilk("index", photos, "--model", fetched.stdout.strip(), "--json", home=home, HF_HUB_OFFLINE="1")
    assert json.loads(indexed.stdout)["encoded"] == 2


def test_fetching_again_asks_nobody(fake: FakeHub, tmp_path: Path) -> None:
    """What is here is said to be, with its folder."""
    home = tmp_path / "home"
    ilk("models", "fetch", "org/tiny", home=home, HF_ENDPOINT=fake.url)
    again = json.loads(ilk("models", "fetch", "org/tiny", "pocket", "--json", home=home, HF_HUB_OFFLINE="1").stdout)
    assert [each["pinned"] for each in again["fetched"]] == [PINNED, "pocket"]
    assert (Path(again["fetched"][0]["folder"]) / "config.json").is_file()
    assert again["failed"] == []


def test_some_that_cannot_be_fetched_are_exit_3_and_all_are_exit_2(fake: FakeHub, tmp_path: Path) -> None:
    """The others are fetched all the same; each failure is a sentence on stderr."""
    home = tmp_path / "home"
    some = ilk("models", "fetch", "org/gone", "org/tiny", home=home, code=3, HF_ENDPOINT=fake.url)
    assert some.stdout == f"{PINNED}\n"
    assert some.stderr.startswith("ilk: There is no model org/gone")
    none = ilk("models", "fetch", "org/gone", "--json", home=home, code=2, HF_ENDPOINT=fake.url)
    assert [each["name"] for each in json.loads(none.stdout)["failed"]] == ["org/gone"]


def test_a_name_without_a_connection_names_the_ways_out(photos: Path, tmp_path: Path) -> None:
    """One of OpenAI's names is one of the Hub's, and nothing is made of the gallery."""
    said = ilk("index", photos, "--model", "ViT-L/14@336px", home=tmp_path / "home", code=2, HF_HUB_OFFLINE="1").stderr
    assert said.startswith("ilk: openai/clip-vit-large-patch14-336 is not")
    assert all(way in said for way in ("ilk models fetch", "a local folder", "pocket"))
    assert not (photos / ".ilk").exists()


def test_a_new_gallery_without_a_choice_hints_at_better_models_once(photos: Path, tmp_path: Path) -> None:
    """On one line of stderr; not when the gallery is there already."""
    home = tmp_path / "home"
    first = ilk("index", photos, home=home).stderr.splitlines()
    assert len(first) == 1
    assert first[0].startswith("Using the built-in model pocket (R@10")
    suggested = "Xenova/" if runtimes.missing_packages() else "openai/"
    assert f"--model {suggested}clip-vit-base-patch32 (605 MB, COCO R@10 66.9 %)" in first[0]
    assert ilk("index", photos, home=home).stderr == ""


@pytest.mark.parametrize("option", ["--json", "--quiet", "--model=pocket"])
def test_who_chose_or_does_not_watch_gets_no_hint(photos: Path, tmp_path: Path, option: str) -> None:
    """Scripts, and people who named the model."""
    assert ilk("index", photos, option, home=tmp_path / "home").stderr == ""
