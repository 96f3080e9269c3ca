"""The SQLite file: how it is opened, what a transaction is, and what its errors mean."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from ilk.errors import GalleryDamagedError, GalleryError, GalleryLockedError, GalleryStorageError

APPLICATION_ID = 0x696C6B31
"""``ilk1``, in the header of every gallery's database."""

PAGE_SIZE_BYTES = 8_192
"""Packs vectors of 256 to 1,024 numbers well, and keeps small writes small."""

BUSY_TIMEOUT_S = 10.0
"""How long to wait for another connection's transaction; ours take milliseconds."""

CACHE_KIB = 8_192
"""Of pages that a reader keeps. SQLite's own 2 MiB are a quarter of what filters look at of a million items."""

WRITER_CACHE_KIB = 32_768
"""Of pages that the writer keeps: new values belong at many places of their index."""

_STORAGE = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PERM,
    }
)
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})

_inherited: list[sqlite3.Connection] = []
"""Connections of the process that this one was forked from: never used, and never closed, which would be theirs."""


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """SQLite's errors about the gallery at this path, as ilk's own."""
    try:
        yield
    except sqlite3.Error as error:
        explain(error, path)
        raise


def explain(error: sqlite3.Error, path: Path) -> None:
    """Raise one of SQLite's errors about the gallery at this path as ilk's own, if it is one that people may meet.

    Raises
    ------
    GalleryStorageError
        If the disk is full, or does not let itself be read or written.
    GalleryDamagedError
        If the file is no database.
    GalleryLockedError
        If another program holds it.
    """
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the primary code; extended ones add higher bits
    if code == sqlite3.SQLITE_FULL:
        raise GalleryStorageError(
            f"The disk of the gallery at {path} is full. What was committed before is safe: free some space and "
            "run the same again."
        ) from error
    if code in _STORAGE:
        raise GalleryStorageError(
            f"The gallery at {path} cannot be read or written ({error}). Check its permissions and its disk."
        ) from error
    if code in _DAMAGE:
        raise GalleryDamagedError(
            f"The database of the gallery at {path} is damaged ({error}). Restore it from a copy, or delete the "
            "directory and index again."
        ) from error
    if code in _BUSY:
        raise GalleryLockedError(
            f"The database of the gallery at {path} is being held by another program. Close it and try again."
        ) from error


def connect(database: Path, mode: Literal["rw", "ro", "rwc", "immutable"]) -> sqlite3.Connection:
    """One connection, with transactions begun and ended by hand only."""
    how = "mode=ro&immutable=1" if mode == "immutable" else f"mode={mode}"
    return sqlite3.connect(
        f"{database.absolute().as_uri()}?{how}",
        uri=True,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,  # a connection serves one thread at a time, but not always the same one
    )


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """All of it, or nothing: also when it is interrupted."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


class Database:
    """The readers' connections to one gallery's SQLite file.

    Each reading takes a connection for itself and gives it back: as many are open as ever read at once.

    Parameters
    ----------
    directory
        The gallery's.
    path
        The SQLite file.
    """

    def __init__(self, directory: Path, path: Path) -> None:
        self.directory = directory
        self.path = path
        self.writable = os.access(directory, os.W_OK) and os.access(path, os.W_OK)
        self._lock = threading.Lock()
        self._idle: list[tuple[sqlite3.Connection, object]] = []
        self._pid = os.getpid()
        self._closed = False

    def reading(self) -> Reading:
        """A connection in a transaction: everything read through it is of one moment, its first read."""
        return Reading(self)

    def writing(self) -> sqlite3.Connection:
        """A connection that may write, for whoever holds the writer's lock. The caller closes it."""
        if not self.writable:
            raise GalleryStorageError(
                f"The gallery at {self.directory} is in a place that cannot be written. It can be searched there; to "
                "change it, copy it to a place of your own or change its permissions."
            )
        with explained(self.directory):
            connection = connect(self.path, "rw")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = NORMAL")  # in WAL mode a kill never loses a commit
            connection.execute(f"PRAGMA journal_size_limit = {64 << 20}")
            connection.execute(f"PRAGMA cache_size = -{WRITER_CACHE_KIB}")
            return connection

    def close(self) -> None:
        """Close every idle connection; one that is in use closes when it is given back."""
        with self._lock:
            self._closed = True
            self._disown()
            idle, self._idle = self._idle, []
        for connection, _ in idle:
            connection.close()

    def borrow(self) -> tuple[sqlite3.Connection, object]:
        """A connection that nobody else uses, and what tells that it may be used again."""
        with self._lock:
            if self._closed:
                raise GalleryError(f"The gallery at {self.directory} was closed. Open it again.")
            self._disown()
            found = self._idle.pop() if self._idle else None
        if found is not None:
            if found[1] == self._version(found[1] is not None):
                return found
            found[0].close()
        return self._connect()

    def give_back(self, connection: sqlite3.Connection, version: object) -> None:
        """Let others use what was borrowed."""
        with self._lock:
            if not self._closed:
                self._idle.append((connection, version))
                return
        connection.close()

    def _disown(self) -> None:
        """After a fork, leave the parent's connections alone."""
        if self._pid != os.getpid():
            _inherited.extend(connection for connection, _ in self._idle)
            self._idle, self._pid = [], os.getpid()

    def _connect(self) -> tuple[sqlite3.Connection, object]:
        if self.writable:
            connection = connect(self.path, "rw")  # a reader of a WAL database shares memory in a file beside it
            connection.execute("PRAGMA query_only = ON")
            connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
            return connection, None
        connection = connect(self.path, "ro")
        try:
            connection.execute("PRAGMA schema_version").fetchone()
        except sqlite3.OperationalError as error:
            connection.close()
            if self._wal_size_bytes():
                raise GalleryStorageError(
                    f"The gallery at {self.directory} holds changes that were not yet merged into its database, and "
                    "its place cannot be written. Open it once where it can, or copy it there."
                ) from error
            # No WAL, and no place to put one: nobody is writing, so the file can be read as it lies.
            return connect(self.path, "immutable"), self._version(watched=True)
        return connection, None

    def _version(self, watched: bool) -> object:  # noqa: FBT001 -- private, called in two places
        """What tells that a file which was read as immutable has been changed after all."""
        if not watched:
            return None
        status = self.path.stat()
        return status.st_mtime_ns, status.st_size, self._wal_size_bytes()

    def _wal_size_bytes(self) -> int:
        wal = self.path.with_name(self.path.name + "-wal")
        return wal.stat().st_size if wal.exists() else 0


class Reading:
    """The context of one transaction that reads; see `Database.reading`.

    It is no generator, since each search enters it more than once, and those take half as long again.
    """

    __slots__ = ("_connection", "_database", "_version")

    def __init__(self, database: Database) -> None:
        self._database = database

    def __enter__(self) -> sqlite3.Connection:
        try:
            self._connection, self._version = self._database.borrow()
            self._connection.execute("BEGIN")
        except sqlite3.Error as error:
            explain(error, self._database.directory)
            raise
        return self._connection

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error as failed:
            explain(failed, self._database.directory)
            raise
        finally:
            self._database.give_back(self._connection, self._version)
        if isinstance(error, sqlite3.Error):
            explain(error, self._database.directory)
