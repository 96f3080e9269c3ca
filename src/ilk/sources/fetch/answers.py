"""What an answer says: its status, its headers, its body."""

from __future__ import annotations

import re
import time
import zlib
from collections.abc import Iterable
from contextlib import AsyncExitStack
from email.utils import parsedate_to_datetime

import httpx

from ilk.sources.fetch.limits import FetchLimits
from ilk.sources.fetch.outcomes import FetchError
from ilk.sources.fetch.room import SMALL_BYTES, Room

REDIRECTS = frozenset({301, 302, 303, 307, 308})
GONE = frozenset({404, 410})
PASSING = frozenset({408, 429, 500, 502, 503, 504})
EMPTY = frozenset({204, 205})

LONGEST_LENGTH = 20
"""Digits of a ``Content-Length``; more say nothing."""

AGENT = "ilk"
OPT_OUTS = frozenset({"noai", "noimageai"})
"""Directives of ``X-Robots-Tag`` that are heeded. Not ``noindex``: it asks search engines not to show a page to the
public, and many hosts of pictures send it with each so that only the page around it is found. A gallery shows pictures
to whoever has the table that names them already."""

_VALUED = frozenset({"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"})
"""Directives that have a colon themselves."""

_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
_DEFLATED = {"gzip", "x-gzip", "deflate"}

_PAGES: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body|title|script|meta)\b", re.DOTALL), "a web page"),
    (re.compile(rb"<(\?xml|[a-z][\w.-]*:?[\w.-]*[\s/>])"), "XML"),
    (re.compile(rb"[\[{]\s*([\"{\[\]}]|-?\d)"), "JSON"),
)
_LOOKED_AT = 1024


def check_status(response: httpx.Response, *, url: str) -> None:
    """Go on only if there should be a picture.

    Raises
    ------
    FetchError
        ``"not-found"``, ``"refused"``, ``"server-error"`` or ``"empty"``.
    """
    status = response.status_code
    if status in EMPTY:
        raise FetchError(f"{url} is empty: the server answered {status}.", code="empty")
    if response.is_success:
        return
    said = f"{status} {httpx.codes.get_reason_phrase(status)}".strip()
    passing, wait_s = status in PASSING, retry_after(response.headers.get("retry-after")) if status in PASSING else None
    if status in GONE:
        raise FetchError(f"{url} is not there: the server answered {said}.", code="not-found")
    if response.is_client_error:
        raise FetchError(
            f"{url} was refused: the server answered {said}.", code="refused", passing=passing, wait_s=wait_s
        )
    raise FetchError(
        f"{url} gave no picture: the server answered {said}.", code="server-error", passing=passing, wait_s=wait_s
    )


def retry_after(value: str | None) -> float | None:
    """Seconds from now, of a ``Retry-After``: seconds or a date (RFC 9110, 10.2.3). None if it says nothing."""
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:12])
    try:
        return max(parsedate_to_datetime(value).timestamp() - time.time(), 0.0)
    except (ValueError, TypeError, OverflowError):
        return None


def opted_out(headers: Iterable[str]) -> str | None:
    """The directive by which the ``X-Robots-Tag`` headers keep a picture from programs that learn, if one does.

    ``noai, noimageai`` speaks to all; ``name: noai`` to the program of that name, from there to the end of its header.
    """
    for header in headers:
        agent = "*"
        for part in header.lower().split(","):
            before, colon, after = (piece.strip() for piece in part.partition(":"))
            if colon and before not in _VALUED:
                agent, directive = before, after
            else:
                directive = before
            if directive in OPT_OUTS and agent in {"*", AGENT}:
                return directive
    return None


class Body:
    """Takes in the body of an answer, as much as is allowed.

    Parameters
    ----------
    room
        For large bodies.
    """

    def __init__(self, response: httpx.Response, *, url: str, limits: FetchLimits, room: Room) -> None:
        self.received = 0
        self._response = response
        self._url = url
        self._limit = limits.size_bytes
        self._room = room

    async def read(self) -> bytes:
        """The whole of it.

        Compression is not asked for. What comes compressed all the same is unpacked piece by piece, so that a bomb
        takes no more memory than a picture.

        Raises
        ------
        FetchError
            ``"too-many-bytes"``, ``"empty"``, ``"truncated"``, ``"damaged"`` or ``"unsupported"``.
        """
        unpack = self._unpacker()
        declared = self._response.headers.get("content-length", "")
        size = int(declared) if unpack is None and declared.isdecimal() and len(declared) < LONGEST_LENGTH else None
        if size is not None and size > self._limit:
            raise self._too_large()
        data = bytearray()  # one block, where a hundred thousand pieces would leave memory in tatters
        try:
            async with AsyncExitStack() as places:
                async for raw in self._response.aiter_raw():
                    small = self.received <= SMALL_BYTES
                    data += self._unpack(unpack, raw)
                    if self.received > SMALL_BYTES and small:
                        await places.enter_async_context(self._room.take(self._limit if size is None else size))
                self._check_whole(unpack)
                return bytes(data)
        finally:
            data.clear()  # an error that is kept keeps this frame too

    def _unpack(self, unpack: zlib._Decompress | None, raw: bytes) -> bytes:
        """One piece, if there is room for it."""
        try:
            piece = raw if unpack is None else unpack.decompress(raw, self._limit + 1 - self.received)
        except zlib.error as error:
            raise FetchError(f"{self._url} is not compressed as it says.", code="damaged") from error
        self.received += len(piece)
        if self.received > self._limit:
            del piece  # as above
            raise self._too_large()
        return piece

    def _check_whole(self, unpack: zlib._Decompress | None) -> None:
        if not self.received:
            raise FetchError(f"{self._url} is empty.", code="empty")
        if unpack is not None and not unpack.eof:
            raise FetchError(f"{self._url} broke off after {self.received:,} bytes.", code="truncated", passing=True)

    def _unpacker(self) -> zlib._Decompress | None:
        named = self._response.headers.get("content-encoding", "").lower().split(",")
        encodings = [name.strip() for name in named if name.strip() not in {"", "identity"}]
        if not encodings:
            return None
        if len(encodings) == 1 and encodings[0] in _DEFLATED:
            return zlib.decompressobj(_GZIP_OR_ZLIB)
        raise FetchError(
            f"{self._url} comes compressed by {', '.join(encodings)[:60]}, which was not asked for.", code="unsupported"
        )

    def _too_large(self) -> FetchError:
        limit = self._limit / 2**20
        return FetchError(f"{self._url} is larger than the limit of {limit:,.4g} MiB.", code="too-many-bytes")


def check_kind(data: bytes, *, url: str) -> None:
    """Refuse what is plainly text for programs, and say so; whether the rest is a picture decoding tells.

    Names and ``Content-Type`` are not asked: servers call pages "image.jpg" and pictures "text/plain".

    Raises
    ------
    FetchError
        ``"not-a-picture"``.
    """
    start = data[:_LOOKED_AT].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if b"\0" in start or b"<svg" in start:  # bytes, or a drawing, which decoding knows by name
        return
    for pattern, kind in _PAGES:
        if pattern.match(start):
            raise FetchError(f"{url} is {kind}, not a picture.", code="not-a-picture")
