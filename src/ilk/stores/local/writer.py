"""Writing to a gallery on this machine: each call is one transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from ilk.errors import GalleryError, InputError, ModelMismatchError
from ilk.filters.patterns import after_prefix
from ilk.records import Failure, Item, Metadata, Space
from ilk.stores.base import Upsert
from ilk.stores.local import catalog, kinds, renames, saved
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
        if space.metric == "cosine" and not space.normalised:
            raise InputError("Cosines are those of vectors of length 1: leave them normalised, or compare by ip or l2.")
        row = (space.name, space.model, space.revision, space.digest, space.dimension, space.metric, space.normalised)
        with self._transaction() as connection:
            number = catalog.space_id(connection, space)
            if number is None:
                cursor = connection.execute(
                    "INSERT INTO space (name, model, revision, digest, dimension, metric, normalised, modalities) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (*row, json.dumps(sorted(space.modalities))),
                )
                connection.execute("INSERT INTO vector_index (space_id) VALUES (?)", (cursor.lastrowid,))
            else:
                _same_metric(connection, number, space)
                _rename_space(connection, number, space)

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
            numbers = [_put(connection, upsert.item, now, fields) for upsert in upserts]
            for item_id, vector in zip(numbers, vectors, strict=True):
                if vector is not None:
                    _put_vector(connection, number, item_id, vector)
            for upsert, item_id, vector in zip(upserts, numbers, vectors, strict=True):
                if vector is None and space.name == "image":
                    _copy_vector(connection, number, item_id, upsert.item.digest)
            connection.executemany(
                "INSERT OR REPLACE INTO kept (item_id, whole, data) VALUES (?, ?, ?)",
                [
                    (item_id, upsert.kept.whole, upsert.kept.data)
                    for upsert, item_id in zip(upserts, numbers, strict=True)
                    if upsert.kept is not None
                ],
            )
            for failure in failures:
                _fail(connection, failure, now)

    def save_fields(self, values: Mapping[str, Metadata]) -> int:
        """Save fields of metadata that no source speaks for; see `ilk.stores.base.Writer.save_fields`."""
        packed = [_json(id_, fields) for id_, fields in values.items()]
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

    def sweep(self, *, source: str, scope: str) -> int:
        """Remove the items and failures of this kind of source, with an id beginning so, that were not noted.

        Returns how many items went.
        """
        end = after_prefix(scope)
        within = "source = ? AND id >= ?" + ("" if end is None else " AND id < ?")
        bounds = (source, scope) if end is None else (source, scope, end)
        with self._transaction() as connection:
            removed = [
                connection.execute(
                    f"DELETE FROM {table} WHERE {within} AND id NOT IN (SELECT id FROM temp.still_there)",  # noqa: S608 -- ours
                    bounds,
                ).rowcount
                for table in ("item", "failure")
            ]
            connection.execute("DROP TABLE temp.still_there")
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


def _same_metric(connection: sqlite3.Connection, number: int, space: Space) -> None:
    """Refuse vectors that would be compared in another way than those that are there."""
    row = connection.execute("SELECT metric, normalised FROM space WHERE space_id = ?", (number,)).fetchone()
    if row != (space.metric, int(space.normalised)):
        how = "of length 1" if row[1] else "as they are"
        raise ModelMismatchError(
            f'The gallery compares vectors of the model "{space.model}" by {row[0]}, {how}; give them so, or make '
            "another gallery."
        )


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


def _rename_space(connection: sqlite3.Connection, number: int, space: Space) -> None:
    """Give a space the name and revision that its model has now, and the default model with it."""
    (old,) = connection.execute("SELECT model FROM space WHERE space_id = ?", (number,)).fetchone()
    if old == space.model:
        return
    new = (space.model, space.revision, number)
    connection.execute("UPDATE space SET model = ?, revision = ? WHERE space_id = ?", new)
    connection.execute("UPDATE setting SET value = ? WHERE key = 'default_model' AND value = ?", (space.model, old))


def _put(connection: sqlite3.Connection, item: Item, now: str, fields: Collection[str]) -> int:
    """Insert or replace an item and its captions; vectors made of what it was before go, and so do saved fields."""
    row: tuple[Any, ...] = (item.uri, item.source, item.stamp, item.digest, item.size_bytes, item.width, item.height)
    old = connection.execute("SELECT item_id, digest, metadata FROM item WHERE id = ?", (item.id,)).fetchone()
    same = old is not None and old[1] == item.digest
    metadata = saved.carried(fields, old[2], item.metadata) if same and fields else item.metadata
    row = (*row, _json(item.id, metadata), now)
    if old is None:
        item_id = connection.execute(
            "INSERT INTO item (uri, source, stamp, digest, size_bytes, width, height, metadata, updated_at, added_at, "
            "id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*row, now, item.id),
        ).lastrowid
        connection.execute("DELETE FROM failure WHERE id = ?", (item.id,))
    else:
        item_id = old[0]
        connection.execute(
            "UPDATE item SET uri = ?, source = ?, stamp = ?, digest = ?, size_bytes = ?, width = ?, height = ?, "
            "metadata = ?, updated_at = ? WHERE item_id = ?",
            (*row, item_id),
        )
        if old[1] != item.digest:
            _drop_vectors(connection, item_id, "image")
            connection.execute("DELETE FROM kept WHERE item_id = ?", (item_id,))
    if item_id is None:
        raise AssertionError("an inserted row has a number")
    _put_captions(connection, item_id, item.captions, fresh=old is None)
    return int(item_id)


def _put_captions(connection: sqlite3.Connection, item_id: int, captions: Sequence[str], *, fresh: bool) -> None:
    if not fresh:
        rows = connection.execute("SELECT text FROM caption WHERE item_id = ? ORDER BY position", (item_id,))
        if [text for (text,) in rows] == list(captions):
            return
        connection.execute("DELETE FROM caption WHERE item_id = ?", (item_id,))
        _drop_vectors(connection, item_id, "caption")
    connection.executemany(
        "INSERT INTO caption (item_id, position, text) VALUES (?, ?, ?)",
        ((item_id, position, text) for position, text in enumerate(captions)),
    )


def _drop_vectors(connection: sqlite3.Connection, item_id: int, name: str) -> None:
    connection.execute(
        "DELETE FROM embedding WHERE item_id = ? AND space_id IN (SELECT space_id FROM space WHERE name = ?)",
        (item_id, name),
    )


def _put_vector(connection: sqlite3.Connection, number: int, item_id: int, vector: bytes) -> None:
    """Give an item its vector, under a new number if it is not the one it has."""
    key = (item_id, number)
    old = connection.execute("SELECT vector FROM embedding WHERE item_id = ? AND space_id = ?", key).fetchone()
    if old is not None and old[0] == vector:
        return
    if old is not None:
        connection.execute("DELETE FROM embedding WHERE item_id = ? AND space_id = ?", key)
    connection.execute("INSERT INTO embedding (item_id, space_id, vector) VALUES (?, ?, ?)", (*key, vector))


def _copy_vector(connection: sqlite3.Connection, number: int, item_id: int, digest: str) -> None:
    """Give an item without a vector that of another with the same bytes, if there is one."""
    connection.execute(
        "INSERT INTO embedding (item_id, space_id, vector) "
        "SELECT ?1, ?2, vector FROM item JOIN embedding USING (item_id) WHERE digest = ?3 AND space_id = ?2 "
        "AND NOT EXISTS (SELECT 1 FROM embedding AS mine WHERE mine.item_id = ?1 AND mine.space_id = ?2) "
        "ORDER BY item_id LIMIT 1",
        (item_id, number, digest),
    )


def _fail(connection: sqlite3.Connection, failure: Failure, now: str) -> None:
    connection.execute("DELETE FROM item WHERE id = ?", (failure.id,))
    connection.execute(
        "INSERT OR REPLACE INTO failure (id, uri, source, stamp, code, message, failed_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (failure.id, failure.uri, failure.source, failure.stamp, failure.code, failure.message, now),
    )


def _json(id_: str, metadata: Mapping[str, Any]) -> str:
    try:
        return json.dumps(dict(metadata), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (ValueError, TypeError) as error:
        raise InputError(f'The metadata of "{id_}" cannot be written as JSON: {error}.') from error
