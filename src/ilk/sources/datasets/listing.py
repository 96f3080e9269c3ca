"""The pictures of one dataset, named as one gallery names them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from ilk.errors import SourceError
from ilk.sources.base import Entry, Payload
from ilk.sources.datasets.readers import ROW_ID, RowsReader
from ilk.sources.tables import cells, places
from ilk.sources.tables.fetching import Fetching
from ilk.sources.tables.listing import Opened, TableListing, digest_of
from ilk.sources.tables.places import Inside
from ilk.sources.tables.seen import Seen
from ilk.sources.tables.shelf import Shelves

BLOCK = 1_024
"""Ids read at once."""

IN_MEMORY = 2**62


class DatasetListing(TableListing):
    """As the listing of a table, but for pictures that lie in a dataset whose rows can be had by their numbers.

    Those are not read while listing: a row's stamp is the dataset's fingerprint, which the library changes with
    everything that is done to it, and the row's number. A second run over 100,000 rows so takes a second, whatever the
    pictures weigh. Paths, URLs and streams are listed as a table's are.
    """

    def __init__(self, opened: Opened, *, name: str, base: Path, fetching: Fetching) -> None:
        super().__init__(opened, name=name, base=base, fetching=fetching)
        self._opened = opened

    @property
    def kind(self) -> str:
        """``"dataset:"`` and its name."""
        return f"dataset:{self._name}"

    def __iter__(self) -> Iterator[Entry]:
        """List the rows in their order.

        Raises
        ------
        ilk.errors.SourceError
            If there are none.
        """
        reader, head, columns = self._opened.reader, self._opened.head, self._opened.columns
        inside = any(isinstance(places.place_of(row.get(columns.picture)), Inside) for row in head.rows)
        if not isinstance(reader, RowsReader) or not inside:
            yield from super().__iter__()
            return
        self._complete = False
        if not reader.count():
            raise SourceError(f"{reader.label} has no rows: there is no picture in it.")
        seen = Seen()
        # Whatever changes what is made of a row counts as well as the row.
        stamp = digest_of(reader.fingerprint, str(columns), repr(columns.captions))
        for number, value in enumerate(self._ids(reader, columns.id)):
            own = f"{self._name}#{number}"
            id_ = cells.identity(value) or own
            while not seen.add(id_):
                id_ = f"{id_}#{number}"
            load = partial(self._load, reader, number)
            yield Entry(id=id_, uri=own, stamp=f"{stamp}:{number}", load=load)
        self._complete = True

    def _ids(self, reader: RowsReader, column: str | None) -> Iterator[Any]:
        """What the rows are called; None for those that are called by their number."""
        if column is None or column == ROW_ID:
            yield from (None for _ in range(reader.count()))
            return
        alone = reader.data.select_columns([column])
        for start in range(0, len(alone), BLOCK):
            yield from alone[start : start + BLOCK].column(0).to_pylist()

    def _load(self, reader: RowsReader, number: int) -> Payload:
        row = reader.row(number)
        return self._entry(
            places.place_of(row.values.get(self._columns.picture)), [row], Seen(), Shelves(small=IN_MEMORY)
        ).load()
