"""The examination of a whole gallery: does everything in it agree."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from ilk.errors import GalleryDamagedError
from ilk.records import Space
from ilk.stores.local import catalog, index
from ilk.stores.local.database import Database, connect, explained, transaction
from ilk.stores.local.view import unpacked

LENGTH_TOLERANCE = 3e-3
"""How far from 1 the length of a stored vector may be: what writing lets in, and rounding to float16."""

ROWS = 4_096
MANY = 20
"""Findings of one kind spelt out; the rest are counted."""

RESTORE = "Restore the gallery from a copy, or delete it and index again."
REINDEX = "Run `ilk index` to build it anew; until then searches read the database, which is slower."


def problems(database: Database) -> tuple[str, ...]:
    """Every inconsistency, as sentences. Where the place cannot be written, full-text search is not examined.

    A database too damaged to be read ends the examination with what was found so far.
    """
    found = list[str]()
    try:
        with database.reading() as connection:
            found += _database(connection)
            found += _fields(connection)
            for number, space in catalog.spaces(connection).items():
                found += _vectors(connection, number, space)
                found += _index(database, connection, number, space)
        if database.writable:
            found += _words(database)
    except GalleryDamagedError as error:
        found.append(str(error))
    return tuple(found)


def _database(connection: sqlite3.Connection) -> Iterator[str]:
    """What SQLite itself can tell."""
    for (line,) in connection.execute(f"PRAGMA integrity_check({MANY})"):
        if line != "ok":
            yield f"The database is damaged: {line}. {RESTORE}"
    for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check").fetchmany(MANY):
        yield f"Row {row} of {table} belongs to a row of {parent} that is not there. {RESTORE}"


_FIELDS = (
    "SELECT field_id, item_id, ifnull(part.key + 1, 0), CASE ifnull(part.type, whole.type) WHEN 'true' THEN x'01' "
    "WHEN 'false' THEN x'00' WHEN 'object' THEN x'02' WHEN 'array' THEN x'02' WHEN 'null' THEN NULL "
    "ELSE ifnull(part.value, whole.value) END FROM item JOIN json_each(item.metadata) AS whole "
    "JOIN field ON name = whole.key LEFT JOIN json_each(CASE whole.type WHEN 'array' THEN whole.value END) AS part"
)
_KEPT = "SELECT field_id, item_id, position, value FROM field_value"


def _fields(connection: sqlite3.Connection) -> Iterator[str]:
    """Whether the table that filters read is what the items' metadata say."""
    for one, other, what in ((_FIELDS, _KEPT, "lacks {:,} values"), (_KEPT, _FIELDS, "has {:,} values too many")):
        count = connection.execute(f"SELECT count(*) FROM ({one} EXCEPT {other})").fetchone()[0]  # noqa: S608 -- ours
        if count:
            yield f"The table of fields that filters read {what.format(count)}. {RESTORE}"


def _words(database: Database) -> Iterator[str]:
    """Whether full-text search is in step with the captions. FTS5 wants to write in order to tell."""
    with explained(database.directory):
        connection = connect(database.path, "rw")
        try:
            with transaction(connection):
                connection.execute("INSERT INTO caption_words (caption_words, rank) VALUES ('integrity-check', 1)")
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_CORRUPT:
                raise
            yield f"Full-text search is not in step with the captions ({error}). {RESTORE}"
        finally:
            connection.close()


def _vectors(connection: sqlite3.Connection, number: int, space: Space) -> Iterator[str]:
    """Whether every vector is d finite numbers of length 1."""
    import numpy as np

    wrong = list[str]()
    rows = catalog.vectors_after(connection, number, 0)
    while some := rows.fetchmany(ROWS):
        whole = [(id_, blob) for id_, blob in some if len(blob) == 2 * space.dimension]
        for id_, blob in some:
            if len(blob) != 2 * space.dimension:
                wrong.append(f"has {len(blob)} bytes, not {2 * space.dimension}, in row {id_}")
        vectors = np.frombuffer(b"".join(blob for _, blob in whole), "<f2").reshape(-1, space.dimension)
        lengths = np.linalg.norm(vectors.astype(np.float64), axis=1)
        # This way round NaN is off too.
        off = ~(np.abs(lengths - 1) <= LENGTH_TOLERANCE) if space.normalised else ~np.isfinite(lengths)
        wrong += [
            f"has length {lengths[place]:.4g}{', not 1' * space.normalised}, in row {whole[place][0]}"
            for place in np.flatnonzero(off)
        ]
    for what in wrong[:MANY]:
        yield f'A vector of the model "{space.model}" {what}. {RESTORE}'
    if len(wrong) > MANY:
        yield f'{len(wrong) - MANY} more vectors of the model "{space.model}" are wrong in the same ways. {RESTORE}'


def _index(database: Database, connection: sqlite3.Connection, number: int, space: Space) -> Iterator[str]:
    """Whether the index file holds exactly the vectors of the database, besides what is known to be deleted."""
    import numpy as np

    record = catalog.index_record(connection, number)
    if record.file is None:
        return
    named = f'The index file {record.file} of the model "{space.model}"'
    try:
        path = index.validated(database.directory, record)
    except index.IndexMissingError:
        yield f"{named} is missing. {REINDEX}"
        return
    except index.IndexRefusedError as error:
        yield f"{named} cannot be believed: {error}. {REINDEX}"
        return
    ids, codes = index.contents(path, record)
    order = np.argsort(ids, kind="stable")
    dead = [embedding_id for _, embedding_id in catalog.tombstones_after(connection, number, 0)]
    unmatched = ~np.isin(ids, np.array(dead, np.int64))
    missing = different = 0
    rows = catalog.vectors_after(connection, number, 0)
    while some := rows.fetchmany(ROWS):
        # A vector of a wrong length, told of above, is not what the file has either.
        wrong = b"\xff" * 2 * space.dimension
        old = [
            (id_, blob if len(blob) == len(wrong) else wrong) for id_, blob in some if id_ <= record.last_embedding_id
        ]
        if not old:
            continue
        expected, vectors = unpacked(old, space.dimension)
        places = order[np.minimum(np.searchsorted(ids, expected, sorter=order), len(ids) - 1)]
        there = ids[places] == expected
        missing += int((~there).sum())
        different += int((codes[places].view(np.uint16) != vectors.view(np.uint16)).any(axis=1)[there].sum())
        unmatched[places[there]] = False
    for count, what in (
        (missing, "lacks {} vectors that the database has"),
        (different, "differs from the database in {} vectors"),
        (int(unmatched.sum()), "has {} vectors that the database does not"),
    ):
        if count:
            yield f"{named} {what.format(count)}. {REINDEX}"
