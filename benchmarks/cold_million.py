"""How long a person waits for `ilk search` over a million pictures, the whole process, and how much memory it takes.

    python -m benchmarks.cold_million --keep DIRECTORY --envs DIRECTORY [--items 1000000] [--repeat 7] [--json FILE]

Two questions, each answered by processes run in turn, with their files in the page cache:

- With `pocket`: a search over a million items beside one over a thousand.
- With a text tower of the shape of ViT-B/32 (random weights, ONNX): a search over a million beside `rclip -n` over a
  hundred thousand, which has a tower of the same shape. Without ``--envs`` this half is left out, and says so.

Time is the least of the runs, since all that can be added to it is other work of the machine; memory is the most that
a run had resident, which counts the pages of mapped files that it touched. Of a file that was written just before, some
systems map megabytes at a time, and count them all; once it was read anew they map it in smaller pieces.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import environments, rclip_files
from benchmarks.checkpoints import write_clip
from benchmarks.cold_search import installed
from benchmarks.crowded import write_gallery, write_rclip_index
from benchmarks.rivals import MERGES
from ilk.encoders import load_encoder
from ilk.models import space_of

FEW = 1_000
RCLIP_ROWS = 100_000
LOOK_S = 0.003
"""Between two looks at a process's memory, and what its time may be off."""

WORDS = "two people on a beach"


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one process took."""

    took_s: float
    peak_mb: float


def run(command: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> Run:
    """Run a process to its end; one that fails ends the benchmark."""
    started = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT, cwd=cwd, env=env)
        peak_mb = 0.0
        while process.poll() is None:
            peak_mb = max(peak_mb, _peak_mb(process.pid))
            time.sleep(LOOK_S)
        took_s = time.perf_counter() - started
        if process.returncode != 0:
            said.seek(0)
            raise SystemExit(f"{command[:4]} ended with {process.returncode}: {said.read()[-2000:]!r}")
    return Run(took_s=took_s, peak_mb=peak_mb)


def _peak_mb(pid: int) -> float:
    """The most that a program had resident so far; the count at its end includes what it was forked from."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def search(gallery: Path, *options: str) -> list[str]:
    """The command that a person types."""
    return [str(Path(sys.executable).with_name("ilk")), "search", WORDS, "--gallery", str(gallery), *options]


def best(runs: Sequence[Run]) -> dict[str, Any]:
    """The least time and the greatest memory."""
    return {
        "took_s": round(min(each.took_s for each in runs), 3),
        "peak_mb": round(max(each.peak_mb for each in runs)),
        "all_s": [round(each.took_s, 3) for each in runs],
    }


def measure(keep: Path, envs: Path | None, *, merges: Path, items: int, repeat: int) -> dict[str, Any]:
    """Make what is not there yet, then time everything in turn."""
    keep.mkdir(parents=True, exist_ok=True)
    pocket = space_of(load_encoder("pocket"))
    version = pocket.digest[:8]  # a gallery of another one's vectors cannot be asked
    few = write_gallery(keep / f"pocket-{version}-{FEW}.ilk", FEW, pocket)
    many = write_gallery(keep / f"pocket-{version}-{items}.ilk", items, pocket)
    commands: dict[str, tuple[list[str], Path | None, dict[str, str] | None]] = {
        f"ilk, pocket, {FEW:,}": (search(few), None, None),
        f"ilk, pocket, {items:,}": (search(many), None, None),
    }
    if envs is not None:
        commands |= _clip(keep, envs, merges, items)
    compiled = installed(keep)
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for number in range(repeat + 1):
        for name, (command, cwd, env) in commands.items():
            taken = run(command, cwd=cwd, env=compiled | (env or {}))
            if number:  # the first fills the page cache
                runs[name].append(taken)
    found: dict[str, Any] = {name: best(each) for name, each in runs.items()}
    names = list(found)
    found["ratio_many_to_few"] = round(found[names[1]]["took_s"] / found[names[0]]["took_s"], 2)
    if envs is not None:
        ours, theirs = found[names[2]], found[names[3]]
        found["ratio_of_time_to_rclip"] = round(ours["took_s"] / theirs["took_s"], 2)
        found["ratio_of_memory_to_rclip"] = round(ours["peak_mb"] / theirs["peak_mb"], 2)
    return found | {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "date": time.strftime("%Y-%m-%d"),
    }


def _clip(
    keep: Path, envs: Path, merges: Path, items: int
) -> dict[str, tuple[list[str], Path | None, dict[str, str] | None]]:
    checkpoint = write_clip(keep / "clip-256", side=rclip_files.SIDE, activation=rclip_files.ACTIVATION, merges=merges)
    exported = keep / "clip-256-onnx"
    if not exported.exists():
        ilk = str(Path(sys.executable).with_name("ilk"))
        subprocess.run([ilk, "models", "export", str(checkpoint), str(exported)], check=True)
    gallery = write_gallery(keep / f"clip-{items}.ilk", items, space_of(load_encoder(str(exported))))
    data = rclip_files.write_rclip(keep / "rclip", checkpoint, merges)
    folder = keep / "rclip-pictures"
    folder.mkdir(exist_ok=True)
    rclip_files.forget_index(data)
    write_rclip_index(data / "db.sqlite3", folder, RCLIP_ROWS, 512)
    python = environments.installed(environments.RCLIP, envs)
    theirs = [str(python), "-m", "rclip", "--no-indexing", "--top", "10", "--filepath-only", WORDS]
    return {
        f"ilk, ViT-B/32, {items:,}": (search(gallery), None, None),
        f"rclip -n, {RCLIP_ROWS:,}": (theirs, folder, {"RCLIP_DATADIR": str(data)}),
    }


def main() -> None:
    """Read the options, run, print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, help="where galleries are made, and found again")
    parser.add_argument("--envs", type=Path, help="where environments of rivals are made, and found again")
    parser.add_argument("--merges", type=Path, default=MERGES, help="OpenAI's bpe_simple_vocab_16e6.txt.gz")
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    keep = options.keep or Path(tempfile.mkdtemp())
    try:
        measured = measure(keep, options.envs, merges=options.merges, items=options.items, repeat=options.repeat)
        found = json.dumps(measured, indent=2)
    finally:
        if options.keep is None:
            shutil.rmtree(keep)
    print(found)
    if options.json:
        options.json.write_text(found + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
