"""``ilk remove``: take items out of a gallery, or the vectors of a model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ilk.cli.options import gallery_option, json_option
from ilk.cli.output import NOTHING_FOUND, complain, print_json

if TYPE_CHECKING:
    from ilk.gallery import Gallery


@click.command(short_help="Take items out of a gallery, or a model's vectors.")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option(
    "--model",
    "-m",
    metavar="NAME",
    help="Take out this model's vectors instead, and give their disk space back. Of several versions of it, the number "
    "that `ilk info` shows after the name says which.",
)
@gallery_option
@json_option
def remove(ids: tuple[str, ...], *, model: str | None, gallery: Path | None, as_json: bool) -> None:
    """Take items out of the gallery, by the ids that search prints; or with --model the vectors of one model.

    The pictures are left alone, and come back when their folder is indexed again.
    """
    from ilk.errors import InputError
    from ilk.opening import open_gallery

    if bool(ids) == (model is not None):
        raise InputError("Name what to remove: items by their ids, or with --model a model whose vectors are to go.")
    with open_gallery(gallery) as opened:
        if model is not None:
            _remove_model(opened, model, as_json=as_json)
            return
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


def _remove_model(opened: Gallery, model: str, *, as_json: bool) -> None:
    before = opened.info()
    removed = opened.remove_model(model)
    after = opened.info()
    freed = before.size_bytes - after.size_bytes
    default = opened.store.default_model
    if as_json:
        print_json({"vectors": removed, "freed_bytes": freed, "items": after.items, "model": default})
        return
    from ilk.render.terminal import size_text, visible

    left = ", ".join(dict.fromkeys(state.space.model for state in after.spaces))
    print(
        visible(f"Removed {removed:,} vectors: the gallery is {size_text(max(freed, 0))} smaller. It has {left} left.")
    )
