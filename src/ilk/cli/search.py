"""``ilk search``: ask."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ilk.cli.looking import Views, view_options
from ilk.cli.options import compute_of, compute_options, gallery_option, json_option, model_option
from ilk.cli.output import NOTHING_FOUND, complain, print_hits, print_json

if TYPE_CHECKING:
    from ilk.gallery import Gallery
    from ilk.records import Hits, SpaceName


@click.command()
@click.argument("query", nargs=-1, required=True)
@gallery_option
@model_option
@click.option("-k", metavar="N", type=click.IntRange(min=1), default=10, show_default=True, help="How many hits.")
@click.option(
    "--offset",
    metavar="N",
    type=click.IntRange(min=0),
    default=0,
    help="Pass over so many better ones: with -k 10 the second page begins at 10.",
)
@click.option(
    "--min-similarity",
    metavar="COSINE",
    type=click.FloatRange(-1, 1),
    help="Leave out hits below this. What is a high value depends on the model.",
)
@click.option(
    "--in",
    "space",
    type=click.Choice(["image", "caption"]),
    default="image",
    show_default=True,
    help="Compare with the pictures, or with what is said of them (made by `ilk index --captions`).",
)
@view_options
@compute_options
@json_option
@click.option("--paths", is_flag=True, help="Print only paths, one a line.")
@click.option("--print0", is_flag=True, help="Print only paths, each ended by NUL, for xargs -0.")
def search(
    query: tuple[str, ...],
    *,
    gallery: Path | None,
    model: str | None,
    k: int,
    offset: int,
    min_similarity: float | None,
    space: SpaceName,
    show: str,
    sheet: Path | None,
    html: Path | None,
    device: str | None,
    precision: str | None,
    as_json: bool,
    paths: bool,
    print0: bool,
) -> None:
    """Find pictures by words, by example, or by both.

    QUERY is words, the path of a picture, or item:ID; or several of these joined by + and -, each with a weight if
    you like:

    \b
        ilk search red bicycle
        ilk search beach.jpg
        ilk search beach + 2:sunset.jpg - people
    """
    from ilk.opening import open_gallery
    from ilk.query import parse

    views = Views(show=show, sheet=sheet, html=html, plain=as_json or paths or print0)
    views.check()
    with open_gallery(gallery, compute=compute_of(device, precision)) as opened:
        hits = opened.search(parse(query), k=k, offset=offset, min_similarity=min_similarity, model=model, space=space)
        views.show_pictures(hits)
        if as_json:
            print_json(hits.to_dict())
        elif paths or print0:
            _print_paths(hits, opened, end=b"\0" if print0 else b"\n")
        else:
            print_hits(hits, path_of=opened.path)
        views.write(hits, path_of=opened.path)
        if missing := opened.unencoded(model) if space == "image" else 0:
            complain(
                f"{missing:,} pictures have no vector of the model {hits.model} yet and were not searched: "
                f"run `ilk index FOLDER --model {hits.model}`."
            )
    if not hits:
        if not as_json:
            complain(hits.note or "Nothing found.")
        sys.exit(NOTHING_FOUND)


def _print_paths(hits: Hits, gallery: Gallery, *, end: bytes) -> None:
    """As short as each can be said from the working directory; absolute outside of it."""
    here = Path.cwd()
    for hit in hits:
        path = gallery.path(hit.uri)
        said = path.relative_to(here) if path.is_relative_to(here) else path
        sys.stdout.buffer.write(os.fsencode(said) + end)
    sys.stdout.buffer.flush()
