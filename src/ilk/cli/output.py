"""Printing, and the exit codes that scripts rely on."""

from __future__ import annotations

import json
import sys
from typing import Any

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
