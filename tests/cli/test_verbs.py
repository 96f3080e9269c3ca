"""The command line, run in this process, with the built-in model and plain pictures."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from commands import Ilk, Said
from galleries import paint
from ilk import encoders
from ilk.stores.local import LocalStore


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    for name in ("red", "green", "blue"):
        paint(folder / f"{name}.png", name, size=(160, 120))
    paint(folder / "odd name\n.png", "white", size=(160, 120))
    return folder


@pytest.fixture
def indexed(ilk: Ilk, photos: Path) -> Path:
    assert ilk("index", photos).code == 0
    return photos


def test_index_says_what_it_did(ilk: Ilk, photos: Path) -> None:
    """The first run adds, the second has nothing to do."""
    first = ilk("index", photos, "--json")
    assert (first.code, first.json["added"], first.json["encoded"], first.json["items"]) == (0, 4, 4, 4)
    assert first.json["gallery"] == str(photos / ".ilk")
    second = ilk("index", photos, "--json")
    assert (second.code, second.json["unchanged"], second.json["encoded"]) == (0, 4, 0)


def test_search_prints_the_json_of_the_design(ilk: Ilk, indexed: Path) -> None:
    """The keys, their order and their meaning are the contract that scripts rely on."""
    said = ilk("search", "a", "snowy", "day", "--gallery", indexed, "--json", "-k", "2")
    assert said.code == 0
    keys = ["query", "model", "space", "index", "count", "took_ms", "hits", "offset", "next_offset", "note"]
    assert list(said.json) == keys
    assert said.json["query"] == "a snowy day"
    assert (said.json["model"], said.json["space"], said.json["index"]) == ("pocket", "image", "exact")
    assert said.json["count"] == len(said.json["hits"]) == 2
    keys = ["rank", "id", "similarity", "uri", "caption", "metadata", "relevance"]
    assert list(said.json["hits"][0]) == keys
    assert [hit["rank"] for hit in said.json["hits"]] == [1, 2]
    assert all(-1 <= hit["similarity"] <= 1 for hit in said.json["hits"])


def test_search_by_picture_and_by_item_agree(ilk: Ilk, indexed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both leave the picture itself out, and find the same others."""
    monkeypatch.chdir(indexed)
    by_picture = ilk("search", "red.png", "--json")
    by_item = ilk("search", "item:red.png", "--json")
    assert [hit["id"] for hit in by_picture.json["hits"]] == [hit["id"] for hit in by_item.json["hits"]]
    assert "red.png" not in [hit["id"] for hit in by_item.json["hits"]]
    assert by_item.json["count"] == 3


def test_paths_can_be_piped(ilk: Ilk, indexed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One a line, or ended by NUL, as they can be opened from where the command runs."""
    monkeypatch.chdir(indexed.parent)
    lines = ilk("search", "red", "--gallery", "photos", "--paths", "-k", "1")
    assert Path(lines.out.rstrip("\n")).is_file()
    ended = ilk("search", "red", "--gallery", "photos", "--print0")
    paths = ended.out.split("\0")
    assert paths.pop() == ""
    assert len(paths) == 4
    assert all(Path(path).is_file() and not Path(path).is_absolute() for path in paths)


def test_a_table_is_printed_for_people(ilk: Ilk, indexed: Path) -> None:
    """With the names, and without JSON."""
    said = ilk("search", "red", "--gallery", indexed)
    assert said.code == 0
    assert all(name in said.out for name in ("red.png", "green.png", "blue.png"))


def test_nothing_found_is_exit_1(ilk: Ilk, indexed: Path) -> None:
    """Which a script can tell from an error."""
    said = ilk("search", "red", "--gallery", indexed, "--min-similarity", "1")
    assert (said.code, said.out) == (1, "")
    assert ilk("search", "red", "--gallery", indexed, "--min-similarity", "1", "--json").json["count"] == 0


def test_a_failed_picture_is_exit_3(ilk: Ilk, photos: Path) -> None:
    """The others are indexed; the reason is shown."""
    (photos / "broken.jpg").write_bytes(b"no picture")
    said = ilk("index", photos)
    assert said.code == 3
    assert "broken.jpg" in said.out + said.err
    again = ilk("index", photos, "--json")
    assert (again.code, again.json["skipped"], again.json["failed"]) == (0, 1, 0)


def test_failures_can_be_listed_and_tried_again(ilk: Ilk, photos: Path) -> None:
    """Each with its reason."""
    (photos / "broken.jpg").write_bytes(b"no picture")
    ilk("index", photos)
    listed = ilk("info", "--failures", "--gallery", photos)
    assert listed.out.startswith("broken.jpg\tnot-a-picture\t")
    assert ilk("info", "--failures", "--gallery", photos, "--json").json["count"] == 1
    assert ilk("index", photos, "--retry-failed", "--json").json["failed"] == 1


def test_a_model_can_be_a_folder(ilk: Ilk, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Named as one likes, from anywhere, and after it has moved."""
    shutil.copytree(Path(encoders.__file__).parent / "pocket", tmp_path / "model")
    monkeypatch.chdir(tmp_path)
    assert ilk("index", photos, "--model", "./model").code == 0
    for named in ((), ("--model", "./model"), ("--model", tmp_path / "model")):
        assert ilk("search", "red", "--gallery", photos, *named).code == 0
    (tmp_path / "model").rename(tmp_path / "moved")
    assert ilk("search", "red", "--gallery", photos, "--model", "moved").code == 0


def test_a_model_that_cannot_see_leaves_nothing_behind(ilk: Ilk, photos: Path, tmp_path: Path) -> None:
    """No gallery is made for it."""
    shutil.copytree(Path(encoders.__file__).parent / "pocket", tmp_path / "reader")
    (tmp_path / "reader" / "onnx" / "vision_model.onnx").unlink()
    wrong(ilk("index", photos, "--model", tmp_path / "reader"), "picture")
    assert not (photos / ".ilk").exists()


def test_no_source_is_begun_before_all_are_there(ilk: Ilk, indexed: Path, tmp_path: Path) -> None:
    """A mistyped second folder is an error before the first is read."""
    paint(indexed / "new.png", "black")
    wrong(ilk("index", indexed, tmp_path / "nowhere", "--gallery", indexed), "nowhere")
    assert ilk("info", "--gallery", indexed, "--json").json["items"] == 4


def test_a_search_says_what_it_could_not_search(ilk: Ilk, indexed: Path, tmp_path: Path) -> None:
    """Pictures that a second model has not encoded yet."""
    shutil.copytree(Path(encoders.__file__).parent / "pocket", tmp_path / "model")
    config = tmp_path / "model" / "config.json"
    config.write_text(config.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    ilk("index", indexed / "red.png", "--model", tmp_path / "model")
    said = ilk("search", "red", "--gallery", indexed, "--model", tmp_path / "model")
    assert "3 pictures" in said.err
    assert "ilk index" in said.err


def test_the_gallery_is_found_from_below(ilk: Ilk, indexed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As git finds its own; a folder below goes into the same gallery."""
    paint(indexed / "2024" / "black.png", "black")
    monkeypatch.chdir(indexed / "2024")
    assert ilk("index", ".", "--json").json["gallery"] == str(indexed / ".ilk")
    assert "2024/black.png" in [hit["id"] for hit in ilk("search", "night", "--json").json["hits"]]


def test_a_moved_folder_answers_the_same(ilk: Ilk, indexed: Path, tmp_path: Path) -> None:
    """From another place and another working directory."""
    before = ilk("search", "red", "--gallery", indexed, "--json").json
    shutil.move(indexed, tmp_path / "elsewhere")
    after = ilk("search", "red", "--gallery", tmp_path / "elsewhere", "--json").json
    assert after | {"took_ms": 0} == before | {"took_ms": 0}


def test_info_check_and_remove(ilk: Ilk, indexed: Path) -> None:
    """What is in it, that all is well, and that removing removes."""
    info = ilk("info", "--gallery", indexed, "--json").json
    assert (info["items"], info["spaces"][0]["model"], info["spaces"][0]["vectors"]) == (4, "pocket", 4)
    assert "pocket" in ilk("info", "--gallery", indexed).out
    assert ilk("check", "--gallery", indexed, "--json").json == {"ok": True, "items": 4, "problems": []}
    assert ilk("remove", "red.png", "--gallery", indexed, "--json").json == {"removed": 1, "items": 3}
    assert ilk("remove", "red.png", "--gallery", indexed).code == 1
    assert "red.png" not in ilk("search", "red", "--gallery", indexed).out


def test_the_vectors_of_a_model_are_removed(ilk: Ilk, tmp_path: Path) -> None:
    """Which one is named, and what it freed is said; ids and a model at once make no sense, nor neither."""
    paint(tmp_path / "red.png", "red")
    ilk("index", "-q", tmp_path)
    np.savez(tmp_path / "v.npz", ids=["a", "b"], vectors=np.eye(2, 4, dtype=np.float32))
    assert ilk("index", "-q", tmp_path / "v.npz").code == 0
    info = ilk("info", "--gallery", tmp_path, "--json").json
    assert [space["vectors_size_bytes"] for space in info["spaces"]] == [2 * info["spaces"][0]["dimension"], 16]
    name = info["spaces"][1]["model"]
    wrong(ilk("remove", "--gallery", tmp_path), "items by their ids")
    wrong(ilk("remove", "red.png", "--model", name, "--gallery", tmp_path), "items by their ids")
    wrong(ilk("remove", "--model", "nothing", "--gallery", tmp_path), "pocket")
    said = ilk("remove", "--model", name, "--gallery", tmp_path)
    assert said.out.startswith("Removed 2 vectors: the gallery is ")
    assert said.out.endswith("It has pocket left.\n")
    wrong(ilk("remove", "--model", "pocket", "--gallery", tmp_path, "--json"), "only model")


def wrong(said: Said, *parts: str) -> None:
    """It ended as wrong use does: code 2, nothing on stdout, one sentence or two that say what to do."""
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("ilk: ")
    assert said.err.count("\n") == 1
    for part in parts:
        assert part in said.err


def test_no_gallery(ilk: Ilk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Searching before indexing says how to index."""
    monkeypatch.chdir(tmp_path)
    wrong(ilk("search", "a dog"), "ilk index")
    wrong(ilk("info", "--gallery", tmp_path), str(tmp_path), "ilk index")


def test_an_empty_folder(ilk: Ilk, tmp_path: Path) -> None:
    """Nothing is made for a folder without pictures."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.md").touch()
    wrong(ilk("index", tmp_path / "empty"), "empty")
    assert not (tmp_path / "empty" / ".ilk").exists()


def test_pictures_of_a_folder_that_is_empty_now_are_kept(ilk: Ilk, tmp_path: Path) -> None:
    """The summary says so and how to take them out, and so does the error where nothing else is left."""
    for name in ("a", "b", "nas/c"):
        paint(tmp_path / f"{name}.png", "red" if name == "a" else (1, 2, len(name)))
    assert ilk("index", "-q", tmp_path).code == 0
    (tmp_path / "nas" / "c.png").unlink()
    said = ilk("index", "-q", tmp_path)
    assert said.code == 0
    assert "1 of them kept although their folder is empty now (nas/): is a drive missing?" in said.out
    assert ilk("index", "--json", tmp_path).json["missing_folders"] == ["nas/"]
    wrong(ilk("index", "-q", tmp_path / "nas"), "keeps them: is a drive missing?", "--remove-missing")
    assert ilk("index", "--json", "--remove-missing", tmp_path).json["removed"] == 1
    wrong(ilk("index", "-q", tmp_path / "nas"), "Name a folder with pictures.")


def test_nothing_to_index(ilk: Ilk, tmp_path: Path) -> None:
    """Also where --captions took the source for its model; and captions that nobody wrote are said to be none."""
    wrong(ilk("index"), "Say what to index")
    wrong(ilk("index", "--captions", tmp_path), f'took "{tmp_path}"', f"`ilk index {tmp_path} --captions`")
    paint(tmp_path / "a.png", "red")
    assert "No picture has a caption" in ilk("index", "-q", tmp_path, "--captions").err
    (tmp_path / "a.txt").write_text("a red wall\n")
    assert "1 picture was given" in ilk("index", "-q", tmp_path, "--captions").err
    (tmp_path / "a.txt").write_text("a wall in red\n")
    assert ilk("index", "--json", tmp_path).json["captioned"] == 1


def test_no_such_folder(ilk: Ilk, tmp_path: Path) -> None:
    """A mistyped folder is named."""
    wrong(ilk("index", tmp_path / "fotos"), "fotos")


def test_an_unknown_model(ilk: Ilk, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is made for it either, and the sentence names what there is."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    wrong(ilk("index", photos, "--model", "poket"), "poket", "pocket")
    assert not (photos / ".ilk").exists()


def test_a_gallery_made_with_another_model(ilk: Ilk, indexed: Path) -> None:
    """Vectors of a model that it has none of cannot be asked for."""
    wrong(ilk("search", "a dog", "--gallery", indexed, "--model", "clip"), "clip", "pocket")


def test_a_newer_gallery(ilk: Ilk, indexed: Path) -> None:
    """A gallery that a later ilk wrote is left alone."""
    with sqlite3.connect(indexed / ".ilk" / "gallery.sqlite") as database:
        database.execute("PRAGMA user_version = 999")
    database.close()
    for words in (("search", "a dog"), ("info",), ("check",), ("remove", "red.png")):
        wrong(ilk(*words, "--gallery", indexed), "newer")
    wrong(ilk("index", indexed), "newer")


def test_what_is_no_gallery(ilk: Ilk, indexed: Path) -> None:
    """A file that is no database is refused, and where it is is said."""
    for journal in (indexed / ".ilk").glob("gallery.sqlite-*"):
        journal.unlink()
    (indexed / ".ilk" / "gallery.sqlite").write_bytes(b"no database" * 100)
    wrong(ilk("search", "a dog", "--gallery", indexed), str(indexed), "not a database")


def test_an_unwritable_place(ilk: Ilk, photos: Path, tmp_path: Path) -> None:
    """Where no directory can be made, the remedy is another place."""
    (tmp_path / "file").touch()
    wrong(ilk("index", photos, "--gallery", tmp_path / "file" / "trip.ilk"), "--gallery")


def test_a_second_writer(ilk: Ilk, indexed: Path) -> None:
    """Is told who is writing; readers are not held up."""
    with LocalStore.open(indexed / ".ilk").writing():
        wrong(ilk("index", indexed), "being written by process")
        assert ilk("search", "red", "--gallery", indexed).code == 0


def test_folders_without_a_gallery_in_common(ilk: Ilk, photos: Path, tmp_path: Path) -> None:
    """Two folders need to be told where their gallery is to be; then both are in it."""
    paint(tmp_path / "more" / "black.png", "black")
    wrong(ilk("index", photos, tmp_path / "more"), "--gallery")
    both = ilk("index", photos, tmp_path / "more", "--gallery", tmp_path, "--json").json
    assert (both["added"], both["items"]) == (5, 5)
    again = ilk("index", photos, tmp_path / "more", "--gallery", tmp_path, "--json").json
    assert (again["unchanged"], again["removed"]) == (5, 0)


def test_terms_that_cannot_be_read(ilk: Ilk, indexed: Path) -> None:
    """A query is refused with its own words."""
    wrong(ilk("search", "beever.png", "--gallery", indexed), "beever.png", "text:")
    wrong(ilk("search", "item:nowhere.png", "--gallery", indexed), "nowhere.png")


@pytest.mark.parametrize("verb", ["index", "search", "info", "check", "remove", "demo"])
def test_every_verb_explains_itself(ilk: Ilk, verb: str) -> None:
    """--help says what it is for and every option it has."""
    said = ilk(verb, "--help")
    assert said.code == 0
    assert "Usage" in said.out
    assert "--gallery" in said.out or verb == "demo"


@pytest.mark.parametrize("group", [(), ("models",)])
def test_lists_of_verbs_say_whole_sentences(ilk: Ilk, group: tuple[str, ...]) -> None:
    """In 80 columns, none is cut short with dots."""
    said = ilk(*group, "--help")
    listed = said.out.partition("Commands:")[2].strip().splitlines()
    assert len(listed) >= 3
    assert all(line.endswith(".") and not line.endswith("...") for line in listed), said.out


def test_the_version_is_that_of_the_package(ilk: Ilk) -> None:
    """As pip names it."""
    from importlib.metadata import version

    assert ilk("--version").out == f"ilk {version('ilk')}\n"
