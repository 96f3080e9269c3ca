"""``ilk index``: make a gallery, or bring one up to date."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ilk.cli.options import compute_of, compute_options, gallery_option, json_option, model_option
from ilk.cli.output import PARTLY_DONE, complain, print_json
from ilk.cli.stopping import stoppable

if TYPE_CHECKING:
    from ilk.encoders.compute import ComputeOptions
    from ilk.gallery import Gallery
    from ilk.sources import Folder


@click.command()
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@gallery_option
@model_option
@compute_options
@click.option("--hidden", is_flag=True, help="Look into hidden files and folders too.")
@click.option("--ignore", metavar="PATTERN", multiple=True, help="Pass over these, as in .gitignore. Can be repeated.")
@click.option(
    "--captions",
    metavar="MODEL",
    is_flag=False,
    flag_value="",
    help="Make captions searchable by meaning too (`ilk search --in caption`), with this model or the gallery's own.",
)
@click.option("--retry-failed", is_flag=True, help="Try again what could not be read before.")
@json_option
@click.option("--quiet", "-q", is_flag=True, help="No progress bar, and no hint of better models.")
def index(
    sources: tuple[Path, ...],
    *,
    gallery: Path | None,
    model: str | None,
    device: str | None,
    precision: str | None,
    hidden: bool,
    ignore: tuple[str, ...],
    captions: str | None,
    retry_failed: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Make a gallery of a folder of pictures, or bring it up to date.

    SOURCE is a folder, or a picture. Without --gallery the gallery is the .ilk in that folder or the nearest one above
    it. Only what is new or changed is read. Ctrl-C keeps what is done; the same command goes on from there.
    """
    from ilk.records import AddReport
    from ilk.render.progress import ProgressBar, Silent
    from ilk.sources import folder

    folders = [folder(path, hidden=hidden, ignore=ignore) for path in sources]
    watched = not (quiet or as_json)
    with (
        _gallery_for(
            folders, named=gallery, model=model, compute=compute_of(device, precision), watched=watched
        ) as opened,
        stoppable() as stop,
    ):
        report = AddReport()
        for number, each in enumerate(folders, start=1):
            with ProgressBar(each.top.name) if watched else Silent() as progress:
                report += opened.add(
                    each, model=model, retry_failed=retry_failed and number == 1, progress=progress, stop=stop
                )
            if stop.is_set():
                report = replace(report, interrupted=report.interrupted or number < len(folders))
                break
        embedded = None
        if captions is not None and not stop.is_set():
            embedded = opened.embed_captions(model=captions or model, stop=stop)
            report = replace(report, interrupted=report.interrupted or stop.is_set())
        place, count = opened.directory, len(opened)
    if as_json:
        told = {} if embedded is None else {"captioned": embedded}
        print_json({"gallery": str(place), "items": count, **report.to_dict(), **told})
    else:
        from ilk.render.terminal import report_text, visible

        print(f"{report_text(report, items=count)}{visible(str(place))}")
        if embedded is not None:
            complain(f"{embedded:,} pictures were given a vector of their captions.")
    if report.interrupted:
        complain("Stopped early; what is done is kept. The same command goes on from here.")
        sys.exit(stop.exit_code)
    if report.failed:
        sys.exit(PARTLY_DONE)


def _gallery_for(
    folders: list[Folder], *, named: Path | None, model: str | None, compute: ComputeOptions | None, watched: bool
) -> Gallery:
    """The gallery these folders go into, made if there is none; who has not chosen a model is then told of better ones.

    Nothing is made before it is sure that there are pictures and a model for them.
    """
    from ilk.errors import InputError
    from ilk.gallery import create, open_gallery
    from ilk.models import DEFAULT_MODEL, open_encoder
    from ilk.place import DATABASE, DIRECTORY, find_gallery, gallery_directory

    if named is not None:
        directory = gallery_directory(named)
    else:
        places = {find_gallery(folder.top) or folder.top / DIRECTORY for folder in folders}
        directory = min(places, key=lambda place: len(place.parts))
        if not all(place.is_relative_to(directory.parent) for place in places):
            raise InputError("These folders have no gallery in common: say where it is to be with --gallery DIR.")
    for folder in folders:
        next(iter(folder.listing(directory.parent)))
    if watched and model is not None:
        from ilk.encoders.models import fetch_model
        from ilk.render.fetching import FetchBar

        with FetchBar(model) as bar:
            fetch_model(model, watcher=bar.update)
    if (directory / DATABASE).is_file():
        return open_gallery(directory, compute=compute)
    open_encoder(model or DEFAULT_MODEL, compute).load("image")
    made = create(directory, model=model, compute=compute)
    if watched and model is None:
        from ilk.encoders.runtimes import missing_packages
        from ilk.render.cards import hint_text

        complain(hint_text("onnx" if missing_packages() else "torch"))
    return made
