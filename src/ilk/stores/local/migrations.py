"""How a gallery's database comes to be, and how an older one becomes like a new one.

``schema.sql`` makes version 1. ``changes/0002_what.sql`` makes version 2 of version 1, and so on. Files that were
released never change. The version is SQLite's ``user_version``.
"""

from __future__ import annotations

import re
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from ilk.errors import GalleryDamagedError, GalleryVersionError
from ilk.stores.local.database import APPLICATION_ID, PAGE_SIZE_BYTES

SCHEMA = Path(__file__).with_name("schema.sql")
CHANGES = Path(__file__).with_name("changes")

_NAME = re.compile(r"(\d{4})_\w+\.sql")


def changes_in(directory: Path) -> dict[int, Path]:
    """The migrations in a directory, by the version each makes: 2, 3, ... without a gap."""
    found = sorted(path for path in directory.glob("*.sql") if _NAME.fullmatch(path.name))
    numbers = [int(path.name[:4]) for path in found]
    if numbers != list(range(2, 2 + len(numbers))):
        raise ValueError(f"the migrations in {directory} are not numbered 0002, 0003, ... without a gap: {numbers}")
    return dict(zip(numbers, found, strict=True))


def newest_version(directory: Path = CHANGES) -> int:
    """The version that `upgrade` ends at."""
    return max(changes_in(directory), default=1)


def found_version(connection: sqlite3.Connection, place: Path) -> int:
    """The version of a gallery's database.

    Raises
    ------
    GalleryDamagedError
        If it is not the database of a gallery.
    """
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application_id != APPLICATION_ID or version < 1:
        raise GalleryDamagedError(
            f"The database of {place} was not made by ilk. Name another directory, or move the file away and index "
            "again."
        )
    return int(version)


def refuse_newer(connection: sqlite3.Connection, place: Path, *, directory: Path = CHANGES) -> None:
    """Stop at a database that this ilk does not know yet.

    Raises
    ------
    GalleryVersionError
        Which says what wrote it.
    """
    found, newest = found_version(connection, place), newest_version(directory)
    if found <= newest:
        return
    try:
        row = connection.execute("SELECT value FROM setting WHERE key = 'written_by'").fetchone()
    except sqlite3.Error:  # a later version may keep this elsewhere
        row = None
    writer = f"ilk {row[0]}" if row else "a newer ilk"
    raise GalleryVersionError(
        f"The gallery at {place} was written by {writer} (its database has version {found}; this ilk, "
        f"{ilk_version()}, reads up to {newest}). Upgrade with `pip install --upgrade ilk`."
    )


def create(connection: sqlite3.Connection, *, directory: Path = CHANGES) -> None:
    """Make the newest version in an empty database."""
    connection.execute(f"PRAGMA page_size = {PAGE_SIZE_BYTES}")
    connection.execute("PRAGMA journal_mode = WAL")
    now = utc_now()
    _apply(connection, SCHEMA.read_text(encoding="utf-8"), 1)
    connection.executemany(
        "INSERT INTO setting (key, value) VALUES (?, ?)",
        [("created_at", now), ("updated_at", now), ("changes", 0), ("written_by", ilk_version())],
    )
    upgrade(connection, directory=directory)


def upgrade(connection: sqlite3.Connection, *, directory: Path = CHANGES) -> None:
    """Bring a database to the newest version, each step whole or not at all."""
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    for version, path in changes_in(directory).items():
        if version > found:
            _apply(connection, path.read_text(encoding="utf-8"), version)


def ilk_version() -> str:
    """Of the ilk that is running."""
    from importlib.metadata import version  # takes longer to load than a search does

    return version("ilk")


def utc_now() -> str:
    """ISO 8601, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _apply(connection: sqlite3.Connection, script: str, version: int) -> None:
    """Run a script and note the version it makes, in one transaction."""
    try:
        connection.executescript(
            f"BEGIN IMMEDIATE;\n{script}\n"
            f"PRAGMA application_id = {APPLICATION_ID};\nPRAGMA user_version = {version};\nCOMMIT;"
        )
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
