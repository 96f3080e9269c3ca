"""``ilk remove``: take items out of a gallery."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from ilk.cli.options import GalleryOption, JsonOption

NOTHING_FOUND = 1


def remove(
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Ids, as search prints them.", show_default=False)],
    *,
    gallery: GalleryOption = None,
    json: JsonOption = False,
) -> None:
    """Take items out of the gallery. The pictures are left alone, and come back when they are indexed again."""
    from ilk.gallery import open_gallery

    with open_gallery(gallery) as opened:
        removed = opened.remove(ids)
        left = len(opened)
    if json:
        from json import dumps

        print(dumps({"removed": removed, "items": left}))
    else:
        print(f"Removed {removed:,}; {left:,} left.")
    if missing := len(set(ids)) - removed:
        sys.stderr.write(f"ilk: {missing:,} of these ids are not in the gallery.\n")
    if not removed:
        raise typer.Exit(NOTHING_FOUND)
