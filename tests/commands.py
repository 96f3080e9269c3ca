"""Commands of the command line, run in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple


class Said(NamedTuple):
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def ids(self) -> list[str]:
        """Those of hits, as they are printed for a pipe."""
        return [line.split("\t")[2] for line in self.out.splitlines()]


Ilk = Callable[..., Said]
"""Runs ``ilk`` with some words."""
