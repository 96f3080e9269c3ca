"""``ilk models``: which there are, and having one here before it is needed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from ilk.cli.options import json_option
from ilk.cli.output import PARTLY_DONE, complain, print_json


@click.group()
def models() -> None:
    """See which models there are, and fetch them ahead."""


@models.command("list", short_help="List models worth choosing, and what is known of each.")
@json_option
def list_models(*, as_json: bool) -> None:
    """List models worth choosing: what each costs, encodes, reads and has been measured at.

    Any other of their families can be used as well, by its name on the Hugging Face Hub or the folder it is in.
    """
    from ilk.encoders.models import is_here, models_available

    cards = models_available()
    here = {card.name for card in cards if is_here(card.name)}
    if as_json:
        print_json({"models": [{**card.to_dict(), "here": card.name in here} for card in cards]})
        return

    from ilk.render.cards import cards_lines, cards_table

    if sys.stdout.isatty():
        from rich.console import Console

        from ilk.encoders.runtimes import missing_packages

        console = Console()
        console.print(*cards_table(cards, here=here, torch=not missing_packages(), width=console.width), sep="\n")
    else:
        sys.stdout.write(cards_lines(cards, here=here))


@models.command("fetch")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@json_option
def fetch_models(names: tuple[str, ...], *, as_json: bool) -> None:
    """Have models on this machine, for a day without a connection.

    Prints for each the name that stands for this very version for ever, here and elsewhere, to give to --model.
    What is here already is not fetched again.
    """
    from ilk.encoders.models import fetch_model
    from ilk.errors import IlkError
    from ilk.render.fetching import FetchBar

    fetched: list[dict[str, str]] = []
    failed: list[dict[str, str]] = []
    code = 0
    for name in names:
        try:
            with FetchBar(name) as bar:
                found = fetch_model(name, watcher=bar.update)
        except IlkError as error:
            complain(f"ilk: {error}")
            failed.append({"name": name, "message": str(error)})
            code = error.exit_code
            continue
        fetched.append({"name": found.name, "pinned": found.pinned, "folder": str(found.folder)})
        if not as_json:
            from ilk.render.terminal import visible

            print(visible(found.pinned), flush=True)
    if as_json:
        report: dict[str, Any] = {"fetched": fetched, "failed": failed}
        print_json(report)
    if failed:
        sys.exit(PARTLY_DONE if fetched else code)


@models.command("export")
@click.argument("name")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--weights",
    type=click.Choice(["auto", "float32", "float16", "int8"]),
    default="auto",
    show_default=True,
    help="auto is float32, and int8 beside it if that proves near: many pictures are then computed with it by "
    "themselves, on processors that gain by it. float16 is half as large, int8 a quarter.",
)
@json_option
def export_checkpoint(name: str, folder: Path, *, weights: str, as_json: bool) -> None:
    """Write a checkpoint as ONNX files, which run without PyTorch.

    NAME is a checkpoint, FOLDER a new folder, to be named to --model afterwards. What is written is first compared
    with the checkpoint. A gallery made with one answers with the other, as both give the same vectors.
    """
    from ilk.encoders.models import open_checkpoint
    from ilk.encoders.torch.export import VARIANTS, export_model

    chosen = next(each for each in VARIANTS if each == weights)
    report = export_model(open_checkpoint(name), folder, weights=chosen)
    if as_json:
        print_json(report.to_dict())
        return
    from ilk.render.terminal import visible

    for each, how in (
        *((each, "") for each in report.parity),
        *((each, " in eight bits") for each in report.eight_bits),
    ):
        complain(
            f"{each.modality}{how}: cosine to the checkpoint {each.cosine_min:.6f} at worst, {each.cosine_mean:.6f} on "
            f"average, over {each.rows}."
        )
    if report.left_out:
        complain(report.left_out)
    ending = f"#{report.variant}" if report.variant else ""
    print(visible(f"{report.folder}{ending}"))
