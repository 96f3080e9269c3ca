"""``ilk demo``: see it work, without pictures of one's own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ilk.cli.output import complain, print_hits
from ilk.cli.stopping import stoppable

if TYPE_CHECKING:
    from ilk.gallery import Gallery
    from ilk.query import Query
    from ilk.render.sheet import SheetRow

HITS = 5
SHEET = "contact-sheet.png"


@click.command(short_help="Index pictures made for it, and ask four questions.")
@click.option(
    "--directory",
    metavar="DIR",
    default="ilk-demo",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Where the pictures and the contact sheet go: an empty directory, or one of an earlier demo.",
)
def demo(*, directory: Path) -> None:
    """Gather pictures, index them, and ask three questions in words and one by example.

    The pictures are photographs that come with an installed package and scenes that ilk paints itself; nothing is
    fetched. At the end there is a contact sheet of the hits.
    """
    import ilk
    from ilk.demo.folder import gather
    from ilk.demo.questions import EXAMPLES, QUESTIONS
    from ilk.place import DATABASE
    from ilk.render.progress import ProgressBar
    from ilk.render.sheet import contact_sheet
    from ilk.render.terminal import report_text

    pictures = directory / "pictures"
    complain("Gathering photographs and painting scenes …")
    gathered = gather(pictures)
    for sentence in gathered.missing:
        complain(sentence)

    place = pictures / ".ilk"
    made = (place / DATABASE).is_file()
    with ilk.open(place) if made else ilk.create(place) as gallery, stoppable() as stop:
        print(f"$ ilk index {pictures}")
        with ProgressBar(pictures.name) as progress:
            report = gallery.add(ilk.folder(pictures), progress=progress, stop=stop)
        print(report_text(report, items=len(gallery)))
        rows = [_ask(gallery, f'"{each.words}"', ilk.text(each.words)) for each in QUESTIONS]
        example = pictures / next(name for name in EXAMPLES if name in gathered.pictures)
        rows.append(_ask(gallery, str(example), ilk.image(example), example=example))
    contact_sheet(rows, directory / SHEET)
    print(f"The hits as a picture: {directory / SHEET}")
    print(f'Now you: cd {pictures} && ilk search "{QUESTIONS[-1].words}"')


def _ask(gallery: Gallery, words: str, query: Query, *, example: Path | None = None) -> SheetRow:
    """Ask, print the hits, and make a row of them."""
    from ilk.render.sheet import row_of

    hits = gallery.search(query, k=HITS)
    print(f"$ ilk search {words} -k {HITS}")
    print_hits(hits, path_of=gallery.path)
    print()
    return replace(row_of(hits, path_of=gallery.path, example=example), note=hits.model)
