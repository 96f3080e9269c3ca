"""``ilk search``: ask."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ilk.cli.looking import Views, view_options
from ilk.cli.options import compute_of, compute_options, gallery_option, json_option, model_option
from ilk.cli.output import NOTHING_FOUND, complain, places_in, print_hits, print_json
from ilk.cli.searching import how, query_of, say_plan, search_options

if TYPE_CHECKING:
    from ilk.gallery import Gallery
    from ilk.records import Hits


@click.command()
@click.argument("query", nargs=-1)
@gallery_option
@model_option
@search_options
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
    show: str,
    sheet: Path | None,
    html: Path | None,
    device: str | None,
    precision: str | None,
    as_json: bool,
    paths: bool,
    print0: bool,
    explain: bool,
    **options: Any,
) -> None:
    """Find pictures by words, by example, or by both.

    QUERY is words, the path or the URL of a picture, or item:ID; or several of these joined by + and -, each with a
    weight if you like. Behind a picture or an item, @ and left,top,width,height mean that part of it, in percent or
    in pixels:

    \b
        ilk search red bicycle
        ilk search beach.jpg
        ilk search beach + 2:sunset.jpg - people
        ilk search street.jpg@50%,0%,50%,100%
        ilk search "a lake" --where 'year >= 2020' --min-relevance 0.2
    """
    from ilk.opening import open_gallery

    # One question has no products worth sharing, and threads that wait for some spin: a tenth of a cold search.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    views = Views(show=show, sheet=sheet, html=html, plain=as_json or paths or print0)
    views.check()
    with open_gallery(gallery, compute=compute_of(device, precision)) as opened:
        asked = query_of(query, options["more"])
        if not query:
            options["more"] = ()
        hits = opened.search(asked, model=model, **how(**options))
        views.show_pictures(hits)
        if as_json:
            print_json(hits.to_dict(explain=explain))
        elif paths or print0:
            _print_paths(hits, opened, end=b"\0" if print0 else b"\n")
        else:
            print_hits(hits, path_of=places_in(opened))
        views.write(hits, path_of=places_in(opened))
        if explain and not as_json:
            say_plan(hits)
        if missing := opened.unencoded(model) if options["space"] == "image" else 0:
            complain(
                f"{missing:,} pictures have no vector of the model {hits.model} yet and were not searched: "
                f"run `ilk index FOLDER --model {hits.model}`."
            )
    if not as_json and (said := hits.note or ("" if hits else "Nothing found.")):
        complain(said)
    if not hits:
        sys.exit(NOTHING_FOUND)


def _print_paths(hits: Hits, gallery: Gallery, *, end: bytes) -> None:
    """As short as each can be said from the working directory; absolute outside of it. A URL is printed as it is.

    A member of an archive follows its archive's path: ``shards/a.tar!/beach.jpg``.
    """
    here, path_of = Path.cwd(), places_in(gallery)
    for hit in hits:
        path = path_of(hit.uri)
        short = path.relative_to(here) if path.is_relative_to(here) else path
        said = hit.uri if "://" in hit.uri else short
        sys.stdout.buffer.write(os.fsencode(said) + end)
    sys.stdout.buffer.flush()
