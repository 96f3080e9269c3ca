"""``ilk duplicates``: what a gallery has more than once."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ilk.cli.options import gallery_option, json_option, model_option
from ilk.cli.output import NOTHING_FOUND, complain, print_json
from ilk.cli.stopping import stoppable
from ilk.errors import InputError

if TYPE_CHECKING:
    from ilk.analysis.duplicates import Duplicates, Progress, Tier
    from ilk.gallery import Gallery

EXPLAINED = 5
"""Files and pictures of which the reason is said; the others are counted."""


@click.command()
@gallery_option
@model_option
@click.option(
    "--tier",
    type=click.Choice(["identical", "same", "similar"]),
    default="same",
    show_default=True,
    help="Identical files; also other files of the same picture; also pictures that look alike, such as a burst.",
)
@click.option(
    "--threshold",
    metavar="COSINE",
    type=float,
    help="How near the vectors of similar pictures are at least, with --tier similar. By default what is near for the "
    "model and the gallery.",
)
@click.option("--where", metavar="EXPR", help="Compare only what matches, such as 'year >= 2020'.")
@json_option
@click.option(
    "--print-removals",
    is_flag=True,
    help="Print only the files that could go, all but the best of each group, quoted for a shell, one a line.",
)
@click.option("--print0", is_flag=True, help="The same for xargs -0: not quoted, each ended by NUL.")
@click.option("--mirrored", is_flag=True, help="Have mirrored copies go, too.")
@click.option(
    "--sheet",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Also write the groups as one picture: a .png, .jpg or .webp.",
)
@click.option("--quiet", "-q", is_flag=True, help="No progress bar.")
def duplicates(
    *,
    gallery: Path | None,
    model: str | None,
    tier: Tier,
    threshold: float | None,
    where: str | None,
    as_json: bool,
    print_removals: bool,
    print0: bool,
    mirrored: bool,
    sheet: Path | None,
    quiet: bool,
) -> None:
    """Find pictures that are there more than once. Nothing is removed: that is for you to do.

    The first time, each picture is read once; what is remembered of it is kept, and Ctrl-C keeps what is done.

    \b
        ilk duplicates
        ilk duplicates --tier similar --sheet groups.png
        ilk duplicates --print0 | xargs -0 rm --
    """
    from ilk.analysis.duplicates import duplicates as find
    from ilk.opening import open_gallery

    if as_json + print_removals + print0 > 1:
        raise InputError("--json, --print-removals and --print0 each print in another way: choose one.")
    if sheet is not None:
        from ilk.render.duplicates import check_place

        check_place(sheet)
    with open_gallery(gallery) as opened, stoppable() as stop:
        with _watching(quiet=quiet or as_json) as progress:
            found = find(opened, tier=tier, threshold=threshold, where=where, model=model, progress=progress, stop=stop)
        if found.interrupted:
            if as_json:
                print_json(found.to_dict())
            complain("Stopped early; what was read of pictures is kept. The same command goes on from there.")
            sys.exit(stop.exit_code)
        if as_json:
            print_json(found.to_dict())
        elif print_removals or print0:
            _print_paths(found, opened, mirrored=mirrored, quoted=print_removals)
        else:
            _print_report(found, mirrored=mirrored)
        _tell(found)
        if sheet is not None and found:
            from ilk.render.duplicates import duplicates_sheet

            duplicates_sheet(found, opened, sheet)
            complain(f"The groups as a picture: {sheet}")
    if not found:
        sys.exit(NOTHING_FOUND)


def _print_report(found: Duplicates, *, mirrored: bool) -> None:
    from ilk.render.duplicates import duplicates_lines

    if found:
        sys.stdout.write(duplicates_lines(found, mirrored=mirrored))


def _print_paths(found: Duplicates, gallery: Gallery, *, mirrored: bool, quoted: bool) -> None:
    """As short as each can be said from the working directory, and never as what a program takes for an option."""
    from ilk.analysis.duplicates import removals

    safe = removals(found, gallery, mirrored=mirrored)
    here = Path.cwd()
    for path in safe.paths:
        said = os.fspath(path.relative_to(here) if path.is_relative_to(here) else path)
        said = f"./{said}" if said.startswith("-") else said
        line = shlex.quote(said) + "\n" if quoted else said + "\0"
        sys.stdout.buffer.write(os.fsencode(line))
    sys.stdout.buffer.flush()
    for each in safe.left_out[:EXPLAINED]:
        complain(f"ilk: {each.id} is not on the list. {each.reason}")
    if len(safe.left_out) > EXPLAINED:
        complain(f"ilk: {len(safe.left_out) - EXPLAINED:,} more are not on the list, for such reasons.")


def _tell(found: Duplicates) -> None:
    """What a person should know of it, on stderr."""
    if not found:
        complain(f"No duplicates among {found.items:,} pictures.")
    if found.unverified_count:
        pictures = "1 picture" if found.unverified_count == 1 else f"{found.unverified_count:,} pictures"
        complain(f"{pictures} could not be looked at, and only bytes and vectors were compared:")
        for each in found.unverified[:EXPLAINED]:
            complain(f"  {each.id}: {each.reason}")
        if found.unverified_count > EXPLAINED:
            complain(f"  and {found.unverified_count - EXPLAINED:,} more, which --json names.")
    if found.unencoded:
        complain(
            f"{found.unencoded:,} pictures have no vector of the model {found.model} and were compared by their looks "
            f"alone: `ilk index FOLDER --model {found.model}` gives them one."
        )


@contextmanager
def _watching(*, quiet: bool) -> Iterator[Progress | None]:
    """A bar on a terminal's stderr, one stage after the other."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        tasks = dict[str, int]()

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage)
            bar.update(tasks[stage], completed=done, total=total)  # type: ignore[arg-type]

        yield show
