"""The command line. Each verb is thin: it reads options, calls the library, and prints."""

from __future__ import annotations

import os
import sys

from ilk.cli.output import INTERRUPTED, complain
from ilk.errors import IlkError


def main() -> None:
    """Run the command line and exit with its code.

    Everything ilk reports ends here: one sentence on stderr, and the exit code that its class names.
    """
    import click

    from ilk.cli.app import app

    try:
        sys.exit(app(standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except IlkError as error:
        complain(f"ilk: {error}")
        sys.exit(error.exit_code)
    except click.Abort:  # what click makes of Ctrl-C
        complain("ilk: stopped.")
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # The reader (`| head`) has what it wanted. Python would complain again while closing stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
