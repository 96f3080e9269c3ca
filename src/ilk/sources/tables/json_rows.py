"""Tables of JSON: an object on each line, or one array of objects."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ilk.errors import SourceError
from ilk.sources.tables import lines, rows
from ilk.sources.tables.lines import Lines
from ilk.sources.tables.rows import Head, Row

CHUNK = 2**20
"""Characters of an array read at once."""

_SPACE = re.compile(r"[ \t\r\n]*")


class JsonReader:
    """A file of JSON; a `ilk.sources.tables.rows.Reader`.

    Parameters
    ----------
    path
        Of the file.
    array
        Whether it is one array rather than an object on each line.
    """

    keeps = False

    def __init__(self, path: Path, *, array: bool) -> None:
        self._path = path
        self._array = array
        self.label = f'"{path.name}"'

    def head(self) -> Head:
        """Look at the first rows, whose keys are the columns; keys that only later rows have are columns too."""
        names, found, size = dict[str, None](), list[rows.Values](), 0
        for row in self.rows():
            if row.fault is not None:
                if row.number == 1 and not found:
                    raise SourceError(f"{self.label} is neither JSON Lines nor an array: {row.fault}.")
                continue
            names |= dict.fromkeys(row.values)
            found.append(row.values)
            size += len(str(row.values))
            if len(found) >= rows.HEAD_ROWS or size > rows.HEAD_CHARACTERS:
                break
        return Head(names=rows.bounded(names, self.label), rows=tuple(found))

    def rows(self) -> Iterator[Row]:
        """All rows."""
        with lines.open_text(self._path) as text:
            yield from _elements(text) if self._array else _objects(text, self.label)

    def count(self) -> None:
        """Not known before the end."""


def _objects(text: Lines, label: str) -> Iterator[Row]:
    """The object on each line."""
    number = 0
    for line in _each(text):
        if not line.strip():
            continue
        number += 1
        if not lines.is_text(line):
            if number == 1:
                raise SourceError(lines.not_text(label, text.number))
            yield Row(number=number, line=text.number, fault="it is not UTF-8")
            continue
        if len(line) > lines.MAX_LINE:
            yield Row(number=number, line=text.number, fault=f"it is longer than {lines.MAX_LINE:,} characters")
            continue
        values, fault = _parsed(line)
        # A line without its end that cannot be read is one that was not written to its end.
        last = fault is not None and not line.endswith(("\n", "\r"))
        yield Row(number=number, values=values, line=text.number, fault=fault, last=last)
    if text.unreadable is not None:
        yield Row(number=number + 1, fault=f"the rest of the file cannot be read: {text.unreadable}", last=True)


def _each(text: Lines) -> Iterator[str]:
    for line in text:
        text.begin()
        yield line


def _parsed(line: str) -> tuple[rows.Values, str | None]:
    """The object that a line is, or why it is none."""
    try:
        value: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        return {}, _reason(error)
    return _object(value)


def _object(value: Any) -> tuple[rows.Values, str | None]:
    if not isinstance(value, dict):
        return {}, "it is no object with names and values"
    if len(value) > rows.MAX_COLUMNS:
        return {}, f"it has {len(value):,} values, and {rows.MAX_COLUMNS:,} are allowed"
    return value, None


def _elements(text: Lines) -> Iterator[Row]:
    """The elements of one array, of which no more than one is in memory, whatever the lines."""
    decoder = json.JSONDecoder()
    buffer = _Buffer(text)
    number = 0
    buffer.skip("[")
    while not buffer.skip("]"):
        number += 1
        try:
            values, fault = _object(buffer.decode(decoder))
        except (ValueError, RecursionError) as error:
            # Where the next element begins is anybody's guess.
            yield Row(number=number, fault=text.unreadable or _reason(error), last=True)
            return
        yield Row(number=number, values=values, fault=fault)
        if not buffer.skip(",") and not buffer.at("]"):
            end = text.unreadable or "there is neither a comma nor the end of the array after the row before"
            yield Row(number=number + 1, fault=end, last=True)
            return


class _Buffer:
    """What is next in an array: a window that grows until the next element fits."""

    def __init__(self, text: Lines) -> None:
        self._text = text
        self._held = ""
        self._at = 0

    def at(self, sign: str) -> bool:
        """Whether this character is next, after white space."""
        self._space()
        return self._held.startswith(sign, self._at)

    def skip(self, sign: str) -> bool:
        """Read past this character, if it is next."""
        found = self.at(sign)
        self._at += found
        return found

    def decode(self, decoder: json.JSONDecoder) -> Any:
        """The next element.

        Raises
        ------
        ValueError
            If it cannot be read to its end.
        """
        self._space()
        while True:
            try:
                value, end = decoder.raw_decode(self._held, self._at)
                rest = len(self._held) - end
                if rest or not self._more():  # a number may go on beyond the window
                    self._at = len(self._held) - rest
                    return value
            except json.JSONDecodeError:
                if len(self._held) - self._at > lines.MAX_LINE:
                    raise ValueError(f"it is longer than {lines.MAX_LINE:,} characters") from None
                if not self._more():
                    raise

    def _space(self) -> None:
        while True:
            match = _SPACE.match(self._held, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._held) or not self._more():
                return

    def _more(self) -> bool:
        """Double the window, so that a long element is not parsed anew for each piece of it."""
        self._held = self._held[self._at :]
        self._at = 0
        more = self._text.read(max(CHUNK, len(self._held)))
        if not lines.is_text(more):
            self._text.unreadable = "it is not UTF-8"
            return False
        self._held += more
        return bool(more)


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    said = str(error)
    return said[:1].lower() + said[1:].partition(": line ")[0]
