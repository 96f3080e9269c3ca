"""What a gallery on this machine says of itself: counts, models, sizes, the state of its indexes."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from ilk.records import GalleryInfo, IndexState, Space
from ilk.stores.local import catalog, migrations
from ilk.stores.local.index import IndexRefusedError, is_sealed, validated
from ilk.stores.local.kinds import EXACT
from ilk.stores.local.view import Views


def gallery_info(connection: sqlite3.Connection, directory: Path, views: Views) -> GalleryInfo:
    """Everything, at the moment of a transaction."""
    (captions,) = connection.execute("SELECT count(*) FROM caption").fetchone()
    failures = connection.execute("SELECT code, count(*) FROM failure GROUP BY code ORDER BY 2 DESC, 1")
    spaces = catalog.spaces(connection).items()
    return GalleryInfo(
        path=str(directory),
        items=catalog.count_items(connection),
        captions=captions,
        failures=dict(failures),
        spaces=tuple(_state(connection, directory, views, number, space) for number, space in spaces),
        size_bytes=_size_bytes(directory),
        schema_version=migrations.found_version(connection, directory),
        created_at=str(catalog.setting(connection, "created_at")),
        updated_at=str(catalog.setting(connection, "updated_at")),
    )


def _state(connection: sqlite3.Connection, directory: Path, views: Views, number: int, space: Space) -> IndexState:
    record = catalog.index_record(connection, number)
    believed = record.file is not None and views.refused(number, record.generation) is None
    based = False
    if believed:
        try:
            based = bool(record.base_bytes) and is_sealed(validated(directory, record), record)
        except IndexRefusedError:  # `check` says why; here it counts as none
            believed = False
    facts = dict(record.facts) if believed else {}
    if believed and record.base_bytes and not based:
        facts = {
            "why": f"the {record.factory} in its file was not made by this user on this machine, and others' are "
            "never opened; `ilk index` makes it anew"
        }
    (deleted,) = connection.execute(
        "SELECT count(*) FROM tombstone WHERE space_id = ? AND embedding_id <= ?", (number, record.last_embedding_id)
    ).fetchone()
    return IndexState(
        space=space,
        vectors=catalog.count_vectors(connection, number),
        index=record.factory if based else EXACT,
        indexed=record.vectors if believed else 0,
        deleted=deleted if believed else 0,
        size_bytes=record.size_bytes if believed else 0,
        wanted=record.wanted,
        facts=facts,
    )


def _size_bytes(directory: Path) -> int:
    """Of all files in a directory; SQLite's and the writer's come and go meanwhile."""
    total = 0
    for entry in os.scandir(directory):
        try:
            total += entry.stat(follow_symlinks=False).st_size
        except FileNotFoundError:
            continue
    return total
