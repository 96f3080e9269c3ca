"""Hits side by side in a terminal: a picture of several thumbnails, and under it a line of what they are."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from PIL import Image, ImageDraw

from ilk.errors import PictureError
from ilk.records import Hit, Hits
from ilk.render.inline import blocks, iterm, kitty, sixel
from ilk.render.inline.detection import Screen
from ilk.render.terminal import visible
from ilk.render.thumbnails import Seen, measures, see

MOST, GAP = 44, 2
"""Characters across one picture, at most, and between two."""

LEAST, LEAST_OF_BLOCKS = 22, 34
"""Characters across one picture, at least; a picture of half-blocks needs more of them to be known."""

SHAPE = 1.5
"""Width of a picture's place, to its height."""

GREY = (128, 128, 128, 90)
DIM, NORMAL = "\x1b[2m", "\x1b[0m"


def strips(hits: Hits, screen: Screen) -> Iterator[str]:
    """What to print, one strip at a time, so that the first is there while the next is drawn.

    Parameters
    ----------
    screen
        How pictures are shown there; with ``"never"`` there is nothing.
    """
    if screen.way == "never" or not hits:
        return
    count, wide, rows = _measure(screen)
    across, down = screen.cell if screen.way != "blocks" else (1, 2)
    size = (wide * across, rows * down)
    seen = see(hits, size=max(size))
    while strip := list(islice(seen, count)):
        tiles = [_tile(each, size) for each in strip]
        if screen.way == "blocks":
            drawn = _beside(tiles, gap=GAP, true_colour=screen.true_colour)
        else:
            drawn = _placed([_encoded(tile, screen, wide, rows) for tile in tiles], wide=wide, rows=rows)
        yield drawn + _names(strip, wide) + "\n"


def _measure(screen: Screen) -> tuple[int, int, int]:
    """Pictures in a strip, and the characters across and the lines down of each."""
    least = LEAST_OF_BLOCKS if screen.way == "blocks" else LEAST
    count = max(1, (screen.columns - 1 + GAP) // (least + GAP))
    wide = max(4, min(MOST, (screen.columns - 1 - GAP * (count - 1)) // count))
    across, down = screen.cell
    return count, wide, max(2, round(wide * across / SHAPE / down))


def _tile(seen: Seen, size: tuple[int, int]) -> Image.Image:
    """A picture in its place, as large as it fits, at the left and the bottom; a grey box if there is none."""
    tile = Image.new("RGBA", size)
    if isinstance(seen.picture, PictureError):
        ImageDraw.Draw(tile).rectangle((0, 0, size[0] - 1, size[1] - 1), fill=(*GREY[:3], 255))
        return tile
    picture = seen.picture
    scale = min(size[0] / picture.width, size[1] / picture.height)
    shape = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    tile.paste(picture.resize(shape, Image.Resampling.LANCZOS, reducing_gap=3.0), (0, size[1] - shape[1]))
    return tile


def _encoded(tile: Image.Image, screen: Screen, columns: int, rows: int) -> str:
    if screen.way == "kitty":
        return kitty.encode(tile, columns=columns, rows=rows)
    if screen.way == "iterm":
        return iterm.encode(tile, columns=columns, rows=rows)
    return sixel.encode(tile)


def _placed(drawn: list[str], *, wide: int, rows: int) -> str:
    """Pictures beside each other.

    Each is one of its own: xterm draws none that is wider than 1,000 pixels. Room is made first, so that nothing
    scrolls while they are drawn, and the cursor is taken to where each begins, as terminals differ in where it ends.
    """
    parts = ["\n" * rows, f"\x1b[{rows}A"]
    for number, picture in enumerate(drawn):
        right = f"\x1b[{number * (wide + GAP)}C" if number else ""
        parts.append(f"\x1b7{right}{picture}\x1b8")
    return "".join([*parts, f"\x1b[{rows}B"])


def _beside(tiles: list[Image.Image], *, gap: int, true_colour: bool) -> str:
    """Pictures of half-blocks, as one: lines are printed whole."""
    wide, tall = tiles[0].size
    sheet = Image.new("RGBA", (wide * len(tiles) + gap * (len(tiles) - 1), tall))
    for number, tile in enumerate(tiles):
        sheet.paste(tile, (number * (wide + gap), 0))
    return "".join(f"{line}\n" for line in blocks.encode(sheet, true_colour=true_colour))


def _names(strip: list[Seen], wide: int) -> str:
    from rich.cells import set_cell_size

    parts = [set_cell_size(_said(each.hit), wide) for each in strip]
    return f"{DIM}{(' ' * GAP).join(parts).rstrip()}{NORMAL}\n"


def _said(hit: Hit) -> str:
    numbers = [number for _, number in measures(hit)][-1:]  # the relevance if it is known: the table has both
    return " ".join([str(hit.rank), *numbers, visible(hit.id.rsplit("/", 1)[-1])])
