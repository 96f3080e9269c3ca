"""Looking at hits from the command line: pictures in the terminal, a contact sheet, a page."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from ilk.cli.output import complain
from ilk.errors import InputError

if TYPE_CHECKING:
    from ilk.records import Hits
    from ilk.render.inline.detection import Screen, Way

_Verb = TypeVar("_Verb", bound=Callable[..., Any])

SHOW = ("auto", "kitty", "iterm", "sixel", "blocks", "never")


class ShowChoice(click.Choice[str]):
    """A way of showing pictures. Words that were meant as the query are told from one."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """As click does, with another refusal."""
        if value not in SHOW:
            known = ", ".join(SHOW)
            self.fail(f"{value!r} is none of {known}. Write --show after the words, or --show=auto.", param, ctx)
        return str(value)


def view_options(verb: _Verb) -> _Verb:
    """``--show``, ``--sheet`` and ``--html``, which `Views` does."""
    show = click.option(
        "--show",
        type=ShowChoice(SHOW),
        is_flag=False,
        flag_value="auto",
        default="never",
        help="Show the pictures in the terminal, in the best way that it has: kitty's or iTerm2's protocol, sixels, or "
        "half-blocks. Alone it stands after the words.",
    )
    sheet = click.option(
        "--sheet",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Also write the hits as one picture: a .png, .jpg or .webp.",
    )
    html = click.option(
        "--html",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Also write the hits as a page: one .html with thumbnails, and links to the pictures.",
    )
    return show(sheet(html(verb)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Views:
    """What to see of hits besides their table.

    Attributes
    ----------
    show
        One of `SHOW`.
    sheet, html
        Where a contact sheet and a page go.
    plain
        Whether what is printed is for programs, so that no picture may stand in it.
    """

    show: str
    sheet: Path | None
    html: Path | None
    plain: bool

    def check(self) -> None:
        """Refuse what cannot be done, before anything is searched.

        Raises
        ------
        InputError
            If a suffix says no format that there is, if a folder is not there, or if pictures are to stand in JSON.
        """
        if self.plain and self.show not in {"auto", "never"}:
            raise InputError(
                f"--show {self.show} prints pictures, and --json, --paths and --print0 print for programs."
            )
        if self.sheet is not None:
            from ilk.render import sheet

            sheet.check_suffix(self.sheet)
        if self.html is not None:
            from ilk.render import page

            page.check_suffix(self.html)
        for place in (self.sheet, self.html):
            if place is not None and not place.absolute().parent.is_dir():
                raise InputError(f"{place} cannot be written: there is no folder {place.parent}.")

    def show_pictures(self, hits: Hits) -> None:
        """Print them, where the terminal can show them."""
        if self.show == "never" or self.plain or not hits:
            return
        from ilk.render.inline.strips import strips

        screen = self._screen()
        if screen.way == "never" and sys.stdout.isatty():
            complain("This terminal is not known to show pictures, or NO_COLOR is set: --show=blocks tries it.")
        for strip in strips(hits, screen):
            sys.stdout.write(strip)
            sys.stdout.flush()

    def write(self, hits: Hits, *, path_of: Callable[[str], Path]) -> None:
        """Write the files."""
        if self.sheet is not None:
            from dataclasses import replace

            from ilk.render.sheet import contact_sheet, row_of

            contact_sheet([replace(row_of(hits), note=hits.model)], self.sheet)
            complain(f"The hits as a picture: {self.sheet}")
        if self.html is not None:
            from ilk.render.page import write_page

            write_page(hits, self.html, path_of=path_of)
            complain(f"The hits as a page: {self.html}")

    def _screen(self) -> Screen:
        from ilk.render.inline.detection import Output, detect
        from ilk.render.inline.inquiry import ask_terminal

        encoding = (sys.stdout.encoding or "").lower().replace("-", "")
        output = Output(
            is_terminal=sys.stdout.isatty(),
            unicode=encoding.startswith(("utf", "cp65001")),
            columns=shutil.get_terminal_size().columns,
        )
        return detect(cast("Way", self.show), os.environ, output, ask_terminal)
