"""The proof that this machine and user wrote a file: a keyed hash that a stranger's file cannot have.

FAISS trusts what it reads, so a file made to harm could do harm. A gallery that came from elsewhere brings its index
files and a database that agrees with them; what it cannot bring is the key, which is made here, readable by its owner
alone, and never leaves.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from ilk.machine import state_directory

KEY_BYTES = 32


def seal(path: Path, *, size_bytes: int, checksum: str) -> str:
    """The seal of a file that was just written; empty where no key can be kept, and then nothing is ever believed.

    It holds for this very file: a copy, or another put in its place, has another inode or time.
    """
    key = _key(make=True)
    return "" if key is None else _mac(key, path, size_bytes, checksum)


def holds(path: Path, sealed: str, *, size_bytes: int, checksum: str) -> bool:
    """Whether a file is the one that was sealed here."""
    key = _key(make=False)
    if key is None or not sealed:
        return False
    try:
        return hmac.compare_digest(sealed, _mac(key, path, size_bytes, checksum))
    except OSError:
        return False


def _mac(key: bytes, path: Path, size_bytes: int, checksum: str) -> str:
    status = path.lstat()
    facts = (path.name, size_bytes, checksum, status.st_dev, status.st_ino, status.st_mtime_ns)
    return hashlib.blake2b(repr(facts).encode(), key=key, digest_size=16).hexdigest()


def _key(*, make: bool) -> bytes | None:
    """The key of this user on this machine; None if there is none, or if others could have read it."""
    path = state_directory() / "key"
    try:
        if make and not path.exists():
            _make_key(path)
        with path.open("rb") as file:
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & 0o077:
                return None
            key = file.read()
    except OSError:
        return None
    return key if len(key) == KEY_BYTES else None


def _make_key(path: Path) -> None:
    """Put a whole key in its place, or leave the one that another process put there meanwhile."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_name(f"key.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, secrets.token_bytes(KEY_BYTES))
        os.fsync(handle)
    finally:
        os.close(handle)
    try:
        os.link(beside, path)  # which fails where there is one, unlike a rename
    except FileExistsError:
        pass
    except OSError:  # a file system without links
        beside.replace(path)
        return
    beside.unlink()
