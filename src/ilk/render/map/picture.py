"""A map as one picture.

Thumbnails stand exactly where their items lie, none over another: drawn in a random order, first as many large ones as
find room, then smaller ones between them. What finds no room is a dot.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image, ImageDraw

from ilk.analysis.projection import Projection
from ilk.errors import IlkError, InputError, PictureError
from ilk.render.lettering import Lettering, Style
from ilk.render.map.colouring import Colouring
from ilk.render.sheet import FORMATS, LIGHT, Look
from ilk.render.thumbnails import small
from ilk.render.writing import write_whole

SIZES = (124, 80, 52, 34)
"""Pixels of the longer side of thumbnails, in the order they are tried."""

WIDTH, MARGIN, GAP = 2000, 100, 4
LOWEST = 0.45
"""Height of the map to its width, at least, however flat the places."""

HEAD, FOOT = 64, 76
DOT, FRAME = 5, 4
CELL = 4
"""Pixels of the grid in which room is looked for."""

WORKERS = 4


@dataclass(frozen=True, slots=True)
class Placed:
    """A thumbnail and its box on the map: which item, left, top, width, height."""

    number: int
    left: int
    top: int
    wide: int
    tall: int


def check_suffix(path: Path) -> None:
    """Refuse a name that says another format, before anything is computed."""
    if path.suffix.lower() not in {*FORMATS, ".html", ".htm"}:
        raise InputError(
            f"A map cannot be a {path.suffix or 'file without a suffix'}: name a .png, .jpg, .webp or .html."
        )


def write_map_picture(
    projection: Projection, colouring: Colouring, path: Path, *, picture: Callable[[str], bytes], look: Look = LIGHT
) -> None:
    """Draw a map and write it.

    Parameters
    ----------
    picture
        The bytes of an item's picture.

    Raises
    ------
    ilk.errors.InputError
        If it cannot be written.
    """
    drawn = draw(projection, colouring, picture=picture, look=look)
    with write_whole(path, what="map") as file:
        drawn.save(file, FORMATS[path.suffix.lower()], quality=90)


def draw(
    projection: Projection, colouring: Colouring, *, picture: Callable[[str], bytes], look: Look = LIGHT
) -> Image.Image:
    """The map as a picture."""
    spread = float(np.ptp(projection.places[:, 1])) / 2 if len(projection) else 0.0
    tall = round((WIDTH - 2 * MARGIN) * max(spread, LOWEST))
    legend = [entry for entry in colouring.legend if entry[1]]
    sheet = Image.new("RGB", (WIDTH, HEAD + tall + 2 * MARGIN + (FOOT if legend else 0)), look.paper)
    pen = ImageDraw.Draw(sheet)
    half = (WIDTH - 2 * MARGIN) / 2
    middle = (WIDTH / 2, HEAD + MARGIN + tall / 2)
    centres = [(middle[0] + float(x) * half, middle[1] - float(y) * half) for x, y in projection.places]
    shapes = [(item.width, item.height) for item in projection.items]
    for place, (x, y) in enumerate(centres):
        pen.ellipse((x - DOT, y - DOT, x + DOT, y + DOT), fill=colouring.colour(place), outline=look.paper)
    placed = place_thumbnails(centres, shapes, sheet.size)
    with ThreadPoolExecutor(WORKERS) as workers:
        for box, thumbnail in zip(
            placed, workers.map(lambda box: _thumbnail(projection, box, picture), placed), strict=True
        ):
            if thumbnail is None:
                continue
            if legend:
                edge = (
                    box.left - FRAME,
                    box.top - FRAME,
                    box.left + box.wide + FRAME - 1,
                    box.top + box.tall + FRAME - 1,
                )
                pen.rounded_rectangle(edge, FRAME, fill=colouring.colour(box.number))
            sheet.paste(thumbnail, (box.left, box.top))
    _write(pen, projection, legend, look, sheet.height)
    return sheet


def place_thumbnails(
    centres: Sequence[tuple[float, float]], shapes: Sequence[tuple[int, int]], size: tuple[int, int]
) -> list[Placed]:
    """Which items get a thumbnail and where, with no two over each other.

    Parameters
    ----------
    centres
        Where each item lies, in pixels.
    shapes
        Width and height of each picture, in any unit.
    size
        Of the whole, in pixels.
    """
    taken = np.zeros((size[1] // CELL + 1, size[0] // CELL + 1), bool)
    order = list(range(len(centres)))
    Random(0).shuffle(order)  # noqa: S311 -- an order, no secret
    placed = list[Placed]()
    for longest in SIZES:
        left_over = list[int]()
        for number in order:
            (x, y), (across, down) = centres[number], shapes[number]
            scale = longest / max(across, down, 1)
            wide, tall = max(12, round(across * scale)), max(12, round(down * scale))
            left, top = round(x - wide / 2), round(y - tall / 2)
            rows = slice(max(0, top - FRAME - GAP) // CELL, (top + tall + FRAME + GAP) // CELL + 1)
            columns = slice(max(0, left - FRAME - GAP) // CELL, (left + wide + FRAME + GAP) // CELL + 1)
            if taken[rows, columns].any():
                left_over.append(number)
                continue
            taken[rows, columns] = True
            placed.append(Placed(number, left, top, wide, tall))
        order = left_over
    return placed


def thumbnail_of(id_: str, picture: Callable[[str], bytes], size: int) -> Image.Image | None:
    """A small picture of an item; None if it cannot be had."""
    try:
        found = small(picture(id_), size)
    except IlkError:
        return None
    return None if isinstance(found, PictureError) else found


def _thumbnail(projection: Projection, box: Placed, picture: Callable[[str], bytes]) -> Image.Image | None:
    found = thumbnail_of(projection.items[box.number].id, picture, max(box.wide, box.tall))
    return None if found is None else found.resize((box.wide, box.tall), Image.Resampling.LANCZOS)


def heading(projection: Projection) -> str:
    """How many pictures these are, of how many."""
    count, total = len(projection), projection.total
    many = f"{count:,} of {total:,} pictures" if count < total else f"{count:,} pictures"
    return many if count != 1 or count < total else "1 picture"


def subtitle(projection: Projection) -> str:
    """How they came to lie where they do."""
    if projection.explained is None:
        return f"{projection.model} · UMAP: neighbours are alike, distances between groups say nothing"
    across, up = (f"{share * 100:.0f} %" for share in projection.explained)
    return f"{projection.model} · principal components: {across} of the variance across, {up} up"


def _write(
    pen: ImageDraw.ImageDraw, projection: Projection, legend: Sequence[tuple[str, str]], look: Look, tall: int
) -> None:
    """The heading and the legend."""
    letters = Lettering.for_texts([heading(projection), subtitle(projection), *(label for _, label in legend)])
    title, faint, ink = Style(30, look.ink, bold=True), Style(18, look.faint), Style(18, look.ink)
    wide = letters.write(pen, (56, 74), heading(projection), title)
    letters.write(pen, (56 + wide + 24, 74), letters.shorten(subtitle(projection), 18, WIDTH - wide - 160), faint)
    left = 56.0
    for number, (colour, label) in enumerate(legend):
        room = (WIDTH - 56 - left) / max(1, len(legend) - number) - 46
        said = letters.shorten(label, 18, max(room, 60))
        pen.ellipse((left, tall - 50, left + 18, tall - 32), fill=colour)
        left += 26 + letters.write(pen, (left + 26, tall - 34), said, ink) + 26
