"""Galleries that compare by squared distance or inner product, of vectors as their model gives them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

import ilk
from colour_encoder import COLOURS, ColourEncoder
from galleries import paint
from ilk.errors import InputError, ModelMismatchError, QueryError, SourceError
from ilk.gallery import Gallery
from ilk.query import Query
from ilk.records import Comparing, Metric
from ilk.stores.local import LocalStore

QUERY = "red"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """One picture of each colour, and some between."""
    for name, colour in COLOURS.items():
        paint(tmp_path / "photos" / f"{name}.png", _rgb(colour, 1))
        paint(tmp_path / "photos" / f"dark-{name}.png", _rgb(colour, 3))
    return tmp_path / "photos"


def _rgb(colour: tuple[float, float, float], darker: float) -> tuple[int, int, int]:
    red, green, blue = colour
    return int(red / darker), int(green / darker), int(blue / darker)


def made(photos: Path, metric: Metric, *, normalised: bool = False) -> Gallery:
    """Their gallery, compared so."""
    store = LocalStore.create(photos / ".ilk", comparing=Comparing(metric=metric, normalised=normalised))
    gallery = Gallery(store, directory=photos / ".ilk", model="colour")
    gallery.models.opened["colour"] = ColourEncoder()
    gallery.add(ilk.folder(photos))
    return gallery


def raw_rows(photos: Path, *, normalise: bool = False) -> tuple[list[str], npt.NDArray[np.float32]]:
    """The ids, and the rows of the model."""
    files = sorted(photos.glob("*.png"))
    return [file.name for file in files], ColourEncoder().encode_images(
        [Image.open(file) for file in files], normalise=normalise
    )


def vector(*numbers: float) -> Query:
    """A query of these."""
    return ilk.vector(np.array(numbers, np.float32))


@pytest.mark.parametrize("normalised", [True, False])
@pytest.mark.parametrize("metric", ["l2", "ip"])
def test_a_gallery_answers_as_a_flat_index(photos: Path, metric: Metric, normalised: bool) -> None:  # noqa: FBT001 -- pytest's
    """Distances and products are those of FAISS over the model's rows, for texts, pictures, items and vectors."""
    ids, rows = raw_rows(photos, normalise=normalised)
    index: Any = faiss.IndexFlatL2(4) if metric == "l2" else faiss.IndexFlatIP(4)
    index.add(rows)
    encoder = ColourEncoder()
    own = np.array([0.5, 0.1, -0.25, 3.0], np.float32)
    asked = [
        (ilk.text(QUERY), encoder.encode_texts([QUERY], normalise=normalised)[0]),
        (
            ilk.image(Image.new("RGB", (9, 9), "orange")),
            encoder.encode_images([Image.new("RGB", (9, 9), "orange")], normalise=normalised)[0],
        ),
        (ilk.item("dark-red.png"), rows[ids.index("dark-red.png")]),
        (ilk.vector(own), own),
    ]
    with made(photos, metric, normalised=normalised) as gallery:
        assert gallery.check() == ()
        for query, row in asked:
            expected, found = index.search(row[None], len(ids))
            by_id = dict(zip([ids[place] for place in found[0]], expected[0].tolist(), strict=True))
            for hits in (gallery.search(query, k=50), gallery.search(query, k=50, min_similarity=-1e9)):
                assert len(hits) >= len(ids) - 1
                for hit in hits:
                    assert hit.relevance is None
                    assert hit.distance == (-hit.similarity if metric == "l2" else None)
                    assert abs(hit.similarity) == pytest.approx(abs(by_id[hit.id]), abs=4e-3)
                assert [hit.similarity for hit in hits] == sorted((hit.similarity for hit in hits), reverse=True)
        told = gallery.search("blue", k=1).to_dict(explain=True)
        assert ("distance" in told["hits"][0]) == (metric == "l2")
        assert told["plan"]["ways"]["image"]["metric"] == metric
        assert gallery.info().to_dict()["spaces"][0]["normalised"] is normalised


def test_an_item_itself_is_at_no_distance(photos: Path) -> None:
    """Not even at one of -0."""
    ids, rows = raw_rows(photos)
    with made(photos, "l2") as gallery:
        stored = rows[ids.index("red.png")].astype(np.float16)
        best = gallery.search(ilk.vector(stored.astype(np.float32)), k=1)[0]
        assert (best.id, best.distance) == ("red.png", 0)
        assert '"distance": 0.0' in json.dumps(best.to_dict())
        assert '"similarity": 0.0' in json.dumps(best.to_dict())


def test_sums_of_terms(photos: Path) -> None:
    """By distance they are the weighted mean, by product the weighted sum; nothing is balanced."""
    encoder = ColourEncoder()
    red, green = encoder.encode_texts(["red", "green"], normalise=False)
    cases: list[tuple[Metric, npt.NDArray[np.float32]]] = [
        ("l2", (2 * red - 0.5 * green) / 1.5),
        ("ip", 2 * red - 0.5 * green),
    ]
    for metric, row in cases:
        place = photos.parent / metric
        photos.rename(place)
        with made(place, metric) as gallery:
            hits = gallery.search(2 * ilk.text("red") - 0.5 * ilk.text("green"), k=5)
            plain = gallery.search(ilk.vector(row), k=5)
            assert [hit.id for hit in hits] == [hit.id for hit in plain]
            np.testing.assert_allclose([h.similarity for h in hits], [h.similarity for h in plain], rtol=1e-5)
            assert gallery.search("red", more=["blue.png"], k=3)
            both = ilk.text("red") - ilk.text("green")
            if metric == "l2":
                with pytest.raises(QueryError, match="takes away as much as it adds"):
                    gallery.search(both)
            else:
                assert gallery.search(both, k=1)[0].id == "red.png"
                with pytest.raises(QueryError, match="cancel out"):
                    gallery.search(ilk.text("red") - ilk.text("red"))
        place.rename(photos)
        for path in sorted((photos / ".ilk").iterdir()):
            path.unlink()
        (photos / ".ilk").rmdir()


def test_reordering_looks_at_directions(photos: Path) -> None:
    """What is nearly the same is told by the angle, whatever the length; and a filter and pages go on as ever."""
    with made(photos, "l2") as gallery:
        grouped = gallery.search("red", k=20, group_duplicates=True, diverse=0.3)
        every = [id_ for hit in grouped for id_ in (hit.id, *hit.duplicates)]
        assert sorted(every) == sorted(item.id for item in gallery)
        assert all(hit.distance is not None for hit in grouped)
        pages = [hit.id for start in (0, 4, 8) for hit in gallery.search("red", k=4, offset=start)]
        assert pages == [hit.id for hit in gallery.search("red", k=12)]
        far = gallery.search("red", k=50)[5].similarity
        assert len(gallery.search("red", k=50, min_similarity=far)) >= 6
        assert all(hit.similarity >= far for hit in gallery.search("red", k=50, min_similarity=far))


def test_what_makes_no_sense_there_is_refused(photos: Path, tmp_path: Path) -> None:
    """Relevances of distances, cosines beyond 1, metrics that there are not, cosines of raw vectors, wild vectors."""
    with made(photos, "l2") as gallery:
        with pytest.raises(
            InputError, match=r"A relevance is told of cosines alone, .* squared distance of vectors as"
        ):
            gallery.search("red", min_relevance=0.2)
        for wrong in (vector(0, 0, np.inf, 0), vector(1e20, 0, 0, 0)):
            with pytest.raises(QueryError, match="none beyond"):
                gallery.search(wrong)
        assert gallery.search(vector(0, 0, 0, 0), k=1)
    with pytest.raises(InputError, match=r'by "cosine", "ip" or "l2"; \'manhattan\' was given'):
        ilk.create(tmp_path / "a", metric="manhattan")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="A cosine does not depend on how long"):
        ilk.create(tmp_path / "a", normalise=False)
    assert not (tmp_path / "a").exists()
    with ilk.create(tmp_path / "a", metric="ip") as other:
        other.add(ilk.embeddings(["a"], [[3.0, 4.0]]))
        assert other.search(vector(3, 4))[0].similarity == pytest.approx(5, abs=1e-2)


def test_settings_are_kept(photos: Path) -> None:
    """A gallery that is opened again compares as it was made to, captions too."""
    (photos / "red.txt").write_text("something red", encoding="utf-8")
    made(photos, "l2").close()
    with ilk.open(photos) as gallery:
        gallery.models.opened["colour"] = ColourEncoder()
        assert gallery.embed_captions(model="colour") == 1
        assert {(space.name, space.metric, space.normalised) for space in gallery.store.spaces()} == {
            ("image", "l2", False),
            ("caption", "l2", False),
        }
        hits = gallery.search("red", space="caption", model="colour")
        assert hits[0].id == "red.png"
        assert hits[0].distance == pytest.approx(0, abs=1e-5)
        both = gallery.search("red", space="both", model="colour", k=3)
        assert both[0].id == "red.png"
        assert all(hit.distance is not None for hit in both)


def test_a_model_of_unit_rows_alone_makes_no_raw_gallery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is refused before anything is written."""

    def refuse(*_: object, **__: object) -> npt.NDArray[np.float32]:
        raise InputError("pocket gives vectors of length 1 and no others.")

    monkeypatch.setattr("ilk.encoders.abstract.AbstractEncoder.encode_images", refuse)
    with pytest.raises(InputError, match="no others"):
        ilk.create(tmp_path / "a", model="pocket", metric="l2", normalise=False)
    assert not (tmp_path / "a").exists()


# -- vectors made elsewhere -------------------------------------------------------------------------------------------


def test_embeddings_as_they_are(tmp_path: Path) -> None:
    """In a raw gallery they stay so, and in one of cosines where that is said; each space keeps its own metric."""
    rows = np.random.default_rng(0).normal(0, 5, (20, 6)).astype(np.float16).astype(np.float32)
    ids = [f"{number:02}" for number in range(20)]
    flat: Any = faiss.IndexFlatL2(6)
    flat.add(rows)
    expected, found = flat.search(rows[:1] + 1, 5)
    sources = {
        "default": (ilk.create(tmp_path / "a", metric="l2", normalise=False), ilk.embeddings(ids, rows)),
        "said": (ilk.create(tmp_path / "b"), ilk.embeddings(ids, rows, metric="l2", normalise=False)),
    }
    for gallery, source in sources.values():
        with gallery:
            assert gallery.add(source).added == 20
            assert gallery.add(source).unchanged == 20
            hits = gallery.search(ilk.vector(rows[0] + 1), k=5)
            assert [hit.id for hit in hits] == [ids[place] for place in found[0]]
            assert [hit.distance for hit in hits] == pytest.approx(expected[0].tolist(), rel=1e-5)
            space = gallery.models.space()
            np.testing.assert_array_equal(gallery.store.vectors(["07"], space)["07"], rows[7])
    with ilk.open(tmp_path / "b") as gallery, pytest.raises(ModelMismatchError, match="by l2, as they are"):
        gallery.add(ilk.embeddings(ids, rows))


def test_embeddings_that_make_no_sense(tmp_path: Path) -> None:
    """Zeros have no direction, but a place; what is not finite has neither, and float16 has an end."""
    with pytest.raises(SourceError, match="no direction"):
        ilk.embeddings(["a"], [[0.0, 0.0]])
    with pytest.raises(SourceError, match="not finite"):
        ilk.embeddings(["a"], [[np.nan, 0.0]], normalise=False)
    with pytest.raises(SourceError, match="too large"):
        ilk.embeddings(["a"], [[1e300, 0.0]], normalise=False)
    with pytest.raises(InputError, match="A cosine does not"):
        ilk.embeddings(["a"], [[1.0, 0.0]], metric="cosine", normalise=False)
    with pytest.raises(InputError, match="'dot' was given"):
        ilk.embeddings(["a"], [[1.0, 0.0]], metric="dot")  # type: ignore[arg-type]
    with ilk.create(tmp_path / "a", metric="l2", normalise=False) as gallery:
        gallery.add(ilk.embeddings(["a"], [[0.0, 0.0]], normalise=False))
        assert gallery.search(vector(3, 4))[0].distance == pytest.approx(25)
        with pytest.raises(InputError, match="65,504"):
            gallery.add(ilk.embeddings(["b"], [[1e6, 0.0]]))
    with ilk.create(tmp_path / "b") as gallery, pytest.raises(InputError, match="A cosine does not"):
        gallery.add(ilk.embeddings(["a"], [[1.0, 0.0]], normalise=False))


# -- what else is done with vectors -----------------------------------------------------------------------------------


def test_analysis_of_raw_vectors(photos: Path) -> None:
    """The index is held against exact search by the metric; labels and duplicates go by directions."""
    (photos / "red.txt").write_text("red", encoding="utf-8")
    (photos / "green.txt").write_text("green", encoding="utf-8")
    with made(photos, "l2") as gallery:
        measured = ilk.evaluate(gallery, captions=True, index=True)
        assert {each.recall for each in measured.index} == {1.0}
        assert measured.captions is not None
        assert measured.captions.text_to_image.recall[1] == 1
        found = ilk.duplicates(gallery, tier="similar", threshold=0.99)
        assert found.to_dict()


def test_raw_embeddings_of_a_dataset(photos: Path) -> None:
    """`to_dataset` gives the rows of the model."""
    pytest.importorskip("datasets")
    ids, rows = raw_rows(photos)
    with made(photos, "ip") as gallery:
        table = gallery.to_dataset()
        by_id = dict(zip(table["id"][:], table["embeddings"][:], strict=True))
        np.testing.assert_allclose([by_id[id_] for id_ in ids], rows, rtol=1e-3, atol=1e-4)
