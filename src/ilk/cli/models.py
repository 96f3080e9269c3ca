"""``ilk models``: which there are, and having one here before it is needed."""

from __future__ import annotations

import sys
from typing import Any

import click

from ilk.cli.options import json_option
from ilk.cli.output import PARTLY_DONE, complain, print_json


@click.group()
def models() -> None:
    """See which models there are, and fetch them ahead."""


@models.command("list")
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
