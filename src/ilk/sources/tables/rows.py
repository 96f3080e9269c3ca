"""What every table looks like once it is opened: column names, and rows one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from ilk.errors import SourceError

Values: TypeAlias = Mapping[str, object]
"""The cells of one row by column."""

HEAD_ROWS = 1_000
"""Rows looked at to tell what the columns hold."""

HEAD_CHARACTERS = 4 * 2**20
"""Of text, after which fewer rows will do: pictures written as text are long."""

MAX_COLUMNS = 1_000
"""A table with more of them holds measurements, or has its rows and columns the wrong way round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row, or why there is none.

    Attributes
    ----------
    number
        From 1; the line of names is not counted.
    values
        Empty if the row cannot be read.
    line
        Where it begins in a file of lines, from 1.
    fault
        What is wrong with the row as a whole, as the end of a sentence.
    last
        Whether nothing after this row could be read although there should be more.
    """

    number: int
    values: Values = field(default_factory=dict)
    line: int | None = None
    fault: str | None = None
    last: bool = False

    def __str__(self) -> str:
        return f"Row {self.number:,}" + (f" (line {self.line:,})" if self.line is not None else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What can be told of a table from its beginning.

    Attributes
    ----------
    names
        Of the columns, each once.
    rows
        The first few that can be read.
    typed
        Whether cells have types of their own. Those of CSV are all text, of which some means numbers.
    pictures
        Columns that the file itself declares to hold pictures.
    fault
        What is wrong with the first row that cannot be read.
    """

    names: tuple[str, ...]
    rows: tuple[Values, ...]
    typed: bool = True
    pictures: frozenset[str] = frozenset()
    fault: str | None = None


class Reader(Protocol):
    """One table.

    Attributes
    ----------
    label
        What to call it in a message.
    keeps
        Whether its cells are in memory anyway, so that holding on to one costs nothing.
    """

    label: str
    keeps: bool

    def head(self) -> Head:
        """Look at the beginning.

        Raises
        ------
        ilk.errors.SourceError
            If it is no table that can be read.
        """
        ...

    def rows(self) -> Iterator[Row]:
        """All of it, streamed.

        Raises
        ------
        ilk.errors.SourceError
            If it is no table that can be read.
        """
        ...

    def count(self) -> int | None:
        """How many rows there are, if that is cheap to know."""
        ...


class Once:
    """Rows that can be had a single time, of which the first may be looked at before."""

    def __init__(self, rows: Iterator[Row], label: str) -> None:
        self._rows = rows
        self._label = label
        self._seen = list[Row]()
        self._taken = False

    def peek(self, count: int) -> Sequence[Row]:
        """At most so many, which stay to be taken; afterwards the same. Fewer where pictures are among them."""
        size = sum(map(weight, self._seen))
        while not self._taken and len(self._seen) < count and size < HEAD_CHARACTERS:
            row = next(self._rows, None)
            if row is None:
                break
            self._seen.append(row)
            size += weight(row)
        return self._seen[:count]

    def take(self) -> Iterator[Row]:
        """All of them.

        Raises
        ------
        ilk.errors.SourceError
            The second time.
        """
        if self._taken:
            raise SourceError(
                f"{self._label} gives its rows only once, and they have been read. Give a list, a file, or a new one."
            )
        self._taken = True
        yield from self._seen
        yield from self._rows


def weight(row: Row) -> int:
    """About how many bytes the texts and pictures in a row take."""
    total = 0
    for cell in row.values.values():
        for value in cell.values() if isinstance(cell, Mapping) else (cell,):
            total += len(value) if isinstance(value, str | bytes | bytearray) else 0
    return total


def bounded(names: Iterable[str], label: str) -> tuple[str, ...]:
    """Column names as they are.

    Raises
    ------
    ilk.errors.SourceError
        If there are more than `MAX_COLUMNS`.
    """
    given = tuple(names)
    if len(given) > MAX_COLUMNS:
        raise SourceError(
            f"{label} has {len(given):,} columns; a table of pictures may have {MAX_COLUMNS:,}. Keep those that you "
            "want to search or show, and if its rows and columns are the wrong way round, turn it."
        )
    return given


def unique(names: Iterable[str], label: str) -> tuple[str, ...]:
    """Column names, each once: the second ``size`` becomes ``size_2``, one without a name ``column_7``.

    Raises
    ------
    ilk.errors.SourceError
        If there are more than `MAX_COLUMNS`.
    """
    given = bounded((name.strip() for name in names), label)
    taken, found = set(given), list[str]()
    seen = set[str]()
    for number, name in enumerate(given, start=1):
        chosen = name or f"column_{number}"
        copy = 2
        while chosen in seen or (chosen != name and chosen in taken):
            chosen = f"{name or f'column_{number}'}_{copy}"
            copy += 1
        seen.add(chosen)
        found.append(chosen)
    return tuple(found)
