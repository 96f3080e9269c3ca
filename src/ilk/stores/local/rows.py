"""Items written to the database, a row at a time. Each function takes a connection that is in a transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ilk.errors import InputError
from ilk.records import Failure
from ilk.stores.base import Description, Upsert
from ilk.stores.local import saved


def put(connection: sqlite3.Connection, upsert: Upsert, now: str, fields: Collection[str]) -> int:
    """Insert or replace an item and its captions; vectors made of what it was before go, and so do saved fields."""
    item = upsert.item
    row: tuple[Any, ...] = (item.uri, item.source, item.stamp, item.digest, item.size_bytes, item.width, item.height)
    old = connection.execute(
        "SELECT item_id, digest, metadata, own_metadata, size_bytes FROM item WHERE id = ?", (item.id,)
    ).fetchone()
    same = old is not None and old[1] == item.digest
    metadata = saved.carried(fields, old[2], item.metadata) if same and fields else item.metadata
    own = old[3] if same else None
    if upsert.own_metadata is not None:
        own = as_json(item.id, upsert.own_metadata)
    row = (*row, as_json(item.id, metadata), own, now)
    if old is None:
        item_id = connection.execute(
            "INSERT INTO item (uri, source, stamp, digest, size_bytes, width, height, metadata, own_metadata, "
            "updated_at, added_at, id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*row, now, item.id),
        ).lastrowid
        connection.execute("DELETE FROM failure WHERE id = ?", (item.id,))
    else:
        item_id = old[0]
        connection.execute(
            "UPDATE item SET uri = ?, source = ?, stamp = ?, digest = ?, size_bytes = ?, width = ?, height = ?, "
            "metadata = ?, own_metadata = ?, updated_at = ? WHERE item_id = ?",
            (*row, item_id),
        )
        if not same:
            if old[4]:  # else nobody had seen its picture, and the vectors were made elsewhere of what it is called
                _drop_vectors(connection, item_id, "image")
            connection.execute("DELETE FROM kept WHERE item_id = ?", (item_id,))
    if item_id is None:
        raise AssertionError("an inserted row has a number")
    _put_captions(connection, item_id, item.captions, fresh=old is None)
    return int(item_id)


def describe(connection: sqlite3.Connection, said: Description, now: str, fields: Collection[str]) -> bool:
    """Renew what is said of an item; False if that cannot be done, see `ilk.stores.base.Writer.describe`."""
    row = connection.execute(
        "SELECT item_id, metadata, own_metadata FROM item WHERE id = ? AND (source = ? OR uri = ?)",
        (said.id, said.source, said.uri),
    ).fetchone()
    if row is None or row[2] is None:
        return False
    item_id, before, own = row
    metadata = saved.carried(fields, before, {**json.loads(own), **said.metadata})
    connection.execute(
        "UPDATE item SET uri = ?, source = ?, stamp = ?, metadata = ?, updated_at = ? WHERE item_id = ?",
        (said.uri, said.source, said.stamp, as_json(said.id, metadata), now, item_id),
    )
    _put_captions(connection, item_id, said.captions, fresh=False)
    return True


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


def put_vector(connection: sqlite3.Connection, number: int, item_id: int, vector: bytes) -> None:
    """Give an item its vector, under a new number if it is not the one it has."""
    key = (item_id, number)
    old = connection.execute("SELECT vector FROM embedding WHERE item_id = ? AND space_id = ?", key).fetchone()
    if old is not None and old[0] == vector:
        return
    if old is not None:
        connection.execute("DELETE FROM embedding WHERE item_id = ? AND space_id = ?", key)
    connection.execute("INSERT INTO embedding (item_id, space_id, vector) VALUES (?, ?, ?)", (*key, vector))


def copy_vector(connection: sqlite3.Connection, number: int, item_id: int, digest: str) -> None:
    """Give an item without a vector that of another with the same bytes, if there is one."""
    connection.execute(
        "INSERT INTO embedding (item_id, space_id, vector) "
        "SELECT ?1, ?2, vector FROM item JOIN embedding USING (item_id) WHERE digest = ?3 AND space_id = ?2 "
        "AND NOT EXISTS (SELECT 1 FROM embedding AS mine WHERE mine.item_id = ?1 AND mine.space_id = ?2) "
        "ORDER BY item_id LIMIT 1",
        (item_id, number, digest),
    )


def fail(connection: sqlite3.Connection, failure: Failure, now: str) -> None:
    """Record a failure in place of the item that had its id."""
    connection.execute("DELETE FROM item WHERE id = ?", (failure.id,))
    connection.execute(
        "INSERT OR REPLACE INTO failure (id, uri, source, stamp, code, message, failed_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (failure.id, failure.uri, failure.source, failure.stamp, failure.code, failure.message, now),
    )


def as_json(id_: str, metadata: Mapping[str, Any]) -> str:
    """Metadata as it is stored.

    Raises
    ------
    InputError
        If it cannot be.
    """
    try:
        return json.dumps(dict(metadata), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (ValueError, TypeError) as error:
        raise InputError(f'The metadata of "{id_}" cannot be written as JSON: {error}.') from error
