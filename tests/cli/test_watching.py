"""``ilk index --watch`` follows what changes."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

pytest.importorskip("watchfiles", reason="following folders needs watchfiles")


def wait_for(gallery: Path, count: int, timeout_s: float = 60) -> int:
    """How many items there are once there are so many, or when the time is over."""
    import ilk

    end = time.monotonic() + timeout_s
    found = -1
    while time.monotonic() < end:
        with ilk.open(gallery) as opened:
            found = len(opened)
        if found == count:
            break
        time.sleep(0.2)
    return found


def test_what_changes_is_followed(tmp_path: Path) -> None:
    """New pictures are added, those that go are removed, and Ctrl-C ends it as it ends any run."""
    Image.new("RGB", (8, 8), "red").save(tmp_path / "red.png")
    command = [sys.executable, "-m", "ilk", "index", str(tmp_path), "--watch", "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            assert "Following" in process.stderr.readline()
            time.sleep(1)  # the kernel is told what to watch just after that is said
            Image.new("RGB", (8, 8), "blue").save(tmp_path / "blue.png")
            assert wait_for(tmp_path, 2) == 2
            (tmp_path / "red.png").unlink()
            assert wait_for(tmp_path, 1) == 1
        finally:
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=30)
    assert "1 added" in out
    assert "1 removed" in out
    assert process.returncode in {0, 130}
