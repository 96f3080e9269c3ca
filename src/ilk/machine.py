"""What this process may use of the machine it runs on."""

from __future__ import annotations

import os


def usable_processors() -> int:
    """How many processors this process may use, which can be fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
