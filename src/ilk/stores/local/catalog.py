"""Rows of the database, read as records. Each function takes a connection that is in a transaction."""

# ruff: noqa: S608 -- what is put into a statement here is a row of placeholders, or a constant

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import fields
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ilk.records import Failure, Item, Space, SpaceName
from ilk.records.items import Metadata, Metric
from ilk.records.making import maker
from ilk.stores.base import Kept, Known
from ilk.stores.local.index import IndexRecord

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

T = TypeVar("T")

PARAMETERS = 500
"""Placeholders in one statement: below the least limit SQLite is built with, 999, and past where more would help."""

_ITEM = (
    "item_id, id, uri, source, stamp, digest, size_bytes, width, height, metadata, "
    "item_id IN (SELECT item_id FROM caption)"
)


def spaces(connection: sqlite3.Connection) -> dict[int, Space]:
    """Every space by its number, in the order they were made."""
    rows = connection.execute(
        "SELECT space_id, name, model, revision, digest, dimension, modalities, metric, normalised FROM space "
        "ORDER BY space_id"
    )
    return {
        space_id: Space(
            name=cast("SpaceName", name),
            model=model,
            revision=revision,
            digest=digest,
            dimension=dimension,
            modalities=frozenset(json.loads(modalities)),
            metric=cast("Metric", metric),
            normalised=bool(normalised),
        )
        for space_id, name, model, revision, digest, dimension, modalities, metric, normalised in rows
    }


def space_id(connection: sqlite3.Connection, space: Space) -> int | None:
    """The number of a space; None if the gallery has none with its name and digest."""
    row = connection.execute(
        "SELECT space_id FROM space WHERE name = ? AND digest = ?", (space.name, space.digest)
    ).fetchone()
    return None if row is None else int(row[0])


def index_record(connection: sqlite3.Connection, number: int) -> IndexRecord:
    """What is recorded of a space's index."""
    row = connection.execute(
        "SELECT generation, file, last_embedding_id, vectors, dimension, size_bytes, checksum, metric, factory, "
        "base_bytes, seal, wanted, facts FROM vector_index JOIN space USING (space_id) WHERE space_id = ?",
        (number,),
    ).fetchone()
    names = [each.name for each in fields(IndexRecord)]
    found = dict(zip(names, row, strict=True))
    return IndexRecord(**found | {"facts": json.loads(found["facts"])})


def probes(connection: sqlite3.Connection, number: int, dimension: int) -> npt.NDArray[np.float32]:
    """Vectors of texts to measure a space's index with, of shape (m, d)."""
    import numpy as np

    rows = connection.execute("SELECT vector FROM probe WHERE space_id = ? ORDER BY position", (number,)).fetchall()
    joined = b"".join(vector for (vector,) in rows if len(vector) == 2 * dimension)
    return np.frombuffer(joined, "<f2").reshape(-1, dimension).astype(np.float32)


def setting(connection: sqlite3.Connection, key: str) -> str | int | None:
    """One thing the gallery says of itself; None if it does not say."""
    row = connection.execute("SELECT value FROM setting WHERE key = ?", (key,)).fetchone()
    return None if row is None else cast("str | int", row[0])


def changes(connection: sqlite3.Connection) -> int:
    """How many transactions there have been."""
    return int(connection.execute("SELECT value FROM setting WHERE key = 'changes'").fetchone()[0])


def moment(connection: sqlite3.Connection, space: Space) -> tuple[int, int | None]:
    """The number of changes, and that of a space, in one look; None if the gallery does not have the space."""
    row: tuple[int, int | None] = connection.execute(
        "SELECT value, (SELECT space_id FROM space WHERE name = ? AND digest = ?) FROM setting WHERE key = 'changes'",
        (space.name, space.digest),
    ).fetchone()
    return row


def items(connection: sqlite3.Connection, ids: Sequence[str]) -> dict[str, Item]:
    """The items with these ids, in this order; unknown ids are left out."""
    rows = list[tuple[Any, ...]]()
    for some, marks in batches(storable(ids)):
        rows += connection.execute(f"SELECT {_ITEM} FROM item WHERE id IN ({marks})", some)
    known = {item.id: item for item in _items(connection, rows)}
    return {id_: known[id_] for id_ in ids if id_ in known}


def neighbours(
    connection: sqlite3.Connection, embedding_ids: Collection[int], number: int
) -> dict[int, tuple[bytes, Item]]:
    """The vector and the item of each embedding_id; unknown numbers are left out."""
    rows = list[tuple[Any, ...]]()
    for some, marks in batches(sorted(embedding_ids)):  # what lies together is read together: half the time for many
        rows += connection.execute(
            f"SELECT {_ITEM}, embedding_id, vector FROM embedding JOIN item USING (item_id) "
            f"WHERE embedding_id IN ({marks}) AND space_id = ?",
            (*some, number),
        )
    items = _items(connection, rows)
    return {row[-2]: (row[-1], item) for row, item in zip(rows, items, strict=True)}


def known(connection: sqlite3.Connection, ids: Sequence[str], number: int | None) -> dict[str, Known]:
    """What is known of each id."""
    found = dict[str, Known]()
    for some, marks in batches(storable(ids)):
        rows = connection.execute(
            "SELECT id, stamp, digest, EXISTS (SELECT 1 FROM embedding AS e WHERE e.item_id = item.item_id "
            f"AND e.space_id = ?) FROM item WHERE id IN ({marks})",
            (number, *some),
        )
        for id_, stamp, digest, encoded in rows:
            found[id_] = Known(stamp=stamp, digest=digest, encoded=bool(encoded), failed=False)
        for id_, stamp, code in connection.execute(f"SELECT id, stamp, code FROM failure WHERE id IN ({marks})", some):
            found[id_] = Known(stamp=stamp, digest=None, encoded=False, failed=True, code=code)
    return found


def with_digest(connection: sqlite3.Connection, digest: str, number: int | None) -> tuple[str, ...]:
    """The ids of the items with these bytes that have a vector in this space, oldest first."""
    rows = connection.execute(
        "SELECT id FROM item WHERE digest = ? AND EXISTS (SELECT 1 FROM embedding AS e WHERE e.item_id = item.item_id "
        "AND e.space_id = ?) ORDER BY item_id",
        (digest, number),
    )
    return tuple(id_ for (id_,) in rows)


def all_with_digest(connection: sqlite3.Connection, digest: str) -> tuple[str, ...]:
    """The ids of all items with these bytes, oldest first."""
    rows = connection.execute("SELECT id FROM item WHERE digest = ? ORDER BY item_id", (digest,))
    return tuple(id_ for (id_,) in rows)


def count_items(connection: sqlite3.Connection) -> int:
    """How many items there are."""
    return int(connection.execute("SELECT count(*) FROM item").fetchone()[0])


def count_vectors(connection: sqlite3.Connection, number: int | None) -> int:
    """How many vectors a space has. Cost: a scan of the index over them, which is narrow; of an only space, less."""
    if connection.execute("SELECT 1 FROM space WHERE space_id IS NOT ? LIMIT 1", (number,)).fetchone() is None:
        return int(connection.execute("SELECT count(*) FROM embedding").fetchone()[0])
    query = "SELECT count(*) FROM embedding WHERE space_id = ?"
    return int(connection.execute(query, (number,)).fetchone()[0])


def count_lacking(connection: sqlite3.Connection, number: int | None) -> int:
    """How many items have captions and no vector in a space."""
    query = (
        "SELECT count(*) FROM (SELECT DISTINCT item_id FROM caption) AS said WHERE NOT EXISTS "
        "(SELECT 1 FROM embedding AS e WHERE e.item_id = said.item_id AND e.space_id = ?)"
    )
    return int(connection.execute(query, (number,)).fetchone()[0])


def kept(connection: sqlite3.Connection, id_: str) -> Kept | None:
    """What is kept of an item's picture."""
    row = connection.execute(
        "SELECT data, whole FROM kept WHERE item_id = (SELECT item_id FROM item WHERE id = ?)", (id_,)
    ).fetchone()
    return None if row is None else Kept(data=row[0], whole=bool(row[1]))


def failures(connection: sqlite3.Connection, limit: int | None) -> tuple[Failure, ...]:
    """The recorded failures, ordered by code, then id; all of them without a limit."""
    rows = connection.execute(
        "SELECT id, uri, source, stamp, code, message FROM failure ORDER BY code, id LIMIT ?",
        (-1 if limit is None else limit,),
    )
    return tuple(
        Failure(id=id_, uri=uri, source=source, stamp=stamp, code=code, message=message)
        for id_, uri, source, stamp, code, message in rows
    )


def page_of_ids(connection: sqlite3.Connection, after: int, count: int) -> list[tuple[int, str]]:
    """The next so many items, as their number and id, after the item of that number."""
    return connection.execute(
        "SELECT item_id, id FROM item WHERE item_id > ? ORDER BY item_id LIMIT ?", (after, count)
    ).fetchall()


def vectors_of_ids(
    connection: sqlite3.Connection, ids: Collection[str], number: int | None
) -> Iterator[tuple[str, int, bytes]]:
    """Id, embedding_id and vector of those of these items that have one in this space."""
    for some, marks in batches(storable(ids)):
        yield from connection.execute(
            "SELECT id, embedding_id, vector FROM item JOIN embedding USING (item_id) "
            f"WHERE space_id = ? AND id IN ({marks})",
            (number, *some),
        )


def embedding_ids(connection: sqlite3.Connection, ids: Collection[str], number: int) -> npt.NDArray[np.int64]:
    """Of those of these items that have a vector in this space, ascending."""
    import numpy as np

    if not ids:
        return np.empty(0, np.int64)
    found = list[int]()
    for some, marks in batches(storable(ids)):
        found += (
            embedding_id
            for (embedding_id,) in connection.execute(
                f"SELECT embedding_id FROM item JOIN embedding USING (item_id) WHERE space_id = ? AND id IN ({marks})",
                (number, *some),
            )
        )
    return np.sort(np.array(found, np.int64))


def vectors_of_embeddings(
    connection: sqlite3.Connection, embedding_ids: Collection[int], number: int
) -> Iterator[tuple[int, str, bytes]]:
    """Embedding_id, id of the item, and vector; unknown numbers are left out."""
    for some, marks in batches(embedding_ids):
        yield from connection.execute(
            "SELECT embedding_id, id, vector FROM embedding JOIN item USING (item_id) "
            f"WHERE space_id = ? AND embedding_id IN ({marks})",
            (number, *some),
        )


def vectors_after(connection: sqlite3.Connection, number: int, embedding_id: int) -> sqlite3.Cursor:
    """Embedding_id and vector of everything newer in a space, oldest first: one sequential scan."""
    return connection.execute(
        "SELECT embedding_id, vector FROM embedding NOT INDEXED WHERE embedding_id > ? AND space_id = ? "
        "ORDER BY embedding_id",
        (embedding_id, number),
    )


def vectors_numbered(
    connection: sqlite3.Connection, embedding_ids: Collection[int], number: int
) -> Iterator[tuple[int, bytes]]:
    """Embedding_id and vector; unknown numbers, and those of other spaces, are left out."""
    for some, marks in batches(embedding_ids):
        yield from connection.execute(
            f"SELECT embedding_id, vector FROM embedding WHERE space_id = ? AND embedding_id IN ({marks})",
            (number, *some),
        )


def embedding_range(connection: sqlite3.Connection) -> tuple[int, int]:
    """The least and the greatest embedding_id of all spaces; 0 and 0 if there are none."""
    first, last = connection.execute(
        "SELECT (SELECT min(embedding_id) FROM embedding), (SELECT max(embedding_id) FROM embedding)"
    ).fetchone()
    return (first or 0, last or 0)


def tombstones_after(connection: sqlite3.Connection, number: int, tombstone_id: int) -> list[tuple[int, int]]:
    """Tombstone_id and embedding_id of what was deleted from a space since."""
    return connection.execute(
        "SELECT tombstone_id, embedding_id FROM tombstone WHERE tombstone_id > ? AND space_id = ? "
        "ORDER BY tombstone_id",
        (tombstone_id, number),
    ).fetchall()


def storable(ids: Iterable[str]) -> Iterator[str]:
    """Those ids that can be in a database: bytes of a command line that are not Unicode come as lone surrogates."""
    for id_ in ids:
        try:
            id_.encode()
        except UnicodeEncodeError:
            continue
        yield id_


def batches(values: Iterable[T]) -> Iterator[tuple[list[T], str]]:
    """Values a statement at a time, with as many placeholders."""
    iterator = iter(values)
    while some := list(islice(iterator, PARAMETERS)):
        yield some, ", ".join("?" * len(some))


def _items(connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> list[Item]:
    """The items of rows that begin with `_ITEM`. Captions are read, and metadata parsed, for all of them at once."""
    captions = dict[int, list[str]]()
    for some, marks in batches(sorted([row[0] for row in rows if row[10]])):
        for item_id, caption in connection.execute(
            f"SELECT item_id, text FROM caption WHERE item_id IN ({marks}) ORDER BY item_id, position", some
        ):
            captions.setdefault(item_id, []).append(caption)
    metadata: list[Metadata] = json.loads(f"[{','.join([row[9] for row in rows])}]")
    make = maker(Item)
    return [
        make(id_, uri, source, stamp, digest, size_bytes, width, height, tuple(captions.get(item_id, ())), said)
        for (item_id, id_, uri, source, stamp, digest, size_bytes, width, height, *_), said in zip(
            rows, metadata, strict=True
        )
    ]
