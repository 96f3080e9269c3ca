"""Signatures kept from one run to the next, in a file of the gallery's directory that can be deleted at any time.

The file is rows of 2,468 bytes, appended as they are made and found again by digest:

    SHA-256 of the picture's bytes, 32 · the signature, 2,432 · CRC-32 of both, 4

It is memory-mapped: what is held of a million pictures is their digests.
"""

from __future__ import annotations

import shutil
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Self

import numpy as np
import numpy.typing as npt
from filelock import FileLock, Timeout

from ilk.analysis.duplicates.signature import BYTES, Signatures

NAME = "signatures-1.bin"
"""With the number of the way signatures are made: another way starts another file."""

_DIGEST, _CHECK = 32, 4
_ROW = _DIGEST + BYTES + _CHECK


class Shelf:
    """The signatures of one gallery. A context manager.

    Where the gallery's directory cannot be written, or another process is writing signatures, a copy is worked on that
    is forgotten at the end.

    Parameters
    ----------
    directory
        The gallery's own.

    Attributes
    ----------
    lasting
        Whether what is put on it is kept.
    """

    def __init__(self, directory: Path) -> None:
        self._lock = FileLock(directory / f"{NAME}.lock", timeout=0)
        self._aside: tempfile.TemporaryDirectory[str] | None = None
        self.lasting = True
        path = directory / NAME
        try:
            self._lock.acquire()
            self._file: BinaryIO = path.open("a+b")
        except (Timeout, OSError):
            self._lock.release(force=True)
            self.lasting = False
            self._aside = tempfile.TemporaryDirectory(prefix="ilk-")
            aside = Path(self._aside.name) / NAME
            if path.is_file():
                shutil.copyfile(path, aside)
            path = aside
            self._file = path.open("a+b")
        self._path = path
        size_bytes = path.stat().st_size
        if size_bytes % _ROW:  # a run was killed while it wrote
            self._file.truncate(size_bytes - size_bytes % _ROW)
        self._map()

    def close(self) -> None:
        """Let go of the file."""
        self._rows = np.empty((0, _ROW), np.uint8)
        self._file.close()
        self._lock.release(force=True)
        if self._aside is not None:
            self._aside.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def find(self, digests: Sequence[bytes]) -> npt.NDArray[np.int64]:
        """Where the signature of each digest is, -1 for those that are not there."""
        wanted = np.array(digests, f"S{_DIGEST}")
        if not len(self._digests) or not len(wanted):
            return np.full(len(wanted), -1, np.int64)
        places = np.searchsorted(self._digests, wanted).clip(max=len(self._digests) - 1)
        return np.where(self._digests[places] == wanted, self._order[places], -1)

    def put(self, digests: Sequence[bytes], signatures: Sequence[npt.NDArray[np.uint8]]) -> None:
        """Append signatures. They are found once `refresh` was called."""
        for digest, signature in zip(digests, signatures, strict=True):
            row = digest + signature.tobytes()
            self._file.write(row + zlib.crc32(row).to_bytes(_CHECK, "little"))
        self._file.flush()

    def refresh(self) -> None:
        """Find what was put since."""
        self._map()

    def read(self, places: npt.NDArray[np.int64]) -> Signatures:
        """The signatures at these places."""
        return Signatures.from_rows(np.ascontiguousarray(self._rows[places, _DIGEST : _DIGEST + BYTES]))

    def _map(self) -> None:
        count = self._path.stat().st_size // _ROW
        if not count:
            self._rows = np.empty((0, _ROW), np.uint8)
        else:
            self._rows = np.memmap(self._path, np.uint8, "r", shape=(count, _ROW))
        digests = np.frombuffer(self._rows[:, :_DIGEST].tobytes(), f"S{_DIGEST}")
        sound = np.fromiter((self._is_sound(row) for row in range(count)), np.bool_, count)
        rows = np.flatnonzero(sound)
        order = np.argsort(digests[rows], kind="stable")
        self._order = rows[order]
        self._digests = digests[rows][order]

    def _is_sound(self, row: int) -> bool:
        data: bytes = self._rows[row].tobytes()
        return zlib.crc32(data[:-_CHECK]).to_bytes(_CHECK, "little") == data[-_CHECK:]
