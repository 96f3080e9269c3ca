"""Which reader a table needs: files say it by their first bytes, objects by what they can do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ilk.errors import SourceError
from ilk.sources.tables import arrow, lines
from ilk.sources.tables.delimited import DelimitedReader
from ilk.sources.tables.frames import FrameReader, RowsReader
from ilk.sources.tables.json_rows import JsonReader
from ilk.sources.tables.rows import Reader

SNIFFED_BYTES = 4_096


def open_path(path: Path) -> Reader:
    """Open a file, whatever its suffix.

    Raises
    ------
    ilk.errors.SourceError
        If there is none, or it is none that can be read.
    ilk.errors.MissingExtraError
        If it needs pyarrow, which is not installed.
    """
    if path.is_dir():
        raise SourceError(f'"{path}" is a folder. Name a table in it, or index it as a folder.')
    start = lines.first_bytes(path, SNIFFED_BYTES)
    if start.startswith(arrow.MAGICS):
        if lines.is_packed(path):
            raise SourceError(f'"{path.name}" is compressed as a whole, and can be read only from its end: unpack it.')
        return arrow.from_path(path, start)
    sign = start.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if sign in {b"{", b"["}:
        return JsonReader(path, array=sign == b"[")
    if b"\0" in start and not start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SourceError(f'"{path.name}" is no table that can be read: CSV, JSON Lines, Parquet and Arrow are.')
    return DelimitedReader(path)


def open_object(data: Any) -> Reader:
    """Read what is in memory.

    Raises
    ------
    ilk.errors.SourceError
        If it is no table.
    ilk.errors.MissingExtraError
        If it needs pyarrow, which is not installed.
    """
    room = type(data).__module__.partition(".")[0]
    if room == "datasets":
        raise SourceError("This is a dataset of Hugging Face: add it with ilk.dataset.")
    if room == "pandas" and hasattr(data, "itertuples"):
        return FrameReader(data)
    if room == "pyarrow" or hasattr(data, "__arrow_c_stream__"):
        return arrow.from_object(data)
    if isinstance(data, Iterable) and not isinstance(data, Mapping | bytes | bytearray):
        return RowsReader(data)
    raise SourceError(
        f"A table is a path, a pandas or Arrow table, or rows as dictionaries; a {type(data).__name__} was given."
    )
