"""An ONNX graph without its weights, which stay where they lie in the file.

ONNX Runtime copies weights that are inside of a file, twice over, but maps those that a graph says to lie beside it, in
another file at an offset. Nothing keeps that other file from being the graph's own. So a graph that points at its own
file's weights is loaded without reading them, and memory holds what a question touches: of a text tower's vocabulary
a few rows.

::

    text_model.onnx    nodes · tensor: name, sides, ▓▓▓▓▓▓▓▓ · tensor: name, sides, ▓▓▓▓▓▓▓▓
    skeleton           nodes · tensor: name, sides, "text_model.onnx, from byte 1,024 on, 4,194,304 bytes" · ...

Offsets are as they come: ONNX asks for none that suit a processor, and what multiplies on processors reads unaligned
numbers as well.
"""

from __future__ import annotations

import mmap
from pathlib import Path

from ilk.wire import bytes_field, fields, number_field

LARGE_BYTES = 1 << 16
"""Smaller tensors stay in the graph: each map takes whole pages, and some microseconds."""

_MODEL_GRAPH, _GRAPH_INITIALIZER = 7, 5
_TENSOR_RAW, _TENSOR_EXTERNAL, _TENSOR_LOCATION, _EXTERNAL = 9, 13, 14, 1
_ENTRY_KEY, _ENTRY_VALUE = 1, 2


def skeleton_of(file: Path) -> bytes:
    """The graph, each large tensor of which is said to lie in this file. Cost: milliseconds.

    Parameters
    ----------
    file
        With all of its weights inside.

    Returns
    -------
    A model for ONNX Runtime, which has to be told the folder of `file`.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError, IndexError
        If it is cut short or no ONNX file.
    """
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as data:
        parts = list[bytes]()
        for field, begin, start, stop in fields(data, 0, len(data)):
            graph = field == _MODEL_GRAPH
            parts.append(bytes_field(field, _lean(data, start, stop, file.name)) if graph else data[begin:stop])
    return b"".join(parts)


def _lean(data: mmap.mmap, start: int, stop: int, name: str) -> bytes:
    """A graph with its large tensors replaced; all else is copied as it is, in runs."""
    parts = list[bytes]()
    copied = start
    for field, begin, inside, end in fields(data, start, stop):
        if field == _GRAPH_INITIALIZER and end - inside >= LARGE_BYTES:
            parts += [data[copied:begin], bytes_field(field, _pointing(data, inside, end, name))]
            copied = end
    return b"".join([*parts, data[copied:stop]])


def _pointing(data: mmap.mmap, start: int, stop: int, name: str) -> bytes:
    """A tensor that says where its numbers lie; one that has them otherwise than in one piece stays as it is."""
    parts = list[bytes]()
    for field, begin, inside, end in fields(data, start, stop):
        if field != _TENSOR_RAW:
            parts.append(data[begin:end])
            continue
        for key, value in (("location", name), ("offset", str(inside)), ("length", str(end - inside))):
            entry = bytes_field(_ENTRY_KEY, key.encode()) + bytes_field(_ENTRY_VALUE, value.encode())
            parts.append(bytes_field(_TENSOR_EXTERNAL, entry))
        parts.append(number_field(_TENSOR_LOCATION, _EXTERNAL))
    return b"".join(parts)
