"""``ilk check``: is everything as it should be."""

from __future__ import annotations

import sys

import typer

from ilk.cli.options import GalleryOption, JsonOption

DAMAGED = 3


def check(*, gallery: GalleryOption = None, json: JsonOption = False) -> None:
    """Read a whole gallery and name everything in it that does not agree."""
    from ilk.gallery import open_gallery

    with open_gallery(gallery) as opened:
        problems = opened.check()
        count = len(opened)
    if json:
        from json import dumps

        print(dumps({"ok": not problems, "items": count, "problems": list(problems)}, ensure_ascii=False))
    elif problems:
        print("\n".join(problems))
    else:
        print(f"All is well with {count:,} items.")
    if problems:
        sys.stdout.flush()
        raise typer.Exit(DAMAGED)
