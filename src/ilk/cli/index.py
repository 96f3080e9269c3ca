"""``ilk index``: make a gallery, or bring one up to date."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ilk.cli.options import compute_of, compute_options, gallery_option, json_option, model_option
from ilk.cli.output import PARTLY_DONE, complain, print_json
from ilk.cli.stopping import Stop, stoppable

if TYPE_CHECKING:
    from ilk.gallery import Gallery
    from ilk.records import AddReport, Metric
    from ilk.sources.base import Source, VectorSource


@click.command()
@click.argument("sources", metavar="SOURCE...", nargs=-1)
@gallery_option
@model_option
@compute_options
@click.option("--hidden", is_flag=True, help="Look into hidden files and folders too.")
@click.option("--ignore", metavar="PATTERN", multiple=True, help="Pass over these, as in .gitignore. Can be repeated.")
@click.option("--picture", metavar="COLUMN", help="Of a table: where the pictures are. Guessed otherwise, and said.")
@click.option("--caption", metavar="COLUMN", multiple=True, help="Of a table: what is said of them. Can be repeated.")
@click.option("--id", "id_column", metavar="COLUMN", help="Of a table: what they are called.")
@click.option("--allow-private", is_flag=True, help="Fetch from addresses in this machine and its network too.")
@click.option("--keep", is_flag=True, help="Keep fetched pictures whole, rather than as thumbnails.")
@click.option(
    "--captions",
    metavar="[MODEL]",
    is_flag=False,
    flag_value="",
    help="Make captions searchable by meaning too (`ilk search --in caption`), with this model or the gallery's own. "
    "Without a model, put it after the sources.",
)
@click.option(
    "--index",
    "spec",
    metavar="SPEC",
    help='How to search: "auto" (from the start), "exact", or an index of FAISS, such as "IVF1024,PQ32". It is kept.',
)
@click.option(
    "--metric",
    type=click.Choice(["cosine", "ip", "l2"]),
    help="Of a new gallery: compare by cosine, inner product or squared distance. It is kept for good.",
)
@click.option("--raw", is_flag=True, help="Of a new gallery: keep vectors as the model gives them, not of length 1.")
@click.option("--retry-failed", is_flag=True, help="Try again what could not be read before.")
@click.option(
    "--remove-missing",
    is_flag=True,
    help="Take out pictures whose folder is empty now. They stay otherwise: a drive may not be mounted.",
)
@click.option("--watch", is_flag=True, help="Stay, and follow what changes in the folders, until Ctrl-C.")
@json_option
@click.option("--quiet", "-q", is_flag=True, help="No progress bar, and no hint of better models.")
def index(
    sources: tuple[str, ...],
    *,
    gallery: Path | None,
    model: str | None,
    device: str | None,
    precision: str | None,
    hidden: bool,
    ignore: tuple[str, ...],
    picture: str | None,
    caption: tuple[str, ...],
    id_column: str | None,
    allow_private: bool,
    keep: bool,
    captions: str | None,
    spec: str | None,
    metric: Metric | None,
    raw: bool,
    retry_failed: bool,
    remove_missing: bool,
    watch: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Make a gallery of pictures, or bring it up to date.

    SOURCE is a folder or a picture; a table (.csv, .tsv, .jsonl, .parquet ...) of paths, URLs or bytes; an archive
    (.tar, .zip, train-{000..007}.tar); dataset:NAME:SPLIT of the Hugging Face Hub; or embeddings (.npz, .npy).

    Without --gallery the gallery is the .ilk in that folder or the nearest one above it. Only what is new or changed is
    read. Ctrl-C keeps what is done; the same command goes on from there.
    """
    from ilk.cli.making import Wanted, gallery_for
    from ilk.errors import InputError
    from ilk.sources.naming import Asked, source_of

    if not sources and captions:
        raise InputError(
            f'--captions took "{captions}" for the name of a model, so that there is nothing to index. Put it last: '
            f"`ilk index {captions} --captions`."
        )
    if not sources:
        raise InputError("Say what to index: a folder, a picture, a table, an archive. See `ilk index --help`.")
    asked = Asked(
        hidden=hidden, ignore=ignore, picture=picture, captions=caption, id=id_column, allow_private=allow_private
    )
    named = [source_of(name, asked) for name in sources]
    watched = not (quiet or as_json)
    wanted = Wanted(model=model, metric=metric, raw=raw)
    compute = compute_of(device, precision)
    with (
        gallery_for(named, wanted, named=gallery, compute=compute, watched=watched) as opened,
        stoppable() as stop,
    ):
        run = Run(
            gallery=opened,
            sources=named,
            model=model,
            captions=captions,
            keep=keep,
            remove_missing=remove_missing,
            watched=watched,
            stop=stop,
        )
        report = run.once(retry_failed=retry_failed)
        if spec is not None and not stop.is_set():
            opened.build_index(spec, model=model)
        run.tell(report, as_json=as_json)
        if watch and not report.interrupted:
            run.follow(as_json=as_json)
            return
    if report.interrupted:
        complain("Stopped early; what is done is kept. The same command goes on from here.")
        sys.exit(stop.exit_code)
    if report.failed:
        sys.exit(PARTLY_DONE)


@dataclass(kw_only=True)
class Run:
    """What was asked for, to be done once or again and again.

    Attributes
    ----------
    gallery, sources
        What goes where.
    model
        What encodes; None for the gallery's own.
    captions
        What reads captions; empty for the gallery's own model, None to leave them.
    keep
        Whether pictures that may not be had again are kept whole.
    remove_missing
        Whether items go whose folder is empty.
    watched
        Whether a person sees the progress.
    stop
        Ctrl-C.
    """

    gallery: Gallery
    sources: Sequence[Source | VectorSource]
    model: str | None
    captions: str | None
    keep: bool
    remove_missing: bool
    watched: bool
    stop: Stop

    def once(self, *, retry_failed: bool = False) -> AddReport:
        """Bring the gallery up to date with every source."""
        from ilk.records import AddReport
        from ilk.render.progress import ProgressBar, Silent

        report = AddReport()
        for number, source in enumerate(self.sources, start=1):
            self._announce(source)
            with ProgressBar(source.top.name) if self.watched else Silent() as progress:
                report += self.gallery.add(
                    source,
                    model=self.model,
                    retry_failed=retry_failed and number == 1,
                    progress=progress,
                    stop=self.stop,
                    keep=self.keep,
                    remove_missing=self.remove_missing,
                )
            if self.stop.is_set():
                return replace(report, interrupted=report.interrupted or number < len(self.sources))
        if self.captions is not None:
            done = self.gallery.embed_captions(model=self.captions or self.model, stop=self.stop)
            report = replace(report, captioned=report.captioned + done, interrupted=self.stop.is_set())
        return report

    def _announce(self, source: Source | VectorSource) -> None:
        """Say how a table is read, since its columns may have been guessed."""
        columns = getattr(source, "columns", None)
        if self.watched and callable(columns):
            complain(str(columns()))

    def tell(self, report: AddReport, *, as_json: bool) -> None:
        """Print what was done."""
        place, count = self.gallery.directory, len(self.gallery)
        if as_json:
            print_json({"gallery": str(place), "items": count, **report.to_dict()})
            return
        from ilk.render.terminal import report_text, visible

        print(f"{report_text(report, items=count)}{visible(str(place))}")
        if self.captions is not None and not self.gallery.store.has_captions():
            complain("No picture has a caption, so that there is nothing for --captions to do.")
        elif report.captioned or self.captions is not None:
            pictures = "1 picture was" if report.captioned == 1 else f"{report.captioned:,} pictures were"
            complain(f"{pictures} given a vector of the captions.")
        if report.uncaptioned:
            complain(
                f"{report.uncaptioned:,} pictures lack a vector of their captions, since the model that reads them is "
                "not here: get it again, or use another with --captions MODEL."
            )

    def follow(self, *, as_json: bool) -> None:
        """Do it again whenever something changes, and print what that did, until asked to stop."""
        from ilk.cli.watching import changes
        from ilk.errors import SourceError

        folders = sorted({source.top for source in self.sources})
        complain(f"Following {', '.join(map(str, folders))}; Ctrl-C ends it.")
        for _ in changes(folders, apart_from=self.gallery.directory, stop=self.stop):
            try:
                report = self.once()
            except SourceError as error:  # such as the last picture being taken away; more may come
                complain(f"ilk: {error}")
                continue
            if report.added or report.updated or report.moved or report.removed or report.failed:
                self.tell(report, as_json=as_json)
