"""One name for everything that decides a model's vectors: SHA-256 over its files.

Hashing runs at about a gigabyte a second, which a search with a model of 600 MB would pay on every call. The hash of
a large file is therefore remembered in the user's cache directory, beside the size and times of the file it is of.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

LARGE_BYTES = 1 << 20
"""Smaller files are hashed each time: that takes about a millisecond."""


def cache_file() -> Path:
    """Where hashes are remembered, by the XDG Base Directory Specification."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "ilk" / "digests.json"


def digest_files(folder: Path, files: Iterable[str], *, beside: Mapping[str, str] = MappingProxyType({})) -> str:
    """SHA-256 over the names and contents of these files, hexadecimal; the order they are given in does not matter.

    Parameters
    ----------
    folder, files
        Where they are, and their names relative to it.
    beside
        What else decides a model's vectors, by name.
    """
    known = _remembered()
    learned: dict[str, list[int | str]] = {}
    whole = hashlib.sha256()
    for name in sorted(files):
        path = (folder / name).resolve()
        # The change time is beside the modification time because package managers set the latter at will.
        stat = path.stat()
        stamp = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]
        entry = known.get(str(path))
        if stat.st_size >= LARGE_BYTES and isinstance(entry, list) and entry[:-1] == stamp:
            content = str(entry[-1])
        else:
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
            if stat.st_size >= LARGE_BYTES:
                learned[str(path)] = [*stamp, content]
        whole.update(f"{name}\0{content}\n".encode())
    for name in sorted(beside):
        whole.update(f"{name}={beside[name]}\n".encode())
    if learned:
        _remember(known | learned)
    return whole.hexdigest()


def _remembered() -> dict[str, object]:
    try:
        content = json.loads(cache_file().read_bytes())
    except (OSError, ValueError):  # a cache: absent, unreadable or damaged, it is made anew
        return {}
    return content if isinstance(content, dict) else {}


def _remember(entries: dict[str, object]) -> None:
    target = cache_file()
    kept = {path: entry for path, entry in entries.items() if Path(path).exists()}
    # A cache that cannot be written costs time, never an answer.
    with contextlib.suppress(OSError):
        target.parent.mkdir(parents=True, exist_ok=True)
        # Written aside and renamed, so that another process reads the old or the new, never half of one. The module
        # tempfile would do as well, and its import takes longer than a search may.
        aside = target.with_name(f"{target.name}.{os.getpid()}")
        try:
            aside.write_text(json.dumps(kept), encoding="utf-8")
            aside.replace(target)
        except OSError:
            aside.unlink(missing_ok=True)
            raise
