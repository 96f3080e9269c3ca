"""The command line. Each verb is thin: it reads options, calls the library, and prints."""

from __future__ import annotations

import os
import sys

from ilk.errors import IlkError

INTERRUPTED = 130
"""What shells expect of a program that Ctrl-C stopped: 128 + SIGINT."""


def main() -> None:
    """Run the command line and exit with its code.

    Everything ilk reports ends here: one sentence on stderr, and the exit code that its class names.
    """
    from ilk.cli.app import app

    try:
        app()
    except IlkError as error:
        sys.stderr.write(f"ilk: {error}\n")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write("ilk: stopped.\n")
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # The reader (`| head`) has what it wanted. Python would complain again while closing stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
