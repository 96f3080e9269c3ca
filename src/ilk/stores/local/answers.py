"""From numbers and similarities to the items that people see, read from the database and held against it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import numpy as np

from ilk.errors import GalleryDamagedError
from ilk.records import Neighbour
from ilk.records.making import maker
from ilk.stores.local import catalog
from ilk.stores.local.index import IndexRefusedError
from ilk.stores.local.search import Best
from ilk.stores.local.view import View


def answers(connection: sqlite3.Connection, view: View, found: Sequence[Best], k: int) -> list[list[Neighbour]]:
    """The k nearest items of each query, nearest first and equal ones by id, in the transaction of the view.

    Raises
    ------
    ilk.stores.local.index.IndexRefusedError
        If an index file contradicts the database.
    """
    where = [embedding_id for best in found for embedding_id in best.ids.tolist()]
    places = dict(zip(where, (place for best in found for place in best.places.tolist()), strict=True))
    numbers = list(places)
    known = catalog.neighbours(connection, numbers, view.space_id)
    if len(known) < len(numbers):
        raise _contradiction(view, "it has vectors that the database does not")
    vectors = [known[embedding_id][0] for embedding_id in numbers]
    if any(len(vector) != 2 * view.dimension for vector in vectors):
        raise GalleryDamagedError("A vector in the database has a wrong length. `ilk check` says which.")
    # The similarities are those of the vectors that were searched: they are true if these are the database's.
    if view.codes(np.array(list(places.values()), np.int64)).tobytes() != b"".join(vectors):
        raise _contradiction(view, "its vectors are not those of the database")
    similarities = [similarity for best in found for similarity in best.similarities.tolist()]
    items = [known[embedding_id][1] for embedding_id in where]
    make = maker(Neighbour)
    rows = list[list[Neighbour]]()
    end = 0
    for best in found:
        start, end = end, end + len(best.ids)
        count = end - start
        row = list(map(make, items[start:end], similarities[start:end]))
        if len(set(similarities[start:end])) < count:  # else they are in order
            row.sort(key=lambda near: (-near.similarity, near.item.id))
        rows.append(row[:k])
    return rows


def _contradiction(view: View, reason: str) -> Exception:
    if any(block.from_file for block in view.blocks):
        return IndexRefusedError(reason)
    return GalleryDamagedError(
        f"What was read of space {view.space_id} before contradicts what is in the database now: another program has "
        "changed it. `ilk check` says whether it is sound."
    )
