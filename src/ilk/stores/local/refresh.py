"""Bringing the index files up to date, by whoever holds the writer's lock."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ilk.errors import GalleryStorageError
from ilk.stores.local import catalog, index
from ilk.stores.local.database import transaction
from ilk.stores.local.migrations import utc_now
from ilk.stores.local.view import Views, unpacked

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

ROWS = 8_192
"""Vectors on their way from the database into a file."""


def refresh(connection: sqlite3.Connection, directory: Path, views: Views, policy: index.IndexPolicy) -> None:
    """Build, rebuild or drop the index file of each space, where that pays, and delete files that no space has.

    Raises
    ------
    GalleryStorageError
        If a file cannot be written, or does not read back as written.
    """
    for number in catalog.spaces(connection):
        record = catalog.index_record(connection, number)
        (vectors,) = connection.execute("SELECT count(*) FROM embedding WHERE space_id = ?", (number,)).fetchone()
        if vectors < max(1, policy.min_vectors):
            if record.file is not None or catalog.tombstones_after(connection, number, 0):
                _record(connection, number, index.IndexRecord(dimension=record.dimension))
        elif _stale(connection, directory, number, record, policy) or views.refused(number, record.generation):
            _build(connection, directory, number, record, vectors)
    named = connection.execute("SELECT file FROM vector_index WHERE file IS NOT NULL")
    index.sweep_files(directory, (name for (name,) in named.fetchall()))


def _stale(
    connection: sqlite3.Connection, directory: Path, number: int, record: index.IndexRecord, policy: index.IndexPolicy
) -> bool:
    """Whether the file is missing, not to be believed, or too far behind."""
    try:
        index.validated(directory, record)
    except index.IndexRefusedError:
        return True
    (tail,) = connection.execute(
        "SELECT count(*) FROM embedding NOT INDEXED WHERE embedding_id > ? AND space_id = ?",
        (record.last_embedding_id, number),
    ).fetchone()
    (dead,) = connection.execute("SELECT count(*) FROM tombstone WHERE space_id = ?", (number,)).fetchone()
    return bool(tail + dead > policy.stale_share * record.vectors)


def _build(
    connection: sqlite3.Connection, directory: Path, number: int, record: index.IndexRecord, vectors: int
) -> None:
    """Write a file of all vectors of a space, and only then tell the database of it."""
    last = 0

    def blocks() -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.float16]]]:
        nonlocal last
        rows = catalog.vectors_after(connection, number, 0)
        while some := rows.fetchmany(ROWS):
            last = some[-1][0]
            yield unpacked(some, record.dimension)

    name = index.file_name(number, record.generation + 1)
    size_bytes, checksum = index.write(directory, name, blocks(), vectors=vectors, dimension=record.dimension)
    built = index.IndexRecord(
        file=name,
        last_embedding_id=last,
        vectors=vectors,
        dimension=record.dimension,
        size_bytes=size_bytes,
        checksum=checksum,
    )
    try:
        index.read(directory, built)
    except index.IndexRefusedError as error:
        raise GalleryStorageError(
            f"The index file {directory / name} does not read back as it was written: {error}. Check the disk; "
            "everything is in the database and is found, only slower."
        ) from error
    _record(connection, number, built)


def _record(connection: sqlite3.Connection, number: int, record: index.IndexRecord) -> None:
    """Begin a new generation: readers forget what they remember of the space, and with it its tombstones."""
    with transaction(connection):
        connection.execute(
            "UPDATE vector_index SET generation = generation + 1, file = ?, last_embedding_id = ?, vectors = ?, "
            "size_bytes = ?, checksum = ?, built_at = ? WHERE space_id = ?",
            (
                record.file,
                record.last_embedding_id,
                record.vectors,
                record.size_bytes,
                record.checksum,
                None if record.file is None else utc_now(),
                number,
            ),
        )
        connection.execute("DELETE FROM tombstone WHERE space_id = ?", (number,))
        connection.execute("UPDATE setting SET value = value + 1 WHERE key = 'changes'")
