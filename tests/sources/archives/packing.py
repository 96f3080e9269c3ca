"""Archives made for a test."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

from ilk.sources.base import Entry


def tar(path: Path, members: Iterable[tuple[str, bytes]], *, mode: str = "w", mtime: float = 0) -> Path:
    """Pack members in the order given; a name may come twice."""
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]  # a mode that is no literal
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(data), mtime
            archive.addfile(info, io.BytesIO(data))
    return path


def zipped(path: Path, members: Iterable[tuple[str, bytes]], *, method: int = zipfile.ZIP_DEFLATED) -> Path:
    """The same as a zip."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return path


def said(entries: Iterable[Entry]) -> dict[str, tuple[bytes, tuple[str, ...], dict[str, object]]]:
    """What each entry loads, by id."""
    loaded = ((entry.id, entry.load()) for entry in entries)
    return {id_: (payload.data, payload.captions, dict(payload.metadata)) for id_, payload in loaded}
