"""Tables of Arrow: Parquet, Feather, streams of record batches, and what is in memory already."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ilk.errors import MissingExtraError, SourceError
from ilk.sources.tables import rows
from ilk.sources.tables.rows import Head, Once, Row

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 1_024
BATCH_ROWS_WITH_PICTURES = 32
"""Rows made into Python's objects at once; fewer where pictures are among them."""

HEAD_ROWS_WITH_PICTURES = 16

BUFFER_BYTES = 2**20
"""Of each column of a Parquet file, read at once."""

PARQUET = b"PAR1"
FEATHER = b"ARROW1"
STREAM = b"\xff\xff\xff\xff"
OLD_FEATHER = b"FEA1"
MAGICS = (PARQUET, FEATHER, STREAM, OLD_FEATHER)


def pyarrow() -> Any:
    """The library, imported when it is needed.

    Raises
    ------
    ilk.errors.MissingExtraError
        If it is not installed.
    """
    try:
        import pyarrow as pa
    except ImportError as error:
        raise MissingExtraError('Parquet and Arrow tables need pyarrow: pip install "ilk[tables]".') from error
    return pa


def errors() -> tuple[type[Exception], ...]:
    """What pyarrow raises over files that are damaged, went away, or hold what it cannot read."""
    return (pyarrow().ArrowException, OSError, ValueError, OverflowError)


class ArrowReader:
    """Record batches; a `ilk.sources.tables.rows.Reader`.

    Parameters
    ----------
    label
        What to call it in a message.
    schema
        Its columns.
    batches
        Reads it, so many rows at once. Its errors are those of pyarrow.
    total
        Rows, if known.
    once
        Whether `batches` can be called a single time.
    """

    keeps = False

    def __init__(
        self,
        label: str,
        schema: pa.Schema,
        batches: Callable[[int], Iterator[pa.RecordBatch]],
        *,
        total: int | None = None,
        once: bool = False,
    ) -> None:
        self.label = label
        self.schema = schema
        self.names = rows.unique(schema.names, label)
        self.batches = batches
        self._total = total
        features = _features(schema)
        self._words = {name: words for name, feature in features.items() if (words := _words(feature))}
        self._pictures = frozenset(name for name, feature in features.items() if _kind(feature) == "Image")
        heavy = any(_is_heavy(field.type) for field in schema)
        self._batch_rows = BATCH_ROWS_WITH_PICTURES if heavy else BATCH_ROWS
        self._head_rows = HEAD_ROWS_WITH_PICTURES if heavy else rows.HEAD_ROWS
        self._once = Once(self._read(self._batch_rows), label) if once else None

    def head(self) -> Head:
        """Look at the first rows."""
        found, fault = list[rows.Values](), None
        peeked = (
            self._read(min(self._head_rows, BATCH_ROWS)) if self._once is None else self._once.peek(self._head_rows)
        )
        for row in peeked:
            fault = fault or row.fault
            if row.fault is None:
                found.append(row.values)
            if len(found) >= self._head_rows:
                break
        return Head(names=self.names, rows=tuple(found), pictures=self._pictures, fault=fault)

    def rows(self) -> Iterator[Row]:
        """All rows."""
        return self._read(self._batch_rows) if self._once is None else self._once.take()

    def count(self) -> int | None:
        """As the file says."""
        return self._total

    def _read(self, batch_rows: int) -> Iterator[Row]:
        number, refusals = 0, errors()
        try:
            for batch in self.batches(batch_rows):
                for values in self.values(batch):
                    number += 1
                    yield Row(number=number, values=values)
        except refusals as error:
            yield Row(number=number + 1, fault=f"the rest of the table cannot be read: {_said(error)}", last=True)

    def values(self, batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
        """The rows of a batch as Python's objects. What Python has no object for is None."""
        columns = [_cells(_microseconds(column)) for column in batch.columns]
        for index, name in enumerate(self.names):
            words = self._words.get(name)
            if words is not None:
                columns[index] = [_word(cell, words) for cell in columns[index]]
        for cells in zip(*columns, strict=True):
            yield dict(zip(self.names, cells, strict=True))


def from_path(path: Path, magic: bytes) -> ArrowReader:
    """Open a file that begins with one of `MAGICS`.

    Raises
    ------
    ilk.errors.SourceError
        If it cannot be read after all.
    ilk.errors.MissingExtraError
        If pyarrow is not installed.
    """
    label = f'"{path.name}"'
    if magic.startswith(OLD_FEATHER):
        raise SourceError(f"{label} is Feather of the first version, which is no longer read. Write it as Parquet.")
    pa = pyarrow()
    try:
        if magic.startswith(PARQUET):
            with _parquet(path) as file:
                return ArrowReader(
                    label, file.schema_arrow, lambda count: _parquet_batches(path, count), total=file.metadata.num_rows
                )
        with pa.OSFile(str(path)) as file:
            opened = _opened(file, magic)
            return ArrowReader(label, opened.schema, lambda count: _ipc_batches(path, magic, count))
    except errors() as error:
        raise SourceError(
            f"{label} cannot be read: {_said(error)}. If it was being written or downloaded, its end is missing."
        ) from error


def from_object(data: Any) -> ArrowReader:
    """Read what is in memory: a table, a batch, a reader of batches, or anything with ``__arrow_c_stream__``."""
    pa = pyarrow()
    label = "The table"
    if isinstance(data, pa.RecordBatchReader):
        return ArrowReader(label, data.schema, lambda count: _sliced(data, count), once=True)
    if isinstance(data, pa.RecordBatch):
        data = pa.Table.from_batches([data])
    if not isinstance(data, pa.Table):
        data = pa.table(data)
    return ArrowReader(
        label, data.schema, lambda count: iter(data.to_batches(max_chunksize=count)), total=data.num_rows
    )


@contextmanager
def _parquet(path: Path) -> Iterator[Any]:
    from pyarrow import parquet

    # Buffered, so that a group of a million rows is not read as a whole.
    with parquet.ParquetFile(path, buffer_size=BUFFER_BYTES) as file:
        yield file


def _parquet_batches(path: Path, count: int) -> Iterator[pa.RecordBatch]:
    with _parquet(path) as file:
        yield from file.iter_batches(batch_size=count, use_threads=False)


def _ipc_batches(path: Path, magic: bytes, count: int) -> Iterator[pa.RecordBatch]:
    # Not mapped into memory: a file that is overwritten meanwhile would end the process, not the reading.
    with pyarrow().OSFile(str(path)) as file:
        opened = _opened(file, magic)
        read = (
            (opened.get_batch(index) for index in range(opened.num_record_batches))
            if magic.startswith(FEATHER)
            else opened
        )
        for batch in read:
            batch.validate(full=True)  # offsets that lead elsewhere would be followed
            yield from _sliced((batch,), count)


def _opened(file: Any, magic: bytes) -> Any:
    from pyarrow import ipc

    return ipc.open_file(file) if magic.startswith(FEATHER) else ipc.open_stream(file)


def _sliced(batches: Any, count: int) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for start in range(0, batch.num_rows, count):
            yield batch.slice(start, count)


def _is_heavy(type_: pa.DataType) -> bool:
    """Whether a column may hold pictures."""
    from pyarrow import types

    if types.is_struct(type_):
        return any(_is_heavy(type_.field(index).type) for index in range(type_.num_fields))
    return bool(types.is_binary(type_) or types.is_large_binary(type_) or types.is_binary_view(type_))


def _microseconds(column: Any) -> Any:
    """A column whose times Python can hold: it knows nothing shorter than a microsecond."""
    from pyarrow import types

    pa, type_ = pyarrow(), column.type
    if getattr(type_, "unit", None) != "ns":
        return column
    if types.is_timestamp(type_):
        return column.cast(pa.timestamp("us", tz=type_.tz), safe=False)
    return column.cast(pa.duration("us") if types.is_duration(type_) else pa.time64("us"), safe=False)


def _cells(column: Any) -> list[Any]:
    """A column as Python's objects; where there is none, such as for the year 12000, None."""
    try:
        cells: list[Any] = column.to_pylist()
    except (ValueError, OverflowError):
        return [_cell(scalar) for scalar in column]
    return cells


def _cell(scalar: Any) -> Any:
    try:
        return scalar.as_py()
    except (ValueError, OverflowError):
        return None


def _features(schema: pa.Schema) -> Mapping[str, Any]:
    """What the library `datasets` has noted of the columns."""
    try:
        noted = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
    except (KeyError, ValueError, TypeError):
        return {}
    return noted if isinstance(noted, dict) else {}


def _kind(feature: Any) -> object:
    return feature.get("_type") if isinstance(feature, dict) else None


def _words(feature: Any) -> Sequence[str] | None:
    """What the numbers of a column of labels stand for."""
    if _kind(feature) in {"List", "LargeList", "Sequence"}:
        feature = feature.get("feature")
    names = feature.get("names") if _kind(feature) == "ClassLabel" else None
    return [str(name) for name in names] if isinstance(names, list) else None


def _word(cell: Any, words: Sequence[str]) -> Any:
    if isinstance(cell, int):
        return words[cell] if 0 <= cell < len(words) else None
    return [_word(each, words) for each in cell] if isinstance(cell, list) else cell


def _said(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")[:200] or "it is damaged"
