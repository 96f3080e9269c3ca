"""The headers of a tar: 512 bytes before each member that say what it is.

Reads ustar, GNU and pax, and the tar of 1979, as tar programs and Python's `tarfile` write them. Of sparse files only
that they are sparse. Why not `tarfile`: it reads whatever a header says is said of a member, at once, and a few hundred
bytes of gzip can say that this is gigabytes; it makes an object with thirty attributes of each member and keeps them
all; and it ends at what is damaged without a word. Compared with it, and with what GNU tar writes, in
``tests/sources/archives/test_headers.py``; how fast it is `python -m benchmarks.archives` says.

References
----------
POSIX.1-2024, pax, "ustar Interchange Format" and "pax Extended Header"; GNU tar 1.35, "Basic Tar Format".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ilk.sources.archives.volumes import BrokenError, Place, Stream

BLOCK = 512

MAX_EXTENSION_BYTES = 2**20
"""Of what is said of one member before its header: a long name, times, owners."""

MAX_NAME = 4096
"""Characters in a name; no system has longer paths."""

MAX_TIME_LENGTH = 32
"""Characters of a time: seconds and their billionths have 21."""

REGULAR = frozenset({b"0", b"\0", b"7"})
DIRECTORY = b"5"
SPARSE = b"S"
BODILESS = frozenset({b"1", b"2", b"3", b"4", b"5", b"6"})
"""Links, devices, directories and pipes: whatever their headers say, no bytes follow."""
POSITIVE, NEGATIVE = 0x80, 0xFF
"""The first byte of a number that is written as bytes."""
MAX_ASCII = 127
LONG_NAME, LONG_LINK = b"L", b"K"
PAX, PAX_FOR_ALL, PAX_OF_SOLARIS = b"x", b"g", b"X"
EXTENSIONS = frozenset({LONG_NAME, LONG_LINK, PAX, PAX_FOR_ALL, PAX_OF_SOLARIS})
"""What only describes the members that follow."""

MAX_DIGITS = 19
"""Of a size; 64 bits have no more."""

_KINDS = {
    b"1": "a link",
    b"2": "a link",
    b"3": "a device",
    b"4": "a device",
    b"6": "a pipe",
    SPARSE: "a sparse file",
}
_USED = frozenset({"path", "size", "mtime", "GNU.sparse.name", "GNU.sparse.major", "GNU.sparse.size"})
"""What is kept of a pax header, so that any number of them takes no more memory than one."""

_RECORD = re.compile(rb"(\d{1,20}) ([^=]+)=")


class Header(NamedTuple):
    """One member.

    Attributes
    ----------
    name
        As it is written.
    size_bytes, mtime
        The time as it is written there, to tell it from another.
    offset, place
        Where its bytes begin.
    refusal
        What it is, if it is neither a file nor a directory.
    is_directory
        Whether it is one.
    """

    name: str
    size_bytes: int
    mtime: str
    offset: int
    place: Place
    refusal: str | None
    is_directory: bool


def read_headers(stream: Stream) -> Iterator[Header]:
    """The headers of all members, in their order.

    Raises
    ------
    BrokenError
        After the last that is whole, if the archive ends too early or cannot be read any further.

    Notes
    -----
    One block is looked at for each member, and what is said before it.
    """
    offset, last = 0, ""
    for_all, here = dict[str, str](), dict[str, str]()
    while True:
        block = stream.peek(offset, BLOCK)
        if len(block) < BLOCK:
            raise BrokenError(f"is cut short {_after(last)}", code="truncated")
        if not block.rstrip(b"\0"):
            return
        kind, size = block[156:157], _checked_size(block, last)
        offset += BLOCK
        if kind in EXTENSIONS:
            (for_all if kind == PAX_FOR_ALL else here).update(_said(stream, kind, offset, size, last))
            offset += -(-size // BLOCK) * BLOCK
            continue
        if kind == SPARSE:
            offset = _after_map(stream, block, offset, last)
        said = {**for_all, **here} if for_all else here
        if said.get("size"):  # an empty value takes back what was said of all
            size = _decimal(said["size"], last)
        header = _header(block, said, size, offset, stream.place(offset, size))
        if len(header.name) > MAX_NAME:
            raise BrokenError(f"is damaged {_after(last)}: a name has {len(header.name):,} characters")
        end = offset + header.size_bytes
        if not stream.has(end):
            raise BrokenError(f'is cut short within "{header.name}"', code="truncated")
        yield header
        last, here = header.name, {}
        offset = -(-end // BLOCK) * BLOCK


def looks_like_tar(block: bytes) -> bool:
    """Whether these first bytes are the header of a member, or the end of an archive with none."""
    if len(block) < BLOCK:
        return False
    return not block.rstrip(b"\0") or _number(block[148:156]) in _sums(block)


def _said(stream: Stream, kind: bytes, offset: int, size: int, last: str) -> dict[str, str]:
    """What is said of the next member, or of all, in the place of a member."""
    if size > MAX_EXTENSION_BYTES:
        raise BrokenError(f"is damaged {_after(last)}: {size:,} bytes are said to describe one member")
    said = stream.peek(offset, size)
    if len(said) < size:
        raise BrokenError(f"is cut short {_after(last)}", code="truncated")
    if kind == LONG_LINK:
        return {}
    return (
        {"path": _text(said.partition(b"\0")[0])}
        if kind == LONG_NAME
        else {key: value for key, value in _records(said, last) if key in _USED}
    )


def _header(block: bytes, said: Mapping[str, str], size: int, offset: int, place: Place) -> Header:
    """What a block is the header of, given what was said before it."""
    kind = block[156:157]
    name = said.get("GNU.sparse.name") or said.get("path") or _name(block)
    is_directory = kind == DIRECTORY or (kind == b"\0" and name.endswith("/"))
    refusal = _KINDS.get(kind) or (None if kind in REGULAR or is_directory else "of no known kind")
    if "GNU.sparse.major" in said or "GNU.sparse.size" in said:
        refusal = _KINDS[SPARSE]
    return Header(
        name=name,
        size_bytes=0 if kind in BODILESS else size,
        mtime=said.get("mtime", "")[:MAX_TIME_LENGTH]
        or block[136:148].strip(b"\0 ").decode("ascii", "backslashreplace"),
        offset=offset,
        place=place,
        refusal=refusal,
        is_directory=is_directory,
    )


def _after(last: str) -> str:
    return f'after "{last}"' if last else "at its first member"


def _checked_size(block: bytes, last: str) -> int:
    """The size that a header says, once its sum is right."""
    size = _number(block[124:136])
    if size is None or size < 0 or _number(block[148:156]) not in _sums(block):
        raise BrokenError(f"is damaged {_after(last)}: what follows is no header of a member")
    return size


def _sums(block: bytes) -> tuple[int, int]:
    """What the bytes add up to, with blanks for the sum itself; some old programs added them as signed."""
    counted = block[:148] + b" " * 8 + block[156:]
    total = sum(counted)
    return total, total if counted.isascii() else total - 256 * sum(byte > MAX_ASCII for byte in counted)


def _number(field: bytes) -> int | None:
    """A number as a header has it: octal digits, or bytes for one too large for those; None if it is neither."""
    if field[0] in {POSITIVE, NEGATIVE}:
        return int.from_bytes(field[1:], "big") - (256 ** (len(field) - 1) if field[0] == NEGATIVE else 0)
    try:
        return int(field.partition(b"\0")[0].strip() or b"0", 8)
    except ValueError:
        return None


def _decimal(text: str, last: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
        raise BrokenError(f'is damaged {_after(last)}: "{text}" is no size')
    return int(text)


def _name(block: bytes) -> str:
    name = _text(block[:100].partition(b"\0")[0])
    # GNU's older headers say something else in the place of the directory.
    if block[257:263] == b"ustar\0" and block[345] and block[156:157] != SPARSE:
        return f"{_text(block[345:500].partition(bytes(1))[0])}/{name}"
    return name


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _records(said: bytes, last: str) -> Iterator[tuple[str, str]]:
    """The lines of a pax header: each its own length, a key, and a value that may hold anything."""
    at = 0
    while at < len(said) and said[at]:
        match = _RECORD.match(said, at)
        end = at + int(match[1]) if match else 0
        if match is None or not match.end() < end + 1 or end > len(said) or said[end - 1 : end] != b"\n":
            raise BrokenError(f"is damaged {_after(last)}: what is said of a member cannot be read")
        yield _text(match[2]), _text(said[match.end() : end - 1])
        at = end


def _after_map(stream: Stream, block: bytes, offset: int, last: str) -> int:
    """Where the bytes of one of GNU's sparse files begin: after the blocks that say where its holes are."""
    extended = block[482]
    while extended:
        block = stream.peek(offset, BLOCK)
        if len(block) < BLOCK:
            raise BrokenError(f"is cut short {_after(last)}", code="truncated")
        extended = block[504]
        offset += BLOCK
    return offset
