"""Memory for bodies: what all that come in at one time may take together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

SMALL_BYTES = 4 * 2**20
"""A body up to this size needs no leave."""

ROOM_MIB = 192
"""For all larger ones together. Thirty-two endless bodies took 2 GB without this, and 24 photographs of 8 MB fit in."""

_MIB = 2**20


class Room:
    """Room for large bodies. Whoever gets any gets all that it needs at once, so that nobody waits half-way."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(ROOM_MIB)
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def take(self, size_bytes: int) -> AsyncIterator[None]:
        """Wait for room, and have it; for one that is larger than all, all of it."""
        wanted, had = min(-(-size_bytes // _MIB), ROOM_MIB), 0
        try:
            async with self._turn:
                while had < wanted:
                    await self._free.acquire()
                    had += 1
            yield
        finally:
            for _ in range(had):
                self._free.release()
