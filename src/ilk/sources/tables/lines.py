"""Text files by the line: compressed or not, of any length, with the lines that no one could read told apart."""

from __future__ import annotations

import codecs
import gzip
import io
import stat
import zlib
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TextIO

from ilk.errors import SourceError

MAX_LINE = 64 * 2**20
"""Characters in a line or a row: room for a picture of 48 MB written as text. Longer ones are passed over."""

GZIP = b"\x1f\x8b"

_BYTE_ORDERS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

UNREADABLE = (OSError, EOFError, zlib.error)
"""What reading a file raises that is damaged or went away: `gzip` has all three."""


class Lines:
    """The lines of a text, the last of which can be given back.

    Attributes
    ----------
    number
        Of the line given last, from 1.
    served
        The lines given since `begin`.
    unreadable
        Why no more lines can be had although there should be some.
    """

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._back = deque[str]()
        self.number = 0
        self.served = list[str]()
        self.unreadable: str | None = None
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._back.popleft() if self._back else self._read()
        if not line:
            self.ended = True
            raise StopIteration
        self.number += 1
        self.served.append(line)
        return line

    def read(self, count: int) -> str:
        """At most so many characters, whatever the lines; empty at the end."""
        try:
            return self._text.read(count)
        except UNREADABLE as error:
            self.unreadable = _reason(error)
            return ""

    def begin(self) -> None:
        """Forget the lines given so far: a new row begins."""
        self.served.clear()

    def give_back(self, *, keep: int = 1) -> None:
        """Take back the lines given since `begin`, all but the first so many, to be given again."""
        rest = self.served[keep:]
        self._back.extendleft(reversed(rest))
        self.number -= len(rest)
        del self.served[keep:]
        self.ended = self.ended and not rest

    def _read(self) -> str:
        if self.unreadable is not None:
            return ""
        try:
            line = self._text.readline(MAX_LINE + 1)
            if len(line) > MAX_LINE:  # what is left of it is read past, a piece at a time
                piece = line
                while piece and not piece.endswith(("\n", "\r")):
                    piece = self._text.readline(MAX_LINE)
        except UNREADABLE as error:
            self.unreadable = _reason(error)
            return ""
        return line


@contextmanager
def open_text(path: Path) -> Iterator[Lines]:
    """Open a text file: UTF-8 with or without its mark, UTF-16 with it, either also compressed by gzip.

    Bytes that are no UTF-8 become lone surrogates, for `is_text` to find.

    Raises
    ------
    ilk.errors.SourceError
        If the file cannot be opened.
    """
    wide = first_bytes(path, 2) in _BYTE_ORDERS
    with (
        _open_bytes(path) as raw,
        io.TextIOWrapper(
            raw,
            encoding="utf-16" if wide else "utf-8-sig",
            errors="replace" if wide else "surrogateescape",
            newline="",
        ) as text,
    ):
        yield Lines(text)


def first_bytes(path: Path, count: int) -> bytes:
    """What a file begins with, once it is decompressed if it is a gzip.

    Raises
    ------
    ilk.errors.SourceError
        If it cannot be read.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise SourceError(f'"{path}" is no file. Name a table: CSV, JSON Lines, Parquet or Arrow.')
        with path.open("rb") as file:
            start = file.read(max(count, len(GZIP)))
        if not start.startswith(GZIP):
            return start[:count]
        with gzip.open(path) as packed:
            return packed.read(count)
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:  # ValueError: a name with a NUL in it
        raise SourceError(f'There is no table "{path}". A name with spaces in it needs quotes.') from error
    except UNREADABLE as error:
        raise SourceError(f'"{path}" cannot be read: {_reason(error)}.') from error


def is_packed(path: Path) -> bool:
    """Whether a file, whose beginning could be read, is a gzip."""
    with path.open("rb") as file:
        return file.read(len(GZIP)) == GZIP


def _open_bytes(path: Path) -> IO[bytes]:
    if is_packed(path):
        return gzip.open(path)  # type: ignore[return-value]  # it has what `io.TextIOWrapper` asks for
    return path.open("rb")


def is_text(line: str) -> bool:
    """Whether every byte of a line was UTF-8."""
    if line.isascii():
        return True
    try:
        line.encode()
    except UnicodeEncodeError:
        return False
    return True


def not_text(label: str, number: int) -> str:
    """What to say of the first line that is no UTF-8."""
    return (
        f"Line {number:,} of {label} is not UTF-8, which is how tables are read. If it was written on Windows it is "
        "likely windows-1252: convert it, for example with `iconv -f windows-1252 -t utf-8`, or export it as UTF-8."
    )


def _reason(error: BaseException) -> str:
    """What went wrong, as the end of a sentence."""
    said = getattr(error, "strerror", None) or str(error).rstrip(".") or "its end is missing"
    return f"{said[:1].lower()}{said[1:]}"
