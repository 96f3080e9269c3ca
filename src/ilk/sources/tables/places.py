"""What the cell of a picture holds: where it is, or the picture itself, or why it is neither."""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from urllib.parse import unquote, unquote_to_bytes, urlsplit
from urllib.request import url2pathname

from ilk.errors import PictureError
from ilk.sources.tables.cells import MISSING, plain

MAX_PATH = 4_096
"""Characters in a path: what is longer is none."""

MAX_URL = 8_192
"""Characters in a URL."""

MIN_BASE64 = 64
"""Characters of base64 below which there is no picture, while there are names that look like it."""

_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*(?=://)")
_DATA = re.compile(r"data:[^,]{0,200},", re.IGNORECASE)
_BASE64 = re.compile(r"[A-Za-z0-9+/_\-\s]+={0,2}\s*")

MAGICS = (
    b"\xff\xd8\xff",
    b"\x89PNG",
    b"GIF8",
    b"RIFF",
    b"BM",
    b"II*\0",
    b"MM\0*",
    b"\0\0\0\x0cjP",
    b"\xff\x4f\xff\x51",
    b"8BPS",
    b"qoif",
    b"\0\0\1\0",
)
"""What pictures begin with that are likely in tables. Only a hint of what a column is: the reading of a picture does
not go by it."""


@dataclass(frozen=True, slots=True)
class Local:
    """A file."""

    path: str


@dataclass(frozen=True, slots=True)
class Remote:
    """A URL."""

    url: str


@dataclass(frozen=True, slots=True)
class Inside:
    """The picture itself, as bytes or as text that stands for them.

    Attributes
    ----------
    name
        What the table calls the file that it was.
    encoding
        ``"raw"``, ``"base64"``, or ``"percent"`` as in some data URIs.
    """

    data: bytes
    encoding: str = "raw"
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Nowhere:
    """No picture.

    Attributes
    ----------
    reason
        As the end of a sentence that begins with the row.
    code
        As in `ilk.errors.PictureError`.
    """

    reason: str
    code: str


Place: TypeAlias = Local | Remote | Inside | Nowhere

EMPTY = Nowhere("has no picture", "empty")


def place_of(cell: object) -> Place:
    """What a cell holds."""
    if isinstance(cell, Mapping):
        return _struct(cell)
    if isinstance(cell, bytes | bytearray | memoryview):
        return Inside(bytes(cell)) if len(cell) else EMPTY
    if isinstance(cell, os.PathLike):
        return Local(os.fspath(cell))
    if isinstance(cell, str):
        return _text(cell.strip())
    if not getattr(cell, "ndim", 0) and plain(cell) is None:
        return EMPTY
    return Nowhere(f"has no path, URL or bytes of a picture but a {type(cell).__name__}", "not-a-picture")


def decoded(data: bytes, encoding: str) -> bytes:
    """The bytes that some text stands for.

    Raises
    ------
    ilk.errors.PictureError
        If it stands for none.
    """
    if encoding == "raw":
        return data
    if encoding == "percent":
        return unquote_to_bytes(data)
    text = b"".join(data.split()).replace(b"-", b"+").replace(b"_", b"/").rstrip(b"=")
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise PictureError(f"It is no base64 ({error}).", code="damaged") from error


def looks_like_a_picture(data: bytes) -> bool:
    """Whether bytes begin as pictures do."""
    return data.startswith(MAGICS) or data[4:8] == b"ftyp"


def is_base64(text: str) -> bool:
    """Whether a text is a picture in base64."""
    if len(text) < MIN_BASE64 or not _BASE64.fullmatch(text[:MAX_PATH]):
        return False
    try:
        return looks_like_a_picture(decoded(text[:MIN_BASE64].encode("ascii", "replace"), "base64"))
    except PictureError:
        return False


def _struct(cell: Mapping[object, object]) -> Place:
    """A picture as the library `datasets` writes it: bytes, a path, or both."""
    data, path = cell.get("bytes"), cell.get("path")
    name = path if isinstance(path, str) and path else None
    if isinstance(data, bytes | bytearray | memoryview) and len(data):
        return Inside(bytes(data), name=name)
    if isinstance(data, str) and data:
        return Inside(data.encode("ascii", "replace"), "base64", name=name)
    if name is not None:
        return _text(name.strip())
    return (
        EMPTY if {"bytes", "path"} & cell.keys() else Nowhere("has no bytes and no path of a picture", "not-a-picture")
    )


def _text(text: str) -> Place:
    if text.lower() in MISSING:
        return EMPTY
    if match := _DATA.match(text):
        encoding = "base64" if ";base64" in match[0].lower() else "percent"
        return Inside(text[match.end() :].encode("utf-8", "replace"), encoding)
    if match := _SCHEME.match(text):
        return _address(text, match[0].lower())
    if is_base64(text):
        return Inside(text.encode("ascii", "replace"), "base64")
    if len(text) > MAX_PATH:
        return Nowhere(f"has {len(text):,} characters that are no path, no URL and no picture", "not-a-picture")
    return Local(text)


def _address(url: str, scheme: str) -> Place:
    if scheme in {"http", "https"}:
        return Remote(url) if len(url) <= MAX_URL else Nowhere("has a URL that is too long", "not-a-picture")
    if scheme != "file":
        return Nowhere(f'has an address that begins with "{scheme}://", which is not fetched', "unsupported")
    try:
        parts = urlsplit(url)
    except ValueError:
        return Nowhere("has a file:// address that cannot be read", "not-a-picture")
    if parts.netloc not in {"", "localhost"}:
        return Nowhere("has the address of a file on another machine, which is not fetched", "unsupported")
    return Local(url2pathname(parts.path) if os.name == "nt" else unquote(parts.path))


def is_remote(cell: object) -> bool:
    """Whether a cell holds a URL."""
    return isinstance(place_of(cell), Remote)


def inside(folder: Path, path: str) -> str:
    """The path in a cell, from the folder of the table."""
    return os.path.join(folder, path)  # noqa: PTH118 -- by the million, as text
