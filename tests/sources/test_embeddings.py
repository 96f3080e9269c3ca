from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import ilk
from colour_encoder import ColourEncoder
from galleries import gallery_of, paint
from ilk.sources import Embeddings
from ilk.sources.base import Source, VectorSource
from sources.embedded import IDS, UNITS, VECTORS, D, N, feather, npy, npz, parquet, rows

# -- in every form ----------------------------------------------------------------------------------------------------

FORMS: dict[str, Callable[[Path], Embeddings]] = {
    "array": lambda _: ilk.embeddings(IDS, VECTORS),
    "lists": lambda _: ilk.embeddings(IDS, VECTORS.tolist()),
    "doubles": lambda _: ilk.embeddings(np.array(IDS), VECTORS.astype(np.float64) * 1e200),
    "columns first": lambda _: ilk.embeddings(pd.Series(IDS), np.asfortranarray(VECTORS)),
    "npy": npy,
    "npy by columns": lambda folder: npy(folder, np.asfortranarray(VECTORS)),
    "npz": npz,
    "parquet": parquet,
    "parquet, fixed": lambda folder: parquet(folder, pa.FixedSizeListArray.from_arrays(VECTORS.ravel(), D)),
    "parquet, large": lambda folder: parquet(folder, pa.array(list(VECTORS), pa.large_list(pa.float64()))),
    "arrow": feather,
}


@pytest.mark.parametrize("form", FORMS)
def test_vectors_come_as_unit_rows_with_their_ids(tmp_path: Path, form: str) -> None:
    """The same from every form, in batches of any size, again and again."""
    source = FORMS[form](tmp_path)
    assert isinstance(source, VectorSource)
    assert source.count in ({N, None} if form == "arrow" else {N})
    assert (source.dimension, source.model) == (D, None)
    for size in (1, 16, N, 1_000):
        items, units = rows(source, size)
        assert [item.id for item in items] == IDS
        assert units.dtype == np.float32
        np.testing.assert_allclose(units, UNITS, atol=1e-6)
        assert {item.source for item in items} == {source.kind}
    assert len({item.digest for item in items}) == N


def test_names_are_those_of_files(tmp_path: Path) -> None:
    """So that two files do not remove each other's items; and a gallery beside them is in their folder."""
    assert (npz(tmp_path).kind, npz(tmp_path).top) == ("embeddings:v.npz", tmp_path)
    assert ilk.embeddings(IDS, VECTORS).kind == "embeddings:embeddings"
    assert ilk.embeddings(IDS, VECTORS, name="mine", model="pocket").kind == "embeddings:mine"
    assert npy(tmp_path).top == tmp_path


def test_vectors_without_ids_are_numbered(tmp_path: Path) -> None:
    """From 0, as the rows of an array are."""
    np.save(tmp_path / "v.npy", VECTORS)
    np.savez(tmp_path / "v.npz", VECTORS)
    pq.write_table(pa.table({"vector": list(VECTORS)}), tmp_path / "v.parquet")
    for name in ("v.npy", "v.npz", "v.parquet"):
        items, _ = rows(ilk.embeddings(tmp_path / name))
        assert [item.id for item in items] == [f"{name}#{number}" for number in range(N)]


# -- what is said of them ---------------------------------------------------------------------------------------------


def test_metadata_comes_by_row_or_by_column() -> None:
    """With its types; and captions and uris beside."""
    expected = [{"n": number, "tag": f"t{number}"} for number in range(N)]
    columns = {"n": range(N), "tag": [f"t{number}" for number in range(N)], "none": [None] * N}
    for metadata in (
        expected,
        columns,
        pd.DataFrame(columns),
        {key: np.array(value) for key, value in columns.items()},
    ):
        source = ilk.embeddings(
            IDS, VECTORS, metadata, captions=["a", ["b", "c"], None] + [""] * (N - 3), uris=IDS[::-1]
        )
        items, _ = rows(source)
        assert [dict(item.metadata) for item in items] == expected
        assert [item.captions for item in items[:4]] == [("a",), ("b", "c"), (), ()]
        assert [item.uri for item in items] == IDS[::-1]
    assert rows(ilk.embeddings(IDS, VECTORS))[0][0].uri == IDS[0]


def test_other_columns_of_a_file_are_said_of_its_vectors(tmp_path: Path) -> None:
    """Captions, where the picture is, and metadata; told as in tables."""
    table = pa.table(
        {
            "key": IDS,
            "image_url": [f"https://a.b/{number}.jpg" for number in range(N)],
            "caption": [f"caption {number}" for number in range(N)],
            "year": range(N),
            "clip": list(VECTORS),
        }
    )
    pq.write_table(table, tmp_path / "v.parquet")
    items, _ = rows(ilk.embeddings(tmp_path / "v.parquet"))
    last = items[-1]
    assert (last.id, last.uri, last.captions, last.metadata) == (
        IDS[-1],
        "https://a.b/49.jpg",
        ("caption 49",),
        {"year": 49},
    )
    np.savez(
        tmp_path / "v.npz", ids=IDS, vectors=VECTORS, captions=IDS, uris=IDS[::-1], year=np.arange(N), odd=np.eye(2)
    )
    last = rows(ilk.embeddings(tmp_path / "v.npz"))[0][-1]
    assert (last.uri, last.captions, last.metadata) == (IDS[0], (IDS[-1],), {"year": 49})


def test_pictures_beside_vectors_are_left_aside(tmp_path: Path) -> None:
    """Bytes are no place where a picture is."""
    table = pa.table({"image": [b"\xff\xd8\xff" + bytes(50)] * N, "embedding": list(VECTORS)})
    pq.write_table(table, tmp_path / "v.parquet")
    items, _ = rows(ilk.embeddings(tmp_path / "v.parquet"))
    assert (items[0].uri, items[0].metadata) == ("v.parquet#0", {})


def test_a_stamp_changes_with_whatever_is_said() -> None:
    """And with the vector; the digest with the vector alone."""
    base: dict[str, Any] = {"metadata": [{"n": 1}], "captions": ["a"], "uris": ["u"]}
    changes: tuple[dict[str, Any], ...] = ({}, {"metadata": [{"n": 2}]}, {"captions": ["b"]}, {"uris": ["v"]})
    items = [rows(ilk.embeddings(["x"], [[3, 4]], **(base | change)))[0][0] for change in changes]
    turned = rows(ilk.embeddings(["x"], [[4, 3]], **base))[0][0]
    longer = rows(ilk.embeddings(["x"], [[6, 8]], **base))[0][0]
    assert len({item.stamp for item in (*items, turned)}) == 5
    assert len({item.digest for item in items}) == 1
    assert turned.digest != items[0].digest
    assert longer == items[0]


# -- in a gallery -----------------------------------------------------------------------------------------------------


@pytest.fixture
def gallery(tmp_path: Path) -> Iterator[ilk.Gallery]:
    with ilk.create(tmp_path / ".ilk") as made:
        yield made


def test_they_are_searched_without_a_model(tmp_path: Path, gallery: ilk.Gallery) -> None:
    """By a vector and by an item; twice added is once, and those that went are removed."""
    assert gallery.add(npz(tmp_path)).added == N
    assert gallery.add(npz(tmp_path)).unchanged == N
    hits = gallery.search(ilk.vector(VECTORS[7]), k=5)
    expected = np.argsort(-(UNITS @ UNITS[7]))[:5]
    assert [hit.id for hit in hits] == [IDS[number] for number in expected]
    assert [hit.id for hit in gallery.search(ilk.item(IDS[7]), k=4)] == [IDS[number] for number in expected[1:]]
    np.savez(tmp_path / "v.npz", ids=IDS[:40], vectors=VECTORS[:40])
    report = gallery.add(ilk.embeddings(tmp_path / "v.npz"))
    assert (report.unchanged, report.removed, len(gallery)) == (40, 10, 40)


@given(
    hnp.arrays(
        st.sampled_from([np.float16, np.float32, np.float64, np.int8]),
        st.tuples(st.integers(1, 5), st.integers(1, 5)),
        elements={"allow_nan": False, "allow_infinity": False, "allow_subnormal": False},
    ).filter(lambda vectors: bool((vectors != 0).any(axis=1).all()))
)
def test_any_direction_survives(vectors: npt.NDArray[Any]) -> None:
    """Of numbers however large or small."""
    _, units = rows(ilk.embeddings(range(len(vectors)), vectors))
    np.testing.assert_allclose(np.linalg.norm(units, axis=1), 1, atol=1e-6)
    largest = np.abs(vectors.astype(np.float64)).max(axis=1, keepdims=True)
    scaled = vectors / largest
    np.testing.assert_allclose(units, scaled / np.linalg.norm(scaled, axis=1, keepdims=True), atol=1e-5)


def test_items_have_the_vectors_of_several_files(tmp_path: Path) -> None:
    """The same ids are the same items: none takes away what another has brought, in whatever order they come."""
    first, second = (ilk.embeddings(IDS, VECTORS[:, :d], name=f"of {d}") for d in (4, 5))
    with ilk.create(tmp_path / "gallery") as gallery:
        assert gallery.add(first).added == N
        assert gallery.add(second).updated == N
        assert [state.vectors for state in gallery.info().spaces] == [N, N]
        assert (gallery.add(first).unchanged, gallery.add(second).unchanged) == (N, N)
        turned = ilk.embeddings(IDS, -VECTORS[:, :5], name="of 5")
        assert gallery.add(turned).updated == N
        assert [state.vectors for state in gallery.info().spaces] == [N, N]
        assert len(gallery) == N
        assert gallery.check() == ()


@pytest.mark.parametrize("pictures_first", [True, False])
def test_pictures_have_vectors_made_elsewhere_beside_their_own(tmp_path: Path, *, pictures_first: bool) -> None:
    """They stay pictures of their folder with their own vectors; an edited one loses what was made of the old bytes."""
    for name in ("red", "green"):
        paint(tmp_path / f"{name}.png", name)
    made = ilk.embeddings(["red.png", "green.png", "else.png"], np.eye(3, 6), name="mine")
    with gallery_of(tmp_path, ColourEncoder()) as gallery:
        sources: list[Source | VectorSource] = [ilk.folder(tmp_path), made]
        for source in sources if pictures_first else reversed(sources):
            gallery.add(source)
        assert {state.space.model: state.vectors for state in gallery.info().spaces} == {
            "colour": 2,
            "embeddings:mine": 3,
        }
        assert gallery.search("red", k=1)[0].id == "red.png"
        assert (gallery.get("red.png").source, gallery.get("else.png").source) == ("folder", "embeddings:mine")
        again = [gallery.add(source) for source in sources]
        assert [(report.unchanged, report.updated, report.encoded) for report in again] == [(2, 0, 0), (3, 0, 0)]
        paint(tmp_path / "red.png", "blue")
        gallery.add(ilk.folder(tmp_path))
        assert gallery.store.count_vectors(gallery.models.space("embeddings:mine")) == 2
        assert gallery.add(made).updated == 1
        assert gallery.check() == ()
