"""A map as one page of HTML that needs nothing else: move, zoom, point at a picture, open it.

Thumbnails are tiles of a few large pictures, which browsers decode once. The script is the page's own, named in the
policy by its hash; what comes from files reaches it as JSON, which is data and never markup.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

from PIL import Image

from ilk.analysis.projection import Projection
from ilk.records import Item
from ilk.render.map.colouring import Colouring
from ilk.render.map.picture import WORKERS, heading, subtitle, thumbnail_of
from ilk.render.notebook import data_uri, text
from ilk.render.page import head, link_to, policy_hash
from ilk.render.terminal import visible
from ilk.render.writing import write_whole

TILES = ((400, 144), (1_500, 96), (6_000, 64))
"""Pixels of a tile, for at most so many thumbnails; items beyond the last of these are dots."""

SHEET = 2_048
"""Pixels of the side of a picture of tiles, at most."""

LONGEST = 200
"""Characters of a caption."""

HERE = Path(__file__).parent
STYLE = (HERE / "map.css").read_text(encoding="utf-8")
SCRIPT = (HERE / "map.js").read_text(encoding="utf-8")


def write_map_page(
    projection: Projection,
    colouring: Colouring,
    path: Path,
    *,
    picture: Callable[[str], bytes],
    path_of: Callable[[str], Path],
) -> None:
    """Write a map as a page.

    Parameters
    ----------
    picture
        The bytes of an item's picture.
    path_of
        Where the picture with a uri is. Links go there from the page's own folder.

    Raises
    ------
    ilk.errors.InputError
        If it cannot be written.
    """
    with write_whole(path, what="map") as file:
        for part in map_page(projection, colouring, folder=path.absolute().parent, picture=picture, path_of=path_of):
            file.write(part.encode())


def map_page(
    projection: Projection,
    colouring: Colouring,
    *,
    folder: Path,
    picture: Callable[[str], bytes],
    path_of: Callable[[str], Path],
) -> Iterator[str]:
    """The page, in parts.

    Parameters
    ----------
    folder
        Where it will lie.
    """
    policy = (
        f"default-src 'none'; img-src data:; style-src {policy_hash(STYLE)}; script-src {policy_hash(SCRIPT)}; "
        "base-uri 'none'; form-action 'none'"
    )
    yield head(title=f"{heading(projection)} · ilk", policy=policy, style=STYLE)
    yield f"<header><h1>{heading(projection)}</h1><p>{text(subtitle(projection))}</p></header>\n"
    yield (
        '<canvas id="map" tabindex="0" role="application" aria-label="A map of pictures: drag or use the arrow keys to '
        'move, the wheel or + and - to zoom, n and p to go from picture to picture, Enter to open one."></canvas>\n'
    )
    yield '<div id="legend"></div>\n<div id="card" hidden></div>\n'
    yield '<p id="keys">Drag to move, wheel to zoom, click to open. Keys: arrows, +, -, 0, n, p, Enter.</p>\n'
    yield "<noscript>This map is drawn by the script inside this page, which this browser does not run.</noscript>\n"
    order = list(range(len(projection)))
    Random(0).shuffle(order)  # noqa: S311 -- an order, no secret: which thumbnails are seen before others
    tile = next((pixels for count, pixels in TILES if len(order) <= count), TILES[-1][1])
    shown = order[: TILES[-1][0]]
    each = (SHEET // tile) ** 2
    shapes: dict[int, tuple[int, int]] = {}
    sheets = 0
    for start in range(0, len(shown), each):
        sheet, sizes = _sheet(projection, shown[start : start + each], tile, picture)
        shapes |= {start + place: size for place, size in sizes.items()}
        yield f'<img class="tiles" hidden alt="" src="{data_uri(sheet, SHEET)}">\n'
        sheets += 1
    facts = {
        "tile": tile,
        "across": SHEET // tile,
        "sheets": sheets,
        "legend": [[colour, visible(_whole(label))] for colour, label in colouring.legend],
        "points": [
            [
                round(float(projection.places[number][0]), 5),
                round(float(projection.places[number][1]), 5),
                colouring.numbers[number],
                list(shapes.get(place, ())),
                *_words(projection.items[number]),
                link_to(projection.items[number].uri, folder=folder, path_of=path_of),
            ]
            for place, number in enumerate(order)
        ],
    }
    yield f'<script type="application/json" id="facts">{_json(facts)}</script>\n'
    yield f"<script>{SCRIPT}</script>\n</body>\n</html>\n"


def _sheet(
    projection: Projection, numbers: list[int], tile: int, picture: Callable[[str], bytes]
) -> tuple[Image.Image, dict[int, tuple[int, int]]]:
    """Tiles in rows, in this order, and the pixels across and down of those that there are."""
    across = SHEET // tile
    sheet = Image.new("RGB", (across * tile, -(-len(numbers) // across) * tile), "#808080")
    sizes: dict[int, tuple[int, int]] = {}
    with ThreadPoolExecutor(WORKERS) as workers:
        found = workers.map(lambda number: thumbnail_of(projection.items[number].id, picture, tile), numbers)
        for place, thumbnail in enumerate(found):
            if thumbnail is not None:
                sheet.paste(thumbnail, (place % across * tile, place // across * tile))
                sizes[place] = thumbnail.size
    return sheet, sizes


def _words(item: Item) -> tuple[str, str]:
    """The name and the caption, as they may be shown."""
    caption = " ".join((item.captions[0] if item.captions else "").split())
    caption = caption if len(caption) <= LONGEST else caption[: LONGEST - 1].rstrip() + "…"
    return visible(_whole(item.id)), visible(_whole(caption))


def _whole(words: str) -> str:
    """Without halves of characters, which stand for bytes that are no text."""
    return words.encode("utf-8", "replace").decode()


def _json(value: object) -> str:
    """JSON that cannot end the element it stands in."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")
