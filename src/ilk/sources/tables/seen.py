"""Which ids have been seen, in a few bytes each."""

from __future__ import annotations

import hashlib
from array import array

FIRST_SLOTS = 1_024

_LEAST = 1
"""Stands for the hash 0, which marks an empty slot."""


class Seen:
    """Remembers texts by 64 bits of their BLAKE2b digest: 11 to 32 bytes each, where Python's strings take over 100.

    Notes
    -----
    A hash table with open addressing. That two of 3 million different texts share their 64 bits has a probability of
    2 in 10 million; one of them is then taken for a repetition.
    """

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 * FIRST_SLOTS))
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, text: str) -> bool:
        """Remember a text; whether it is new."""
        digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        if not _put(self._slots, int.from_bytes(digest, "little") or _LEAST):
            return False
        self._count += 1
        if 4 * self._count > 3 * len(self._slots):
            self._grow()
        return True

    def _grow(self) -> None:
        slots = array("Q", bytes(16 * len(self._slots)))
        for value in self._slots:
            if value:
                _put(slots, value)
        self._slots = slots


def _put(slots: array[int], value: int) -> bool:
    """Put a number into the first free slot from its own; False if it is there already."""
    mask = len(slots) - 1
    slot = value & mask
    while slots[slot]:
        if slots[slot] == value:
            return False
        slot = (slot + 1) & mask
    slots[slot] = value
    return True
