"""Vectors in a column of a Parquet or Arrow file, streamed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ilk.errors import SourceError
from ilk.sources.tables import arrow, cells, columns, lines, places
from ilk.sources.tables.arrow import ArrowReader
from ilk.sources.tables.rows import Head
from ilk.sources.vectors import Rows

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

NAMES = ("embedding", "embeddings", "vector", "vectors", "emb", "image_embedding", "features")
"""Of columns, the first of which is taken where several hold vectors."""


class VectorColumns:
    """One column of vectors, and the others as ids, captions, uris and metadata; a `ilk.sources.vectors.Vectors`."""

    def __init__(self, reader: ArrowReader, key: str | None, path: Path) -> None:
        self._reader = reader
        self._path = path
        self._column = reader.names.index(_chosen(reader, key))
        self._others = [index for index in range(len(reader.names)) if index != self._column]
        self._rest = ArrowReader(
            reader.label,
            reader.schema.remove(self._column),
            lambda size: (batch.select(self._others) for batch in reader.batches(size)),
        )
        head = self._rest.head()
        self._id = columns.find_id(head, apart=set())
        self._uri = _uri(head, apart={self._id})
        self._captions = columns.find_captions(head, apart={self._id, self._uri})
        first = next((rows for rows in self._batches(1)), None)
        if first is None:
            raise SourceError(f"{reader.label} has no rows: there are no vectors in it.")
        self.dimension = self._length(first)

    @property
    def count(self) -> int | None:
        """As the file says."""
        return self._reader.count()

    def read(self, size: int) -> Iterator[Rows]:
        """All of them, at most so many at a time.

        Raises
        ------
        ilk.errors.SourceError
            If the rest of the file cannot be read, an id is empty, or a vector is missing or of another length.
        """
        first = 0
        taken = {self._id, self._uri, *self._captions}
        for batch in self._batches(size):
            values = list(self._rest.values(batch.select(self._others))) or [{}] * batch.num_rows
            ids = [self._name(row, number) for number, row in enumerate(values, start=first)]
            yield Rows(
                first=first,
                ids=ids,
                vectors=self._matrix(batch.column(self._column), ids),
                captions=[cells.captions(row[name] for name in self._captions) for row in values],
                uris=[None if self._uri is None else cells.identity(row[self._uri]) for row in values],
                metadata=[cells.metadata(pair for pair in row.items() if pair[0] not in taken) for row in values],
            )
            first += batch.num_rows

    def _batches(self, size: int) -> Iterator[pa.RecordBatch]:
        refusals = arrow.errors()
        try:
            for batch in self._reader.batches(size):
                if batch.num_rows:
                    yield batch
        except refusals as error:
            raise SourceError(f"{self._reader.label} cannot be read to its end: {error}") from error

    def _name(self, row: dict[str, Any], number: int) -> str:
        if self._id is None:
            return f"{self._path.name}#{number}"
        id_ = cells.identity(row[self._id])
        if id_ is None:
            raise SourceError(f"The id of row {number:,}, from 0, is empty. Each vector needs one.")
        return id_

    def _length(self, batch: pa.RecordBatch) -> int:
        """The length of the first vector."""
        cell = batch.column(self._column)[0].as_py()
        if not cell:
            raise SourceError(f"The first row of {self._reader.label} has no vector.")
        return len(cell)

    def _matrix(self, column: Any, ids: Sequence[str]) -> npt.NDArray[Any]:
        """The vectors of a batch, of shape (n, d), without making a Python object of each number."""
        from pyarrow import compute

        column = getattr(column, "storage", column)  # of tensors
        lengths = compute.list_value_length(column).fill_null(0).to_numpy(zero_copy_only=False)
        wrong = lengths != self.dimension
        if wrong.any():
            row = int(wrong.argmax())
            raise SourceError(
                f'The vector of "{ids[row]}" has {int(lengths[row]):,} numbers; the first one has {self.dimension:,}.'
            )
        values: npt.NDArray[Any] = column.flatten().to_numpy(zero_copy_only=False)
        return values.reshape(len(ids), self.dimension)


def open_columns(path: Path, magic: bytes, key: str | None) -> VectorColumns:
    """Open a file that begins with one of `ilk.sources.tables.arrow.MAGICS`.

    Raises
    ------
    ilk.errors.SourceError
        If it has no column of vectors, or several, or cannot be read.
    ilk.errors.MissingExtraError
        If pyarrow is not installed.
    """
    return VectorColumns(arrow.from_path(path, magic), key, path)


def holds_vectors_alone(path: Path) -> bool:
    """Whether a file is of vectors and not of pictures: it has lists of numbers, and no column that leads to a picture.

    Raises
    ------
    ilk.errors.SourceError
        If it cannot be read.
    ilk.errors.MissingExtraError
        If it needs pyarrow, which is not installed.
    """
    start = lines.first_bytes(path, max(map(len, arrow.MAGICS)))
    if not start.startswith(arrow.MAGICS):
        return False
    reader = arrow.from_path(path, start)
    if not any(_is_vectors(field.type) for field in reader.schema):
        return False
    return not columns.find_pictures(reader.head(), apart=set())


def _chosen(reader: ArrowReader, key: str | None) -> str:
    """The column that holds the vectors."""
    found = [name for name, field in zip(reader.names, reader.schema, strict=True) if _is_vectors(field.type)]
    if key is not None:
        if key not in reader.names:
            raise SourceError(f'{reader.label} has no column "{key}". It has: {columns.listed(reader.names)}.')
        if key not in found:
            raise SourceError(f'The column "{key}" of {reader.label} holds no lists of numbers.')
        return key
    if len(found) == 1:
        return found[0]
    named = [name for name in NAMES if name in found]
    if named:
        return named[0]
    if found:
        raise SourceError(
            f"{reader.label} has several columns of vectors: {', '.join(found)}. Name one: "
            f'ilk.embeddings("{reader.label.strip(chr(34))}", "{found[0]}").'
        )
    raise SourceError(f"{reader.label} has no column of vectors. It has: {columns.listed(reader.names)}.")


def _is_vectors(type_: Any) -> bool:
    from pyarrow import types

    type_ = getattr(type_, "storage_type", type_)
    lists = types.is_list(type_) or types.is_large_list(type_) or types.is_fixed_size_list(type_)
    return bool(lists and (types.is_floating(type_.value_type) or types.is_integer(type_.value_type)))


def _uri(head: Head, *, apart: set[str | None]) -> str | None:
    """The column that says where the pictures are, if there is one."""
    found = columns.find_pictures(head, apart=apart)
    if len(found) != 1:
        return None
    cells_ = [places.place_of(row[found[0]]) for row in head.rows]
    return None if any(isinstance(cell, places.Inside) for cell in cells_) else found[0]
