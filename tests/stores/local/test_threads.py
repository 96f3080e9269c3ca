from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from ilk.stores.base import Upsert
from ilk.stores.local import IndexPolicy, LocalStore
from stores.making import make_item, make_space, make_upserts, unit_rows

SPACE = make_space()


def test_threads_read_while_one_writes(tmp_path: Path) -> None:
    """Every answer is of one moment: items and vectors that belong together, none that is gone, never too few."""
    rows = unit_rows(64)
    stop = Event()
    with LocalStore.create(tmp_path / ".ilk", policy=IndexPolicy(min_vectors=1, stale_share=0.5)) as store:

        def read(seed: int) -> int:
            queries = unit_rows(2, seed=100 + seed)
            rounds = 0
            while not stop.is_set():
                for query, row in zip(queries, store.search(queries, 10, space=SPACE, exclude=["0"]).rows, strict=True):
                    assert len(row) == 10
                    assert "0" not in {near.item.id for near in row}
                    for near in row:  # the stamp says which vector the item had when it was read
                        expected = rows[int(near.item.stamp)].astype(np.float16).astype(np.float64) @ query
                        assert near.similarity == pytest.approx(expected, abs=1e-6)
                rounds += 1
            return rounds

        with store.writing() as writer:
            writer.add_space(SPACE)
            upserts = [
                Upsert(item=make_item(f"{i}", stamp=f"{i}", digest=f"{i}"), vector=rows[i]) for i in range(len(rows))
            ]
            writer.write(upserts[:32], [], space=SPACE)
            with ThreadPoolExecutor(4) as pool:
                readers = [pool.submit(read, seed) for seed in range(4)]
                picks = np.random.default_rng(0)
                for turn in range(60):
                    which = picks.choice(64, 8, replace=False)
                    changed = [
                        Upsert(item=make_item(f"{i % 32}", stamp=f"{i}", digest=f"{i}"), vector=rows[i])
                        for i in {int(i) % 32: int(i) for i in which}.values()
                    ]
                    writer.write(changed, [], space=SPACE)
                    if turn % 7 == 0:
                        writer.refresh_index()
                stop.set()
            assert all(reader.result() > 0 for reader in readers)
        assert store.check() == ()
        assert len(store._database._idle) <= 6


FORKING = """
import os, sys
from ilk.stores.local import LocalStore, database
store = LocalStore.open(sys.argv[1])
assert store.count() == 3
if (child := os.fork()) == 0:
    assert store.count() == 3
    assert len(list(store.ids())) == 3
    assert len(database._inherited) == 1
    store.close()
    os._exit(0)
_, status = os.waitpid(child, 0)
assert status == 0
with store.writing() as writer:
    writer.delete(["a"])
assert store.count() == 2
assert store.check() == ()
store.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_fork_leaves_the_parents_connections_alone(tmp_path: Path) -> None:
    """Child and parent both go on reading, each through its own."""
    with LocalStore.create(tmp_path / ".ilk") as store, store.writing() as writer:
        writer.add_space(SPACE)
        writer.write(make_upserts(["a", "b", "c"], unit_rows(3)), [], space=SPACE)
    done = subprocess.run(
        [sys.executable, "-c", FORKING, str(tmp_path / ".ilk")], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
