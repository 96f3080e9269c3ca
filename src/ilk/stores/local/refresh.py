"""Bringing the index files up to date, by whoever holds the writer's lock."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ilk.errors import GalleryStorageError
from ilk.stores.local import catalog, index, kinds, seal
from ilk.stores.local.database import transaction
from ilk.stores.local.migrations import utc_now
from ilk.stores.local.view import Views, unpacked

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

ROWS = 8_192
"""Vectors on their way from the database into a file."""

TAIL_MS = 1.0
"""What comparing with the tail may always cost."""


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
        if vectors < max(1, policy.min_vectors) and kinds.base_of(record.wanted) in {"", kinds.AUTO}:
            if record.file is not None or catalog.tombstones_after(connection, number, 0):
                _record(connection, number, index.IndexRecord(dimension=record.dimension))
        elif vectors and (
            _stale(connection, directory, number, record, policy) or views.refused(number, record.generation)
        ):
            _build(connection, directory, number, record, _Size(vectors, policy))
    named = connection.execute("SELECT file FROM vector_index WHERE file IS NOT NULL")
    index.sweep_files(directory, (name for (name,) in named.fetchall()))


class _Size(NamedTuple):
    vectors: int
    policy: index.IndexPolicy


def _stale(
    connection: sqlite3.Connection, directory: Path, number: int, record: index.IndexRecord, policy: index.IndexPolicy
) -> bool:
    """Whether the file is missing, not to be believed, not what is wanted, or too far behind."""
    try:
        path = index.validated(directory, record)
    except index.IndexRefusedError:
        return True
    if record.base_bytes and not index.is_sealed(path, record):
        return True
    if record.facts.get("wanted", kinds.AUTO) != record.wanted:
        return True
    (tail,) = connection.execute(
        "SELECT count(*) FROM embedding NOT INDEXED WHERE embedding_id > ? AND space_id = ?",
        (record.last_embedding_id, number),
    ).fetchone()
    (dead,) = connection.execute("SELECT count(*) FROM tombstone WHERE space_id = ?", (number,)).fetchone()
    if tail + dead > policy.stale_share * record.vectors:
        return True
    # Beside an index that answers in less, a tail is compared vector by vector: it may cost what a query costs.
    ms, exact_ms = record.facts.get("ms", 0.0), record.facts.get("exact_ms", 0.0)
    return bool(record.base_bytes and tail * exact_ms > record.vectors * max(TAIL_MS, ms))


def _build(
    connection: sqlite3.Connection, directory: Path, number: int, record: index.IndexRecord, size: _Size
) -> None:
    """Write a file of all vectors of a space, and only then tell the database of it."""
    from ilk.stores.local.building import Base

    last = 0

    def blocks() -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.float16]]]:
        nonlocal last
        rows = catalog.vectors_after(connection, number, 0)
        while some := rows.fetchmany(ROWS):
            last = some[-1][0]
            yield unpacked(some, record.dimension)

    name = index.file_name(number, record.generation + 1)
    base = Base(
        wanted=record.wanted,
        metric=record.metric,
        policy=size.policy,
        probes=catalog.probes(connection, number, record.dimension),
    )
    written = index.write(
        directory, name, blocks(), vectors=size.vectors, dimension=record.dimension, metric=record.metric, base=base
    )
    built = index.IndexRecord(
        file=name,
        last_embedding_id=last,
        vectors=size.vectors,
        dimension=record.dimension,
        size_bytes=written.size_bytes,
        checksum=written.checksum,
        metric=record.metric,
        factory=base.factory,
        base_bytes=written.base_bytes,
        seal=seal.seal(directory / name, size_bytes=written.size_bytes, checksum=written.checksum)
        if written.base_bytes
        else "",
        wanted=record.wanted,
        facts={**base.facts, "wanted": record.wanted},
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
            "size_bytes = ?, checksum = ?, built_at = ?, factory = ?, base_bytes = ?, seal = ?, facts = ? "
            "WHERE space_id = ?",
            (
                record.file,
                record.last_embedding_id,
                record.vectors,
                record.size_bytes,
                record.checksum,
                None if record.file is None else utc_now(),
                record.factory,
                record.base_bytes,
                record.seal,
                json.dumps(dict(record.facts)),
                number,
            ),
        )
        connection.execute("DELETE FROM tombstone WHERE space_id = ?", (number,))
        connection.execute("UPDATE setting SET value = value + 1 WHERE key = 'changes'")
