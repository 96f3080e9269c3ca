"""``ilk map``: a gallery on a plane."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ilk.cli.options import gallery_option, json_option, model_option
from ilk.cli.output import NOTHING_FOUND, complain, places_in, print_json
from ilk.errors import InputError

if TYPE_CHECKING:
    from ilk.analysis.projection import Method, Projection
    from ilk.gallery import Gallery
    from ilk.records import SpaceName

DEFAULT = Path("map.html")


@click.command(short_help="Draw a map: pictures that are alike lie near each other.")
@click.option(
    "--out",
    "-o",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help=f"Where it goes: .html to move about in, or .png, .jpg, .webp. [default: {DEFAULT}; with --json none]",
)
@click.option(
    "--method",
    type=click.Choice(["pca", "umap"]),
    default="pca",
    show_default=True,
    help="Principal components, or UMAP, which shows groups and is slower: pip install 'ilk[map]'.",
)
@click.option(
    "--colour",
    "--color",
    "field",
    metavar="FIELD",
    help="Colour by a field of the metadata, or by `folder`.",
)
@click.option(
    "-n", metavar="N", type=click.IntRange(min=1), default=2000, show_default=True, help="Draw at most so many, by lot."
)
@click.option("--where", metavar="EXPR", help="Only pictures that this filter matches, such as 'year >= 2020'.")
@click.option(
    "--in",
    "space",
    type=click.Choice(["image", "caption"]),
    default="image",
    show_default=True,
    help="Near means pictures alike, or what is said of them.",
)
@gallery_option
@model_option
@json_option
def map(  # noqa: A001 -- the verb's name
    *,
    out: Path | None,
    method: Method,
    field: str | None,
    n: int,
    where: str | None,
    space: SpaceName,
    gallery: Path | None,
    model: str | None,
    as_json: bool,
) -> None:
    """Draw a map of the gallery: pictures that are alike lie near each other.

    \b
        ilk map
        ilk map --colour folder --out map.png
        ilk map --method umap --where 'year >= 2020' --json
    """
    from ilk.analysis.projection import project
    from ilk.opening import open_gallery

    place = out if out is not None or as_json else DEFAULT
    if place is not None:
        _check(place)
    with open_gallery(gallery) as opened:
        projection = project(opened, method=method, n=n, where=where, model=model, space=space)
        answer = projection.to_dict(field)  # a field that nothing has is refused before anything is drawn
        if not len(projection):
            complain("There is nothing to draw: no picture with a vector was found.")
        elif place is not None:
            if projection.total > n:
                complain(f"Of {projection.total:,} pictures {n:,} are drawn, by lot: -n {projection.total} draws all.")
            _draw(projection, field, opened, place)
            complain(f"The map: {place}")
    if as_json:
        print_json(answer)
    if not len(projection):
        sys.exit(NOTHING_FOUND)


def _check(place: Path) -> None:
    """Refuse a place that cannot be written, before anything is computed."""
    from ilk.render.map.picture import check_suffix

    check_suffix(place)
    if not place.absolute().parent.is_dir():
        raise InputError(f"{place} cannot be written: there is no folder {place.parent}.")


def _draw(projection: Projection, field: str | None, gallery: Gallery, place: Path) -> None:
    from ilk.render.map.colouring import colour_by

    colouring = colour_by(None if field is None else projection.values(field), len(projection))
    if place.suffix.lower() in {".html", ".htm"}:
        from ilk.render.map.page import write_map_page

        write_map_page(projection, colouring, place, picture=gallery.picture, path_of=places_in(gallery))
    else:
        from ilk.render.map.picture import write_map_picture

        write_map_picture(projection, colouring, place, picture=gallery.picture)
