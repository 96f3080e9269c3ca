"""Captions and pictures searched together, and what is said where one of them cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import ilk
from colour_encoder import COLOURS, ColourEncoder
from galleries import gallery_of, paint
from ilk.errors import InputError, ItemNotFoundError, QueryError
from ilk.gallery import Gallery


class Reader(ColourEncoder):
    """Another model, that reads and does not see."""

    name = "reader"
    modalities = frozenset({"text"})


@pytest.fixture
def gallery(tmp_path: Path) -> Iterator[Gallery]:
    """A picture of each colour. All but white have a caption, which says another colour than the picture shows."""
    said = dict(zip(COLOURS, [*list(COLOURS)[1:], ""], strict=True))
    for colour in COLOURS:
        paint(tmp_path / f"{colour}.png", colour)
        if said[colour]:
            (tmp_path / f"{colour}.txt").write_text(f"a {said[colour]} thing, known as no{colour}\n")
    with gallery_of(tmp_path, ColourEncoder()) as made:
        made.add(ilk.folder(tmp_path))
        made.embed_captions()
        yield made


def test_each_way_has_its_say(gallery: Gallery) -> None:
    """The picture that shows it and the one that says it come first, with their ranks in each part."""
    hits = gallery.search("green", space="both", k=6)
    assert {hits[0].id, hits[1].id} == {"green.png", "red.png"}
    parts = {hit.id: hit.parts or {} for hit in hits}
    assert parts["green.png"]["image"]["rank"] == 1
    assert parts["red.png"]["caption"]["rank"] == parts["red.png"]["words"]["rank"] == 1
    assert "words" not in parts["green.png"]
    assert hits.space == "both"


def test_the_similarity_stays_a_cosine(gallery: Gallery) -> None:
    """That of the picture, also for what only the words found, and whatever the rank."""
    alone = {hit.id: hit.similarity for hit in gallery.search("green", k=6)}
    for hit in gallery.search("green", space="both", k=6):
        assert hit.similarity == pytest.approx(alone[hit.id], abs=1e-6)


def test_the_order_is_that_of_reciprocal_ranks(gallery: Gallery) -> None:
    """As the parts of the hits say."""
    hits = gallery.search("green", space="both", k=6)
    worths = [
        sum(1 / (60 + said["rank"]) for said in (hit.parts or {}).values()) for hit in hits if hit.caption is not None
    ]
    assert worths == sorted(worths, reverse=True)


def test_a_picture_finds_captions_and_pictures(gallery: Gallery) -> None:
    """In the space that one model makes of both; an item without a caption asks with its picture."""
    assert gallery.search(ilk.item("green.png"), space="caption", k=1)[0].caption is not None
    hits = gallery.search(ilk.item("white.png"), space="caption", k=6)
    assert hits[0].id == "black.png"  # whose caption says white
    assert set(hits[0].parts or {}) == {"caption"}


def test_lacking_a_caption_is_no_fault(gallery: Gallery) -> None:
    """The very picture that is asked with comes first, though it can be in one of two rankings only."""
    hits = gallery.search(ilk.image(gallery.path("white.png").read_bytes()), space="both", k=6)
    assert hits[0].id == "white.png"
    assert set(hits[0].parts or {}) == {"image"}


def test_what_was_asked_with_is_no_answer(gallery: Gallery) -> None:
    """An item asked with is not among the hits, by whatever way it could be found."""
    query = ilk.item("red.png") + ilk.text("green nored")
    for space in ("image", "caption", "both"):
        assert "red.png" not in [hit.id for hit in gallery.search(query, space=space, k=6)]


@pytest.fixture
def read(tmp_path: Path) -> Iterator[Gallery]:
    """A gallery whose captions another model has read."""
    for colour in COLOURS:
        paint(tmp_path / f"{colour}.png", colour)
        (tmp_path / f"{colour}.txt").write_text(f"a {colour} thing\n")
    with gallery_of(tmp_path, ColourEncoder()) as made:
        made.add(ilk.folder(tmp_path))
        made.models.opened["reader"] = Reader(digest="d" * 64)
        made.embed_captions(model="reader")
        yield made


def test_what_cannot_take_part_is_said(read: Gallery) -> None:
    """A picture cannot be compared with what a model that only reads has made; words can be."""
    hits = read.search(ilk.item("red.png"), space="both", k=2)
    assert set(hits[0].parts or {}) == {"image", "caption"}
    picture = read.search(ilk.image(read.path("red.png").read_bytes()), space="both", k=2)
    assert (picture[0].id, set(picture[0].parts or {})) == ("red.png", {"image"})
    assert picture.note is not None
    assert '"reader", does not read pictures' in picture.note
    row = ColourEncoder().encode_texts(["red"])[0]
    assert "of another model" in (read.search(ilk.vector(row), space="both").note or "")
    words = read.search("red", space="both", k=2)
    assert (set(words[0].parts or {}), words.note) == ({"image", "caption", "words"}, None)
    assert words.model == "colour"


def test_what_can_take_part_nowhere_is_an_error(read: Gallery) -> None:
    """With the reason, in one sentence."""
    with pytest.raises(QueryError, match="does not read pictures"):
        read.search(ilk.image(read.path("red.png").read_bytes()), space="caption")
    with pytest.raises(ItemNotFoundError, match=r"gone\.png"):
        read.search(ilk.item("gone.png"), space="both")


def test_a_batch_may_mix_what_can_and_what_cannot(read: Gallery) -> None:
    """Each query is searched in the ways it can be, and answered as it is alone."""
    asked: list[Any] = ["red", ilk.image(read.path("red.png").read_bytes()), ilk.item("red.png"), "!!!"]
    for query, hits in zip(asked, read.search_many(asked, space="both", k=3), strict=True):
        alone = read.search(query, space="both", k=3)
        assert [hit.id for hit in hits] == [hit.id for hit in alone]
        assert [hit.parts and set(hit.parts) for hit in hits] == [hit.parts and set(hit.parts) for hit in alone]
        assert hits.note == alone.note


def test_captions_that_are_not_there_are_refused(tmp_path: Path) -> None:
    """With where they come from."""
    paint(tmp_path / "red.png", "red")
    with gallery_of(tmp_path, ColourEncoder()) as made:
        made.add(ilk.folder(tmp_path))
        with pytest.raises(InputError, match="no captions"):
            made.search("red", space="caption")
        assert [hit.id for hit in made.search("red", space="both")] == ["red.png"]


def test_likes_move_a_query(gallery: Gallery) -> None:
    """Towards what is liked and away from what is not, and the query says so."""
    hits = gallery.search("red", more=["blue.png"], less=["yellow.png"], k=6)
    assert hits.query == "red + 0.75:item:blue.png - 0.15:item:yellow.png"
    assert not {"blue.png", "yellow.png"} & {hit.id for hit in hits}
    written = ilk.text("red") + 0.75 * ilk.item("blue.png") - 0.15 * ilk.item("yellow.png")
    assert [hit.id for hit in hits] == [hit.id for hit in gallery.search(written, k=6)]
    with pytest.raises(ItemNotFoundError, match=r"gone\.png"):
        gallery.search("red", more=["gone.png"])


def test_many_threads_can_ask_many_queries(gallery: Gallery) -> None:
    """Each gets the answers to its own questions, in every way of searching."""
    expected = {space: gallery.search_many([*COLOURS], space=space, k=2) for space in ("image", "caption", "both")}

    def ask(space: Any) -> bool:
        found = gallery.search_many([*COLOURS], space=space, k=2)
        return all(
            [hit.id for hit in hits] == [hit.id for hit in other]
            for hits, other in zip(found, expected[space], strict=True)
        )

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(ask, [*expected] * 8))


def test_blocks_make_no_difference(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    """More queries than are searched at once are answered in their order."""
    whole = gallery.search_many([*COLOURS] * 3, k=2)
    monkeypatch.setattr("ilk.gallery.QUERIES", 4)
    parts = gallery.search_many([*COLOURS] * 3, k=2)
    assert [[hit.id for hit in hits] for hits in parts] == [[hit.id for hit in hits] for hits in whole]
    assert [hits.query for hits in parts] == [*COLOURS] * 3


def test_hits_that_look_like_nothing_are_said_to(tmp_path: Path) -> None:
    """Of pictures, where there are enough to tell; what captions say has no looks."""
    for n in range(40):
        paint(tmp_path / f"{n}.png", (n * 6, 255 - n * 6, 128))
        (tmp_path / f"{n}.txt").write_text(f"number {n}\n")
    with ilk.create(tmp_path / ".ilk") as made:
        made.add(ilk.folder(tmp_path))
        said = made.search("asdf qwer zxcv", k=2)
        assert (len(said), said.note) == (2, "Nothing here looks much like that.")
        assert all(hit.relevance is not None and hit.relevance < 0.07 for hit in said)
        assert "looks" not in (made.search("asdf number", space="both").note or "")
