"""From numbers and similarities to the items that people see, read from the database and held against it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import numpy as np

from ilk.errors import GalleryDamagedError
from ilk.records import Neighbour
from ilk.stores.local import catalog
from ilk.stores.local.block import Rows
from ilk.stores.local.index import IndexRefusedError
from ilk.stores.local.search import Best, similarity
from ilk.stores.local.view import View


def answers(
    connection: sqlite3.Connection, view: View, queries: Rows, found: Sequence[Best], k: int
) -> list[list[Neighbour]]:
    """The k nearest items of each query, nearest first and equal ones by id, in the transaction of the view.

    Raises
    ------
    ilk.stores.local.index.IndexRefusedError
        If an index file contradicts the database.
    """
    wanted = {embedding_id for best in found for embedding_id in best.ids.tolist()}
    known = catalog.neighbours(connection, wanted, view.space_id)
    if len(known) < len(wanted):
        raise _contradiction(view, "it has vectors that the database does not")
    rows = list[list[Neighbour]]()
    for query, best in zip(queries.astype(np.float64), found, strict=True):
        some = [known[embedding_id] for embedding_id in best.ids.tolist()]
        joined = b"".join(vector for vector, _ in some)
        if len(joined) != len(some) * 2 * view.dimension:
            raise GalleryDamagedError("A vector in the database has a wrong length. `ilk check` says which.")
        codes = np.frombuffer(joined, "<f2").reshape(-1, view.dimension)
        similarities = similarity(query, codes, view.metric)
        if not np.array_equal(similarities, best.similarities):
            raise _contradiction(view, "its vectors are not those of the database")
        ordered = sorted(
            ((-near, item.id, item) for near, (_, item) in zip(similarities.tolist(), some, strict=True)),
            key=lambda each: each[:2],
        )
        rows.append([Neighbour(item=item, similarity=-less) for less, _, item in ordered[:k]])
    return rows


def _contradiction(view: View, reason: str) -> Exception:
    if any(block.from_file for block in view.blocks):
        return IndexRefusedError(reason)
    return GalleryDamagedError(
        f"What was read of space {view.space_id} before contradicts what is in the database now: another program has "
        "changed it. `ilk check` says whether it is sound."
    )
