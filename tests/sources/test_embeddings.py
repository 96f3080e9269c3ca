from __future__ import annotations

import zipfile
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
from ilk.errors import MissingExtraError, SourceError
from ilk.records import Item
from ilk.sources import Embeddings
from ilk.sources.base import VectorSource

N, D = 50, 6
IDS = [f"picture-{number}" for number in range(N)]
VECTORS: npt.NDArray[np.float32] = np.random.default_rng(7).normal(size=(N, D)).astype(np.float32)
UNITS = VECTORS / np.linalg.norm(VECTORS, axis=1, keepdims=True)


def rows(source: Embeddings, size: int = 16) -> tuple[list[Item], npt.NDArray[np.float32]]:
    """Everything in a source, whose batches have the size that was asked for."""
    batches = list(source.batches(size))
    assert all(len(batch) <= size for batch in batches)
    pairs = [pair for batch in batches for pair in batch]
    return [item for item, _ in pairs], np.stack([vector for _, vector in pairs])


# -- in every form ----------------------------------------------------------------------------------------------------


def npy(folder: Path, vectors: npt.NDArray[np.float32] = VECTORS) -> Embeddings:
    np.save(folder / "v.npy", vectors)
    return ilk.embeddings(IDS, folder / "v.npy")


def npz(folder: Path) -> Embeddings:
    np.savez(folder / "v.npz", ids=np.array(IDS), embeddings=VECTORS)
    return ilk.embeddings(folder / "v.npz")


def parquet(folder: Path, vectors: pa.Array | None = None) -> Embeddings:
    column = pa.array(list(VECTORS)) if vectors is None else vectors
    pq.write_table(pa.table({"id": IDS, "embedding": column}), folder / "v.parquet", row_group_size=7)
    return ilk.embeddings(folder / "v.parquet")


def feather(folder: Path) -> Embeddings:
    table = pa.table({"id": IDS, "embedding": pa.FixedSizeListArray.from_arrays(VECTORS.ravel(), D)})
    with pa.ipc.new_file(str(folder / "v.arrow"), table.schema) as writer:
        writer.write_table(table, max_chunksize=9)
    return ilk.embeddings(folder / "v.arrow")


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


# -- what is wrong with them ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ids", "vectors", "expected"),
    [
        (["a", "b", "a"], np.eye(3), 'The id "a" of row 2 has come before'),
        ([1, "1"], np.eye(2), 'The id "1" of row 1'),
        (["a", None], np.eye(2), "The id of row 1, from 0, is empty"),
        (["a"], np.eye(2), "1 ids and 2 vectors"),
        (["a", "b"], [[1, 0], [np.nan, 1]], r'vector of "b" \(row 1, from 0\) has numbers that are not finite'),
        (["a", "b"], [[1, 0], [np.inf, 1]], r'vector of "b" .* not finite'),
        (["a", "b"], [[0, 0], [1, 1]], r'vector of "a" .* only zeros'),
        (["a", "b"], [[1, 0], [1]], "same length"),
        (["a"], [1, 0], r"shape \(2,\)"),
        (["a"], np.zeros((1, 0)), r"shape \(1, 0\)"),
        (["a"], [["x", "y"]], "numbers are needed"),
        (["a"], [[1j, 2]], "numbers are needed"),
        (["a"], [[True, False]], "numbers are needed"),
        ([], np.zeros((0, 3)), "There are no vectors"),
        (["a"], None, "ids without vectors"),
    ],
)
def test_what_cannot_be_searched_is_refused_at_once(ids: list[Any], vectors: Any, expected: str) -> None:
    """With the id it is about, before anything is written."""
    with pytest.raises(SourceError, match=expected):
        ilk.embeddings(ids, vectors)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"metadata": [{}]}, "1 metadata and 2 vectors"),
        ({"metadata": {"n": [1]}}, "1 n and 2 vectors"),
        ({"metadata": [1, 2]}, "a dictionary for each"),
        ({"captions": ["a"]}, "1 captions and 2"),
        ({"captions": "ab"}, "captions are one text"),
        ({"uris": ["a", "b", "c"]}, "3 uris and 2"),
    ],
)
def test_what_is_said_must_be_said_of_each(said: dict[str, Any], expected: str) -> None:
    """Rather than of some."""
    with pytest.raises(SourceError, match=expected):
        ilk.embeddings(["a", "b"], np.eye(2), **said)


@pytest.mark.parametrize("form", ["npz", "parquet", "npy"])
def test_a_bad_vector_in_a_file_is_named_when_it_is_met(tmp_path: Path, form: str) -> None:
    """What comes before it is given."""
    bad = VECTORS.copy()
    bad[40, 2] = np.nan
    if form == "parquet":
        pq.write_table(pa.table({"id": IDS, "v": list(bad)}), tmp_path / "v.parquet")
    elif form == "npz":
        np.savez(tmp_path / "v.npz", ids=IDS, v=bad)
    else:
        np.save(tmp_path / "v.npy", bad)
    source = ilk.embeddings(tmp_path / f"v.{form}")
    batches = source.batches(20)
    assert [len(next(batches)), len(next(batches))] == [20, 20]
    with pytest.raises(SourceError, match=r"row 40, from 0\) has numbers that are not finite"):
        next(batches)
    with pytest.raises(SourceError, match="row 40"):
        source.check()


def test_vectors_of_several_lengths_in_a_file_are_refused(tmp_path: Path) -> None:
    """Or missing ones, with the id."""
    for cells, expected in (
        ([[1.0, 2.0], [1.0]], 'vector of "b" has 1 numbers; the first one has 2'),
        ([[1.0, 2.0], None], 'vector of "b" has 0 numbers'),
        ([[1.0, 2.0], [None, 1.0]], 'vector of "b" .* not finite'),
        ([None, [1.0]], "first row .* has no vector"),
    ):
        pq.write_table(pa.table({"id": ["a", "b"], "v": pa.array(cells)}), tmp_path / "v.parquet")
        with pytest.raises(SourceError, match=expected):
            ilk.embeddings(tmp_path / "v.parquet").check()


def test_the_column_of_vectors_is_told_by_type(tmp_path: Path) -> None:
    """Of several the one that is called so; else it has to be named."""
    path = tmp_path / "v.parquet"
    pq.write_table(pa.table({"id": IDS, "one": list(VECTORS), "two": list(-VECTORS)}), path)
    with pytest.raises(SourceError, match=r"several columns of vectors: one, two.*ilk\.embeddings\(.*, \"one\"\)"):
        ilk.embeddings(path)
    np.testing.assert_allclose(rows(ilk.embeddings(path, "two"))[1], -UNITS, atol=1e-6)
    for wrong, expected in (("three", 'no column "three"'), ("id", "no lists of numbers")):
        with pytest.raises(SourceError, match=expected):
            ilk.embeddings(path, wrong)
    pq.write_table(pa.table({"boxes": list(VECTORS), "embedding": list(-VECTORS)}), path)
    np.testing.assert_allclose(rows(ilk.embeddings(path))[1], -UNITS, atol=1e-6)
    pq.write_table(pa.table({"id": IDS}), path)
    with pytest.raises(SourceError, match="no column of vectors"):
        ilk.embeddings(path)


class Trap:
    """Says if it was unpickled."""

    sprung = False

    def __reduce__(self) -> tuple[Callable[[], None], tuple[()]]:
        return spring, ()


def spring() -> None:
    Trap.sprung = True


def test_nothing_in_a_file_is_run(tmp_path: Path) -> None:
    """Pickled objects are refused with what to do instead."""
    ids = np.array([Trap()] * N, dtype=object)
    np.save(tmp_path / "v.npy", ids, allow_pickle=True)
    np.savez(tmp_path / "v.npz", ids=ids, vectors=VECTORS)
    for name in ("v.npy", "v.npz"):
        with pytest.raises(SourceError, match="dtype=str"):
            ilk.embeddings(tmp_path / name)
    assert not Trap.sprung


def test_files_that_hold_no_vectors_are_refused(tmp_path: Path) -> None:
    """Truncated ones, other formats, archives of something else, and nothing at all."""
    np.save(tmp_path / "v.npy", VECTORS)
    (tmp_path / "cut.npy").write_bytes((tmp_path / "v.npy").read_bytes()[:-20])
    np.savez(tmp_path / "v.npz", a=np.arange(3), b=np.arange(4))
    (tmp_path / "cut.npz").write_bytes((tmp_path / "v.npz").read_bytes()[:-20])
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as other:
        other.writestr("a.txt", "text")
    (tmp_path / "v.txt").write_text("1 2 3")
    for name, expected in (
        ("cut.npy", "cannot be read"),
        ("v.npz", "no array called vectors or embeddings; it has a, b"),
        ("cut.npz", "cannot be read"),
        ("other.zip", "no array|cannot be read"),
        ("v.txt", "no vectors that can be read"),
        ("gone.npy", "There is no"),
    ):
        with pytest.raises(SourceError, match=expected):
            ilk.embeddings(tmp_path / name)
    with pytest.raises(SourceError, match='no array "c"'):
        ilk.embeddings(tmp_path / "v.npz", "c")
    with pytest.raises(SourceError, match=r"no \.npy file"):
        ilk.embeddings(IDS, tmp_path / "v.txt")
    with pytest.raises(SourceError, match="read as a file"):
        ilk.embeddings("id", VECTORS[:1])


def test_without_pyarrow_its_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For files of columns; arrays need nothing."""
    parquet(tmp_path)
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match="tables"):
        ilk.embeddings(tmp_path / "v.parquet")
    assert npz(tmp_path).count == N


def test_a_large_array_is_not_read_to_be_opened(tmp_path: Path) -> None:
    """Only when its rows are asked for, and then so many at a time."""
    opened = np.lib.format.open_memmap(tmp_path / "v.npy", mode="w+", dtype=np.float32, shape=(2_000_000, 512))
    opened[0] = 1
    opened.flush()
    del opened
    source = ilk.embeddings(tmp_path / "v.npy")
    ((item, unit),) = next(source.batches(1))
    assert (source.count, item.id, unit.shape) == (2_000_000, "v.npy#0", (512,))
    with pytest.raises(SourceError, match=r"row 1, from 0\) has only zeros"):
        next(source.batches(2))


def test_an_array_that_shrinks_meanwhile_is_an_error(tmp_path: Path) -> None:
    """Rather than the end of the process; what was read before is given."""
    source = npy(tmp_path)
    batches = source.batches(20)
    assert len(next(batches)) == 20
    np.save(tmp_path / "v.npy", VECTORS[:30])
    with pytest.raises(SourceError, match="changed meanwhile"):
        next(batches)


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
