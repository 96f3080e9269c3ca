from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ilk.errors import GalleryError, GalleryLockedError
from ilk.stores.local import LocalStore
from stores.making import make_space, make_upserts, unit_rows

HOLDER = """
import sys, time
from ilk.stores.local import LocalStore
with LocalStore.open(sys.argv[1]).writing():
    print("held", flush=True)
    time.sleep(60)
"""


def holding(directory: Path) -> subprocess.Popen[str]:
    """A process that is writing."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(directory)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_process_is_told_who_writes_and_since_when(tmp_path: Path) -> None:
    """At once. When the writer is killed, the lock is free, whatever it left lying about."""
    store = LocalStore.create(tmp_path / ".ilk")
    process = holding(tmp_path / ".ilk")
    try:
        started = time.monotonic()
        with pytest.raises(GalleryLockedError) as caught, store.writing():
            pass
        assert time.monotonic() - started < 5
        for said in (str(process.pid), socket.gethostname(), "since 20"):
            assert said in str(caught.value)
        assert store.count() == 0
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert (tmp_path / ".ilk" / "writer.json").exists()
    with store.writing() as writer:
        writer.add_space(make_space())
        assert json.loads((tmp_path / ".ilk" / "writer.json").read_text())["pid"] == os.getpid()
    assert not (tmp_path / ".ilk" / "writer.json").exists()
    store.close()


def test_a_writer_may_wait_for_another(tmp_path: Path) -> None:
    """With a time-out, it takes over as soon as the other is done."""
    LocalStore.create(tmp_path / ".ilk").close()
    store = LocalStore.open(tmp_path / ".ilk", lock_timeout_s=20)
    first = store.writing()
    first.__enter__()
    threading.Timer(0.3, first.__exit__).start()
    with store.writing() as writer:
        writer.add_space(make_space())
    assert store.spaces() == (make_space(),)
    store.close()


@pytest.mark.parametrize("holder", ["", "[]", "{}", '{"pid": 1}', "\xff"])
def test_a_note_that_cannot_be_read_does_not_hide_the_lock(tmp_path: Path, holder: str) -> None:
    """The message then only says that there is another process."""
    store = LocalStore.create(tmp_path / ".ilk")
    with store.writing():
        (tmp_path / ".ilk" / "writer.json").write_text(holder, encoding="latin-1")
        with pytest.raises(GalleryLockedError, match="another process"), store.writing():
            pass
    store.close()


def test_a_writer_is_of_no_use_once_left(tmp_path: Path) -> None:
    """Nor before it is entered."""
    store = LocalStore.create(tmp_path / ".ilk")
    writer = store.writing()
    with pytest.raises(GalleryError, match="with store"):
        writer.delete(["a"])
    with writer:
        writer.delete(["a"])
    with pytest.raises(GalleryError, match="with store"):
        writer.delete(["a"])
    store.close()


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    """And can be closed twice."""
    store = LocalStore.create(tmp_path / ".ilk")
    store.close()
    store.close()
    with pytest.raises(GalleryError, match="closed"):
        store.count()


def test_an_interrupted_batch_is_undone(tmp_path: Path) -> None:
    """Whatever stops it, Ctrl-C too, and the writer can go on."""
    store = LocalStore.create(tmp_path / ".ilk")
    upserts = make_upserts(["a", "b"], unit_rows(2))

    class Interrupting(list):  # type: ignore[type-arg] # stands for a sequence of failures
        def __iter__(self) -> None:  # type: ignore[override] # never gives one
            raise KeyboardInterrupt

    with store.writing() as writer:
        writer.add_space(make_space())
        with pytest.raises(KeyboardInterrupt):
            writer.write(upserts, Interrupting(), space=make_space())
        assert store.count() == 0
        writer.write(upserts, [], space=make_space())
    assert store.count() == 2
    store.close()
