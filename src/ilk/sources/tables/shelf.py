"""Where large cells wait between being listed and being read: on disk, because a listing runs ahead by hundreds."""

from __future__ import annotations

import tempfile
import threading
import weakref
from dataclasses import dataclass
from typing import IO

from ilk import pictures
from ilk.errors import PictureError

SMALL = 64 * 2**10
"""Bytes that may as well stay in memory: 512 of them, as many as are looked up at once, take 32 MB."""

SHELF_SIZE = 64 * 2**20
"""Bytes in one file. It goes when the last of its cells has been read or dropped."""


class Shelf:
    """One temporary file, without a name where the system allows it."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="ilk-")  # noqa: SIM115 -- it lives as long as its cells
        self._lock = threading.Lock()
        self.size = 0
        weakref.finalize(self, self._file.close)

    def put(self, data: bytes) -> Shelved:
        """Write something."""
        with self._lock:
            self._file.seek(self.size)
            self._file.write(data)
            shelved = Shelved(self, self.size, len(data))
            self.size += len(data)
        return shelved

    def get(self, start: int, size: int) -> bytes:
        """Read something back."""
        with self._lock:
            self._file.seek(start)
            return self._file.read(size)


@dataclass(frozen=True, slots=True)
class Shelved:
    """Some bytes on a shelf, which stays as long as this does."""

    shelf: Shelf
    start: int
    size: int

    def read(self) -> bytes:
        """The bytes.

        Raises
        ------
        ilk.errors.PictureError
            If the disk does not give them back.
        """
        try:
            return self.shelf.get(self.start, self.size)
        except OSError as error:
            raise PictureError(f"It could not be kept for a moment: {error}.", code=pictures.UNREADABLE) from error


@dataclass(frozen=True, slots=True)
class Kept:
    """Some bytes in memory."""

    data: bytes

    def read(self) -> bytes:
        """The bytes."""
        return self.data


class Shelves:
    """Keeps cells until they are read, the large ones on disk."""

    def __init__(self, *, small: int = SMALL) -> None:
        self._small = small
        self._shelf: Shelf | None = None

    def keep(self, data: bytes) -> Shelved | Kept:
        """Keep something. A disk that is full has it stay in memory."""
        if len(data) <= self._small:
            return Kept(data)
        try:
            if self._shelf is None or self._shelf.size >= SHELF_SIZE:
                self._shelf = Shelf()
            return self._shelf.put(data)
        except OSError:
            self._shelf = None
            return Kept(data)
