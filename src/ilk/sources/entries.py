"""What a source offers of each file: its name, a stamp that changes with it, and how to read it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from ilk import pictures
from ilk.errors import PictureError
from ilk.sources import captions, names
from ilk.sources.base import Entry, Payload
from ilk.sources.walk import Contents, natural


def list_entries(contents: Contents) -> Iterator[Entry]:
    """The entries of one directory, in natural order.

    What can be named but not read is an entry all the same: loading it gives the reason, so that it is reported. That
    holds for a directory that cannot be read, whose id ends with ``/``, for links that lead nowhere, and for pipes,
    sockets and devices, which are never opened. Their stamp is one that no file has.
    """
    directory = contents.directory
    if contents.refusal is not None:
        yield _failing(directory.prefix, f'The folder "{directory.path}" cannot be read: {contents.refusal}.')
    for found in natural(contents.pictures, name=lambda entry: entry.name):
        id_ = directory.prefix + names.escape(found.name)
        stem = os.path.splitext(found.name)[0]  # noqa: PTH122 -- paths by the thousand, as text
        text = contents.texts.get(found.name) or contents.texts.get(stem)
        try:
            status = found.stat()
        except FileNotFoundError:
            if found.is_symlink():
                yield _failing(id_, f'"{found.path}" is a link that leads nowhere.')
            continue  # any other went between being seen and being looked at: it is no longer there to be listed
        except OSError as error:
            yield _failing(id_, f'"{found.path}" cannot be read: {error.strerror}.')
            continue
        if stat.S_ISREG(status.st_mode):
            yield _entry(id_, found.path, status, text and text.path)
        else:
            yield _failing(id_, f'"{found.path}" is no file, for all its name.')


def file_entry(path: Path, id_: str) -> Entry:
    """The entry of one file.

    Raises
    ------
    OSError
        If it is not there.
    """
    beside = (path.with_name(stem + suffix) for stem in (path.name, path.stem) for suffix in (".txt", ".TXT"))
    text = next((str(each) for each in beside if each.is_file() or each.is_symlink()), None)
    return _entry(id_, str(path), path.stat(), text)


def _entry(id_: str, path: str, status: os.stat_result, text: str | None) -> Entry:
    """The stamp covers captions too, so that new ones are seen without opening anything."""
    stamp = f"{status.st_size}:{status.st_mtime_ns}"
    if text is not None:
        try:
            beside = os.stat(text)  # noqa: PTH116 -- as above
        except OSError:  # loading tells why, and then tries again each time
            stamp += f"+{pictures.UNREADABLE}"
        else:
            stamp += f"+{beside.st_size}:{beside.st_mtime_ns}"
    return Entry(id=id_, uri=id_, stamp=stamp, load=partial(_load, path, text))


def _load(path: str, text: str | None) -> Payload:
    """Read a picture and its captions."""
    try:
        data = pictures.read(Path(path))
        return Payload(data=data, captions=captions.read_captions(Path(text)) if text else ())
    except PictureError as error:
        raise PictureError(names.printable(str(error)), code=error.code) from error


def _failing(id_: str, message: str) -> Entry:
    return Entry(id=id_, uri=id_, stamp=pictures.UNREADABLE, load=partial(_refuse, names.printable(message)))


def _refuse(message: str) -> Payload:
    raise PictureError(message, code=pictures.UNREADABLE)
