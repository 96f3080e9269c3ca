"""Whole processes over folders of pictures, timed in turn: ilk, and the rivals that could be installed."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import environments, rclip_files
from benchmarks.environments import CLIP_RETRIEVAL, RCLIP

CHECKPOINT, ONNX, POCKET = "ilk, checkpoint", "ilk, ONNX", "ilk, pocket"
OURS = (ONNX, CHECKPOINT)
"""The same weights, each in the precision that ilk picks: as files, which rclip has, and as clip-retrieval has them."""


@dataclass(kw_only=True)
class Bench:
    """What is run over what.

    Attributes
    ----------
    place
        Where checkpoints and pictures are.
    interpreters
        Of the rivals that could be installed.
    checkpoint
        For clip-retrieval.
    models
        What ilk is given, by the names of `OURS`.
    aside
        For what runs leave; emptied before each.
    computed_by
        What ran each of `OURS` when its vectors were taken.
    """

    place: Path
    interpreters: dict[str, Path]
    checkpoint: Path
    models: dict[str, str]
    aside: Path
    computed_by: dict[str, str] = field(default_factory=dict)
    runs: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    processor_s: dict[str, dict[str, list[float]]] = field(default_factory=dict)

    def commands(self) -> dict[str, Callable[[Path], float]]:
        """What takes how many seconds over a folder, by name."""
        found: dict[str, Callable[[Path], float]] = {
            **{name: lambda folder, model=model: self._ilk(folder, model) for name, model in self.models.items()},  # type: ignore[misc]
            POCKET: lambda folder: self._ilk(folder, "pocket"),
        }
        if RCLIP in self.interpreters:
            found[RCLIP] = self._rclip
        if CLIP_RETRIEVAL in self.interpreters:
            found[CLIP_RETRIEVAL] = self._clip_retrieval
        return found

    def run_all(self, sizes: list[str], *, repeat: int, slow_repeat: int) -> None:
        """All commands over all folders, in turn; the first time over one picture, which also fills the caches."""
        one = self.place / "one"
        one.mkdir(exist_ok=True)
        shutil.copyfile(min(self.place.joinpath(sizes[0]).glob("*.jpg")), one / "one.jpg")
        for number in range(repeat + 1):
            for size in ("one", *sizes) if number else ("one",):
                for name, command in self.commands().items():
                    if name == CLIP_RETRIEVAL and number > max(1, slow_repeat):
                        continue
                    before = os.times()
                    took_s = command(self.place / size)
                    after = os.times()
                    self.runs.setdefault(size, {}).setdefault(name, []).append(took_s)
                    self.processor_s.setdefault(size, {}).setdefault(name, []).append(
                        after.children_user + after.children_system - before.children_user - before.children_system
                    )
                    rate = self.count(size) / took_s
                    print(f"{size:8} {name:16} {took_s:8.1f} s {rate:8.1f} pictures/s", file=sys.stderr, flush=True)

    def count(self, size: str) -> int:
        """How many pictures there are."""
        return len(list((self.place / size).glob("*.jpg")))

    def rows(self, size: str, name: str) -> dict[str, Any]:
        """The vectors that ilk makes of a folder, by the names of the files."""
        import ilk

        command = self._ilk_command(self.place / size, self.models[name])
        done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True)
        self.computed_by[name] = json.loads(done.stdout)["computed_by"]
        with ilk.open(self.aside / "gallery") as gallery:
            found = gallery.store.vectors(list(gallery.store.ids()), gallery.store.spaces()[0])
        return {Path(name).name: row for name, row in found.items()}

    def rclip_rows(self, size: str) -> dict[str, Any]:
        """Those of rclip, which are already normalised."""
        self._rclip(self.place / size)
        with sqlite3.connect(self.place / "rclip" / "db.sqlite3") as database:
            rows = database.execute("SELECT filepath, vector FROM images").fetchall()
        return {Path(name).name: np.frombuffer(vector, np.float32) for name, vector in rows}

    def _ilk(self, folder: Path, model: str) -> float:
        return self._timed([*self._ilk_command(folder, model), "--quiet"])

    def _ilk_command(self, folder: Path, model: str) -> list[str]:
        gallery = ["--gallery", str(self._emptied() / "gallery")]
        return [sys.executable, "-m", "ilk", "index", str(folder), "--model", model, *gallery]

    def _rclip(self, folder: Path) -> float:
        data = self.place / "rclip"
        rclip_files.forget_index(data)
        command = environments.rclip_command(self.interpreters[RCLIP])
        return self._timed(command, cwd=folder, env=os.environ | {"RCLIP_DATADIR": str(data)})

    def _clip_retrieval(self, folder: Path) -> float:
        checkpoint = self.checkpoint
        python = self.interpreters[CLIP_RETRIEVAL]
        output = self._emptied() / "embeddings"
        took_s = self._timed(environments.clip_retrieval_command(python, checkpoint, folder, output))
        (embeddings,) = output.glob("img_emb/*.npy")
        if len(np.load(embeddings)) != len(list(folder.glob("*.jpg"))):
            raise SystemExit(f"clip-retrieval left out pictures of {folder}.")
        return took_s

    def _emptied(self) -> Path:
        shutil.rmtree(self.aside, ignore_errors=True)
        self.aside.mkdir(parents=True)
        return self.aside

    def _timed(self, command: list[str], **settings: Any) -> float:
        started = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=False, **settings)
        took_s = time.perf_counter() - started
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(command[:4])} ended with {done.returncode}: {done.stderr[-2000:]}")
        return took_s
