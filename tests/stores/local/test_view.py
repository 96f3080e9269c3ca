from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ilk.records import IndexState
from ilk.stores.base import Upsert
from ilk.stores.local import IndexPolicy, LocalStore, index
from ilk.stores.local.view import BLOCK_ROWS
from stores.making import make_item, make_space, make_upserts, unit_rows

SPACE = make_space()
LAZY = IndexPolicy(min_vectors=10, stale_share=100.0)
"""Builds an index file once, and then leaves it as it is."""


def filled(directory: Path, n: int = 50, *, policy: IndexPolicy = LAZY) -> LocalStore:
    """A store with items 00, 01, ... and an index file of them."""
    store = LocalStore.create(directory / ".ilk", policy=policy)
    with store.writing() as writer:
        writer.add_space(SPACE)
        writer.write(make_upserts([f"{i:02}" for i in range(n)], unit_rows(n)), [], space=SPACE)
        writer.refresh_index()
    return store


def order(store: LocalStore, query: np.ndarray, k: int = 100) -> list[str]:
    """The ids answered to one query."""
    [row] = store.search(query[None], k, space=SPACE).rows
    return [near.item.id for near in row]


def state(store: LocalStore) -> IndexState:
    """Of the one space."""
    [only] = store.info().spaces
    return only


def test_the_index_file_is_searched_with_the_tail_and_without_the_dead(tmp_path: Path) -> None:
    """A store that has searched before follows what is added and deleted, and goes on believing its file."""
    rows = unit_rows(60)
    with filled(tmp_path) as store:
        before = order(store, rows[7])
        assert (len(before), before[0]) == (50, "07")
        with store.writing() as writer:
            writer.delete(["07", "08"])
        assert order(store, rows[7]) == [id_ for id_ in before if id_ not in {"07", "08"}]
        with store.writing() as writer:
            writer.write(make_upserts(["new"], rows[7:8]), [], space=SPACE)
        assert order(store, rows[7], 2) == ["new", *[id_ for id_ in before if id_ not in {"07", "08"}][:1]]
        with store.writing() as writer:
            writer.delete(["new"])
        assert order(store, rows[7]) == [id_ for id_ in before if id_ not in {"07", "08"}]
        assert (state(store).vectors, state(store).indexed, state(store).deleted) == (48, 50, 2)
        assert store.check() == ()
        with LocalStore.open(store.directory, policy=LAZY) as fresh:
            assert order(fresh, rows[7]) == order(store, rows[7])
            assert state(fresh).indexed == 50


def test_without_a_file_deleted_vectors_in_memory_are_masked(tmp_path: Path) -> None:
    """Searching, deleting and searching again, with nothing refreshed in between."""
    with filled(tmp_path, policy=IndexPolicy()) as store:
        query = unit_rows(50)[3]
        before = order(store, query)
        with store.writing() as writer:
            writer.delete([before[0], before[2]])
        assert order(store, query) == [before[1], *before[3:]]
        assert state(store).indexed == 0


def test_many_small_batches_end_in_few_blocks(tmp_path: Path) -> None:
    """A reader that follows a writer batch by batch merges what is small, and stays right."""
    with filled(tmp_path) as store:
        rows = unit_rows(300, seed=5)
        with store.writing() as writer:
            for start in range(0, 300, 3):
                ids = [f"n{i}" for i in range(start, start + 3)]
                writer.write(make_upserts(ids, rows[start : start + 3]), [], space=SPACE)
                assert order(store, rows[start + 2], 1) == ids[2:]
        [view] = store._views._newest.values()
        assert BLOCK_ROWS > 300
        assert len(view.blocks) < 8
        assert sum(block.vectors for block in view.blocks) == 350


def test_a_file_that_vanishes_while_open_is_not_missed(tmp_path: Path) -> None:
    """What is mapped stays; the next to open finds none, and answers the same."""
    with filled(tmp_path) as store:
        query = unit_rows(50)[3]
        before = order(store, query)
        [file] = store.directory.glob("*.faiss")
        file.unlink()
        assert order(store, query) == before
        with LocalStore.open(store.directory, policy=LAZY) as fresh:
            assert order(fresh, query) == before
            assert state(fresh).indexed == 0
            with fresh.writing() as writer:
                writer.refresh_index()
            assert state(fresh).indexed == 50
            assert order(fresh, query) == before


def test_a_file_that_contradicts_the_database_is_believed_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its damage fell between the samples of the checksum; answers are compared with the database all the same."""
    monkeypatch.setattr(index, "_SAMPLE_BYTES", 16)
    monkeypatch.setattr(index, "_SAMPLES", 2)
    with filled(tmp_path) as store:
        rows = unit_rows(50)
        before = order(store, rows[3])
        [file] = store.directory.glob("*.faiss")
        with file.open("r+b") as open_file:  # in place, so that the mapped pages change
            open_file.seek(118)
            open_file.write(rows[::-1].astype(np.float16).tobytes())
        assert order(store, rows[3]) == before
        assert state(store).indexed == 0
        with store.writing() as writer:
            writer.refresh_index()
        assert state(store).indexed == 50
        assert store.check() == ()
        assert order(store, rows[3]) == before


def test_two_stores_of_one_gallery_see_each_other(tmp_path: Path) -> None:
    """What one writes, and what index it builds, the other uses in its next search."""
    rows = unit_rows(200)
    policy = IndexPolicy(min_vectors=10, stale_share=0.0)
    with filled(tmp_path, policy=policy) as store, LocalStore.open(store.directory) as other:
        for start in range(50, 200, 50):
            with store.writing() as writer:
                ids = [f"{i}" for i in range(start, start + 50)]
                writer.write(make_upserts(ids, rows[start : start + 50]), [], space=SPACE)
                assert order(other, rows[start], 1) == [f"{start}"]
                writer.delete([f"{start}"])
                assert order(other, rows[start], 1) != [f"{start}"]
                writer.refresh_index()
            assert order(other, rows[start + 1], 1) == [f"{start + 1}"]
            assert order(other, rows[start], 500) == order(store, rows[start], 500)
            [view] = other._views._newest.values()
            assert [block.from_file for block in view.blocks] == [True]


def test_an_empty_gallery_is_searched_without_faiss(tmp_path: Path) -> None:
    """Where there is nothing to find, nothing heavy is loaded."""
    store = LocalStore.create(tmp_path / ".ilk")
    with store.writing() as writer:
        writer.add_space(SPACE)
        writer.write([Upsert(item=make_item("a"), vector=None)], [], space=SPACE)
    store.close()
    program = """
import sys, numpy
from ilk.stores.local import LocalStore
store = LocalStore.open(sys.argv[1])
[space] = store.spaces()
assert store.search(numpy.eye(1, 8, dtype="float32"), 3, space=space).rows == [[]]
print(sorted({"faiss", "filelock", "PIL", "onnxruntime"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / ".ilk")], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
