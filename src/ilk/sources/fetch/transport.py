"""Connections, to addresses that were looked at.

A name can have another address each time it is asked for, and one that looks harmless to a check may lead inside when
the connection is made. So a name is asked for once: all that it stands for is checked, and the connection goes to one
of these addresses, not to the name. The name still goes into ``Host`` and into the handshake of TLS, and certificates
are held against it. Redirects come through here as well.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Iterable
from typing import Any

import httpcore
import httpx

from ilk.sources.fetch import addresses
from ilk.sources.fetch.limits import FetchLimits
from ilk.sources.fetch.outcomes import ForbiddenAddressError

IDLE_S = 5
"""For which a connection is kept for the next URL of its host."""

MOST_ADDRESSES = 4
"""Of a host that are tried. Each has its share of the time, so that one that is silent does not keep the others."""


class CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Connects to public addresses only, unless private ones are allowed."""

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 -- httpcore's signature
        local_address: str | None = None,  # noqa: ARG002 -- the same
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002 -- the same
    ) -> httpcore.AsyncNetworkStream:
        """Resolve, check, connect.

        Raises
        ------
        ForbiddenAddressError
            If any address of the host is not public.
        """
        ends = None if timeout is None else time.monotonic() + timeout
        try:
            async with asyncio.timeout(timeout):
                # On a thread of its own: the system's look-up can neither be awaited nor stopped.
                found = await asyncio.get_running_loop().run_in_executor(None, addresses.resolve, host, port)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(str(error)) from error
        for address in found:
            if not self._allow_private and not addresses.is_public(address):
                raise ForbiddenAddressError(host, address)
        return await self._connect_any(found[:MOST_ADDRESSES], port, ends)

    async def _connect_any(self, found: tuple[str, ...], port: int, ends: float | None) -> httpcore.AsyncNetworkStream:
        for left in range(len(found), 0, -1):
            share = None if ends is None else max((ends - time.monotonic()) / left, 0.001)
            try:
                return await dial(found[-left], port, share)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if left == 1:
                    raise
        raise httpcore.ConnectError("the name has no address")


async def dial(address: str, port: int, timeout_s: float | None) -> httpcore.AsyncNetworkStream:
    """Open a connection to an address."""
    return _Connection(await httpcore.AnyIOBackend().connect_tcp(address, port, timeout=timeout_s))


class _Connection(httpcore.AsyncNetworkStream):
    """One that is closed when its handshake of TLS is cancelled; httpcore leaves it open then, to nobody."""

    def __init__(self, inner: httpcore.AsyncNetworkStream) -> None:
        self._inner = inner

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 -- as above
        return await self._inner.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 -- as above
        await self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 -- as above
    ) -> httpcore.AsyncNetworkStream:
        try:
            return await self._inner.start_tls(ssl_context, server_hostname, timeout)
        except asyncio.CancelledError:
            await self._inner.aclose()
            raise

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class CheckedTransport(httpx.AsyncBaseTransport):
    """What httpx's own transport does, over `CheckedNetwork`, which that one has no place for."""

    def __init__(self, *, connections: int, allow_private: bool) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=httpx.create_ssl_context(),
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=IDLE_S,
            http2=True,
            network_backend=CheckedNetwork(allow_private=allow_private),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and have the beginning of its answer. What fails raises httpcore's errors, not httpx's."""
        url = httpcore.URL(
            scheme=request.url.raw_scheme, host=request.url.raw_host, port=request.url.port, target=request.url.raw_path
        )
        answer = await self._pool.handle_async_request(
            httpcore.Request(request.method, url, headers=request.headers.raw, extensions=request.extensions)
        )
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Stream(answer), extensions=answer.extensions
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()


class _Stream(httpx.AsyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._answer.aiter_stream():
            yield chunk

    async def aclose(self) -> None:
        await self._answer.aclose()


def make_client(limits: FetchLimits, *, allow_private: bool, proxied: bool, agent: str) -> httpx.AsyncClient:
    """A client that follows no redirects, keeps no cookies, and asks for pictures.

    Parameters
    ----------
    proxied
        Whether the proxies are used that the environment names. A proxy looks names up and connects, so that nothing
        can be checked here.
    """
    from http.cookiejar import CookieJar, DefaultCookiePolicy

    connections = limits.concurrency
    kept = httpx.Limits(max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=IDLE_S)
    return httpx.AsyncClient(
        transport=None if proxied else CheckedTransport(connections=connections, allow_private=allow_private),
        http2=True,
        limits=kept,
        trust_env=proxied,
        timeout=httpx.Timeout(limits.read_s, connect=limits.connect_s, pool=None),
        headers={"user-agent": agent, "accept": "image/*", "accept-encoding": "identity"},
        cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
        follow_redirects=False,
    )
