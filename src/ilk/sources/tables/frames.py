"""Tables that are in memory: pandas, and rows as dictionaries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ilk.sources.tables import rows
from ilk.sources.tables.rows import Head, Once, Row, Values


class FrameReader:
    """A pandas ``DataFrame``; a `ilk.sources.tables.rows.Reader`. Its index is left aside."""

    keeps = True
    label = "The table"

    def __init__(self, frame: Any) -> None:
        self._frame = frame
        self._names = rows.unique(map(str, frame.columns), self.label)

    def head(self) -> Head:
        """Look at the first rows."""
        found = self._read(self._frame.iloc[: rows.HEAD_ROWS])
        return Head(names=self._names, rows=tuple(row.values for row in found))

    def rows(self) -> Iterator[Row]:
        """All rows."""
        return self._read(self._frame)

    def count(self) -> int:
        """Its length."""
        return len(self._frame)

    def _read(self, frame: Any) -> Iterator[Row]:
        for number, cells in enumerate(frame.itertuples(index=False, name=None), start=1):
            yield Row(number=number, values=dict(zip(self._names, cells, strict=True)))


class RowsReader:
    """Rows as dictionaries: a list of them, or an iterator, which is read once; a `ilk.sources.tables.rows.Reader`."""

    label = "The table"

    def __init__(self, given: Iterable[Any]) -> None:
        self._given = given
        self.keeps = isinstance(given, Sequence)
        self._once = Once(_rows(iter(given)), self.label) if isinstance(given, Iterator) else None

    def head(self) -> Head:
        """Look at the first rows."""
        peeked: Iterable[Row] = self._once.peek(rows.HEAD_ROWS) if self._once is not None else _rows(self._given)
        names, found = dict[str, None](), list[Values]()
        for row in peeked:
            names |= dict.fromkeys(row.values)
            if row.fault is None:
                found.append(row.values)
            if len(found) >= rows.HEAD_ROWS:
                break
        return Head(names=rows.bounded(names, self.label), rows=tuple(found))

    def rows(self) -> Iterator[Row]:
        """All rows."""
        return _rows(self._given) if self._once is None else self._once.take()

    def count(self) -> int | None:
        """The length of a list."""
        return len(self._given) if isinstance(self._given, Sequence) else None


def _rows(given: Iterable[Any]) -> Iterator[Row]:
    for number, values in enumerate(given, start=1):
        if not isinstance(values, Mapping):
            yield Row(number=number, fault=f"it is no dictionary but a {type(values).__name__}")
        elif len(values) > rows.MAX_COLUMNS:
            yield Row(number=number, fault=f"it has {len(values):,} values, and {rows.MAX_COLUMNS:,} are allowed")
        else:
            yield Row(number=number, values={str(name): value for name, value in values.items()})
