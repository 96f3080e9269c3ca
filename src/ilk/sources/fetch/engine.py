"""One URL's way, from the first request to its bytes or to the reason why there are none.

Everything here runs on one event loop. Threads with a client each would do for HTTP/1.1; over HTTP/2 httpcore's threads
share one connection, whose state is not made for that, and a thread that waits for another to read has no time limit.
"""

from __future__ import annotations

import asyncio
import random
import time
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib import import_module

import httpx

from ilk.errors import PictureError
from ilk.sources.fetch import answers, locators
from ilk.sources.fetch.hosts import Hosts
from ilk.sources.fetch.limits import FetchLimits
from ilk.sources.fetch.outcomes import FetchError, explain
from ilk.sources.fetch.room import Room
from ilk.sources.fetch.transport import IDLE_S, make_client

BROKEN = frozenset({"no-connection", "truncated"})
"""What a connection looks like to those who share it when it is cut."""

MOST_CUTS = 3
"""Times that such a cut is no try of those that it hit."""

MOST_CAUSES = 20
"""Errors that are looked at behind one; some chains are rings."""

SMALL = {"HTTP/2": (2**20, 5.0)}
SMALL_ELSE = (16 * 2**10, 0.5)
"""Bytes and seconds: an answer that nobody wants is read to its end if it says that it has no more than this, and for
no longer, so that its connection can be used again. Other connections are cut, which over HTTP/2 costs others more."""


class Clock:
    """The seconds that one URL has left; it runs only while something is done for it."""

    def __init__(self, seconds: float) -> None:
        self.left = seconds

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Stop whatever is done inside when the time is over, with `TimeoutError`."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(max(self.left, 0)):
                yield
        finally:
            self.left -= loop.time() - began


class Engine:
    """Fetches URLs; for one event loop."""

    def __init__(self, limits: FetchLimits, *, allow_private: bool, heed_opt_out: bool) -> None:
        self._limits = limits
        self._heed_opt_out = heed_opt_out
        self._hosts = Hosts(limits)
        self._room = Room()
        proxies = bool(urllib.request.getproxies().keys() & {"http", "https", "all"})
        self._proxies = proxies and not allow_private  # those that would be used
        # Not `from ilk import`: this floor imports nothing from above, and the root names everything.
        agent = f"{answers.AGENT}/{import_module('ilk').__version__} (image search)"
        self._client = make_client(limits, allow_private=allow_private, proxied=proxies and allow_private, agent=agent)

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def fetch(self, text: str) -> bytes | PictureError:
        """The bytes of a picture, or why they cannot be had."""
        try:
            return await self._try(locators.parse(text))
        except PictureError as error:
            _forget_frames(error)
            return PictureError(str(error), code=error.code)

    async def _try(self, url: httpx.URL) -> bytes:
        """Follow a URL, again if it failed for what may pass."""
        clock, tried, cut = Clock(self._limits.whole_s), 0, 0
        while True:
            try:
                return await self._follow(url, clock)
            except FetchError as outcome:
                cut += outcome.ours
                if outcome.ours and cut <= MOST_CUTS:
                    continue
                tried += 1
                again_s = self._again_in(outcome, tried)
                if again_s is None or again_s >= clock.left:
                    raise self._last(outcome, tried) from outcome
            clock.left -= again_s
            await asyncio.sleep(again_s)

    def _again_in(self, outcome: FetchError, tried: int) -> float | None:
        """Seconds until the next try, None if there is none."""
        asked_s: float = outcome.wait_s or 0.0
        if not outcome.passing or tried == self._limits.tries or asked_s > self._limits.retry_after_s:
            return None
        jitter: float = random.uniform(0.5, 1)  # noqa: S311 -- spreads load; nobody gains by guessing it
        return max(self._limits.backoff_s * 2.0 ** (tried - 1) * jitter, asked_s)

    def _last(self, outcome: FetchError, tried: int) -> FetchError:
        """The outcome of the last try, with what can be done about it."""
        if not outcome.passing:
            return outcome
        asked = ""
        if outcome.wait_s is not None and outcome.wait_s > self._limits.retry_after_s:
            asked = f" It asks to be left alone for {outcome.wait_s:,.0f} s."
        times = "once" if tried == 1 else f"{tried} times"
        return outcome.saying(f"{outcome}{asked} Tried {times}; --retry-failed tries again.")

    async def _follow(self, url: httpx.URL, clock: Clock) -> bytes:
        """Get a URL, or what it redirects to."""
        first = locators.show(url)
        for hop in range(self._limits.redirects + 1):
            try:
                found = await self._get(url, clock)
            except FetchError as outcome:
                if not hop or outcome.ours:
                    raise
                raise outcome.saying(f"{first} redirects. {outcome}") from outcome
            if isinstance(found, bytes):
                return found
            url = found
        raise FetchError(f"{first} redirects more than {self._limits.redirects} times.", code="too-many-redirects")

    async def _get(self, url: httpx.URL, clock: Clock) -> bytes | httpx.URL:
        """One request: the picture, or where a redirect leads."""
        shown, name = locators.show(url), locators.host_of(url)
        async with self._hosts.place(name, url=shown):
            began = time.monotonic()
            body: answers.Body | None = None
            try:
                async with clock.running(), self._asked(url) as response:
                    if self._heed_opt_out:
                        self._check_opt_out(response, shown)
                    if response.status_code in answers.REDIRECTS and "location" in response.headers:
                        return locators.follow(url, response.headers["location"])
                    answers.check_status(response, url=shown)
                    body = answers.Body(response, url=shown, limits=self._limits, room=self._room)
                    data = await body.read()
            except Exception as error:
                received = None if body is None else body.received
                outcome = explain(error, url=shown, limits=self._limits, received=received, proxies=self._proxies)
                if outcome.wait_s is not None and outcome.wait_s <= self._limits.retry_after_s:
                    self._hosts.keep_quiet(name, outcome.wait_s)
                if outcome.absent:
                    self._hosts.miss(name)
                outcome.ours = outcome.code in BROKEN and self._hosts.was_cut_since(name, began - IDLE_S)
                if outcome is error:
                    raise
                raise outcome from error
        answers.check_kind(data, url=shown)
        return data

    @asynccontextmanager
    async def _asked(self, url: httpx.URL) -> AsyncIterator[httpx.Response]:
        """Ask for a URL, and leave its connection usable if that is cheap."""
        response = await self._client.send(self._client.build_request("GET", url), stream=True)
        self._hosts.meet(locators.host_of(url))
        try:
            yield response
        finally:
            await self._dismiss(response, locators.host_of(url))

    async def _dismiss(self, response: httpx.Response, name: str) -> None:
        """Be done with an answer, of which there may be more to come."""
        if response.is_closed:
            return
        most_bytes, most_s = SMALL.get(response.http_version, SMALL_ELSE)
        declared = response.headers.get("content-length", "")
        small = declared.isdigit() and float(declared) <= most_bytes
        with suppress(Exception):  # there is an outcome already
            if small and not response.is_stream_consumed:
                async with asyncio.timeout(most_s):
                    async for _ in response.aiter_raw():
                        pass
            elif not small and response.http_version == "HTTP/2":
                # What still comes for a stream that nobody reads uses up what the whole connection may receive, and
                # then all others on it stand still. They break now instead, and try again on a new one.
                self._hosts.cut(name)
                await response.extensions["network_stream"].aclose()
        with suppress(Exception):
            await response.aclose()

    def _check_opt_out(self, response: httpx.Response, shown: str) -> None:
        if response.is_error:
            return
        directive = answers.opted_out(response.headers.get_list("x-robots-tag"))
        if directive is not None:
            raise FetchError(
                f'{shown} asks not to be used by programs that learn (X-Robots-Tag "{directive}").', code="opted-out"
            )


def _forget_frames(error: BaseException | None) -> None:
    """Cut an error off from the frames that it passed through, where it stands itself.

    They hold what had come of the picture, and such a ring is kept until all the objects of the process are gone over.
    """
    for _ in range(MOST_CAUSES):
        if error is None:
            return
        error.__traceback__ = None
        error = error.__cause__ or error.__context__
