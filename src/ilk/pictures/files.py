"""Reading files that should hold pictures."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ilk.errors import PictureError
from ilk.pictures.picture import Limits


def read(path: Path, *, limits: Limits) -> bytes:
    """See `ilk.pictures.read`."""
    try:
        # A pipe would be waited for without end, so it is opened without waiting and then refused.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise PictureError(f'"{path}" is no file.', code="unreadable")
            # Asked for all of the limit, Python takes that much room and gives it back, which costs more than reading.
            data = file.read(min(status.st_size, limits.size_bytes) + 1)
            if len(data) > status.st_size:  # it has grown, or is of a file system that tells no sizes
                data += file.read(limits.size_bytes + 1 - len(data))
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL in it
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise PictureError(f'"{path}" cannot be read: {reason}.', code="unreadable") from error
    check_size(data, limits=limits, subject=f'"{path}"')
    return data


def check_size(data: bytes, *, limits: Limits, subject: str) -> None:
    """Refuse what is empty or larger than the limit."""
    if not data:
        raise PictureError(f"{subject} is empty.", code="empty")
    if len(data) > limits.size_bytes:
        limit = limits.size_bytes / 2**20
        raise PictureError(f"{subject} is larger than the limit of {limit:,.0f} MiB.", code="too-many-bytes")
