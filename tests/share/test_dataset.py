from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import datasets
import faiss
import numpy as np
import pytest

import ilk
from colour_encoder import ColourEncoder
from galleries import gallery_of, paint
from ilk.errors import InputError, MissingExtraError
from ilk.gallery import Gallery

COLOURS = ("red", "green", "blue", "yellow", "black", "white")


def rows_with(**columns: list[Any]) -> datasets.Dataset:
    """A dataset of painted files, one a row, with more columns."""
    count = len(next(iter(columns.values())))
    folder = Path(columns.pop("folder")[0])
    for colour in COLOURS[:count]:
        paint(folder / f"{colour}.png", colour)
    data = {"image": [(folder / f"{colour}.png").read_bytes() for colour in COLOURS[:count]]}
    return datasets.Dataset.from_dict(data | columns)


@pytest.fixture
def source(tmp_path: Path) -> datasets.Dataset:
    return rows_with(
        caption=[f"all {colour}" for colour in COLOURS],
        folder=[str(tmp_path)],
        stars=[1, 2, 3, None, 5, 6],
        weight=[0.5, 1.0, 2.0, 3.0, 4.0, 5.0],
        tags=[["a"], [], ["b", "c"], [], [], []],
    )


@pytest.fixture
def gallery(tmp_path: Path, source: datasets.Dataset) -> Gallery:
    opened = gallery_of(tmp_path, ColourEncoder())
    opened.add(ilk.dataset(source, name="colours"))
    return opened


def test_a_gallery_becomes_a_dataset(gallery: Gallery) -> None:
    """With typed metadata, and the vectors that the gallery has."""
    made = gallery.to_dataset()
    assert made.column_names == ["id", "uri", "caption", "captions", "stars", "weight", "tags", "embeddings"]
    assert made["id"][:] == [f"colours#{number}" for number in range(6)]
    assert made[2]["captions"] == [made[2]["caption"]] == ["all blue"]
    assert (made[2]["stars"], made[3]["stars"], made[2]["weight"], made[2]["tags"]) == (3, None, 2.0, ["b", "c"])
    assert made.features["embeddings"].feature.dtype == "float32"
    vectors = np.asarray(made.with_format("numpy")["embeddings"][:])
    expected = gallery.store.vectors(made["id"][:], gallery.models.space())
    assert vectors.dtype == np.float32
    assert np.array_equal(vectors, np.stack([expected[id_] for id_ in made["id"]]))


def test_the_librarys_own_search_finds_the_same(gallery: Gallery, tmp_path: Path) -> None:
    """`add_faiss_index` and `get_nearest_examples` work on it, also after it was saved and opened again."""
    made = gallery.to_dataset()
    made.save_to_disk(tmp_path / "saved")
    for each in (made, datasets.load_from_disk(tmp_path / "saved")):
        each.add_faiss_index("embeddings", metric_type=faiss.METRIC_INNER_PRODUCT)
        for question in ("red", "blue", "white"):
            query = gallery.encoder().encode_texts([question])[0]
            similarities, examples = each.get_nearest_examples("embeddings", query, k=3)
            hits = gallery.search(question, k=3)
            assert examples["id"][0] == hits[0].id  # of equals, either may come first
            assert similarities == pytest.approx([hit.similarity for hit in hits], abs=1e-3)


def test_hits_lead_back_to_the_examples(gallery: Gallery, source: datasets.Dataset) -> None:
    """Of the dataset that the gallery was made of, and of the one made of the gallery; in the order of the hits."""
    hits = gallery.search("blue", k=3)
    assert hits.dataset_rows(source)[0]["image"] == source[2]["image"]
    assert [f"colours#{COLOURS.index(row['caption'][4:])}" for row in hits.dataset_rows(source)] == [h.id for h in hits]
    shuffled = gallery.to_dataset().shuffle(seed=3)
    assert hits.dataset_rows(shuffled)["id"][:] == [hit.id for hit in hits]


def test_hits_lead_back_by_their_ids(tmp_path: Path) -> None:
    """Also by numbers, by a column that is named, and where ids come twice."""
    data = rows_with(key=[30, 20, 10], folder=[str(tmp_path)], sku=["x", "x", "y"])
    for column, expected in ((None, "10"), ("sku", "y"), ("", "n#2")):
        base = tmp_path / f"by {expected}"
        base.mkdir()
        with gallery_of(base, ColourEncoder()) as gallery:
            gallery.add(ilk.dataset(data, name="n", id=column))
            hits = gallery.search("blue", k=3)
            assert hits[0].id == expected
            rows = hits.dataset_rows(data, id=column or None)
            assert rows["key"][0] == 10
            assert sorted(rows["key"][:]) == [10, 20, 30]


def test_rows_of_another_dataset_are_refused(gallery: Gallery, source: datasets.Dataset, tmp_path: Path) -> None:
    """A wrong example is worse than none."""
    hits = gallery.search("white", k=6)
    with pytest.raises(InputError, match="is no row of this dataset of 2"):
        hits.dataset_rows(source.select([0, 1]))
    with pytest.raises(InputError, match='no column "key"'):
        hits.dataset_rows(source, id="key")
    with pytest.raises(InputError, match=r"Give the datasets\.Dataset"):
        hits.dataset_rows(source.to_iterable_dataset())
    paint(tmp_path / "photo.png", "white")
    gallery.add(ilk.folder(tmp_path / "photo.png"))
    with pytest.raises(InputError, match=r'"photo\.png" is no row'):
        gallery.search("white", k=7).dataset_rows(source)
    gallery.remove(["photo.png"])
    gallery.add(ilk.dataset(source.select([5]), name="other"))
    with pytest.raises(InputError, match="several datasets: colours, other"):
        gallery.search("white", k=7).dataset_rows(source)


def test_metadata_of_several_types_is_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers of both kinds are numbers; names that are taken get another; nothing is lost."""
    monkeypatch.chdir(tmp_path)
    for number, colour in enumerate(COLOURS[:4]):
        paint(tmp_path / f"{number}.png", colour)
    said: list[dict[str, Any]] = [
        {"file": "0.png", "n": 1, "mixed": "x", "uri": "u", "list": [1, 2], "odd": [1]},
        {"file": "1.png", "n": 1.5, "mixed": 7, "list": [0.5], "odd": 1, "metadata_uri": True},
        {"file": "2.png", "mixed": True, "list": [], "odd": ["a"]},
        {"file": "3.png"},
    ]
    with gallery_of(tmp_path, ColourEncoder()) as gallery:
        gallery.add(ilk.table([{**row} for row in said], name="said", picture="file"))
        made = gallery.to_dataset()
    by_uri = {row["uri"].rpartition("/")[2]: row for row in made}
    first, second, third, last = (by_uri[f"{number}.png"] for number in range(4))
    assert [row["n"] for row in (first, second, third)] == [1.0, 1.5, None]
    assert [row["mixed"] for row in (first, second, third, last)] == ["x", "7", "true", None]
    assert [row["list"] for row in (first, second, third, last)] == [[1.0, 2.0], [0.5], [], None]
    assert [row["odd"] for row in (first, second, third)] == ["[1]", "1", '["a"]']
    assert (first["metadata_metadata_uri"], second["metadata_uri"]) == ("u", True)


def test_without_the_library_it_is_said_what_to_install(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one sentence, here and where a dataset is to be added."""
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingExtraError, match=r'pip install "ilk\[datasets\]"'):
        gallery.to_dataset()
    with pytest.raises(MissingExtraError, match=r'pip install "ilk\[datasets\]"'):
        gallery.add(ilk.dataset("org/name:train"))
