"""Epochs that survive being cut off: a checkpoint and a line of CSV after each.

Every epoch draws its chance from the seed, the stage's name and its own number, so that a run that was
killed and started again ends with the same weights as one that was not.
"""

from __future__ import annotations

import csv
import hashlib
import time
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch


class Stage(Protocol):
    """Something that is trained epoch by epoch."""

    name: str
    epochs: int

    def train_epoch(self, epoch: int) -> dict[str, float]:
        """Train one epoch and return what to log."""

    def state_dict(self) -> dict[str, Any]:
        """Return everything that ``load_state_dict`` needs."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""


def run_stage(stage: Stage, folder: Path) -> None:
    """Train a stage to its end, from where it was left.

    Parameters
    ----------
    stage
        What to train.
    folder
        Where ``NAME.pt`` (the checkpoint) and ``NAME.csv`` (the log) are kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint, log = folder / f"{stage.name}.pt", folder / f"{stage.name}.csv"
    rows: list[dict[str, float]] = []
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=False)
        stage.load_state_dict(saved["stage"])
        rows = saved["rows"]
    for epoch in range(len(rows), stage.epochs):
        began = time.perf_counter()
        row = {"epoch": epoch + 1.0, **stage.train_epoch(epoch)}
        rows.append({**row, "took_s": round(time.perf_counter() - began, 1)})
        write_atomically(checkpoint, {"stage": stage.state_dict(), "rows": rows})
        write_rows(log, rows)


def write_atomically(path: Path, state: dict[str, Any]) -> None:
    """Save a state so that a kill leaves the old file or the new one, never half of one.

    Parameters
    ----------
    path
        Where to.
    state
        What ``torch.save`` takes.
    """
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(path)


def write_rows(path: Path, rows: list[dict[str, float]]) -> None:
    """Write a log as CSV.

    Parameters
    ----------
    path
        Where to.
    rows
        One for each epoch.
    """
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, columns)
        writer.writeheader()
        writer.writerows({k: round(v, 5) for k, v in row.items()} for row in rows)


def seeded(seed: int, *names: object) -> np.random.Generator:
    """Return a source of chance of its own for each purpose; torch is seeded with the same.

    Parameters
    ----------
    seed
        Of the run.
    names
        Stage, epoch, purpose.

    Returns
    -------
    numpy.random.Generator
        The same for the same arguments on every machine.
    """
    digest = hashlib.sha256(repr((seed, *names)).encode()).digest()
    number = int.from_bytes(digest[:7], "little")
    torch.manual_seed(number)
    return np.random.default_rng(number)
