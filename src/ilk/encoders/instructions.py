"""Which instructions this processor has, so far as the system says it for nothing."""

from __future__ import annotations

from functools import cache
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")

_OF_BYTES = frozenset({"avx512_vnni", "avx_vnni"})


@cache
def multiplies_bytes() -> bool:
    """Whether this processor multiplies numbers of eight bits, and adds them up, in one exact instruction.

    Those without it are hardly faster with them than with float32, and x86 processors among them cut off large sums.
    False where Linux does not say: of other processors it has not been measured whether they gain.
    """
    return bool(_OF_BYTES & _flags(CPUINFO))


def _flags(cpuinfo: Path) -> frozenset[str]:
    """Of the first processor; empty where it cannot be told."""
    try:
        with cpuinfo.open(encoding="utf-8", errors="replace") as lines:
            said = next((line for line in lines if line.startswith("flags")), "")
    except OSError:
        return frozenset()
    return frozenset(said.partition(":")[2].split())
