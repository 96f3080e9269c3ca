"""Who may ask now: so many at once in all and per host, and nobody a host that asked to be left alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ilk.sources.fetch.limits import FetchLimits
from ilk.sources.fetch.outcomes import FetchError

ABSENT_S = 60
"""For how long a host that nothing could reach is not waited for again. Tables have thousands of URLs of hosts that
are gone: at ten seconds a try, each of them would cost half a minute."""

MISSES = 3
"""Connections to a host in a row that must have failed so before it counts as absent."""

MAX_ABSENT = 10_000
"""Hosts remembered so."""


class Host:
    """One host, for as long as somebody is concerned with it."""

    def __init__(self, places: int) -> None:
        self.places = asyncio.Semaphore(places)
        self.guests = 0
        self.quiet_until = 0.0

    def keep_quiet(self, seconds: float) -> None:
        """Let nobody ask this host for some time."""
        self.quiet_until = max(self.quiet_until, time.monotonic() + seconds)


class Hosts:
    """All hosts that are being asked, and those that were found absent."""

    def __init__(self, limits: FetchLimits) -> None:
        self._per_host = limits.concurrency_per_host
        self._places = asyncio.Semaphore(limits.concurrency)
        self._hosts: dict[str, Host] = {}
        self._missed: dict[str, tuple[int, float]] = {}  # connections in a row, and when the last one failed

    @asynccontextmanager
    async def place(self, name: str, *, url: str) -> AsyncIterator[Host]:
        """Wait for a turn with a host, and have it.

        Raises
        ------
        FetchError
            If the host was found absent just now.
        """
        host = self._hosts.setdefault(name, Host(self._per_host))
        host.guests += 1
        try:
            # The host's place first: whoever waits for it must not keep others from other hosts.
            async with host.places:
                while (left := host.quiet_until - time.monotonic()) > 0:  # noqa: ASYNC110 -- others may prolong it
                    await asyncio.sleep(left)
                async with self._places:
                    self._check_present(name, url)
                    yield host
        finally:
            host.guests -= 1
            if not host.guests:
                self._hosts.pop(name, None)

    def miss(self, name: str) -> None:
        """Remember that nothing could reach a host."""
        times, _ = self._missed.pop(name, (0, 0.0))
        if len(self._missed) >= MAX_ABSENT:
            self._missed.pop(next(iter(self._missed)))
        self._missed[name] = times + 1, time.monotonic()

    def meet(self, name: str) -> None:
        """Remember that a host answered."""
        self._missed.pop(name, None)

    def _check_present(self, name: str, url: str) -> None:
        times, last = self._missed.get(name, (0, 0.0))
        if times < MISSES:
            return
        if time.monotonic() < last + ABSENT_S:
            raise FetchError(
                f"{url} was not asked for: its host could not be reached a moment ago. --retry-failed tries again.",
                code="timeout",
            )
        self.meet(name)
