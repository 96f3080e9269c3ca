"""``ilk search``: ask."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ilk.cli.options import GalleryOption, JsonOption, ModelOption

if TYPE_CHECKING:
    from ilk.gallery import Gallery
    from ilk.records import Hits

NOTHING_FOUND = 1


def search(
    query: Annotated[
        list[str],
        typer.Argument(
            help="Words, the path of a picture, or item:ID; several terms joined by + and -, each with an optional "
            'weight: "beach" + 2:sunset.jpg - "people".',
            show_default=False,
        ),
    ],
    *,
    gallery: GalleryOption = None,
    model: ModelOption = None,
    k: Annotated[int, typer.Option("-k", metavar="N", min=1, help="How many hits.")] = 10,
    min_similarity: Annotated[
        float | None,
        typer.Option(
            "--min-similarity",
            metavar="COSINE",
            min=-1.0,
            max=1.0,
            help="Leave out hits below this. What is a high value depends on the model.",
            show_default=False,
        ),
    ] = None,
    json: JsonOption = False,
    paths: Annotated[bool, typer.Option("--paths", help="Print only paths, one a line.")] = False,
    print0: Annotated[
        bool, typer.Option("--print0", help="Print only paths, each ended by NUL, for xargs -0.")
    ] = False,
) -> None:
    """Find pictures by words, by example, or by both."""
    from ilk import query as queries
    from ilk.gallery import open_gallery

    with open_gallery(gallery) as opened:
        hits = opened.search(queries.parse(query), k=k, min_similarity=min_similarity, model=model)
        if json:
            from json import dumps

            print(dumps(hits.to_dict(), ensure_ascii=False))
        elif paths or print0:
            end = b"\0" if print0 else b"\n"
            for hit in hits:
                sys.stdout.buffer.write(os.fsencode(_from_here(opened.path(hit.uri))) + end)
            sys.stdout.buffer.flush()
        else:
            _show(hits, opened)
    if not hits:
        if not json:
            sys.stderr.write("Nothing found.\n")
        raise typer.Exit(NOTHING_FOUND)


def _show(hits: Hits, gallery: Gallery) -> None:
    from ilk.render.terminal import hits_lines, hits_table

    if sys.stdout.isatty():
        from rich.console import Console

        Console().print(hits_table(hits, path_of=gallery.path))
    else:
        sys.stdout.write(hits_lines(hits))


def _from_here(path: Path) -> Path:
    """As short as it can be said from the working directory; absolute outside of it."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
