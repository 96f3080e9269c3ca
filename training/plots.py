"""The logs of the stages as one picture."""

from __future__ import annotations

import csv
from pathlib import Path

STAGES = ("text", "picture", "joint", "settle")


def plot_logs(build: Path) -> Path:
    """Draw loss and measurements of each stage over its epochs.

    Parameters
    ----------
    build
        Where the logs are.

    Returns
    -------
    Path
        The picture, ``training.png`` in the same folder.
    """
    from matplotlib.figure import Figure

    logs = {name: _read(build / f"{name}.csv") for name in STAGES if (build / f"{name}.csv").exists()}
    figure = Figure(figsize=(4.2 * max(1, len(logs)), 6), layout="constrained")
    axes = figure.subplots(2, max(1, len(logs)), squeeze=False)
    for column, (stage, log) in enumerate(logs.items()):
        top, bottom = axes[0, column], axes[1, column]
        for name, values in log.items():
            if name in {"epoch", "took_s", "px"}:
                continue
            measured = name.startswith(("r@", "cosine"))
            scale = 100 if name == "cosine" else 1
            (bottom if measured else top).plot(log["epoch"], [v * scale for v in values], marker=".", label=name)
        top.set_title(stage)
        top.set_ylabel("loss")
        bottom.set_ylabel("kept-out pictures, %")
        bottom.set_xlabel("epoch")
        for axis in (top, bottom):
            axis.grid(alpha=0.3)
            axis.legend(fontsize="small")
    path = build / "training.png"
    figure.savefig(path, dpi=110)
    return path


def _read(path: Path) -> dict[str, list[float]]:
    with path.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    return {name: [float(row[name]) for row in rows] for name in rows[0]}
