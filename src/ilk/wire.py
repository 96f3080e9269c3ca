"""Messages of Protocol Buffers, stepped through without decoding what is not asked for.

ONNX files are such messages. What is here reads them in place, from a memory map, and writes single fields.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""How a field's content is written."""


def varint(data: mmap.mmap | bytes, position: int) -> tuple[int, int]:
    """The number that begins there, and where it ends."""
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 -- the high bit says that more follows
            return value, position
        shift += 7


def fields(data: mmap.mmap | bytes, position: int, stop: int) -> Iterator[tuple[int, int, int, int]]:
    """Each field of a message: its number, where it begins, where its content begins, and where both end.

    Raises
    ------
    ValueError, IndexError
        If the message is cut short, or is none.
    """
    while position < stop:
        begin = position
        tag, position = varint(data, position)
        field, kind = tag >> 3, tag & 7
        start = position
        if kind == BYTES:
            length, start = varint(data, position)
            position = start + length
        elif kind == VARINT:
            _, position = varint(data, position)
        elif kind in {FIXED32, FIXED64}:
            position += 4 if kind == FIXED32 else 8
        else:
            raise ValueError(f"no field has kind {kind}")
        if position > stop:
            raise ValueError("a field reaches past the end")
        yield field, begin, start, position


def encoded(number: int) -> bytes:
    r"""A number as it is written.

    >>> encoded(300)
    b'\xac\x02'
    """
    written = bytearray()
    while number > 0x7F:  # noqa: PLR2004 -- seven bits a byte
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)


def number_field(field: int, value: int) -> bytes:
    """A field that holds a number."""
    return encoded(field << 3 | VARINT) + encoded(value)


def bytes_field(field: int, content: bytes) -> bytes:
    """A field that holds bytes: a text, or another message."""
    return encoded(field << 3 | BYTES) + encoded(len(content)) + content
