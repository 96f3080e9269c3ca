"""Printing, and the exit codes that scripts rely on."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ilk.records import Hits

NOTHING_FOUND = 1
PARTLY_DONE = 3
INTERRUPTED = 130
"""What shells expect of a program that Ctrl-C stopped: 128 + SIGINT."""


def print_json(value: dict[str, Any]) -> None:
    """One line of JSON on stdout."""
    print(json.dumps(value, ensure_ascii=False))


def complain(sentence: str) -> None:
    """One line on stderr."""
    sys.stderr.write(f"{sentence}\n")


def print_hits(hits: Hits, *, path_of: Callable[[str], Path]) -> None:
    """A table for a person at a terminal, plain lines for a pipe."""
    from ilk.render.terminal import hits_lines, hits_table

    if sys.stdout.isatty():
        from rich.console import Console

        Console().print(hits_table(hits, path_of=path_of))
    else:
        sys.stdout.write(hits_lines(hits))
