"""The program: ``make`` trains and exports, ``evaluate`` and ``compare`` measure it, ``plot`` draws the logs."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # Before torch is imported: see training.halves.

SHIPPED = Path("src/ilk/encoders/pocket")


def main() -> None:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(prog="python -m training", description="Train and measure pocket.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb, said in (
        ("make", "train from random weights to exported files; goes on where it was cut off"),
        ("evaluate", "measure the exported files on what they never saw"),
        ("compare", "measure how far the whole numbers of the picture tower are from its float32"),
        ("plot", "draw the logs of the stages"),
    ):
        one = verbs.add_parser(verb, help=said)
        one.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the sources")
        one.add_argument("--build", type=Path, default=Path("build/pocket"), help="arrays, checkpoints and logs")
        one.add_argument("--model", type=Path, default=SHIPPED, help="folder of the exported files")
        one.add_argument("--json", type=Path, help="evaluate and compare: also write the measurements here")
    asked = parser.parse_args()
    if asked.verb == "make":
        from training.recipe import make_pocket

        make_pocket(asked.data, asked.build, asked.model)
    elif asked.verb == "evaluate":
        from training.report import measure_everything

        _tell(measure_everything(asked.model, asked.data), asked.json)
    elif asked.verb == "compare":
        from training.comparison import compare_roundings

        _tell(compare_roundings(asked.model, asked.data, asked.build), asked.json)
    else:
        from training.plots import plot_logs

        print(plot_logs(asked.build))


def _tell(found: dict[str, Any], path: Path | None) -> None:
    text = json.dumps(found, indent=2)
    print(text)
    if path is not None:
        path.write_text(text + "\n", encoding="utf-8")


main()
