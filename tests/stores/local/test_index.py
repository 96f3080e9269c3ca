from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ilk.errors import GalleryStorageError
from ilk.stores.local import IndexPolicy, LocalStore, index
from ilk.stores.local.index import IndexRecord, IndexRefusedError
from stores.making import make_space, make_upserts, unit_rows


def written(directory: Path, ids: npt.NDArray[np.int64], rows: npt.NDArray[np.float16]) -> IndexRecord:
    """An index file, and the record of it."""
    name = index.file_name(1, 1)
    n, d = rows.shape
    size_bytes, checksum, _ = index.write(directory, name, [(ids, rows)], vectors=n, dimension=d)
    return IndexRecord(file=name, vectors=n, dimension=d, size_bytes=size_bytes, checksum=checksum)


@pytest.mark.parametrize(("n", "d"), [(0, 4), (1, 1), (3, 8), (1000, 257)])
def test_the_file_is_what_faiss_writes(tmp_path: Path, n: int, d: int) -> None:
    """Byte for byte that of an IndexIDMap of an IndexScalarQuantizer."""
    rows = unit_rows(n, d).astype(np.float16)
    ids = np.arange(n, dtype=np.int64) * 3 + 2
    record = written(tmp_path, ids, rows)
    quantiser = faiss.ScalarQuantizer.QT_fp16
    theirs: Any = faiss.IndexIDMap(faiss.IndexScalarQuantizer(d, quantiser, faiss.METRIC_INNER_PRODUCT))
    if n:
        theirs.add_sa_codes(rows.view(np.uint8), ids)
    assert (tmp_path / str(record.file)).read_bytes() == faiss.serialize_index(theirs).tobytes()


def test_it_reads_back(tmp_path: Path) -> None:
    """As an index of those ids and vectors, by FAISS and by NumPy."""
    rows = unit_rows(100).astype(np.float16)
    ids = np.arange(100, dtype=np.int64)[::-1] + 2**40
    record = written(tmp_path, ids, rows)
    opened = index.read(tmp_path, record)
    _, labels = opened.lay_out().search(rows.astype(np.float32), 1)
    np.testing.assert_array_equal(opened.ids[labels[:, 0]], ids)
    inner: Any = faiss.downcast_index(opened.lay_out())
    assert not inner.codes.is_owned  # it is scanned where it lies
    for ours, given_ in zip(index.contents(tmp_path / str(record.file), record), (ids, rows), strict=True):
        np.testing.assert_array_equal(ours, given_)


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="names of files are Unicode here")
def test_a_directory_may_have_a_name_that_is_not_unicode(tmp_path: Path) -> None:
    """An index file is made there and searched, also after opening the gallery again."""
    space, rows = make_space(), unit_rows(50)
    policy = IndexPolicy(min_vectors=1)
    directory = tmp_path / os.fsdecode(b"caf\xe9") / ".ilk"
    with LocalStore.create(directory, policy=policy) as store, store.writing() as writer:
        writer.add_space(space)
        writer.write(make_upserts([f"{n:02}" for n in range(50)], rows), [], space=space)
        writer.refresh_index()
    assert [path.name for path in directory.glob("*.faiss")] == ["vectors-1-1.faiss"]
    with LocalStore.open(directory, policy=policy) as store:
        found = store.search(rows, 1, space=space).rows
        assert [row[0].item.id for row in found] == [f"{n:02}" for n in range(50)]
        assert store.info().spaces[0].indexed == 50
        assert store.check() == ()


@given(place=st.floats(0, 1, exclude_max=True), value=st.integers(1, 255))
def test_no_changed_byte_of_a_small_file_is_believed(
    tmp_path_factory: pytest.TempPathFactory, place: float, value: int
) -> None:
    """Wherever it is."""
    directory = tmp_path_factory.mktemp("index")
    record = written(directory, np.arange(20), unit_rows(20).astype(np.float16))
    path = directory / str(record.file)
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= value
    path.write_bytes(content)
    with pytest.raises(IndexRefusedError):
        index.read(directory, record)


def test_a_cut_replaced_or_overwritten_large_file_is_not_believed(tmp_path: Path) -> None:
    """Samples are enough to tell."""
    record = written(tmp_path, np.arange(9000), unit_rows(9000, 128).astype(np.float16))
    path = tmp_path / str(record.file)
    content = path.read_bytes()
    assert len(content) > 2 << 20
    index.validated(tmp_path, record)
    for changed in (
        content[:-1],
        content + b"\0",
        bytes(len(content)),
        content[: 1 << 20] + bytes(len(content) - (1 << 20)),
    ):
        path.write_bytes(changed)
        with pytest.raises(IndexRefusedError):
            index.validated(tmp_path, record)
    path.write_bytes(content)
    index.validated(tmp_path, record)


@pytest.mark.parametrize("offset", range(118))
def test_a_hostile_header_never_reaches_faiss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, offset: int) -> None:
    """A stranger who makes the file and the record of it agree still cannot choose one byte that steers its reading."""
    record = written(tmp_path, np.arange(20), unit_rows(20).astype(np.float16))
    path = tmp_path / str(record.file)
    content = bytearray(path.read_bytes())
    content[offset] ^= 0x40
    path.write_bytes(content)
    with path.open("rb") as file:
        agreeing = IndexRecord(
            file=record.file,
            vectors=20,
            dimension=8,
            size_bytes=len(content),
            checksum=index._checksum(file, len(content)),
        )
    monkeypatch.setattr(faiss, "read_index", lambda *_: pytest.fail("FAISS was given a hostile file"))
    with pytest.raises(IndexRefusedError, match="header"):
        index.read(tmp_path, agreeing)


def test_a_record_that_points_elsewhere_is_not_followed(tmp_path: Path) -> None:
    """Neither by a path nor by a link."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    record = written(elsewhere, np.arange(20), unit_rows(20).astype(np.float16))
    (tmp_path / str(record.file)).symlink_to(elsewhere / str(record.file))
    with pytest.raises(IndexRefusedError, match="ordinary"):
        index.validated(tmp_path, record)
    outside = IndexRecord(
        file=f"elsewhere/{record.file}", vectors=20, dimension=8, size_bytes=record.size_bytes, checksum=record.checksum
    )
    with pytest.raises(IndexRefusedError, match="name"):
        index.validated(tmp_path, outside)


def test_a_disk_that_does_not_take_it_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says that nothing is lost, and the file in its place, if any, is the old one."""
    before = written(tmp_path, np.arange(20), unit_rows(20).astype(np.float16))

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(GalleryStorageError, match="No space left on device"):
        written(tmp_path, np.arange(5), unit_rows(5).astype(np.float16))
    assert [path.name for path in tmp_path.iterdir()] == [before.file]
    index.validated(tmp_path, before)


def test_only_own_files_are_swept(tmp_path: Path) -> None:
    """Those that are not named and those half written go; a person's file stays."""
    for name in ("vectors-1-1.faiss", "vectors-1-2.faiss", "vectors-1-3.faiss.new", "vectors-mine.faiss", "x.faiss"):
        (tmp_path / name).touch()
    index.sweep_files(tmp_path, ["vectors-1-2.faiss"])
    assert {path.name for path in tmp_path.iterdir()} == {"vectors-1-2.faiss", "vectors-mine.faiss", "x.faiss"}
