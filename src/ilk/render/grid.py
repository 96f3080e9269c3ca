"""Hits as a figure of matplotlib: a grid of pictures, each with its caption and its similarity."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from ilk.errors import InputError, MissingExtraError, PictureError
from ilk.records import Hits
from ilk.render.lettering import clean
from ilk.render.thumbnails import Seen, measures, see, see_example

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 400
"""Pictures in one figure; more are drawn for minutes and looked at by nobody."""

MARGIN, GAP, HEADING = 0.35, 0.22, 0.7
"""Inches around the grid, between its columns, and above it."""

TALL = 0.72
"""Height of a picture's place, to its width."""

POINTS, LINES, LEADING = 9.0, 3, 1.3
"""Of what stands beneath: the size of the letters, the most lines of caption, and their distance in letters."""

LETTER = 0.54
"""Width of a letter on average, to its size, in the fonts that figures are set in."""

FONTS = ("Noto Sans CJK JP", "Noto Sans CJK SC", "Noto Sans", "Arial Unicode MS", "Hiragino Sans", "Microsoft YaHei")
"""What else letters are looked for in, where the figure's own font lacks them."""

BOX = "□"
"""For a letter that no font here has; matplotlib would warn of each."""


def grid(hits: Hits, *, columns: int = 5, rows: int | None = None, width_inches: float = 12.0) -> Figure:
    """Draw hits, as `ilk.Hits.show` says.

    Notes
    -----
    The figure belongs to nobody, so that many can be made without pyplot's keeping them all; where pyplot is in use
    with windows it is one of pyplot's, which ``plt.show()`` shows.
    """
    _check(hits, columns, rows, width_inches)
    figure = _figure()
    shown = hits.hits if rows is None else hits.hits[: columns * rows]
    wide = (width_inches - 2 * MARGIN - GAP * (columns - 1)) / columns
    seen = list(see(hits, size=max(64, round(wide * 150)), limit=min(len(shown), MOST)))
    columns = min(columns, len(seen)) if len(seen) < columns else columns
    beneath = (LINES + len(measures(seen[0].hit)) + 1.7) * POINTS * LEADING / 72
    line = wide * TALL + beneath
    lines = -(-len(seen) // columns)
    height = MARGIN * 1.5 + HEADING + line * lines
    figure.set_size_inches(width_inches, height)
    fonts = _Fonts()
    _head(figure, hits, fonts, width=width_inches, height=height)
    for number, each in enumerate(seen):
        row, column = divmod(number, columns)
        left = MARGIN + column * (wide + GAP)
        bottom = height - MARGIN - HEADING - row * line - wide * TALL
        place = (left / width_inches, bottom / height, wide / width_inches, wide * TALL / height)
        _draw(figure.add_axes(place), each, fonts, wide=wide)
    return figure


def _check(hits: Hits, columns: int, rows: int | None, width_inches: float) -> None:
    for name, number in (("columns", columns), ("rows", rows)):
        if number is not None and (not number >= 1 or number % 1):
            raise InputError(f"A grid has a whole number of {name}, from 1; {number!r} was given.")
    if not 0 < width_inches <= 100:  # noqa: PLR2004 -- three metres
        raise InputError(f"A figure is more than 0 and at most 100 inches wide; {width_inches!r} was given.")
    if (width_inches - 2 * MARGIN - GAP * (columns - 1)) / columns < 0.4:  # noqa: PLR2004 -- a centimetre
        raise InputError(
            f"{columns} columns do not fit into {width_inches:g} inches: ask for fewer, or for more width."
        )
    if not hits:
        raise InputError(f'There is nothing to show: the search for "{hits.query}" found nothing.')


def _figure() -> Figure:
    """An empty figure, that notebooks can show."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError('Figures are drawn with matplotlib: pip install "ilk[plots]"') from error

    class ShownFigure(Figure):
        """One that notebooks show though pyplot does not know it."""

        def _repr_png_(self) -> bytes:
            drawn = io.BytesIO()
            self.savefig(drawn, format="png", dpi=100)
            return drawn.getvalue()

    pyplot = sys.modules.get("matplotlib.pyplot")  # never loaded for this: it looks for a screen
    if pyplot is not None and "inline" not in (backend := pyplot.get_backend().lower()):
        from matplotlib.backends import BackendFilter, backend_registry

        if backend in backend_registry.list_builtin(BackendFilter.INTERACTIVE):
            windowed: Figure = pyplot.figure(FigureClass=ShownFigure)
            return windowed
    return ShownFigure()


def _head(figure: Figure, hits: Hits, fonts: _Fonts, *, width: float, height: float) -> None:
    """The query, and the picture that was asked with."""
    left, middle = MARGIN, height - MARGIN - HEADING * 0.32
    if (example := see_example(hits, size=240)) is not None:
        tall = HEADING * 0.85
        wide = min(tall * example.width / example.height, 2 * tall)
        axes = figure.add_axes((left / width, (middle - tall / 2) / height, wide / width, tall / height))
        axes.imshow(example)
        axes.set_axis_off()
        left += wide + 0.2
    room = int((width - left - MARGIN) * 72 / (15 * LETTER * 1.25))  # bold
    (heading,) = wrap(fonts.writable(hits.query), room, max_lines=1, placeholder=" …") or [""]
    figure.text(left / width, middle / height, heading, fontsize=15, fontweight="bold", va="center", **fonts.style)


def _draw(axes: Any, seen: Seen, fonts: _Fonts, *, wide: float) -> None:
    """One picture, at the bottom of its place so that what is said of it is near."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
    letters = max(8, int(wide * 72 / (POINTS * LETTER)))
    if isinstance(seen.picture, PictureError):
        axes.set_facecolor("0.6")
        axes.patch.set_alpha(0.25)
        reason = "\n".join(wrap(fonts.writable(str(seen.picture)), int(letters * 0.85), max_lines=5))
        style = {"fontsize": POINTS - 1, "alpha": 0.7, **fonts.style}
        axes.text(0.5, 0.5, reason, ha="center", va="center", transform=axes.transAxes, **style)
    else:
        axes.imshow(seen.picture)
        axes.set_anchor("S")
    hit = seen.hit
    said = wrap(fonts.writable(hit.caption or hit.id), letters, max_lines=LINES, placeholder=" …")
    numbers = [f"{name.capitalize()}: {number}" for name, number in measures(hit)]
    text = "\n".join([*said, *numbers])
    axes.annotate(
        text,
        (0.5, 0),
        (0, -POINTS * 0.6),
        xycoords=("axes fraction", "axes fraction"),
        textcoords="offset points",
        ha="center",
        va="top",
        fontsize=POINTS,
        linespacing=LEADING,
        annotation_clip=False,
        **fonts.style,
    )


class _Fonts:
    """The fonts of a figure, and which letters they have."""

    def __init__(self) -> None:
        import matplotlib as mpl
        from matplotlib import font_manager

        families: Iterable[str] = mpl.rcParams["font.family"]
        installed = {font.name for font in font_manager.fontManager.ttflist}
        names = [*families, *(name for name in FONTS if name in installed)]
        self._fonts = [
            font_manager.get_font(font_manager.findfont(font_manager.FontProperties(family=[name]))) for name in names
        ]
        # A caption with two dollar signs is no formula.
        self.style: dict[str, Any] = {"fontfamily": names, "parse_math": False}

    def writable(self, text: str) -> str:
        """On one line, with boxes for letters that no font has."""
        return "".join(
            letter if any(font.get_char_index(ord(letter)) for font in self._fonts) else BOX for letter in clean(text)
        )
