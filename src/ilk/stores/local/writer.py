"""Writing to a gallery on this machine: each call is one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from ilk.errors import GalleryError, InputError, ModelMismatchError
from ilk.filters.patterns import after_prefix
from ilk.records import Failure, Metadata, Space
from ilk.stores.base import Description, Upsert
from ilk.stores.local import catalog, kinds, renames, rows, saved, spaces
from ilk.stores.local.database import Database, explained, transaction
from ilk.stores.local.index import IndexPolicy
from ilk.stores.local.lock import WriterLock
from ilk.stores.local.migrations import ilk_version, utc_now
from ilk.stores.local.refresh import refresh
from ilk.stores.local.view import Views

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

MOST = 65_504
"""The greatest number in float16."""

UNIT_TOLERANCE = 1e-3
"""How far from 1 the length of a row may be that is called unit."""


class LocalWriter:
    """The right to write to one gallery, as a context manager; a `ilk.stores.base.Writer`."""

    def __init__(self, database: Database, lock: WriterLock, views: Views, policy: IndexPolicy) -> None:
        self._database = database
        self._lock = lock
        self._views = views
        self._policy = policy
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        self._lock.acquire()
        try:
            self._connection = self._database.writing()
            with self._transaction() as connection:
                connection.execute("INSERT OR REPLACE INTO setting VALUES ('written_by', ?)", (ilk_version(),))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        try:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
        finally:
            self._lock.release()

    # -- spaces ---------------------------------------------------------------------------------------------------

    def add_space(self, space: Space) -> None:
        """Make a space, or name the one with its name and digest as its model is called now."""
        with self._transaction() as connection:
            spaces.put(connection, space)

    def drop_space(self, space: Space) -> int:
        """Remove a space with its vectors and its index; see `ilk.stores.base.Writer.drop_space`."""
        with self._transaction() as connection:
            removed = spaces.drop(connection, self._number(connection, space), space)
        self.refresh_index()
        return removed

    def compact(self) -> None:
        """Write the database anew without what is free in it, and cut off the log of changes.

        Cost: all of it is read and written twice. Readers go on meanwhile; one that began before keeps the old bytes
        on the disk until it ends.
        """
        with self._own() as connection:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def set_default_model(self, name: str) -> None:
        """Keep the name of the model to use where none is named."""
        with self._transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO setting VALUES ('default_model', ?)", (name,))

    # -- items ----------------------------------------------------------------------------------------------------

    def write(self, upserts: Sequence[Upsert], failures: Sequence[Failure], *, space: Space) -> None:
        """Write one batch: the items, then the failures. The ids in a batch are distinct.

        Raises
        ------
        ModelMismatchError
            If the gallery does not have the space, or a vector is not of its dimension.
        InputError
            If a vector is not finite and unit, or a text cannot be stored. Nothing of the batch is written.
        """
        vectors = _packed(upserts, space)
        now = utc_now()
        with self._transaction() as connection:
            number = catalog.space_id(connection, space)
            if number is None:
                raise ModelMismatchError(
                    f'The gallery has no {space.name} space of the model "{space.model}" yet: add it before writing.'
                )
            renames.apply(connection, upserts)
            fields = saved.names(connection)
            numbers = [rows.put(connection, upsert, now, fields) for upsert in upserts]
            for item_id, vector in zip(numbers, vectors, strict=True):
                if vector is not None:
                    rows.put_vector(connection, number, item_id, vector)
            for upsert, item_id, vector in zip(upserts, numbers, vectors, strict=True):
                if vector is None and space.name == "image":
                    rows.copy_vector(connection, number, item_id, upsert.item.digest)
            connection.executemany(
                "INSERT OR REPLACE INTO kept (item_id, whole, data) VALUES (?, ?, ?)",
                [
                    (item_id, upsert.kept.whole, upsert.kept.data)
                    for upsert, item_id in zip(upserts, numbers, strict=True)
                    if upsert.kept is not None
                ],
            )
            for failure in failures:
                rows.fail(connection, failure, now)

    def describe(self, descriptions: Sequence[Description]) -> frozenset[str]:
        """Renew what is said of items whose pictures are as they were; see `ilk.stores.base.Writer.describe`."""
        now = utc_now()
        with self._transaction() as connection:
            fields = saved.names(connection)
            return frozenset(said.id for said in descriptions if rows.describe(connection, said, now, fields))

    def save_fields(self, values: Mapping[str, Metadata]) -> int:
        """Save fields of metadata that no source speaks for; see `ilk.stores.base.Writer.save_fields`."""
        packed = [rows.as_json(id_, fields) for id_, fields in values.items()]
        with self._transaction() as connection:
            saved.claim(connection, {field for fields in values.values() for field in fields})
            return saved.put(connection, values, packed)

    def delete(self, ids: Sequence[str]) -> int:
        """Remove items; returns how many there were. Unknown ids are left alone."""
        with self._transaction() as connection:
            return sum(
                connection.execute(f"DELETE FROM item WHERE id IN ({marks})", some).rowcount  # noqa: S608 -- only ?s
                for some, marks in catalog.batches(catalog.storable(ids))
            )

    def forget_failures(self) -> int:
        """Forget every failure, so that those pictures are tried again; returns how many there were."""
        with self._transaction() as connection:
            return connection.execute("DELETE FROM failure").rowcount

    # -- sweeping -------------------------------------------------------------------------------------------------

    def begin_sweep(self) -> None:
        """Start taking note of which ids are still there."""
        with self._transaction() as connection:
            connection.execute("DROP TABLE IF EXISTS temp.still_there")
            connection.execute("CREATE TEMP TABLE still_there (id TEXT PRIMARY KEY NOT NULL) WITHOUT ROWID")

    def still_there(self, ids: Sequence[str]) -> None:
        """Note these."""
        with self._own() as connection, transaction(connection):
            connection.executemany("INSERT OR IGNORE INTO temp.still_there VALUES (?)", ((id_,) for id_ in ids))

    def unnoted(self, *, source: str, scope: str) -> list[tuple[str, str]]:
        """Id and uri of the items and failures that `sweep` would remove."""
        within, bounds = _within(source, scope)
        with self._own() as connection:
            return [
                row
                for table in ("item", "failure")
                for row in connection.execute(
                    f"SELECT id, uri FROM {table} WHERE {within} AND id NOT IN (SELECT id FROM temp.still_there)",  # noqa: S608 -- ours
                    bounds,
                )
            ]

    def spare(self, *, source: str, scope: str) -> int:
        """Note all of this kind with an id beginning so as still there; returns how many items were not noted."""
        within, bounds = _within(source, scope)
        with self._own() as connection, transaction(connection):
            spared = [
                connection.execute(
                    f"INSERT OR IGNORE INTO temp.still_there SELECT id FROM {table} WHERE {within}",  # noqa: S608 -- ours
                    bounds,
                ).rowcount
                for table in ("item", "failure")
            ]
        return spared[0]

    def sweep(self, *, source: str, scope: str) -> int:
        """Remove the items and failures of this kind of source, with an id beginning so, that were not noted.

        Returns how many items went.
        """
        within, bounds = _within(source, scope)
        with self._transaction() as connection:
            removed = [
                connection.execute(
                    f"DELETE FROM {table} WHERE {within} AND id NOT IN (SELECT id FROM temp.still_there)",  # noqa: S608 -- ours
                    bounds,
                ).rowcount
                for table in ("item", "failure")
            ]
        return removed[0]

    # -- the index ------------------------------------------------------------------------------------------------

    def want_index(self, space: Space, factory: str) -> None:
        """Choose the kind of a space's index, which `refresh_index` then makes.

        Parameters
        ----------
        factory
            ``"auto"``, ``"exact"``, or a FAISS factory string.

        Raises
        ------
        InputError
            If FAISS does not know it, or cannot make it of the space's vectors.
        """
        with self._transaction() as connection:
            number = self._number(connection, space)
            asked = kinds.check(factory, space.dimension, catalog.index_record(connection, number).metric)
            connection.execute("UPDATE vector_index SET wanted = ? WHERE space_id = ?", (asked, number))

    def wants_probes(self, space: Space) -> bool:
        """Whether the space's index is to be measured, and no vectors of texts are kept to do it with."""
        with self._own() as connection:
            number = self._number(connection, space)
            wanted = catalog.index_record(connection, number).wanted
            if wanted == kinds.AUTO:
                numbers = catalog.count_vectors(connection, number) * space.dimension
                measured = numbers > self._policy.exact_numbers
            else:
                measured = bool(kinds.base_of(wanted))
            return measured and not len(catalog.probes(connection, number, space.dimension))

    def give_probes(self, space: Space, vectors: npt.NDArray[np.float32]) -> None:
        """Keep vectors of texts such as people ask for, (m, d), in place of earlier ones; indexes are tuned to them."""
        with self._transaction() as connection:
            number = self._number(connection, space)
            connection.execute("DELETE FROM probe WHERE space_id = ?", (number,))
            connection.executemany(
                "INSERT INTO probe VALUES (?, ?, ?)",
                [(number, place, vector.astype("<f2").tobytes()) for place, vector in enumerate(vectors)],
            )

    def refresh_index(self) -> None:
        """Bring the index files up to date where that pays.

        Raises
        ------
        GalleryStorageError
            If the disk does not take them; what was written before is safe, and is found.
        """
        with self._own() as connection:
            refresh(connection, self._database.directory, self._views, self._policy)

    # -- inside ---------------------------------------------------------------------------------------------------

    def _number(self, connection: sqlite3.Connection, space: Space) -> int:
        number = catalog.space_id(connection, space)
        if number is None:
            raise ModelMismatchError(f'The gallery has no {space.name} space of the model "{space.model}".')
        return number

    @contextmanager
    def _own(self) -> Iterator[sqlite3.Connection]:
        if self._connection is None:
            raise GalleryError("Writing to a gallery needs `with store.writing() as writer`, and ends with it.")
        with explained(self._database.directory):
            yield self._connection

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """One transaction, which readers are told of by the count of changes."""
        try:
            with self._own() as connection, transaction(connection):
                yield connection
                connection.execute("UPDATE setting SET value = value + 1 WHERE key = 'changes'")
                connection.execute("UPDATE setting SET value = ? WHERE key = 'updated_at'", (utc_now(),))
        except UnicodeEncodeError as error:
            raise InputError(f"A text that is not Unicode cannot be stored: {error.object!r}.") from error


def _within(source: str, scope: str) -> tuple[str, tuple[str, ...]]:
    """A condition on rows of one kind whose ids begin so, and what stands for its placeholders."""
    end = after_prefix(scope)
    if end is None:
        return "source = ? AND id >= ?", (source, scope)
    return "source = ? AND id >= ? AND id < ?", (source, scope, end)


def _packed(upserts: Sequence[Upsert], space: Space) -> list[bytes | None]:
    """The vectors as they are stored, checked."""
    import numpy as np

    packed = list[bytes | None]()
    for upsert in upserts:
        if upsert.vector is None:
            packed.append(None)
            continue
        vector: npt.NDArray[np.float32] = np.asarray(upsert.vector, np.float32)
        if vector.shape != (space.dimension,):
            raise ModelMismatchError(
                f'The vector for "{upsert.item.id}" has shape {vector.shape}; the model "{space.model}" makes '
                f"{space.dimension} numbers."
            )
        length = float(np.linalg.norm(vector))
        if not space.normalised:
            if not np.abs(vector).max(initial=0) <= MOST:
                raise InputError(
                    f'The vector for "{upsert.item.id}" has numbers that are not finite or beyond {MOST:,}, where '
                    "float16 ends. Nothing of this batch was written. Scale the vectors, or keep them normalised."
                )
        elif not abs(length - 1) <= UNIT_TOLERANCE:  # this way round NaN is caught too
            raise InputError(_not_unit(upsert.item.id, vector, length, space.model))
        packed.append(vector.astype("<f2").tobytes())
    return packed


def _not_unit(id_: str, vector: npt.NDArray[np.float32], length: float, model: str) -> str:
    """What is wrong with a vector, and what to do about it."""
    import numpy as np

    if not np.isfinite(vector).all():
        return (
            f'The vector for "{id_}" has numbers that are not finite: the model "{model}" does not work on this '
            "machine, or its files are damaged. Nothing of this batch was written. Fetch or export the model again, or "
            "index with another one."
        )
    return (
        f'The vector for "{id_}" has length {length:g}, and a gallery takes vectors of length 1. Nothing of this batch '
        "was written. Divide each vector by its length before writing it."
    )
