"""The program: ``make`` trains and exports, ``evaluate`` measures what is shipped, ``plot`` draws the logs."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # Before torch is imported: see training.halves.

SHIPPED = Path("src/ilk/encoders/pocket")


def main() -> None:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(prog="python -m training", description="Train and measure pocket.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb, said in (
        ("make", "train from random weights to exported files; goes on where it was cut off"),
        ("evaluate", "measure the exported files on what they never saw"),
        ("plot", "draw the logs of the stages"),
    ):
        one = verbs.add_parser(verb, help=said)
        one.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the sources")
        one.add_argument("--build", type=Path, default=Path("build/pocket"), help="arrays, checkpoints and logs")
        one.add_argument("--model", type=Path, default=SHIPPED, help="folder of the exported files")
        one.add_argument("--json", type=Path, help="evaluate: also write the measurements here")
    asked = parser.parse_args()
    if asked.verb == "make":
        from training.recipe import make_pocket

        make_pocket(asked.data, asked.build, asked.model)
    elif asked.verb == "evaluate":
        from training.report import measure_everything

        text = json.dumps(measure_everything(asked.model, asked.data), indent=2)
        print(text)
        if asked.json:
            asked.json.write_text(text + "\n", encoding="utf-8")
    else:
        from training.plots import plot_logs

        print(plot_logs(asked.build))


main()
