"""``ilk eval``: how good the answers are."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ilk.cli.options import compute_of, compute_options, gallery_option, json_option, model_option
from ilk.cli.output import complain, print_json

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from ilk.analysis.evaluate import Evaluation
    from ilk.analysis.fidelity import Fidelity
    from ilk.analysis.naming import Naming
    from ilk.analysis.retrieval import Retrieval

OWN = "own"
"""What ``--captions`` is without a file."""


@click.command()
@click.option(
    "--captions",
    metavar="[FILE]",
    is_flag=False,
    flag_value=OWN,
    help="How often captions find their pictures, and pictures their captions: the gallery's own, or those of a CSV "
    "or JSON-lines file with the columns id and caption.",
)
@click.option("--labels", "-l", metavar="FIELD", help="How well this field of the metadata is told apart.")
@click.option("--index", is_flag=True, help="How much of what an exact search finds the index finds.")
@click.option("--where", metavar="EXPR", help="Only pictures that this filter matches, such as 'split = \"test\"'.")
@click.option(
    "--limit",
    metavar="N",
    type=click.IntRange(min=1),
    default=5000,
    show_default=True,
    help="Ask about so many pictures at most, taken evenly.",
)
@click.option(
    "-k", metavar="N", type=click.IntRange(min=1), default=10, show_default=True, help="Neighbours of --index."
)
@click.option(
    "--queries", metavar="N", type=click.IntRange(min=1), default=200, show_default=True, help="Searches of --index."
)
@click.option(
    "--template",
    "templates",
    metavar="TEXT",
    multiple=True,
    help="A sentence with {} where a label goes; give several to average them.",
)
@click.option(
    "--plots", metavar="DIR", type=click.Path(path_type=Path), help="Draw what was measured into PNG files there."
)
@gallery_option
@model_option
@compute_options
@json_option
def eval(  # noqa: A001 -- the verb
    *,
    captions: str | None,
    labels: str | None,
    index: bool,
    where: str | None,
    limit: int,
    k: int,
    queries: int,
    templates: tuple[str, ...],
    plots: Path | None,
    gallery: Path | None,
    model: str | None,
    device: str | None,
    precision: str | None,
    as_json: bool,
) -> None:
    """Measure how good a gallery's answers are. Without options: whatever can be measured without being told more.

    \b
        ilk eval --captions
        ilk eval --labels kind --where 'split = "test"' --plots plots
        ilk eval --index
    """
    from ilk.analysis.evaluate import evaluate
    from ilk.analysis.labels import TEMPLATES
    from ilk.opening import open_gallery

    with open_gallery(gallery, compute=compute_of(device, precision)) as opened:
        if captions is None and labels is None and not index:
            index = True
            captions = OWN if opened.info().captions and "text" in opened.models.space(model).modalities else None
        found = evaluate(
            opened,
            captions=False if captions is None else captions == OWN or captions,
            labels=labels,
            index=index,
            where=where,
            model=model,
            limit=limit,
            k=k,
            queries=queries,
            templates=templates or TEMPLATES,
        )
    if as_json:
        print_json(found.to_dict())
    else:
        _print(found)
    if plots is not None:
        for path in found.plot(plots):
            complain(f"Drew {path}")


def _print(found: Evaluation) -> None:
    """A table for each part."""
    from rich.console import Console

    console = Console(file=sys.stdout, highlight=False, markup=False)
    console.print(f"{found.model} on {found.split}")
    if found.captions is not None:
        _print_captions(console, found.captions)
    if found.labels is not None:
        _print_labels(console, found.labels)
    if found.index:
        _print_index(console, found.index)


def _print_captions(console: Console, said: Retrieval) -> None:
    table = _table(f"Captions: {said.captions}", "", "queries", "among", "R@1", "R@5", "R@10", "median rank")
    for name, ranks in (("words to pictures", said.text_to_image), ("pictures to words", said.image_to_text)):
        shares = [f"{100 * share:.1f}" for share in ranks.recall.values()]
        table.add_row(name, f"{ranks.queries:,}", f"{ranks.candidates:,}", *shares, f"{ranks.median_rank:g}")
    console.print(table)
    if said.pictures < said.captioned:
        console.print(f"{said.pictures:,} of {said.captioned:,} captioned pictures were asked about.")
    if said.unknown:
        console.print(f"{said.unknown:,} pictures of the file are not in the gallery, or have no vector.")


def _print_labels(console: Console, named: Naming) -> None:
    table = _table(f"Labels: {len(named.labels)} values of {named.field}, {named.pictures:,} pictures", "", "%")
    for k, share in named.precision.items():
        table.add_row(f"of the {k} nearest, the same label", f"{100 * share:.1f}")
    table.add_row("mean average precision", f"{100 * named.mean_average_precision:.1f}")
    if named.zero_shot is not None:
        table.add_row("right by texts, first", f"{100 * named.zero_shot.top_1:.1f}")
        table.add_row("right by texts, among five", f"{100 * named.zero_shot.top_5:.1f}")
        table.add_row("calibration error", f"{100 * named.zero_shot.calibration_error:.1f}")
    console.print(table)
    if named.pictures < named.labelled:
        console.print(f"{named.pictures:,} of {named.labelled:,} labelled pictures were compared.")


def _print_index(console: Console, index: tuple[Fidelity, ...]) -> None:
    names = ("asked by", "queries", "vectors", f"recall@{index[0].k} %", "ms a query", "ms exactly")
    table = _table(f"Index: {index[0].index}", *names)
    for each in index:
        times = (f"{each.index_ms:.2f}", f"{each.exact_ms:.2f}")
        table.add_row(each.modality, f"{each.queries:,}", f"{each.vectors:,}", f"{100 * each.recall:.1f}", *times)
    console.print(table)


def _table(title: str, first: str, *others: str) -> Table:
    """One whose first column names the row."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, title=Text(title), title_justify="left")
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    return table
