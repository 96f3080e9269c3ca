"""The verbs, each loaded when it is used.

This is click rather than typer, which builds a pydantic model of every option at each start: 60 to 100 ms measured
with typer 0.29, a quarter of what a cold search may take (`python -m benchmarks.cold_search`).
"""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import import_module

import click

from ilk import __version__
from ilk.cli.output import INTERRUPTED, OutputError, abandon_stdout, complain, plain_warnings, prepare_streams
from ilk.errors import FilterError, IlkError

VERBS = ("index", "search", "classify", "duplicates", "map", "eval", "info", "check", "remove", "models", "demo")
"""In the order in which a new user meets them; each is a function of that name in a module of that name."""


class Verbs(click.Group):
    """A group whose commands are imported when they are asked for, as click's documentation describes."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's signature
        """Every verb."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """One of them."""
        if cmd_name not in VERBS:
            return None
        command: click.Command = getattr(import_module(f"ilk.cli.{cmd_name}"), cmd_name)
        return command


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="ilk %(version)s")
def app() -> None:
    """Image search by meaning: ask in words or with a picture, get the ones of the same ilk."""


def run() -> int:
    """Run the verb that was asked for and see its output off; the exit code.

    Everything ilk reports ends here: one sentence on stderr, and the exit code that its class names. A reader that
    leaves early (``| head``) has what it wanted, which is no error; output that cannot be written is one.
    """
    prepare_streams()
    code = 0
    try:
        with plain_warnings():
            code = _run_verb()
        sys.stdout.flush()
    except OutputError as error:
        abandon_stdout()
        if not error.reader_left:
            complain(f"ilk: {error}")
            return error.exit_code
    return code


def _run_verb() -> int:
    try:
        code = app(standalone_mode=False)
    except SystemExit as end:  # how verbs end with a code of their own
        code = end.code
    except click.Abort:  # what click makes of Ctrl-C
        return INTERRUPTED
    except click.ClickException as error:
        with suppress(OSError):  # without a stderr there is nowhere to say anything
            error.show()
        return error.exit_code
    except FilterError as error:
        for line in (f"ilk: {error.sentence}", *error.shown):
            complain(line)
        return error.exit_code
    except IlkError as error:
        complain(f"ilk: {error}")
        return error.exit_code
    return code if isinstance(code, int) else 0
