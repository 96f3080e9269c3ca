"""A thousand odd and broken files through the whole of ``ilk index``, and a disk that is full."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.kills import paint_pictures

from ilk.pictures import SUFFIXES

INDEX = """
import atexit, pathlib, sys
from ilk.cli import main
def tell():
    # Of this program alone: what getrusage says begins with what the process that started it had.
    status = pathlib.Path("/proc/self/status").read_text()
    print("VmHWM", status.split("VmHWM:")[1].split()[0], file=sys.stderr)
atexit.register(tell)
main()
"""


def ilk(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    command = [sys.executable, "-m", "ilk", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured as Linux does")
def test_a_thousand_hostile_files_in_one_run(shared_data: Path, tmp_path: Path) -> None:
    """No crash, no hang, little memory, exit 3; every file is an item or a failure with its reason."""
    folder, gallery = shared_data / "hostile", tmp_path / "hostile.ilk"
    code = [sys.executable, "-c", INDEX, "index", str(folder), "--gallery", str(gallery), "--json"]
    run = subprocess.run(code, capture_output=True, text=True, timeout=300, check=False)
    assert "VmHWM" in run.stderr
    run.stderr, _, peak = run.stderr.rpartition("VmHWM ")
    peak_bytes = int(peak) * 1024
    assert run.returncode == 3, run.stderr
    assert run.stderr == ""
    assert peak_bytes < 1.5e9
    report = json.loads(run.stdout)
    pictures = [path for path in folder.rglob("*") if path.is_file() and path.suffix.lower() in SUFFIXES]
    assert report["added"] + report["failed"] == len(pictures)
    assert report["added"] >= 850
    assert all(failure["reason"] and failure["message"] for failure in report["failures"])
    check = ilk("check", "--gallery", gallery)
    assert check.returncode == 0, check.stdout


def test_a_full_disk_keeps_what_is_done(tmp_path: Path) -> None:
    """It ends in one sentence; with room again, the same command goes on."""
    paint_pictures(tmp_path / "pictures", 800, seed=4)
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(disk)]
    if os.name != "posix" or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk cannot be mounted here")
    try:
        index = ("index", tmp_path / "pictures", "--gallery", disk / "g.ilk", "--json")
        full = ilk(*index)
        assert (full.returncode, full.stderr.count("\n")) == (2, 1), full.stderr
        assert "full" in full.stderr
        subprocess.run(["mount", "-o", "remount,size=20m", str(disk)], check=True)
        more = ilk(*index)
        report = json.loads(more.stdout)
        assert more.returncode == 0, more.stderr
        assert report["items"] == 800
        assert report["unchanged"] > 0
        check = ilk("check", "--gallery", disk / "g.ilk")
        assert check.returncode == 0, check.stdout
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
