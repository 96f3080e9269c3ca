"""Tables of text with one character between the cells: CSV, TSV and their kin.

Nothing says which character that is, nor how quotes are written inside quotes. Both are told from the first lines:
the right choice gives every row as many cells as there are names.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ilk.errors import SourceError
from ilk.pictures import SUFFIXES
from ilk.sources.tables import lines, rows
from ilk.sources.tables.lines import Lines
from ilk.sources.tables.rows import Head, Row

DELIMITERS = ",\t;|"
"""In the order in which they are preferred where several fit equally."""

SNIFFED_LINES = 50

MAX_ROW_LINES = 1_000
"""A row over more lines than this is not one: a quote is missing, and would take the rest of the file with it."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How cells are told apart.

    Attributes
    ----------
    delimiter
        The character between them.
    backslash
        Whether a quote in quotes is written with a backslash before it, as databases export it, rather than twice.
    quotes
        Whether quotes mean anything; in some files with tabs they are characters like others.
    """

    delimiter: str
    backslash: bool = False
    quotes: bool = True

    def parser(self, text: Iterator[str]) -> Iterator[list[str]]:
        """The cells of each row."""
        # The limit is one for the whole process, so it is only ever raised.
        csv.field_size_limit(max(csv.field_size_limit(), lines.MAX_LINE))
        return csv.reader(
            text,
            delimiter=self.delimiter,
            doublequote=not self.backslash,
            escapechar="\\" if self.backslash else None,
            quoting=csv.QUOTE_MINIMAL if self.quotes else csv.QUOTE_NONE,
            strict=True,
        )


class DelimitedReader:
    """A file of delimited text; a `ilk.sources.tables.rows.Reader`.

    A row that is no row (another number of cells than there are names, a quote that is never closed, bytes that are
    no UTF-8) is told as such, and reading goes on with the next line.
    """

    keeps = False

    def __init__(self, path: Path) -> None:
        self._path = path
        self.label = f'"{path.name}"'

    def head(self) -> Head:
        """Look at the first rows."""
        found, fault, size = list[rows.Values](), None, 0
        with lines.open_text(self._path) as text:
            dialect = self._dialect(text)
            names = self._names(text, dialect)
            for row in self._rows(text, dialect, names):
                if row.fault is not None and row.line is not None and not lines.is_text("".join(text.served)):
                    raise SourceError(lines.not_text(self.label, row.line))
                fault = fault or row.fault
                if row.fault is None:
                    found.append(row.values)
                size += sum(map(len, text.served))
                if len(found) >= rows.HEAD_ROWS or size > rows.HEAD_CHARACTERS:
                    break
        return Head(names=names, rows=tuple(found), typed=False, fault=fault)

    def rows(self) -> Iterator[Row]:
        """All rows."""
        with lines.open_text(self._path) as text:
            dialect = self._dialect(text)
            yield from self._rows(text, dialect, self._names(text, dialect))

    def count(self) -> None:
        """Not known before the end."""

    def _dialect(self, text: Lines) -> Dialect:
        """Look at the first lines and give them back."""
        text.begin()
        size = 0
        for line in text:
            size += len(line)
            if len(text.served) > SNIFFED_LINES or size > rows.HEAD_CHARACTERS:
                break
        sample = list(text.served)
        text.give_back(keep=0)
        return sniff(sample)

    def _names(self, text: Lines, dialect: Dialect) -> tuple[str, ...]:
        """The line of names."""
        for row in self._cells(text, dialect):
            if row.fault is not None:
                number = row.line or 1
                raise SourceError(
                    f"The names of the columns, on line {number} of {self.label}, cannot be read: {row.fault}."
                    if lines.is_text("".join(text.served))
                    else lines.not_text(self.label, number)
                )
            if any(map(_is_picture, row.cells)):  # that is no name: the file begins with its first row
                text.give_back(keep=0)
                return rows.unique([""] * len(row.cells), self.label)
            return rows.unique(row.cells, self.label)
        if text.unreadable is not None:
            raise SourceError(f"{self.label} cannot be read: {text.unreadable}.")
        raise SourceError(f"{self.label} is empty. A table begins with the names of its columns.")

    def _rows(self, text: Lines, dialect: Dialect, names: Sequence[str]) -> Iterator[Row]:
        """The rows below the names."""
        number = 0
        for number, row in enumerate(self._cells(text, dialect, len(names)), start=1):
            values = dict(zip(names, row.cells, strict=False)) if row.fault is None else {}
            yield Row(number=number, values=values, line=row.line, fault=row.fault, last=row.last)
        if text.unreadable is not None:
            yield Row(number=number + 1, fault=f"the rest of the file cannot be read: {text.unreadable}", last=True)

    def _cells(self, text: Lines, dialect: Dialect, width: int | None = None) -> Iterator[_Cells]:
        """The cells of each row that is no blank line."""
        parser = dialect.parser(_bounded(text))
        while True:
            text.begin()
            line = text.number + 1
            fault, cells = None, list[str]()
            try:
                cells = next(parser)
            except StopIteration:
                return
            except csv.Error as error:
                fault = "a quoted cell has no end" if _is_end(error) else str(error)
            open_end = fault is not None and text.ended
            if fault is None and not cells:
                continue
            if fault is None and not all(map(lines.is_text, text.served)):
                fault = "it is not UTF-8"
            if fault is None and width is not None and len(cells) != width:
                fault = None if not any(cells[width:]) and len(cells) > width else _wrong_width(len(cells), width)
                open_end = fault is not None and not text.served[-1].endswith(("\n", "\r"))
            if fault is not None:
                # What a stray quote has swallowed may be rows like any other.
                text.give_back()
                parser = dialect.parser(_bounded(text))
            yield _Cells(cells, line, fault, open_end)


@dataclass(frozen=True, slots=True)
class _Cells:
    cells: list[str]
    line: int
    fault: str | None
    last: bool


def sniff(sample: Sequence[str]) -> Dialect:
    """Tell from the first lines how cells are told apart.

    A delimiter is as good as the share of rows that have as many cells as the first, and then as the number of those.
    """
    choices = [Dialect(each) for each in DELIMITERS]
    if any('\\"' in line for line in sample):
        choices += [Dialect(each, backslash=True) for each in DELIMITERS]
    choices.append(Dialect("\t", quotes=False))
    return max(choices, key=lambda dialect: _fit(dialect, sample))


def _fit(dialect: Dialect, sample: Sequence[str]) -> tuple[bool, float, int]:
    """How well a dialect explains the lines; greater is better."""
    widths, faults = list[int](), 0
    parser = dialect.parser(iter(sample))
    while True:
        try:
            cells = next(parser)
        except StopIteration:
            break
        except csv.Error as error:
            faults += not _is_end(error)  # the sample may well end inside quotes
            continue
        if cells:
            widths.append(len(cells))
    if not widths or widths[0] == 1:
        return (False, 0.0, 0)
    return (True, sum(width == widths[0] for width in widths) / (len(widths) + faults), widths[0])


def _bounded(text: Lines) -> Iterator[str]:
    """The lines of one row, as long as they can be."""
    size = 0
    for line in text:
        size = len(line) + (size if len(text.served) > 1 else 0)
        if size > lines.MAX_LINE:
            raise csv.Error(f"it is longer than {lines.MAX_LINE:,} characters")
        if len(text.served) > MAX_ROW_LINES:
            raise csv.Error(f"a quoted cell in it does not end within {MAX_ROW_LINES:,} lines")
        yield line


def _is_end(error: csv.Error) -> bool:
    """Whether the text ended inside quotes."""
    return "unexpected end" in str(error)


def _wrong_width(cells: int, width: int) -> str:
    return f"it has {cells:,} {'cell' if cells == 1 else 'cells'}, and the table {width:,} columns"


def _is_picture(cell: str) -> bool:
    """Whether a cell is no name of a column but the address of a picture."""
    cell = cell.strip().lower()
    return cell.startswith(("http://", "https://", "data:image")) or cell.endswith(tuple(SUFFIXES))
