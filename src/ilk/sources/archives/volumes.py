"""The bytes of an archive: once from front to back, and again from any place in them.

A picture is read after it was listed, on another thread and perhaps much later. Nothing is carried until then, and no
file is held open: a place is a number of bytes from the front. In what gzip packed there are no such places. What is
small is carried there after all. For what is large, the state of the unpacking is kept every `SPACING` bytes for as
long as something behind it may still be wanted, and reading it unpacks from there.
"""

from __future__ import annotations

import os
import zlib
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

from ilk.errors import PictureError

if TYPE_CHECKING:
    from zlib import _Decompress  # zlib has no public name for it

READ_AHEAD = 32 * 2**10
"""Read at once while listing: dozens of small members, and little to throw away beside a large one."""

SPACING = 256 * 2**10
"""Unpacked bytes between two states that are kept; each takes about 40 KiB."""

CARRIED = 64 * 2**10
"""Bytes that are carried: less to hold, and to do, than going back for them. Five hundred samples, as many as a
gallery looks up at once, take 32 MiB."""

GZIP = b"\x1f\x8b"

_HEADERS_AND_SUM = 31
"""Has zlib expect what gzip writes around the packed bytes, and check their sum."""


class BrokenError(Exception):
    """What cannot be unpacked any further.

    Parameters
    ----------
    message
        The end of a sentence about the archive.
    code
        As of `ilk.errors.PictureError`.
    """

    def __init__(self, message: str, *, code: str = "damaged") -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """One file, as it was when it was looked at.

    Attributes
    ----------
    path
        Absolute.
    size_bytes, mtime_ns
        Of the file. If they are others when it is read, places in it mean nothing any more.
    """

    path: Path
    size_bytes: int
    mtime_ns: int

    @property
    def stamp(self) -> str:
        """As of a picture's file."""
        return f"{self.size_bytes}:{self.mtime_ns}"

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open it, unbuffered.

        Raises
        ------
        ilk.errors.PictureError
            With the code ``"unreadable"``, if it is gone or another.
        """
        try:
            with self.path.open("rb", buffering=0) as file:
                status = os.fstat(file.fileno())
                if (status.st_size, status.st_mtime_ns) != (self.size_bytes, self.mtime_ns):
                    raise PictureError(
                        f'"{self.path}" changed while it was being read. Add it again once it is whole.',
                        code="unreadable",
                    )
                yield file
        except OSError as error:
            raise PictureError(f'"{self.path}" cannot be read: {error.strerror}.', code="unreadable") from error


class Place(Protocol):
    """Where in a volume something begins."""

    def read(self, file: IO[bytes], size_bytes: int) -> bytes:
        """Read from there; less at the end."""
        ...


class Stream(Protocol):
    """A volume from front to back."""

    def peek(self, offset: int, size_bytes: int) -> bytes:
        """The bytes there; less at the end. Offsets never go back by more than was peeked at last.

        Raises
        ------
        BrokenError
            If they cannot be had.
        """
        ...

    def has(self, offset: int) -> bool:
        """Whether there are at least so many bytes in all."""
        ...

    def place(self, offset: int, size_bytes: int) -> Place:
        """What finds some bytes again. They must not begin before those that were peeked at last.

        Raises
        ------
        BrokenError
            If they cannot be had.
        """
        ...


@dataclass(frozen=True, slots=True)
class Offset:
    """A place in a file as it is."""

    offset: int

    def read(self, file: IO[bytes], size_bytes: int) -> bytes:
        """See `Place.read`."""
        file.seek(self.offset)
        data = file.read(size_bytes)
        pieces = [data]
        while data and (size_bytes := size_bytes - len(data)):  # a large read may come in pieces
            data = file.read(size_bytes)
            pieces.append(data)
        return b"".join(pieces)


class PlainStream:
    """A file that is not packed; a `Stream`."""

    def __init__(self, file: IO[bytes], size_bytes: int) -> None:
        self._file = file
        self._size_bytes = size_bytes
        self._start = 0
        self._buffer = b""

    def peek(self, offset: int, size_bytes: int) -> bytes:
        """See `Stream.peek`."""
        begin = offset - self._start
        if begin < 0 or begin + size_bytes > len(self._buffer):
            try:
                self._buffer = Offset(offset).read(self._file, max(size_bytes, READ_AHEAD))
            except OSError as error:
                raise BrokenError(f"cannot be read: {error.strerror}", code="unreadable") from error
            self._start, begin = offset, 0
        return self._buffer[begin : begin + size_bytes]

    def has(self, offset: int) -> bool:
        """See `Stream.has`."""
        return offset <= self._size_bytes

    def place(self, offset: int, size_bytes: int) -> Place:  # noqa: ARG002 -- of no matter here
        """See `Stream.place`."""
        return Offset(offset)


@dataclass(frozen=True, slots=True)
class Mark:
    """The state of unpacking at some place.

    Attributes
    ----------
    unpacked, packed
        Bytes that had come out, and where in the file the next ones go in.
    pending
        Bytes that were read from the file, and not yet used.
    state
        Copied by each that goes on from here, never used up.
    """

    unpacked: int
    packed: int
    pending: bytes
    state: _Decompress

    def gunzip(self, file: IO[bytes]) -> Gunzip:
        """Go on from here."""
        return Gunzip(file, packed=self.packed, pending=self.pending, state=self.state.copy())


@dataclass(frozen=True, slots=True)
class PackedOffset:
    """A place in what gzip packed."""

    mark: Mark
    offset: int

    def read(self, file: IO[bytes], size_bytes: int) -> bytes:
        """See `Place.read`."""
        gunzip = self.mark.gunzip(file)
        skip = self.offset - self.mark.unpacked
        pieces = list[bytes]()
        while size_bytes and (piece := gunzip.next()):
            wanted = piece[skip : skip + size_bytes]
            skip = max(skip - len(piece), 0)
            size_bytes -= len(wanted)
            pieces.append(wanted)
        return b"".join(pieces)


@dataclass(frozen=True, slots=True)
class Carried:
    """Bytes that are here."""

    data: bytes

    def read(self, file: IO[bytes], size_bytes: int) -> bytes:  # noqa: ARG002 -- they are here
        """See `Place.read`."""
        return self.data[:size_bytes]


class Gunzip:
    """Unpacks a piece at a time, each at most `READ_AHEAD` long, however much it was packed."""

    def __init__(
        self, file: IO[bytes], *, packed: int = 0, pending: bytes = b"", state: _Decompress | None = None
    ) -> None:
        self._file = file
        self._pending = pending
        self._packed = packed
        self._state = state or zlib.decompressobj(_HEADERS_AND_SUM)
        file.seek(packed)

    def next(self) -> bytes:
        """The next piece; empty at the end.

        Raises
        ------
        BrokenError
            If what was packed is damaged or cut short.
        """
        try:
            while True:
                if self._state.eof:
                    rest = (self._state.unused_data or self._read()).lstrip(b"\0")  # tapes pad with zeros
                    while not rest and (more := self._read()):
                        rest = more.lstrip(b"\0")
                    if not rest:
                        return b""
                    self._pending, self._state = rest, zlib.decompressobj(_HEADERS_AND_SUM)
                data = self._pending or self._read()
                if not data:
                    raise BrokenError("is cut short: the packed bytes end too early", code="truncated")
                piece = self._state.decompress(data, READ_AHEAD)
                self._pending = self._state.unconsumed_tail
                if piece:
                    return piece
        except zlib.error as error:
            raise BrokenError(f"is damaged: {error}") from error
        except OSError as error:
            raise BrokenError(f"cannot be read: {error.strerror}", code="unreadable") from error

    def mark(self, unpacked: int) -> Mark:
        """What goes on from here, where so many bytes have come out."""
        return Mark(unpacked, self._packed, self._pending, self._state.copy())

    def _read(self) -> bytes:
        data = self._file.read(READ_AHEAD)
        self._packed += len(data)
        return data


class PackedStream:
    """What gzip packed; a `Stream`. Whatever is between two peeks is unpacked and thrown away."""

    def __init__(self, file: IO[bytes]) -> None:
        self._gunzip = Gunzip(file)
        self._start = 0
        self._buffer = b""
        self._marks = deque([self._gunzip.mark(0)])

    def peek(self, offset: int, size_bytes: int) -> bytes:
        """See `Stream.peek`."""
        self._unpack(offset, offset + size_bytes)
        begin = offset - self._start
        return self._buffer[begin : begin + size_bytes]

    def has(self, offset: int) -> bool:
        """See `Stream.has`."""
        self._unpack(offset, offset)
        return offset <= self._start + len(self._buffer)

    def place(self, offset: int, size_bytes: int) -> Place:
        """See `Stream.place`."""
        if size_bytes <= CARRIED:
            return Carried(self.peek(offset, size_bytes))
        return PackedOffset([mark for mark in self._marks if mark.unpacked <= offset][-1], offset)

    def _unpack(self, keep: int, until: int) -> None:
        """Have the bytes up to a place come out, and keep those from another on."""
        while (have := self._start + len(self._buffer)) < until:
            if have - self._marks[-1].unpacked >= SPACING:
                self._marks.append(self._gunzip.mark(have))
            piece = self._gunzip.next()
            if not piece:
                break
            drop = min(max(keep - self._start, 0), len(self._buffer))
            self._buffer = self._buffer[drop:] + piece
            self._start += drop
            # Those before the last that may be wanted again live on in the places that were given out.
            while len(self._marks) > 1 and self._marks[1].unpacked <= keep:
                self._marks.popleft()
