"""The command line as a process of its own: signals, kills, pipes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.kills import index, kill_again_and_again, paint_pictures

ILK = [sys.executable, "-m", "ilk"]


def test_kills_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    """After SIGKILL at random moments every restart goes on, and the rows are those of an undisturbed run."""
    outcome = kill_again_and_again(tmp_path, pictures=400, kills=5, seed=1)
    assert outcome.same_rows
    assert outcome.rows == outcome.numbers_given == 400
    assert outcome.kills > 0


def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(tmp_path: Path) -> None:
    """Interrupted while at work, it commits the batch, ends with 130, and the next run does only the rest."""
    paint_pictures(tmp_path / "pictures", 1200, seed=2)
    gallery = tmp_path / "g.ilk"
    process = subprocess.Popen(
        [*ILK, "index", str(tmp_path / "pictures"), "--gallery", str(gallery), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: (gallery / "gallery.sqlite-wal").exists() and (gallery / "gallery.sqlite-wal").stat().st_size > 0)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "goes on from here" in err
    report = json.loads(out)
    assert report["interrupted"]
    assert report["added"] == report["items"] < 1200
    rest = index(tmp_path / "pictures", gallery)
    assert rest.wait(timeout=120) == 0
    rest.communicate()
    with_all = subprocess.run(
        [*ILK, "info", "--gallery", str(gallery), "--json"], capture_output=True, text=True, check=True
    )
    assert json.loads(with_all.stdout)["items"] == 1200


def wait_for(happened: object, *, timeout_s: float = 60) -> None:
    """Look again and again until it has happened."""
    assert callable(happened)
    end = time.monotonic() + timeout_s
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    """`ilk search … --paths | head -1` ends quietly."""
    paint_pictures(tmp_path, 50, seed=3)
    subprocess.run([*ILK, "index", str(tmp_path), "--quiet"], check=True, capture_output=True)
    search = subprocess.Popen(
        [*ILK, "search", "red", "--gallery", str(tmp_path), "-k", "50", "--paths"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert search.stdout is not None
    assert search.stderr is not None
    search.stdout.close()
    assert search.stderr.read() == b""
    search.stderr.close()
    assert search.wait(timeout=60) in {0, 1}
