"""The command line. Each verb is thin: it reads options, calls the library, and prints."""

from __future__ import annotations

import atexit
import gc
import sys

YOUNG = 50_000
"""Objects from which Python looks for cycles: most of what a short command makes are the modules that it imports."""


def main() -> None:
    """Run the command line and exit with its code."""
    gc.set_threshold(YOUNG)
    atexit.register(gc.freeze)  # at its end Python would look through every module for cycles: a sixth of a search
    try:
        from ilk.cli.app import run  # inside, since Ctrl-C may come while this is imported

        code = run()
    except KeyboardInterrupt:
        code = 130  # what shells expect of a program that Ctrl-C stopped: 128 + SIGINT
    sys.exit(code)
