"""Captions that stand beside a picture: ``beach.txt``, or ``beach.jpg.txt``, for ``beach.jpg``."""

from __future__ import annotations

import codecs
from pathlib import Path

from ilk import pictures
from ilk.errors import PictureError

SUFFIX = ".txt"

MAX_FILE_BYTES = 64 * 2**10
"""A longer text is a document that happens to have the name, not a list of captions, and is left aside."""

MAX_CAPTIONS = 100
"""Of one picture; further ones are left aside. Data sets have five to ten."""

_BYTE_ORDERS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_captions(path: Path) -> tuple[str, ...]:
    """The captions in a file: one a line, blank lines dropped.

    UTF-8, or UTF-16 if the file begins with its byte order mark, as an older Notepad writes it. Bytes that are neither
    become U+FFFD, which says that something is missing where a guess at the encoding might say something wrong.

    Raises
    ------
    ilk.errors.PictureError
        With the code ``"unreadable"``, if the file system refuses it: a picture keeps the captions that it had.
    """
    try:
        data = pictures.read(path, limits=pictures.Limits(size_bytes=MAX_FILE_BYTES))
    except PictureError as error:
        if error.code in {"empty", "too-many-bytes"}:
            return ()
        raise
    return captions_in(data)


def captions_in(data: bytes) -> tuple[str, ...]:
    """The same of bytes that have been read."""
    text = data.decode("utf-16" if data.startswith(_BYTE_ORDERS) else "utf-8-sig", errors="replace")
    # U+0000 is what remains of UTF-16 without its mark, and what no database likes to keep.
    lines = (line.replace("\0", "").strip() for line in text.splitlines())
    return tuple(line for line in lines if line)[:MAX_CAPTIONS]
