"""From numbers and similarities to the items that people see, read from the database and held against it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import numpy as np

from ilk.errors import GalleryDamagedError
from ilk.records import Neighbour
from ilk.records.making import maker
from ilk.stores.local import catalog
from ilk.stores.local.block import Rows
from ilk.stores.local.index import IndexRefusedError
from ilk.stores.local.products import compared, similarity
from ilk.stores.local.search import Best
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
    counts = [len(best.ids) for best in found]
    places = dict[int, int]()
    where = [places.setdefault(each, len(places)) for best in found for each in best.ids.tolist()]
    known = catalog.neighbours(connection, places.keys(), view.space_id)
    if len(known) < len(places):
        raise _contradiction(view, "it has vectors that the database does not")
    some = [known[embedding_id] for embedding_id in places]
    if any(len(vector) != 2 * view.dimension for vector, _ in some):
        raise GalleryDamagedError("A vector in the database has a wrong length. `ilk check` says which.")
    codes = np.frombuffer(b"".join(vector for vector, _ in some), "<f2").reshape(-1, view.dimension)
    wide = queries.astype(np.float64)
    if len(found) == 1:
        near = found[0].similarities
        again = similarity(wide[0], codes, view.metric)
    else:
        near = np.concatenate([np.empty(0, np.float32), *(best.similarities for best in found)])
        owners = np.repeat(np.arange(len(found)), counts)
        again = compared(wide, owners, codes, np.array(where, np.int64), view.metric)
    if not np.array_equal(again, near):
        raise _contradiction(view, "its vectors are not those of the database")
    similarities, items = near.tolist(), [some[place][1] for place in where]
    make = maker(Neighbour)
    rows = list[list[Neighbour]]()
    end = 0
    for count in counts:
        start, end = end, end + count
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
