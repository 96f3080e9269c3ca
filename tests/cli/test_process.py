"""The command line as a process of its own: signals, kills, pipes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from benchmarks.kills import SOURCES, index, kill_again_and_again, paint_pictures

from ilk.cli.stopping import stoppable

ILK = [sys.executable, "-m", "ilk"]


@pytest.mark.parametrize("source", SOURCES)
def test_kills_lose_nothing_and_repeat_nothing(source: str, tmp_path: Path) -> None:
    """Stopped at random moments, every restart goes on, and the rows are those of an undisturbed run."""
    outcome = kill_again_and_again(source, tmp_path, pictures=400, kills=5, seed=1)
    assert outcome.same_rows
    assert outcome.rows == outcome.numbers_given == 400
    assert outcome.kills > 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(tmp_path: Path, number: signal.Signals) -> None:
    """Asked to stop while at work, it commits the batch, says so by its exit code, and the next run does the rest."""
    paint_pictures(tmp_path / "pictures", 1200, seed=2)
    gallery = tmp_path / "g.ilk"
    process = at_work(tmp_path / "pictures", gallery)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number, err
    assert err.startswith("Finishing the batch."), "without a blank line before it, which only a terminal needs"
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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_exit_code_tells_the_signal(number: signal.Signals) -> None:
    """130 for Ctrl-C, 143 for a polite kill, as shells count; afterwards signals are handled as before."""
    before = signal.getsignal(number)
    with stoppable() as stop:
        assert not stop.is_set()
        signal.raise_signal(number)
        assert stop.is_set()
        assert stop.exit_code == 128 + number
    assert signal.getsignal(number) is before


def test_a_second_ctrl_c_stops_at_once(tmp_path: Path) -> None:
    """Without waiting for the batch and without a traceback; the gallery is whole."""
    paint_pictures(tmp_path / "pictures", 1200, seed=3)
    gallery = tmp_path / "g.ilk"
    process = at_work(tmp_path / "pictures", gallery)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    assert process.stderr.readline().startswith("Finishing")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    subprocess.run([*ILK, "check", "--gallery", str(gallery)], capture_output=True, check=True)


def test_an_ignored_ctrl_c_stays_ignored(tmp_path: Path) -> None:
    """As a shell has it for what a script starts with `&`: it goes on to the end."""
    paint_pictures(tmp_path / "pictures", 300, seed=4)
    gallery = tmp_path / "g.ilk"
    process = at_work(tmp_path / "pictures", gallery, through=["sh", "-c", 'trap "" INT; exec "$@"', "sh"])
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert json.loads(out)["items"] == 300


def at_work(pictures: Path, gallery: Path, *, through: Sequence[str] = ()) -> subprocess.Popen[str]:
    """Start `ilk index` and wait until it has written something."""
    process = subprocess.Popen(
        [*through, *ILK, "index", str(pictures), "--gallery", str(gallery), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: (gallery / "gallery.sqlite-wal").exists() and (gallery / "gallery.sqlite-wal").stat().st_size > 0)
    return process


def wait_for(happened: object, *, timeout_s: float = 60) -> None:
    """Look again and again until it has happened."""
    assert callable(happened)
    end = time.monotonic() + timeout_s
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)
