"""Pictures that moved: rows get new names, all at once."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Sequence

from ilk.stores.base import Upsert


def apply(connection: sqlite3.Connection, upserts: Sequence[Upsert]) -> None:
    """Rename the rows of items that moved. Old names are those from before the batch, so two may have changed places.

    A row that moves keeps its vectors; one that had the new name, and does not move itself, is replaced.
    """
    moves = dict[int, str]()
    for upsert in upserts:
        if upsert.moved_from is None or upsert.moved_from == upsert.item.id:
            continue
        row = connection.execute("SELECT item_id FROM item WHERE id = ?", (upsert.moved_from,)).fetchone()
        if row is not None:
            moves.setdefault(row[0], upsert.item.id)
    for item_id in moves:  # aside first: a new name may be the old one of another
        connection.execute("UPDATE item SET id = ? WHERE item_id = ?", (f"\0moving {uuid.uuid4().hex}", item_id))
    for item_id, id_ in moves.items():
        connection.execute("DELETE FROM item WHERE id = ?", (id_,))
        connection.execute("UPDATE item SET id = ? WHERE item_id = ?", (id_, item_id))
        connection.execute("DELETE FROM failure WHERE id = ?", (id_,))
