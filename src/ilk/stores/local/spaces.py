"""The spaces of a gallery, written. Each function takes a connection that is in a transaction."""

from __future__ import annotations

import json
import sqlite3

from ilk.errors import InputError, ModelMismatchError
from ilk.records import Space
from ilk.stores.local import catalog

DROPPED = "highest_dropped_space"
"""The setting with the highest number of a space that is gone. None is given twice: what a reader remembers of one, and
index files, are called by it."""


def put(connection: sqlite3.Connection, space: Space) -> None:
    """Make a space, or name the one with its name and digest as its model is called now.

    Raises
    ------
    InputError
        If cosines would be compared of vectors as they are.
    ModelMismatchError
        If the space is there and compares in another way.
    """
    if space.metric == "cosine" and not space.normalised:
        raise InputError("Cosines are those of vectors of length 1: leave them normalised, or compare by ip or l2.")
    number = catalog.space_id(connection, space)
    if number is not None:
        _same_metric(connection, number, space)
        _rename(connection, number, space)
        return
    row = (space.name, space.model, space.revision, space.digest, space.dimension, space.metric, space.normalised)
    (newest,) = connection.execute("SELECT ifnull(max(space_id), 0) FROM space").fetchone()
    number = max(int(newest), int(catalog.setting(connection, DROPPED) or 0)) + 1
    connection.execute(
        "INSERT INTO space (space_id, name, model, revision, digest, dimension, metric, normalised, modalities) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (number, *row, json.dumps(sorted(space.modalities))),
    )
    connection.execute("INSERT INTO vector_index (space_id) VALUES (?)", (number,))


def drop(connection: sqlite3.Connection, number: int, space: Space) -> int:
    """Remove a space and all that is of it; how many vectors it had. See `ilk.stores.base.Writer.drop_space`."""
    removed = connection.execute("DELETE FROM embedding WHERE space_id = ?", (number,)).rowcount
    for table in ("tombstone", "probe", "vector_index", "space"):
        connection.execute(f"DELETE FROM {table} WHERE space_id = ?", (number,))  # noqa: S608 -- ours
    highest = max(number, int(catalog.setting(connection, DROPPED) or 0))
    connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (DROPPED, highest))
    if not space.modalities:  # made elsewhere: such an item was its vector
        connection.execute(
            "DELETE FROM item WHERE source = ? AND NOT EXISTS "
            "(SELECT 1 FROM embedding WHERE embedding.item_id = item.item_id)",
            (space.model,),
        )
    left = catalog.spaces(connection).values()
    if space.model == catalog.setting(connection, "default_model") and space.model not in {each.model for each in left}:
        for each in left:  # the newest is the last
            if each.name == "image":
                connection.execute("INSERT OR REPLACE INTO setting VALUES ('default_model', ?)", (each.model,))
    return removed


def _same_metric(connection: sqlite3.Connection, number: int, space: Space) -> None:
    """Refuse vectors that would be compared in another way than those that are there."""
    row = connection.execute("SELECT metric, normalised FROM space WHERE space_id = ?", (number,)).fetchone()
    if row != (space.metric, int(space.normalised)):
        how = "of length 1" if row[1] else "as they are"
        raise ModelMismatchError(
            f'The gallery compares vectors of the model "{space.model}" by {row[0]}, {how}; give them so, or make '
            "another gallery."
        )


def _rename(connection: sqlite3.Connection, number: int, space: Space) -> None:
    """Give a space the name and revision that its model has now, and the default model with it."""
    (old,) = connection.execute("SELECT model FROM space WHERE space_id = ?", (number,)).fetchone()
    if old == space.model:
        return
    new = (space.model, space.revision, number)
    connection.execute("UPDATE space SET model = ?, revision = ? WHERE space_id = ?", new)
    connection.execute("UPDATE setting SET value = ? WHERE key = 'default_model' AND value = ?", (space.model, old))
