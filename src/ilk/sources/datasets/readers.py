"""Datasets as tables are read: columns, and rows one after the other."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from ilk.errors import SourceError
from ilk.sources.datasets import opening
from ilk.sources.tables.arrow import ArrowReader
from ilk.sources.tables.rows import Head, Row, Values

ROW_ID = "#"
"""Stands among the columns for the name and number of a row, where no column has ids. Names of columns cannot clash
with it that begin with a letter."""

HEAD_ROWS = 16
"""Looked at to tell what the columns hold, with the pictures that are in them."""


class RowsReader:
    """A dataset whose rows can be had by their numbers, from 0; a `ilk.sources.tables.rows.Reader`.

    Attributes
    ----------
    pictures, words
        Columns that are declared to hold pictures, and labels.
    fingerprint
        The dataset's.
    data
        The dataset, giving Arrow's tables: nothing in it is decoded.
    """

    keeps = False

    def __init__(self, data: Any, label: str, name: str) -> None:
        self.label = label
        self.name = name
        self.fingerprint = opening.fingerprint_of(data) or ""
        self.data = data.with_format("arrow")
        self.pictures, self.words = kinds_of(data.features)
        self._inner = ArrowReader(label, self.data[:0].schema, self._batches, total=len(data))

    def head(self) -> Head:
        """Look at the first rows."""
        rows = tuple(self._values(self.data[:HEAD_ROWS], 0))
        return Head(names=self._inner.names, rows=rows, pictures=self.pictures)

    def rows(self) -> Iterator[Row]:
        """All rows."""
        for row in self._inner.rows():
            number = row.number - 1
            yield replace(row, number=number, values={**row.values, ROW_ID: f"{self.name}#{number}"})

    def row(self, number: int) -> Row:
        """One row."""
        (values,) = self._values(self.data[number : number + 1], number)
        return Row(number=number, values=values)

    def count(self) -> int:
        """How many rows there are."""
        return len(self.data)

    def _values(self, table: Any, first: int) -> Iterator[Values]:
        number = first
        for batch in table.to_batches():
            for values in self._inner.values(batch):
                yield {**values, ROW_ID: f"{self.name}#{number}"}
                number += 1

    def _batches(self, count: int) -> Iterator[Any]:
        for table in self.data.iter(count):
            yield from table.to_batches()


class StreamReader:
    """A dataset whose rows come one after the other; a `ilk.sources.tables.rows.Reader`."""

    keeps = False

    def __init__(self, data: Any, label: str, name: str) -> None:
        self.label = label
        self.name = name
        self.pictures, self.words = kinds_of(data.features or {})
        datasets = opening.library()
        for column in self.pictures:
            data = data.cast_column(column, datasets.Image(decode=False))
        self._labels = {column: data.features[column] for column in self.words}
        self._data = data

    def head(self) -> Head:
        """Look at the first rows; they are fetched again later.

        Raises
        ------
        ilk.errors.SourceError
            If they cannot be read.
        """
        try:
            rows = tuple(self._values(row) for row in islice(self._data, HEAD_ROWS))
        except Exception as error:
            raise SourceError(f"{self.label} cannot be read: {_said(error)}.") from error
        names = tuple(self._data.features or {}) or tuple(dict.fromkeys(name for row in rows for name in row))
        return Head(names=tuple(name for name in names if name != ROW_ID), rows=rows, pictures=self.pictures)

    def rows(self) -> Iterator[Row]:
        """All rows. If they end in an error, that is the last row."""
        number = -1
        try:
            for number, row in enumerate(self._data):
                yield Row(number=number, values={**self._values(row), ROW_ID: f"{self.name}#{number}"})
        except Exception as error:  # noqa: BLE001 -- the library's, of whatever it reads from; the rows before it hold
            yield Row(number=number + 1, fault=f"the rest of the dataset cannot be read: {_said(error)}", last=True)

    def count(self) -> None:
        """Not known before the end."""

    def _values(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self._cell(name, cell) for name, cell in row.items()}

    def _cell(self, name: str, cell: Any) -> Any:
        if name in self._labels:
            return _word(self._labels[name], cell)
        if hasattr(cell, "save") and hasattr(cell, "getbands"):  # a picture of Pillow's, as generators give them
            file = io.BytesIO()
            cell.save(file, "PNG")
            return file.getvalue()
        return cell


def _said(error: Exception) -> str:
    """What the library says, as the end of a sentence."""
    return (" ".join(str(error).split())[:200] or type(error).__name__).rstrip(".")


def kinds_of(features: Mapping[str, Any]) -> tuple[frozenset[str], frozenset[str]]:
    """The columns of pictures, and those of labels."""
    kinds = {name: type(getattr(feature, "feature", feature)).__name__ for name, feature in features.items()}
    pictures = frozenset(name for name, feature in features.items() if type(feature).__name__ == "Image")
    return pictures, frozenset(name for name, kind in kinds.items() if kind == "ClassLabel")


def _word(feature: Any, cell: Any) -> Any:
    """What a number of a label stands for, or each of several."""
    if isinstance(cell, list):
        return [_word(feature.feature, each) for each in cell]
    return feature.int2str(cell) if isinstance(cell, int) and 0 <= cell < len(feature.names) else None
