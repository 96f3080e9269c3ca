"""What sources use to have the picture behind a URL."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
import weakref
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Self, TypeVar

from ilk.errors import PictureError
from ilk.sources.fetch.limits import DEFAULT_LIMITS, FetchLimits

if TYPE_CHECKING:
    from ilk.sources.fetch.engine import Engine

T = TypeVar("T")

STOP_S = 5
"""Within which connections are closed at the end."""


class Fetcher:
    """Fetches pictures from URLs, for any number of threads at once.

    Connections are shared and reused, over HTTP/2 where a server offers it. All the work is done on one further
    thread, which starts with the first URL. Close it when done, or use it in a ``with``.

    Parameters
    ----------
    limits
        How much and how long.
    allow_private
        Whether URLs may lead to this machine and its own network, and whether the proxies that the environment names
        are used: behind a proxy nobody can see where a URL leads.
    heed_opt_out
        Whether pictures whose server says ``X-Robots-Tag: noai`` or ``noimageai`` are left alone.
    """

    def __init__(
        self, limits: FetchLimits = DEFAULT_LIMITS, *, allow_private: bool = False, heed_opt_out: bool = True
    ) -> None:
        self._limits = limits
        self._allow_private = allow_private
        self._heed_opt_out = heed_opt_out
        self._lock = threading.Lock()
        self._thread: _LoopThread | None = None
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def fetch(self, url: str) -> bytes:
        """The bytes of the picture at a URL, in at most `FetchLimits.whole_s` from its turn on.

        Raises
        ------
        ilk.errors.PictureError
            If they cannot be had: the code says why (see there). What text is behind the URL instead of a picture is
            said; whether other bytes are a picture is seen when they are decoded.
        """
        running = self._running()
        future = running.submit(running.engine.fetch(url))
        try:
            found = future.result()
        except concurrent.futures.CancelledError as error:
            raise _stopped() from error
        except BaseException:
            future.cancel()  # the caller does not wait any longer, Ctrl-C for one
            raise
        if isinstance(found, PictureError):
            raise found
        return found

    def close(self) -> None:
        """Close all connections. What is being fetched ends with the code ``"unreadable"``; so does any later fetch."""
        with self._lock:
            self._closed = True
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.stop()

    def _running(self) -> _LoopThread:
        with self._lock:
            if self._closed:
                raise _stopped()
            if self._thread is None:
                self._thread = _LoopThread(
                    self._limits, allow_private=self._allow_private, heed_opt_out=self._heed_opt_out
                )
                weakref.finalize(self, self._thread.stop)  # also when the interpreter ends
            return self._thread


class _LoopThread:
    """A thread with an event loop on which an `Engine` runs."""

    engine: Engine

    def __init__(self, limits: FetchLimits, *, allow_private: bool, heed_opt_out: bool) -> None:
        from ilk.sources.fetch.engine import Engine

        self._loop = asyncio.new_event_loop()
        # Names are looked up on these, as many at once as URLs are fetched.
        self._loop.set_default_executor(
            concurrent.futures.ThreadPoolExecutor(limits.concurrency, thread_name_prefix="ilk-names")
        )
        self.engine = Engine(limits, allow_private=allow_private, heed_opt_out=heed_opt_out)
        self._end = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="ilk-fetch", daemon=True)
        self._thread.start()

    def submit(self, work: Coroutine[None, None, T]) -> concurrent.futures.Future[T]:
        """Have something done there."""
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop)
        except RuntimeError as error:  # closed since
            work.close()
            raise _stopped() from error

    def stop(self) -> None:
        """End what is being done, and the thread. May be called again."""
        try:
            self._loop.call_soon_threadsafe(self._end.set)
        except RuntimeError:
            return
        if threading.current_thread() is not self._thread:
            self._thread.join(STOP_S)

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        await self._end.wait()
        pending = asyncio.all_tasks() - {asyncio.current_task()}
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        await self.engine.close()


def _stopped() -> PictureError:
    return PictureError("Fetching was stopped before the picture came.", code="unreadable")
