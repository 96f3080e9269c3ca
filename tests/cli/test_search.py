"""``ilk search`` with all that may be said about a search, run in this process."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from commands import Ilk
from galleries import paint

COLOURS = ("red", "green", "blue", "yellow", "black", "white")


@pytest.fixture
def photos(tmp_path: Path, ilk: Ilk, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An indexed folder with a picture of each colour, twice, each with a caption; it is the working directory."""
    for colour in COLOURS:
        paint(tmp_path / f"{colour}.png", colour, size=(160, 120))
        Image.open(tmp_path / f"{colour}.png").resize((80, 60)).save(tmp_path / f"{colour}-small.png")
        for name in (colour, f"{colour}-small"):
            (tmp_path / f"{name}.txt").write_text(f"a wall painted {colour}, called {name.replace('-', ' ')} door\n")
    monkeypatch.chdir(tmp_path)
    assert ilk("index", tmp_path, "--captions").code == 0
    return tmp_path


@pytest.mark.usefixtures("photos")
def test_words_of_captions_are_found(ilk: Ilk) -> None:
    """What only a caption says is found in captions and in both, and its part is shown."""
    for where in ("caption", "both"):
        said = ilk("search", "yellow doors", "--in", where, "--json", "-k", "2")
        assert {hit["id"] for hit in said.json["hits"]} == {"yellow.png", "yellow-small.png"}
        assert said.json["space"] == where
        assert said.json["hits"][0]["parts"]["words"]["bm25"] > 0
        assert -1 <= said.json["hits"][0]["similarity"] <= 1


@pytest.mark.usefixtures("photos")
def test_a_picture_finds_captions(ilk: Ilk) -> None:
    """By meaning alone: a picture has no words."""
    said = ilk("search", "red.png", "--in", "caption", "--json")
    assert said.code == 0
    assert set(said.json["hits"][0]["parts"]) == {"caption"}
    assert "red.png" not in [hit["id"] for hit in said.json["hits"]]


def test_pages_continue(ilk: Ilk, photos: Path) -> None:
    """``--offset`` takes up where the page before said that the next begins."""
    every = ilk("search", "a wall", "-g", photos, "-k", "12").ids
    first = ilk("search", "a wall", "-g", photos, "-k", "5", "--json").json
    second = ilk("search", "a wall", "-g", photos, "-k", "5", "--offset", str(first["next_offset"]), "--json").json
    assert [hit["id"] for hit in first["hits"] + second["hits"]] == every[:10]
    assert [hit["rank"] for hit in second["hits"]] == [6, 7, 8, 9, 10]
    beyond = ilk("search", "a wall", "-g", photos, "--offset", "12")
    assert (beyond.code, beyond.out) == (1, "")
    assert beyond.err == "There are only 12 hits; 12 were to be passed over.\n"


@pytest.mark.usefixtures("photos")
def test_copies_are_shown_as_one(ilk: Ilk) -> None:
    """With ``--group-duplicates`` each colour comes once, and stands for its smaller copy."""
    said = ilk("search", "a wall", "--group-duplicates", "--json")
    assert len({hit["id"].removesuffix(".png").removesuffix("-small") for hit in said.json["hits"]}) == 6
    assert len(said.json["hits"]) == 6
    assert all(len(hit["duplicates"]) == 1 for hit in said.json["hits"])


@pytest.mark.usefixtures("photos")
def test_variety_shows_other_things_first(ilk: Ilk) -> None:
    """With ``--diverse`` the second hit is not the copy of the first."""
    plain = ilk("search", "red.png", "-k", "2").ids
    spread = ilk("search", "item:red.png", "-k", "3", "--diverse", "0.8").ids
    assert plain[0] == spread[0] == "red-small.png"
    assert len({name.split("-")[0].removesuffix(".png") for name in spread}) == 3


@pytest.mark.usefixtures("photos")
def test_more_and_less_are_items(ilk: Ilk) -> None:
    """They move the query, are written into it, and are not among the hits; alone they are the query."""
    said = ilk("search", "a wall", "--more", "red.png", "--less", "blue.png", "--json", "-k", "20")
    assert said.json["query"] == '"a wall" + 0.75:item:red.png - 0.15:item:blue.png'
    found = [hit["id"] for hit in said.json["hits"]]
    assert not {"red.png", "blue.png"} & set(found)
    alone = [id_ for id_ in ilk("search", "a wall", "-k", "20").ids if id_ in found]
    assert found.index("red-small.png") < alone.index("red-small.png")
    assert found[-1] == "blue-small.png"
    assert ilk("search", "--more", "red.png", "-k", "1").ids == ["red-small.png"]


@pytest.mark.usefixtures("photos")
def test_it_explains_itself(ilk: Ilk) -> None:
    """On stderr for people, with each hit's parts; as ``plan`` in JSON; and not unless asked."""
    said = ilk("search", "yellow doors", "--in", "both", "--explain", "-k", "2")
    assert len(said.out.splitlines()) == 2
    for part in ("image: All 12 vectors", "words: yellow, yellows, doors, door", "reciprocal rank", "1: image no."):
        assert part in said.err
    plan = ilk("search", "yellow doors", "--in", "both", "--explain", "--json").json["plan"]
    assert plan["ways"]["image"]["way"] == plan["ways"]["caption"]["way"] == "scan"
    assert {"encode", "search images", "look up words"} <= set(plan["took_ms"])
    assert "plan" not in ilk("search", "yellow doors", "--json").json
    assert ilk("search", "yellow doors").err == ""


@pytest.mark.usefixtures("photos")
@pytest.mark.parametrize(
    "where", ['width < 100 and id in ["green-small.png"]', '{"width": {"$lt": 100}, "id": "green-small.png"}']
)
@pytest.mark.parametrize("space", ["image", "caption", "both"])
def test_a_filter_holds_whatever_is_searched(ilk: Ilk, where: str, space: str) -> None:
    """For pictures, captions and words alike, as an expression or as JSON; what it leaves is in the plan."""
    said = ilk("search", "a wall", "--where", where, "--in", space, "--explain")
    assert (said.code, said.ids) == (0, ["green-small.png"])
    assert "The filter leaves 1 of 12" in said.err


@pytest.mark.usefixtures("photos")
def test_a_filter_that_matches_nothing_finds_nothing(ilk: Ilk) -> None:
    """With exit code 1 and a word, in every way of searching."""
    for space in ("image", "both"):
        said = ilk("search", "a wall", "--where", "width > 1000", "--in", space)
        assert (said.code, said.out, said.err) == (1, "", "Nothing found.\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["red", "-k", "0"], "-k"),
        (["red", "--offset", "-1"], "--offset"),
        (["red", "--diverse", "1.5"], "--diverse"),
        (["red", "--diverse"], "--diverse"),
        (["red", "--min-relevance", "60"], "--min-relevance"),
        (["red", "--in", "captions"], "--in"),
        (["red", "--where", "width >"], "width >"),
        (["red", "--set", "nprobe"], "nprobe"),
        (["red", "--set", "nprobe=many"], "nprobe=many"),
        (["red", "--set", "nonsense=1"], "nonsense"),
        (["red", "--more", "gone.png"], '"gone.png"'),
        (["red", "--more", "red.png", "--less", "red.png"], "both like"),
        ([], "nothing to search for"),
        ([" "], "nothing to search for|no words"),
    ],
)
@pytest.mark.usefixtures("photos")
def test_what_makes_no_sense_is_refused(ilk: Ilk, words: list[str], said: str) -> None:
    """With exit code 2 and a sentence that names it."""
    refused = ilk("search", *words)
    assert (refused.code, refused.out) == (2, "")
    assert any(part in refused.err for part in said.split("|"))


def test_captions_where_there_are_none(ilk: Ilk, tmp_path: Path) -> None:
    """Asked for alone they are an error that says where they come from; with pictures, those are searched."""
    paint(tmp_path / "red.png", "red", size=(160, 120))
    ilk("index", tmp_path)
    alone = ilk("search", "red", "-g", tmp_path, "--in", "caption")
    assert alone.code == 2
    assert "has no captions" in alone.err
    both = ilk("search", "red", "-g", tmp_path, "--in", "both")
    assert (both.code, both.ids) == (0, ["red.png"])
    assert "no captions, so that only pictures were searched" in both.err


def test_captions_without_vectors_are_searched_by_words(ilk: Ilk, tmp_path: Path) -> None:
    """And it is said how to have their meaning too."""
    for colour in COLOURS:
        paint(tmp_path / f"{colour}.png", colour, size=(160, 120))
        (tmp_path / f"{colour}.txt").write_text(f"a {colour} door\n")
    ilk("index", tmp_path)
    said = ilk("search", "blue", "-g", tmp_path, "--in", "caption")
    assert (said.code, said.ids) == (0, ["blue.png"])
    assert "by their words alone: `ilk index FOLDER --captions`" in said.err
    picture = ilk("search", str(tmp_path / "red.png"), "-g", tmp_path, "--in", "caption")
    assert picture.code == 2
    assert "Nothing can be searched for" in picture.err


def test_nothing_relevant_is_said(ilk: Ilk, tmp_path: Path) -> None:
    """With the nearest there is and its figures, and exit code 1: a search may rightly find nothing."""
    for n in range(40):
        paint(tmp_path / f"{n}.png", (n * 6, 255 - n * 6, 128), size=(160, 120))
    ilk("index", tmp_path)
    said = ilk("search", "a dog on a skateboard", "-g", tmp_path, "--min-relevance", "0.9")
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith('Nothing here looks like that. The nearest, "')
    assert ilk("search", "a dog on a skateboard", "-g", tmp_path, "--min-relevance", "0").code == 0
    hits = ilk("search", "a dog on a skateboard", "-g", tmp_path, "--json").json["hits"]
    assert all(0 <= hit["relevance"] <= 1 for hit in hits)


def test_what_is_no_file_is_printed_as_what_it_is(ilk: Ilk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A URL stays one among paths, and a member of an archive follows its archive's path."""
    import ilk as library

    monkeypatch.chdir(tmp_path)
    uris = ["https://example.org/a.jpg", "shards/a.tar!/b.jpg"]
    with library.create(tmp_path / ".ilk") as gallery:
        gallery.add(library.embeddings(["a", "b"], [[1.0, 0.0], [1.0, 0.1]], uris=uris))
    assert sorted(ilk("search", "item:a", "--paths").out.splitlines()) == uris[1:]
    assert sorted(ilk("search", "item:b", "--paths").out.splitlines()) == uris[:1]


def test_a_gallery_of_distances(ilk: Ilk, tmp_path: Path) -> None:
    """``--metric`` and ``--raw`` make it; hits have a distance, nearest first, on every kind of output."""
    photos = tmp_path / "far"
    for name in COLOURS:
        paint(photos / f"{name}.png", name, size=(64, 48))
    assert ilk("index", photos, "--metric", "l2", "--raw", "-q").code == 0
    assert "metric    l2: squared distance of vectors as their model gives them" in ilk("info", "-g", photos).out
    spaces = ilk("info", "-g", photos, "--json").json["spaces"]
    assert [(space["metric"], space["normalised"]) for space in spaces] == [("l2", False)]
    told = ilk("search", "red", "-g", photos, "--json").json["hits"]
    distances = [hit["distance"] for hit in told]
    assert distances == sorted(distances)
    assert distances[0] > 4  # of unit vectors none is larger
    assert [hit["similarity"] for hit in told] == [-each for each in distances]
    lines = ilk("search", "red", "-g", photos)
    assert [line.split("\t")[1] for line in lines.out.splitlines()] == [f"{each:.3f}" for each in distances]
    least = str(-distances[2])
    assert len(ilk("search", "red", "-g", photos, "--min-similarity", least, "--json").json["hits"]) in {2, 3}
    assert "by squared distance" in ilk("search", "red", "-g", photos, "--explain").err
    page = tmp_path / "hits.html"
    assert ilk("search", "red", "-g", photos, "--html", page).code == 0
    assert "distance" in page.read_text(encoding="utf-8")
    assert ilk("search", "red", "-g", photos, "--sheet", tmp_path / "hits.png").code == 0


def test_a_gallery_keeps_its_metric(ilk: Ilk, photos: Path, tmp_path: Path) -> None:
    """Another one on a gallery that is there is refused in one sentence, as is nonsense for a new one."""
    for asked in (["--metric", "l2"], ["--raw"]):
        said = ilk("index", photos, *asked)
        assert said.code == 2
        assert "compares by cosine of vectors of length 1, and does so for good" in said.err
        assert len(said.err.splitlines()) == 1
    assert ilk("index", photos, "--metric", "cosine", "-q").code == 0
    said = ilk("index", photos, "--raw", "-g", tmp_path / "other")
    assert (said.code, "A cosine does not depend" in said.err) == (2, True)
    assert not (tmp_path / "other").exists()
    said = ilk("search", "red", "-g", photos, "--min-similarity", "3")
    assert (said.code, said.err) == (2, "ilk: A cosine similarity lies between -1 and 1; 3.0 was given.\n")
