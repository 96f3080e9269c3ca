"""What this process may use of the machine it runs on."""

from __future__ import annotations

import os
from pathlib import Path


def usable_processors() -> int:
    """How many processors this process may use, which can be fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def state_directory() -> Path:
    """Where ilk keeps what is of one machine and user: ``ilk`` below ``XDG_STATE_HOME`` or ``~/.local/state``."""
    given = os.environ.get("XDG_STATE_HOME", "")
    return (Path(given) if os.path.isabs(given) else Path.home() / ".local" / "state") / "ilk"  # noqa: PTH117 -- a text


def free_memory_bytes() -> int:
    """How much memory can be had without swapping, as far as the system says; a large number where it does not."""
    try:
        with Path("/proc/meminfo").open(encoding="ascii") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) << 10
    except (OSError, ValueError):
        pass
    return 1 << 40
