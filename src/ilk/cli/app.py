"""The verbs, and what they share."""

from __future__ import annotations

from typing import Annotated

import typer

from ilk import __version__
from ilk.cli import check, index, info, remove, search

app = typer.Typer(
    name="ilk",
    help="Image search by meaning: ask in words or with a picture, get the ones of the same ilk.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # a crash shows Python's own traceback, which a bug report needs
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(asked: bool) -> None:
    if asked:
        print(f"ilk {__version__}")
        raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Image search by meaning: ask in words or with a picture, get the ones of the same ilk."""


app.command("index")(index.index)
app.command("search")(search.search)
app.command("info")(info.info)
app.command("check")(check.check)
app.command("remove")(remove.remove)

