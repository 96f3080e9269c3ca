"""Which kind of archive a file is: its bytes say, not its name."""

from __future__ import annotations

import stat
from pathlib import Path

from ilk.errors import PictureError
from ilk.sources.archives.headers import BLOCK, looks_like_tar
from ilk.sources.archives.members import Reader
from ilk.sources.archives.tars import TarReader
from ilk.sources.archives.volumes import GZIP, BrokenError, Offset, PackedStream, Volume
from ilk.sources.archives.zips import ZipReader

ZIP = (b"PK\x03\x04", b"PK\x05\x06")
"""A member, or the list of none."""

OTHERS = {
    b"BZh": "packed with bzip2",
    b"\xfd7zXZ\0": "packed with xz",
    b"\x28\xb5\x2f\xfd": "packed with Zstandard",
    b"7z\xbc\xaf\x27\x1c": "a 7z",
    b"Rar!": "a RAR",
}


def open_archive(path: Path) -> Reader:
    """What reads this archive. One block of it is read.

    Raises
    ------
    ilk.errors.PictureError
        If it is none that can be read: ``"unreadable"`` if the file system refuses it, else ``"unsupported"``.
    """
    try:
        status = path.stat()
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL in it
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise PictureError(f'The archive "{path}" cannot be read: {reason}.', code="unreadable") from error
    if not stat.S_ISREG(status.st_mode):
        raise PictureError(f'"{path}" is no file, so no archive either. Name a tar or a zip.', code="unreadable")
    volume = Volume(path=path, size_bytes=status.st_size, mtime_ns=status.st_mtime_ns)
    with volume.open() as file:
        first = Offset(0).read(file, BLOCK)
        packed = first.startswith(GZIP)
        if packed:
            try:
                first = PackedStream(file).peek(0, BLOCK)
            except BrokenError as error:
                raise PictureError(f'"{path}" {error}.', code=error.code) from error
    if not packed and first.startswith(ZIP):
        return ZipReader(volume)
    if looks_like_tar(first):
        return TarReader(volume, packed=packed)
    raise PictureError(f'"{path}" {_what_it_is(first)}', code="unsupported")


def _what_it_is(first: bytes) -> str:
    if not first:
        return "is empty. Get the archive again."
    for signature, kind in OTHERS.items():
        if first.startswith(signature):
            return (
                f"is {kind}, which is not read here. Unpack it and add the folder, or pack it as .tar, .tar.gz or .zip."
            )
    return "is no archive: neither a tar nor a zip."
