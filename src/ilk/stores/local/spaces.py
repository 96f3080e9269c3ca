"""The spaces of a gallery, written. Each function takes a connection that is in a transaction."""

from __future__ import annotations

import json
import sqlite3

from ilk.errors import InputError, ModelMismatchError
from ilk.records import Space
from ilk.stores.local import catalog


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
    cursor = connection.execute(
        "INSERT INTO space (name, model, revision, digest, dimension, metric, normalised, modalities) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (*row, json.dumps(sorted(space.modalities))),
    )
    connection.execute("INSERT INTO vector_index (space_id) VALUES (?)", (cursor.lastrowid,))


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
