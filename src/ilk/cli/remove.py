"""``ilk remove``: take items out of a gallery."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ilk.cli.options import gallery_option, json_option
from ilk.cli.output import NOTHING_FOUND, complain, print_json


@click.command(short_help="Take items out of a gallery, by their ids.")
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@gallery_option
@json_option
def remove(ids: tuple[str, ...], *, gallery: Path | None, as_json: bool) -> None:
    """Take items out of the gallery, by the ids that search prints.

    The pictures are left alone, and come back when their folder is indexed again.
    """
    from ilk.opening import open_gallery

    with open_gallery(gallery) as opened:
        removed = opened.remove(ids)
        left = len(opened)
    if as_json:
        print_json({"removed": removed, "items": left})
    else:
        print(f"Removed {removed:,}; {left:,} left.")
    if missing := len(set(ids)) - removed:
        complain(f"{missing:,} of these ids {'is' if missing == 1 else 'are'} not in the gallery.")
    if not removed:
        sys.exit(NOTHING_FOUND)
