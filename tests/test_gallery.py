from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

import ilk
from colour_encoder import COLOURS, ColourEncoder
from galleries import gallery_of, paint
from ilk.errors import (
    GalleryExistsError,
    GalleryNotFoundError,
    InputError,
    ItemNotFoundError,
    ModelMismatchError,
    PictureError,
    QueryError,
)
from ilk.gallery import Gallery


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with a picture of each colour, one of them captioned, and two mixtures."""
    folder = tmp_path / "photos"
    for name in COLOURS:
        paint(folder / f"{name}.png", name)
    paint(folder / "orange.png", (255, 128, 0))
    paint(folder / "pink.png", (255, 128, 128))
    (folder / "red.txt").write_text("a red wall\nbricks\n", encoding="utf-8")
    return folder


@pytest.fixture
def gallery(photos: Path) -> Iterator[Gallery]:
    with gallery_of(photos, ColourEncoder()) as made:
        made.add(ilk.folder(photos))
        yield made


def test_hits_are_ranked_by_cosine(gallery: Gallery) -> None:
    """The order and the similarities are those of brute force over the vectors of the model."""
    encoder = ColourEncoder()
    names = list(gallery.store.ids())
    rows = encoder.encode_images([Image.open(gallery.path(name)).convert("RGB") for name in names])
    cosines = dict(zip(names, rows @ encoder.encode_texts(["red"])[0], strict=True))
    hits = gallery.search("red", k=100)
    assert [hit.id for hit in hits] == sorted(names, key=lambda name: -cosines[name])
    assert [hit.rank for hit in hits] == list(range(1, 9))
    np.testing.assert_allclose([hit.similarity for hit in hits], [cosines[hit.id] for hit in hits], atol=2e-3)


def test_a_hit_carries_what_is_known_of_its_item(gallery: Gallery) -> None:
    """Caption, place and metadata come with the answer, as documented in JSON."""
    hits = gallery.search("red", k=1)
    assert hits[0].caption == "a red wall"
    assert hits[0].uri == "red.png"
    told = hits.to_dict()
    assert {"query", "model", "space", "index", "count", "took_ms", "hits"} <= set(told)
    assert {"rank", "id", "similarity", "uri", "caption", "metadata"} <= set(told["hits"][0])
    assert (told["query"], told["model"], told["space"], told["count"]) == ("red", "colour", "image", 1)


def test_an_item_is_not_among_its_own_hits(gallery: Gallery) -> None:
    """Asked for more like it, the picture itself is left out, and k others are found."""
    hits = gallery.search(ilk.item("red.png"), k=3)
    assert "red.png" not in [hit.id for hit in hits]
    assert len(hits) == 3


def test_a_picture_of_the_gallery_given_as_a_file_is_left_out_too(
    gallery: Gallery, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever way its path is written."""
    monkeypatch.chdir(photos.parent)
    for path in (photos / "red.png", "photos/red.png", "photos/../photos/red.png"):
        assert [hit.id for hit in gallery.search(ilk.image(path), k=2)] == ["orange.png", "pink.png"]


def test_a_copy_from_elsewhere_finds_the_original(gallery: Gallery, photos: Path, tmp_path: Path) -> None:
    """A picture that is not the gallery's own may well be in it: that is what is asked."""
    shutil.copy(photos / "red.png", tmp_path / "download.png")
    for picture in (tmp_path / "download.png", (photos / "red.png").read_bytes(), Image.open(photos / "red.png")):
        hit = gallery.search(ilk.image(picture), k=1)[0]
        assert hit.id == "red.png"
        assert hit.similarity == pytest.approx(1, abs=2e-3)


def test_terms_add_up(gallery: Gallery) -> None:
    """Red and white make pink, which yellow without green comes near to as well."""
    assert gallery.search(ilk.text("red") + ilk.text("white"), k=1)[0].id == "pink.png"
    assert gallery.search(ilk.item("yellow.png") - ilk.text("green"), k=1)[0].id == "pink.png"


def test_a_vector_can_be_asked_with(gallery: Gallery) -> None:
    """Of any length: only its direction counts."""
    row = ColourEncoder().encode_texts(["blue"])[0]
    assert gallery.search(ilk.vector(7 * row), k=1)[0].id == "blue.png"


@pytest.mark.parametrize("row", [*np.array([[0, 0, 0, 0], [1, np.nan, 0, 0]], np.float32), np.ones(3, np.float32)])
def test_a_vector_that_cannot_be_compared_is_refused(gallery: Gallery, row: npt.NDArray[np.float32]) -> None:
    """With the shape it should have."""
    with pytest.raises(QueryError, match=r"\(4,\)"):
        gallery.search(ilk.vector(row))


def test_terms_that_cancel_are_an_error(gallery: Gallery) -> None:
    """Nothing is left to search for, and any order of hits would be made up."""
    with pytest.raises(QueryError, match="cancel"):
        gallery.search(ilk.text("red") - ilk.text("red"))


def test_a_floor_leaves_out_what_is_below(gallery: Gallery) -> None:
    """Down to no hits at all."""
    every = gallery.search("red", k=100)
    some = gallery.search("red", k=100, min_similarity=0.5)
    assert [hit.id for hit in some] == [hit.id for hit in every if hit.similarity >= 0.5]
    assert 0 < len(some) < len(every)
    assert not gallery.search("fog", min_similarity=0.9)


def test_many_queries_answer_as_each_alone(gallery: Gallery) -> None:
    """Texts, items and sums in one call."""
    mixed = ilk.text("red") + ilk.item("white.png")
    asked: list[str | ilk.Query] = ["red", ilk.item("blue.png"), "green", mixed, "black"]
    together = gallery.search_many(asked, k=4)
    for query, hits in zip(asked, together, strict=True):
        alone = gallery.search(query, k=4)
        assert [hit.id for hit in hits] == [hit.id for hit in alone]
        assert [hit.similarity for hit in hits] == pytest.approx([hit.similarity for hit in alone], abs=1e-6)
    assert gallery.search_many([]) == []


def test_many_threads_can_ask_at_once(gallery: Gallery) -> None:
    """Each gets the answer to its own question."""
    colours = [*COLOURS] * 20
    with ThreadPoolExecutor(8) as pool:
        first = list(pool.map(lambda colour: gallery.search(colour, k=1)[0].id, colours))
    assert first == [f"{colour}.png" for colour in colours]


@pytest.mark.parametrize("options", [{"k": 0}, {"k": -1}, {"k": 2.5}, {"k": "3"}, {"min_similarity": 1.5}])
def test_options_out_of_range_are_refused(gallery: Gallery, options: dict[str, object]) -> None:
    """Rather than answered with something."""
    with pytest.raises(InputError):
        gallery.search("red", **options)  # type: ignore[arg-type]


def test_an_unknown_item_is_named(gallery: Gallery) -> None:
    """By whatever way it is asked for."""
    with pytest.raises(ItemNotFoundError, match=r"nowhere\.png"):
        gallery.search(ilk.item("nowhere.png"))
    with pytest.raises(ItemNotFoundError, match=r"nowhere\.png"):
        gallery.get("nowhere.png")


def test_an_example_that_is_no_picture_is_named(gallery: Gallery, tmp_path: Path) -> None:
    """The file and the reason stand in the error."""
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with pytest.raises(PictureError, match=r"broken\.png"):
        gallery.search(ilk.image(tmp_path / "broken.png"))


def test_vectors_of_another_model_are_never_compared(photos: Path, gallery: Gallery) -> None:
    """Neither under another name nor under the same one with other weights."""
    with pytest.raises(ModelMismatchError, match="colour"):
        gallery.search("red", model="other")
    gallery.close()
    with gallery_of(photos, ColourEncoder(digest="e" * 64)) as renewed:
        with pytest.raises(ModelMismatchError, match="ilk index"):
            renewed.search("red")
        assert renewed.search(ilk.item("red.png"), k=1)[0].id == "orange.png"
        renewed.add(ilk.folder(photos))
        assert renewed.search("red", k=1)[0].id == "red.png"


def test_removed_items_are_gone_until_added_again(photos: Path, gallery: Gallery) -> None:
    """The picture itself is left alone."""
    assert gallery.remove(["red.png", "nowhere.png"]) == 1
    assert "red.png" not in gallery
    assert "red.png" not in [hit.id for hit in gallery.search("red", k=100)]
    assert (photos / "red.png").exists()
    assert gallery.add(ilk.folder(photos)).added == 1


def test_a_gallery_that_was_moved_answers_the_same(photos: Path, gallery: Gallery, tmp_path: Path) -> None:
    """Nothing in it knows where it was."""
    before = gallery.search("red", k=5).to_dict()
    gallery.close()
    shutil.move(photos, tmp_path / "elsewhere")
    encoder = ColourEncoder()
    with gallery_of(tmp_path / "elsewhere", encoder) as moved:
        after = moved.search("red", k=5).to_dict()
        assert after | {"took_ms": 0} == before | {"took_ms": 0}
        assert moved.path(after["hits"][0]["uri"]) == tmp_path / "elsewhere" / "red.png"
        report = moved.add(ilk.folder(tmp_path / "elsewhere"))
    assert (report.unchanged, encoder.encoded) == (8, 0)


def test_a_gallery_apart_from_its_pictures_moves_with_them(photos: Path, tmp_path: Path) -> None:
    """As long as the way from one to the other is the same."""
    before, after = tmp_path / "before", tmp_path / "after"
    shutil.move(photos, before / "photos")
    for place in (before, after):
        with gallery_of(place / "galleries" / "trip", ColourEncoder()) as apart:
            report = apart.add(ilk.folder(place / "photos"))
            assert report.encoded == (8 if place == before else 0)
            assert apart.path(apart.search("red", k=1)[0].uri).samefile(place / "photos" / "red.png")
        if place == before:
            shutil.move(before, after)


def test_a_model_is_known_by_its_digest(photos: Path, gallery: Gallery) -> None:
    """A model's folder that has moved is another name for the same vectors."""
    gallery.models.opened["elsewhere"] = ColourEncoder()
    assert gallery.search("red", k=1, model="elsewhere")[0].id == "red.png"


def test_a_link_to_a_picture_is_that_picture(gallery: Gallery, photos: Path, tmp_path: Path) -> None:
    """It leaves the item out as the item's own name does."""
    (tmp_path / "link.png").symlink_to(photos / "red.png")
    assert "red.png" not in [hit.id for hit in gallery.search(ilk.image(tmp_path / "link.png"), k=8)]


def test_it_says_how_many_pictures_a_model_has_not_seen(gallery: Gallery, photos: Path) -> None:
    """A search with it would pass over them without a word."""
    assert gallery.unencoded() == 0
    gallery.models.opened["other"] = ColourEncoder(digest="d" * 64)
    gallery.models.opened["other"].name = "other"  # type: ignore[misc]
    gallery.add(ilk.folder(photos / "red.png"), model="other")
    assert gallery.unencoded("other") == 7


def test_items_are_streamed(gallery: Gallery) -> None:
    """Every one, whole."""
    assert {item.id: item.width for item in gallery} == dict.fromkeys(gallery.store.ids(), 16)


def test_there_is_no_second_gallery_in_one_place(gallery: Gallery) -> None:
    """Creating does not overwrite."""
    with pytest.raises(GalleryExistsError):
        ilk.create(gallery.directory)


def test_opening_what_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    """One sentence, with the command."""
    with pytest.raises(GalleryNotFoundError, match="ilk index"):
        ilk.open(tmp_path)


def test_an_empty_gallery_says_how_to_fill_it(tmp_path: Path) -> None:
    """Before any model is loaded."""
    with ilk.create(tmp_path / ".ilk") as empty, pytest.raises(InputError, match="ilk index"):
        empty.search("red")


def test_info_counts(gallery: Gallery) -> None:
    """What is in it, whose vectors, and how large it is."""
    info = gallery.info()
    assert (info.items, info.captions) == (8, 2)
    assert [(state.space.model, state.vectors) for state in info.spaces] == [("colour", 8)]
    assert info.size_bytes >= sum(file.stat().st_size for file in gallery.directory.glob("*.sqlite"))
    assert gallery.check() == ()
