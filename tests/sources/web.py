"""A web server that does everything that can go wrong, on a loopback address, and counts what it is asked.

The path of a URL says what happens (see `Web.answer`), so that a table can plant any outcome. One event loop on one
thread serves; it writes bytes itself, since what is tested here is answers that no library would write.
"""

from __future__ import annotations

import asyncio
import gzip
import io
import ssl
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Self, TypeVar
from unittest import mock
from urllib.parse import parse_qs, unquote, urlsplit

from PIL import Image

T = TypeVar("T")

PUBLIC = "93.184.216.34"
"""Stands for the server where names are pretended: nothing is ever sent there."""

MEGABYTE = bytes(2**20)
PAGE = b"\n <!DOCTYPE html><html><body>The picture has moved.</body></html>"


@lru_cache(256)
def picture(number: int = 0, *, side: int = 32) -> bytes:
    """A JPEG, another for each number."""
    colour = (number * 37 % 256, number // 256 * 53 % 256, number * 11 % 256)
    file = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(file, "JPEG", comment=str(number).encode())
    return file.getvalue()


@cache
def bomb() -> bytes:
    """A hundred megabytes of nothing, as a hundred kilobytes of gzip."""
    return gzip.compress(MEGABYTE * 100, 9)


@dataclass
class Asked:
    """One request."""

    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    writer: asyncio.StreamWriter
    times: int

    @property
    def name(self) -> str:
        """What is to happen: the first part of the path."""
        return self.path.split("/")[1]

    @property
    def number(self) -> int:
        """The number in the last part of the path, which makes pictures differ."""
        digits = "".join(filter(str.isdigit, self.path.rsplit("/", 1)[-1]))
        return int(digits or 0)

    async def send(self, status: int, body: bytes = b"", **headers: str) -> None:
        """A whole answer."""
        await self.begin(status, **{"content_length": str(len(body))} | headers)
        self.writer.write(body)
        await self.writer.drain()

    async def begin(self, status: int, **headers: str) -> None:
        """Its beginning."""
        lines = [f"HTTP/1.1 {status} So", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
        self.writer.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n")
        await self.writer.drain()


@dataclass
class Web:
    """The server. Use it in a ``with``.

    Attributes
    ----------
    asked
        How often each path was asked for.
    headers
        Of the last request for each path.
    most, most_of_host
        Requests that were being answered at one time, at most: in all, and by the ``Host`` that was asked.
    connections
        That were made to it.
    slow_s
        Seconds that ``/slow`` takes, and between the pieces of a drip.
    """

    tls: ssl.SSLContext | None = None
    slow_s: float = 0.05
    asked: Counter[str] = field(default_factory=Counter)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    most: int = 0
    most_of_host: Counter[str] = field(default_factory=Counter)
    connections: int = 0

    def __enter__(self) -> Self:
        self._busy: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="web", daemon=True)
        self._thread.start()
        self._server = self._do(asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls, backlog=512))
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *exc: object) -> None:
        self._do(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def url(self, path: str, *, host: str = "127.0.0.1") -> str:
        """The URL of a path."""
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}/{path.removeprefix('/')}"

    @contextmanager
    def named(self, **others: str) -> Iterator[None]:
        """Pretend that this machine's addresses are public, as names see it.

        Every name that ends with ``.test`` has the address `PUBLIC` unless another is given (with ``_`` for ``.``),
        and a connection to `PUBLIC` leads to this server. All other addresses and names are what they are.
        """
        from ilk.sources.fetch import addresses, transport

        resolve, dial = addresses.resolve, transport.dial
        given = {name.replace("_", "."): address for name, address in others.items()}

        def pretend(host: str, port: int) -> tuple[str, ...]:
            if host in given:
                return tuple(given[host].split())
            return (PUBLIC,) if host.endswith(".test") else resolve(host, port)

        async def lead(address: str, port: int, timeout_s: float | None) -> object:
            return await dial("127.0.0.1" if address == PUBLIC else address, port, timeout_s)

        with mock.patch.object(addresses, "resolve", pretend), mock.patch.object(transport, "dial", lead):
            yield

    def forget(self) -> None:
        """Wait until nothing is being answered, and count from nought again."""
        while self._busy.total():
            time.sleep(0.01)
        self.asked.clear()
        self.headers.clear()
        self.most_of_host.clear()
        self.most = 0

    # -- what it answers ------------------------------------------------------------------------------------------

    async def answer(self, asked: Asked) -> bool:
        """Answer by the first part of the path; whether the connection can be used again."""
        action: Callable[[Asked], Awaitable[object]] = getattr(self, f"_{asked.name.replace('-', '_')}")
        return await action(asked) is not False

    async def _picture(self, asked: Asked) -> None:
        await asked.send(200, picture(asked.number), content_type="image/jpeg")

    async def _slow(self, asked: Asked) -> None:
        await asyncio.sleep(self.slow_s)
        await self._picture(asked)

    async def _echo(self, asked: Asked) -> None:
        await asked.send(200, b"\0" + unquote(asked.path).encode())

    async def _status(self, asked: Asked) -> None:
        """``/status/404/…``, with the headers of the query."""
        headers = {name.replace("-", "_"): values[0] for name, values in asked.query.items()}
        await asked.send(int(asked.path.split("/")[2]), b"<html>no</html>", **headers)

    async def _flaky(self, asked: Asked) -> None:
        """``/flaky/500/2/…``: this status twice, then a picture."""
        _, _, status, times, *_ = asked.path.split("/")
        if asked.times > int(times):
            return await self._picture(asked)
        headers = {name.replace("-", "_"): values[0] for name, values in asked.query.items()}
        return await asked.send(int(status), b"again", **headers)

    async def _drip(self, asked: Asked) -> bool:
        """A byte at a time, for ever, each well within any time-out."""
        await asked.begin(200, content_length="1000000")
        return await self._drop(asked)

    async def _drip_headers(self, asked: Asked) -> bool:
        asked.writer.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        return await self._drop(asked)

    async def _drop(self, asked: Asked) -> bool:
        while True:
            asked.writer.write(b".")
            await asked.writer.drain()
            await asyncio.sleep(self.slow_s)

    async def _endless(self, asked: Asked) -> bool:
        await asked.begin(200, content_type="image/jpeg", connection="close")
        while True:
            asked.writer.write(MEGABYTE)
            await asked.writer.drain()

    async def _large(self, asked: Asked) -> bool:
        """Says so, and then takes its time."""
        await asked.begin(200, content_length=str(10**12))
        return await self._drop(asked)

    async def _bomb(self, asked: Asked) -> None:
        await asked.send(200, bomb(), content_encoding="gzip")

    async def _gzip(self, asked: Asked) -> None:
        await asked.send(200, gzip.compress(picture(asked.number)), content_encoding="gzip")

    async def _gzip_cut(self, asked: Asked) -> None:
        await asked.send(200, gzip.compress(picture(asked.number))[:-20], content_encoding="gzip")

    async def _gzip_not(self, asked: Asked) -> None:
        await asked.send(200, picture(asked.number), content_encoding="gzip")

    async def _brotli(self, asked: Asked) -> None:
        await asked.send(200, b"whatever", content_encoding="br")

    async def _page(self, asked: Asked) -> None:
        """A web page that is called a picture, in its name and in its type."""
        await asked.send(200, PAGE, content_type="image/jpeg")

    async def _text(self, asked: Asked) -> None:
        """The body of the query."""
        await asked.send(200, asked.query["body"][0].encode(), content_type="image/png")

    async def _cut(self, asked: Asked) -> None:
        """A file that was cut short before it got here."""
        await asked.send(200, picture(asked.number, side=256)[:700], content_type="image/jpeg")

    async def _short(self, asked: Asked) -> bool:
        """Fewer bytes than promised."""
        await asked.begin(200, content_length="100000")
        asked.writer.write(picture(asked.number))
        await asked.writer.drain()
        return False

    async def _large_cut(self, asked: Asked) -> bool:
        """Three quarters of a megabyte, and then no more of it."""
        await asked.begin(200, content_length="1000000")
        asked.writer.write(MEGABYTE[: 3 * 2**18])
        await asked.writer.drain()
        return False

    async def _empty(self, asked: Asked) -> None:
        await asked.send(200)

    async def _ring(self, asked: Asked) -> None:
        await asked.send(302, location=asked.path)

    async def _hops(self, asked: Asked) -> None:
        """``/hops/3/…``: so many redirects, then a picture."""
        left = int(asked.path.split("/")[2])
        if not left:
            return await self._picture(asked)
        return await asked.send(301, location=f"/hops/{left - 1}/{asked.number}.jpg")

    async def _redirect(self, asked: Asked) -> None:
        """``/redirect?to=…``."""
        await asked.send(307, location=asked.query["to"][0])

    async def _opted_out(self, asked: Asked) -> None:
        await asked.send(200, picture(asked.number), x_robots_tag="noai, noimageai")

    async def _silent(self, asked: Asked) -> bool:
        await asyncio.sleep(3600)
        return False

    async def _hang_up(self, asked: Asked) -> bool:
        return False

    async def _garbage(self, asked: Asked) -> bool:
        asked.writer.write(b"220 mail.example ESMTP\r\n\r\n")
        await asked.writer.drain()
        return False

    async def _cookie(self, asked: Asked) -> None:
        await asked.send(200, picture(), set_cookie="who=you; Path=/")

    # -- how it serves --------------------------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            while await self._serve_one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass  # the client had enough
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        target = urlsplit(head[0].split(" ")[1])
        host = headers["host"].rsplit(":", 1)[0]
        self.asked[target.path] += 1
        self.headers[target.path] = headers
        self._busy[host] += 1
        self.most = max(self.most, self._busy.total())
        self.most_of_host[host] = max(self.most_of_host[host], self._busy[host])
        try:
            asked = Asked(target.path, parse_qs(target.query), headers, writer, self.asked[target.path])
            return await self._while_listened_to(reader, asked)
        finally:
            self._busy[host] -= 1

    async def _while_listened_to(self, reader: asyncio.StreamReader, asked: Asked) -> bool:
        """Answer, but not beyond the end of the connection."""
        answering = asyncio.ensure_future(self.answer(asked))
        leaving = asyncio.ensure_future(_leave(reader))
        try:
            await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in (answering, leaving):
                each.cancel()
            await asyncio.wait({answering, leaving})
        return False if answering.cancelled() else answering.result()

    async def _stop(self) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _do(self, work: Coroutine[None, None, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


async def _leave(reader: asyncio.StreamReader) -> None:
    """Wait until the client is gone, without taking anything that it sends."""
    while not reader.at_eof():  # noqa: ASYNC110 -- a reader tells nobody of its end who does not read
        await asyncio.sleep(0.02)
