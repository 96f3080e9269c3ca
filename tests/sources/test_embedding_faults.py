from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ilk
from ilk.errors import MissingExtraError, SourceError
from sources.embedded import IDS, UNITS, VECTORS, N, npy, npz, parquet, rows


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


def test_vectors_that_are_refused_leave_nothing_behind(tmp_path: Path) -> None:
    """No space of a model that nobody has vectors of."""
    with ilk.create(tmp_path / "gallery") as gallery:
        with pytest.raises(ilk.IlkError, match="not finite"):
            gallery.add(ilk.embeddings(["a", "b"], np.full((2, 4), np.nan)))
        assert gallery.info().spaces == ()
