"""``ilk check``: is everything as it should be."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ilk.cli.options import gallery_option, json_option
from ilk.cli.output import PARTLY_DONE, print_json


@click.command(short_help="Read a gallery whole and name everything that is wrong.")
@gallery_option
@json_option
def check(*, gallery: Path | None, as_json: bool) -> None:
    """Read a whole gallery and name everything in it that does not agree."""
    from ilk.opening import open_gallery

    with open_gallery(gallery) as opened:
        problems = opened.check()
        count = len(opened)
    if as_json:
        print_json({"ok": not problems, "items": count, "problems": list(problems)})
    else:
        print("\n".join(problems) or f"All is well with {count:,} items.")
    if problems:
        sys.exit(PARTLY_DONE)
