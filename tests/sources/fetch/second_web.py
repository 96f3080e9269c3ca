"""A server of HTTP/2: pictures, bodies that stand still, and bodies that never end."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from sources.web import picture

LATE_S = 0.02
"""After which a picture is answered, so that several wait together."""


class SecondWeb:
    """The server.

    Attributes
    ----------
    connections
        That were made to it.
    together
        Pictures that were waited for on one connection at one time, at most.
    """

    def __init__(self, tls: ssl.SSLContext) -> None:
        tls.set_alpn_protocols(["h2"])
        self.connections = 0
        self.together = 0
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()

    @contextmanager
    def running(self) -> Iterator[int]:
        """On this port."""
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, name="second-web", daemon=True)
        thread.start()
        begin = asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        server = asyncio.run_coroutine_threadsafe(begin, loop).result()
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            asyncio.run_coroutine_threadsafe(self._stop(server), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    async def _stop(self, server: asyncio.Server) -> None:
        server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        connection = _Connection(self, writer)
        try:
            while data := await reader.read(65536):
                connection.receive(data)
                await writer.drain()
        except (ConnectionError, ssl.SSLError, asyncio.CancelledError, h2.exceptions.ProtocolError):
            pass  # the client had enough, or the test
        finally:
            self._tasks.discard(task)
            writer.transport.abort()


class _Connection:
    def __init__(self, server: SecondWeb, writer: asyncio.StreamWriter) -> None:
        self._server = server
        self._writer = writer
        self._state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        self._state.initiate_connection()
        self._waiting: list[int] = []
        self._endless: set[int] = set()

    def receive(self, data: bytes) -> None:
        """Take what the client sent, and send what it may have."""
        for event in self._state.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                self._begin(event.stream_id, dict(event.headers or [])[b":path"].decode())
        self._send()

    def _begin(self, stream: int, path: str) -> None:
        if path == "/picture.jpg":
            self._waiting.append(stream)
            self._server.together = max(self._server.together, len(self._waiting))
            asyncio.get_running_loop().call_later(LATE_S, self._answer, stream)
            return
        wish = [("x-robots-tag", "noai")] if path == "/opted-out" else []
        self._state.send_headers(stream, [(":status", "200"), *wish])
        if path != "/stuck":
            self._endless.add(stream)

    def _answer(self, stream: int) -> None:
        self._waiting.remove(stream)
        if not self._writer.is_closing():
            self._state.send_headers(stream, [(":status", "200")])
            self._state.send_data(stream, picture(1), end_stream=True)
            self._send()

    def _send(self) -> None:
        for stream in self._endless:
            while size := min(self._state.local_flow_control_window(stream), self._state.max_outbound_frame_size):
                self._state.send_data(stream, bytes(size))
        self._writer.write(self._state.data_to_send())
