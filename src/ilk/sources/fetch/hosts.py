"""Who may ask now: so many at once in all and per host, and nobody a host that asked to be left alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

from ilk.sources.fetch.limits import FetchLimits
from ilk.sources.fetch.outcomes import FetchError

T = TypeVar("T")

ABSENT_S = 60
"""For how long a host that nothing could reach is not waited for again. Tables have thousands of URLs of hosts that
are gone: at ten seconds a try, each of them would cost half a minute."""

MISSES = 3
"""Connections to a host in a row that must have failed so before it counts as absent."""

MAX_REMEMBERED = 10_000
"""Hosts of which something is remembered while nobody asks them."""


class _Host:
    """One host, for as long as somebody asks it or waits to."""

    def __init__(self, places: int) -> None:
        self.places = asyncio.Semaphore(places)
        self.guests = 0


class Hosts:
    """All hosts that are being asked, those that want to be left alone, and those that were found absent."""

    def __init__(self, limits: FetchLimits) -> None:
        self._per_host = limits.concurrency_per_host
        self._places = asyncio.Semaphore(limits.concurrency)
        self._hosts: dict[str, _Host] = {}
        self._quiet: dict[str, float] = {}  # until when
        self._missed: dict[str, tuple[int, float]] = {}  # connections in a row, and when the last one failed
        self._cut: dict[str, float] = {}  # when

    @asynccontextmanager
    async def place(self, name: str, *, url: str) -> AsyncIterator[None]:
        """Wait for a turn with a host, and have it.

        Raises
        ------
        FetchError
            If the host was found absent just now.
        """
        host = self._hosts.setdefault(name, _Host(self._per_host))
        host.guests += 1
        try:
            # The host's place first: whoever waits for it must not keep others from other hosts.
            async with host.places:
                while (left := self._quiet.get(name, 0) - time.monotonic()) > 0:  # noqa: ASYNC110 -- others prolong it
                    await asyncio.sleep(left)
                self._quiet.pop(name, None)
                async with self._places:
                    self._check_present(name, url)
                    yield
        finally:
            host.guests -= 1
            if not host.guests:
                self._hosts.pop(name, None)

    def keep_quiet(self, name: str, seconds: float) -> None:
        """Let nobody ask a host for some time."""
        _remember(self._quiet, name, max(self._quiet.get(name, 0), time.monotonic() + seconds))

    def miss(self, name: str) -> None:
        """Remember that nothing could reach a host."""
        times, _ = self._missed.get(name, (0, 0.0))
        _remember(self._missed, name, (times + 1, time.monotonic()))

    def meet(self, name: str) -> None:
        """Remember that a host answered."""
        self._missed.pop(name, None)

    def cut(self, name: str) -> None:
        """Remember that a connection to a host was cut here, under those who shared it."""
        _remember(self._cut, name, time.monotonic())

    def was_cut_since(self, name: str, began: float) -> bool:
        """Whether that happened since some time on the monotonic clock."""
        return self._cut.get(name, 0) >= began

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


def _remember(known: dict[str, T], name: str, value: T) -> None:
    """Keep something of a host; what is oldest is forgotten for it."""
    known.pop(name, None)
    if len(known) >= MAX_REMEMBERED:
        del known[next(iter(known))]
    known[name] = value
