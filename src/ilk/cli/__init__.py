"""The command line. Each verb is thin: it reads options, calls the library, and prints."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its code."""
    try:
        from ilk.cli.app import run  # inside, since Ctrl-C may come while this is imported

        code = run()
    except KeyboardInterrupt:
        code = 130  # what shells expect of a program that Ctrl-C stopped: 128 + SIGINT
    sys.exit(code)
