"""One writer at a time.

The lock is the operating system's, on ``writer.lock``, so it ends with the process that holds it, however that ends.
``writer.json`` beside it only says who holds it; what it says is worth nothing once the lock can be had.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ilk.errors import GalleryLockedError, GalleryStorageError
from ilk.stores.local.migrations import utc_now

if TYPE_CHECKING:
    from filelock import BaseFileLock


class WriterLock:
    """The right to write to one gallery; as good between threads as between processes.

    Parameters
    ----------
    directory
        The gallery's.
    timeout_s
        How long to wait for another writer.
    """

    def __init__(self, directory: Path, *, timeout_s: float) -> None:
        self._directory = directory
        self._holder = directory / "writer.json"
        self._timeout_s = timeout_s
        self._held: BaseFileLock | None = None

    def acquire(self) -> None:
        """Take it.

        Raises
        ------
        GalleryLockedError
            If another has it and keeps it.
        GalleryStorageError
            If the place cannot be written.
        """
        import socket

        from filelock import FileLock, Timeout

        lock = FileLock(self._directory / "writer.lock", timeout=self._timeout_s, thread_local=False)
        try:
            lock.acquire()
        except Timeout as error:
            raise GalleryLockedError(
                f"The gallery at {self._directory} is being written by {self._who()}. Wait until that is done, then "
                "try again."
            ) from error
        except OSError as error:
            raise GalleryStorageError(
                f"The gallery at {self._directory} cannot be written ({error.strerror or error}). Change its "
                "permissions, or copy it to a place of your own."
            ) from error
        self._held = lock
        holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": utc_now()}
        try:
            self._holder.write_text(json.dumps(holder), encoding="utf-8")
        except OSError:  # on a full disk one can still write where room is free inside the database: this is a courtesy
            return

    def release(self) -> None:
        """Give it back."""
        if self._held is None:
            return
        try:
            self._holder.unlink(missing_ok=True)
        finally:
            self._held.release()
            self._held = None

    def _who(self) -> str:
        try:
            holder = json.loads(self._holder.read_text(encoding="utf-8"))
            return f"process {holder['pid']} on {holder['host']} since {holder['since']}"
        except (OSError, ValueError, KeyError, TypeError):  # it is just being written, or taken away
            return "another process"
