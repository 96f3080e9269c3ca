"""What is committed stays, whatever happens: kills, full disks, places that cannot be written."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ilk.errors import GalleryStorageError
from ilk.stores.base import Upsert
from ilk.stores.local import IndexPolicy, LocalStore
from stores.making import make_item, make_space, make_upserts, unit_rows

SPACE = make_space()
BATCH = 7
EAGER = IndexPolicy(min_vectors=1, stale_share=0.0)

WRITER = """
import sys
import numpy as np
from ilk.stores.local import IndexPolicy, LocalStore
from stores.making import make_space, make_upserts, unit_rows

BATCH, SPACE = int(sys.argv[2]), make_space()
store = LocalStore.open(sys.argv[1], policy=IndexPolicy(min_vectors=1, stale_share=0.0))
with store.writing() as writer:
    print("ready", flush=True)
    for batch in range(store.count() // BATCH, 100_000):
        ids = [f"{batch}/{i}" for i in range(BATCH)]
        writer.write(make_upserts(ids, unit_rows(BATCH, seed=batch)), [], space=SPACE)
        if batch % 3 == 0:
            writer.refresh_index()
"""


def test_a_kill_at_any_moment_leaves_whole_batches(tmp_path: Path) -> None:
    """Every time it opens, checks out, and goes on where it was."""
    with LocalStore.create(tmp_path / ".ilk") as store, store.writing() as writer:
        writer.add_space(SPACE)
    moments = random.Random(0)  # noqa: S311 -- no secret
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    last = 0
    for _ in range(6):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path / ".ilk"), str(BATCH)],
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(moments.uniform(0.0, 0.3))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        with LocalStore.open(tmp_path / ".ilk", policy=EAGER) as store:
            assert [problem for problem in store.check() if not problem.startswith("The index file")] == []
            batches = Counter(id_.split("/")[0] for id_ in store.ids())
            assert set(batches.values()) <= {BATCH}
            assert set(batches) == {str(i) for i in range(len(batches))}
            assert len(batches) >= last
            last = len(batches)
            query = unit_rows(BATCH, seed=last - 1)[3] if last else unit_rows(1)[0]
            [row] = store.search(query[None], 1, space=SPACE).rows
            assert [near.item.id for near in row] == ([f"{last - 1}/3"] if last else [])
    assert last > 0
    with LocalStore.open(tmp_path / ".ilk", policy=EAGER) as store:
        with store.writing() as writer:
            writer.refresh_index()
        assert store.check() == ()
        assert len(list((tmp_path / ".ilk").glob("*.faiss*"))) == 1


def test_a_copied_gallery_answers_the_same(tmp_path: Path) -> None:
    """Nothing in it says where it is."""
    rows = unit_rows(50)
    with LocalStore.create(tmp_path / "here" / ".ilk", policy=EAGER) as store:
        with store.writing() as writer:
            writer.add_space(SPACE)
            writer.write(make_upserts([f"{i}" for i in range(50)], rows), [], space=SPACE)
            writer.refresh_index()
        before = store.search(rows[:5], 50, space=SPACE).rows
    shutil.copytree(tmp_path / "here", tmp_path / "there")
    shutil.rmtree(tmp_path / "here")
    with LocalStore.open(tmp_path / "there" / ".ilk") as store:
        assert store.search(rows[:5], 50, space=SPACE).rows == before
        assert store.info().spaces[0].indexed == 50
        assert store.check() == ()


def test_a_full_database_keeps_what_was_committed(tmp_path: Path) -> None:
    """The batch that does not fit is undone, the message says so, and reading goes on."""
    rows = unit_rows(3000)
    with LocalStore.create(tmp_path / ".ilk") as store:
        with store.writing() as writer:
            writer.add_space(SPACE)
            writer.write(make_upserts(["a", "b"], rows[:2]), [], space=SPACE)
            assert writer._connection is not None
            (pages,) = writer._connection.execute("PRAGMA page_count").fetchone()
            writer._connection.execute(f"PRAGMA max_page_count = {pages + 5}")
            with pytest.raises(GalleryStorageError, match=r"full.*safe"):
                writer.write(make_upserts([f"{i}" for i in range(3000)], rows), [], space=SPACE)
            assert store.count() == 2
            writer.delete(["a"])
        assert list(store.ids()) == ["b"]
        assert store.check() == ()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB, where this process may make one."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)], check=False, capture_output=True
    )
    if done.returncode:
        pytest.skip("no file system can be mounted here")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_disk_that_fills_up_loses_nothing(small_disk: Path) -> None:
    """Neither the database nor the index; once there is room again, everything goes on."""
    space = make_space(dimension=256)
    rows = unit_rows(100, 256)
    with LocalStore.create(small_disk / ".ilk", policy=EAGER) as store:
        committed = 0
        with store.writing() as writer:
            writer.add_space(space)

            def fill() -> None:
                nonlocal committed
                while True:
                    ids = [f"{committed // 100}/{i}" for i in range(100)]
                    writer.write(make_upserts(ids, rows), [], space=space)
                    committed += 100

            with pytest.raises(GalleryStorageError, match="full"):
                fill()
            assert committed > 0
            with pytest.raises(GalleryStorageError, match=r"index file|full"):
                writer.refresh_index()
        assert store.count() == committed
        assert not list((small_disk / ".ilk").glob("*.faiss*"))
        [row] = store.search(rows[:1], 1, space=space).rows
        assert row[0].item.id == "0/0"
        assert store.check() == ()
        subprocess.run(["mount", "-o", "remount,size=32m", str(small_disk)], check=True)
        with store.writing() as writer:
            writer.write(make_upserts(["more"], rows[:1]), [], space=space)
            writer.refresh_index()
        assert store.count() == committed + 1
        assert store.info().spaces[0].indexed == committed + 1
        assert store.check() == ()


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A directory that every user may enter."""
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    yield place
    for path in [place, *place.rglob("*")]:
        if path.is_dir():
            path.chmod(0o755)
    shutil.rmtree(place)


READER = """
import os, sys
import faiss, filelock, mmap, socket, numpy as np  # all that is imported later, while it can be
from ilk.errors import GalleryStorageError
from ilk.stores.local import LocalStore, check, writer
from stores.making import make_space, unit_rows
query = unit_rows(20)[3:4]
if os.geteuid() == 0:  # whom permissions do not bind
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
with LocalStore.open(sys.argv[1]) as store:
    [[near]] = store.search(query, 1, space=make_space()).rows
    print(near.item.id, store.count(), store.info().spaces[0].indexed, store.check())
    try:
        with store.writing():
            print("wrote")
    except GalleryStorageError as error:
        print(error)
"""


def read_only(place: Path) -> subprocess.CompletedProcess[str]:
    """What a user who may not write there reads."""
    for path in [place, *place.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    return subprocess.run(
        [sys.executable, "-c", READER, str(place / ".ilk")],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )


def test_a_place_that_cannot_be_written_is_searched(open_place: Path) -> None:
    """Index and all; whoever wants to write there is told in a sentence."""
    with LocalStore.create(open_place / ".ilk", policy=EAGER) as store, store.writing() as writer:
        writer.add_space(SPACE)
        writer.write(make_upserts([f"{i}" for i in range(20)], unit_rows(20)), [], space=SPACE)
        writer.refresh_index()
    done = read_only(open_place)
    assert done.stderr == ""
    first, second = done.stdout.splitlines()
    assert first == "3 20 20 ()"
    assert "cannot be written" in second


def test_what_is_not_merged_yet_is_read_or_missed_aloud(open_place: Path) -> None:
    """Beside a writer, others without permission read what it committed; in a copy without its memory they cannot."""
    with LocalStore.create(open_place / ".ilk", policy=EAGER) as store, store.writing() as writer:
        writer.add_space(SPACE)
        writer.write(make_upserts([f"{i}" for i in range(20)], unit_rows(20)), [], space=SPACE)
        assert (open_place / ".ilk" / "gallery.sqlite-wal").stat().st_size > 0
        done = read_only(open_place)
        assert done.stdout.startswith("3 20 0 ()"), done.stderr
        open_place.chmod(0o755)
        shutil.copytree(open_place / ".ilk", open_place / "copy" / ".ilk", ignore=shutil.ignore_patterns("*-shm"))
        done = read_only(open_place / "copy")
        assert "GalleryStorageError" in done.stderr
        assert "not yet merged" in done.stderr


def test_no_gallery_is_made_where_nothing_can_be_written(tmp_path: Path) -> None:
    """A sentence says why."""
    (tmp_path / "file").touch()
    with pytest.raises(GalleryStorageError, match="No gallery can be made"):
        LocalStore.create(tmp_path / "file" / ".ilk")


def test_readers_see_whole_batches_and_wait_for_none(tmp_path: Path) -> None:
    """In the middle of a transaction, another reads what was before it, at once."""
    with LocalStore.create(tmp_path / ".ilk") as store, LocalStore.open(tmp_path / ".ilk") as other:
        seen = list[int]()

        class Watching(list[Upsert]):
            """Items that look at the gallery while they are being written."""

            def __iter__(self) -> Iterator[Upsert]:
                for upsert in super().__iter__():
                    yield upsert
                    started = time.monotonic()
                    for reader in (store, other):
                        seen.append(reader.count())
                        seen.append(len(reader.search(unit_rows(1), 50, space=SPACE).rows[0]))
                    assert time.monotonic() - started < 5

        with store.writing() as writer:
            writer.add_space(SPACE)
            writer.write(make_upserts(["a", "b"], unit_rows(2)), [], space=SPACE)
            writer.write(Watching(make_upserts(["c", "d", "e"], unit_rows(3))), [], space=SPACE)
        assert seen
        assert set(seen) == {2}
        assert (store.count(), other.count()) == (5, 5)


READING = """
import sys, time
from ilk.stores.local import LocalStore
from stores.making import make_space, unit_rows
store, space, batch = LocalStore.open(sys.argv[1]), make_space(), int(sys.argv[2])
counts, longest = set(), 0.0
print("ready", flush=True)
until = time.monotonic() + 1.5
while time.monotonic() < until:
    started = time.monotonic()
    count = store.count()
    [row] = store.search(unit_rows(1), 10_000, space=space).rows
    longest = max(longest, time.monotonic() - started)
    assert count % batch == 0, count
    assert len(row) % batch == 0 and len(row) >= count, (len(row), count)
    assert sorted(row, key=lambda near: (-near.similarity, near.item.id)) == row
    counts.add(count)
print(len(counts), longest)
"""


def test_a_reader_beside_a_busy_writer(tmp_path: Path) -> None:
    """Another process searches while batches and indexes are written: no error, only whole batches, no long wait."""
    with LocalStore.create(tmp_path / ".ilk", policy=IndexPolicy(min_vectors=1, stale_share=0.2)) as store:
        with store.writing() as writer:
            writer.add_space(SPACE)
            process = subprocess.Popen(
                [sys.executable, "-c", READING, str(tmp_path / ".ilk"), str(BATCH)],
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            batch = 0
            while process.poll() is None:
                ids = [f"{batch % 40}/{i}" for i in range(BATCH)]  # after a while, every batch replaces an older one
                upserts = [
                    Upsert(item=make_item(id_, digest=f"{batch}"), vector=row)
                    for id_, row in zip(ids, np.repeat(unit_rows(1, seed=batch), BATCH, axis=0), strict=True)
                ]
                writer.write(upserts, [], space=SPACE)
                writer.refresh_index()
                batch += 1
            said, _ = process.communicate()
        assert process.returncode == 0
        states, longest = said.split()
        assert int(states) > 1
        assert float(longest) < 5
        assert store.check() == ()
