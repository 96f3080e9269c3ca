"""The pictures of one table, named as one gallery names them."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

from ilk import pictures
from ilk.errors import PictureError, SourceError
from ilk.machine import usable_processors
from ilk.records import Metadata
from ilk.sources import names
from ilk.sources.base import Entry, Payload, Said
from ilk.sources.tables import cells, places
from ilk.sources.tables.columns import Columns, text_kinds
from ilk.sources.tables.fetching import Fetching
from ilk.sources.tables.places import Inside, Local, Nowhere, Place, Remote
from ilk.sources.tables.rows import Head, Reader, Row
from ilk.sources.tables.seen import Seen
from ilk.sources.tables.shelf import SMALL, Kept, Shelved, Shelves
from ilk.sources.tables.together import merged, together

FETCHES = 32
"""URLs fetched at once: most of the time of each is waiting."""

MALFORMED = "malformed-row"
"""The code of a row that cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A table, and what has been told of it.

    Attributes
    ----------
    folder
        What paths in it are relative to.
    """

    reader: Reader
    head: Head
    columns: Columns
    folder: Path


class TableListing:
    """The pictures of one table; a `ilk.sources.base.Listing`.

    A row that cannot be read, or has no picture, is an entry too: loading it gives the reason. If the end of the
    table cannot be read, `complete` is False. Rows that follow each other with further captions of one picture are
    one entry, unless a column says what they are called.

    Notes
    -----
    Memory holds the rows of one batch and 11 to 32 bytes for each id. Pictures that are in the table itself wait in
    temporary files until they are read, if they are large.
    """

    scope = ""
    """It speaks for every item of its kind."""

    def __init__(self, opened: Opened, *, name: str, base: Path, fetching: Fetching) -> None:
        columns, head = opened.columns, opened.head
        self._reader = opened.reader
        self._columns = columns
        self._taken = {columns.picture, columns.id, *columns.captions}
        self._kinds = text_kinds(head)
        self._name = name
        self._folder = opened.folder
        self._base = base
        self._fetching = fetching
        self._remote = any(places.is_remote(row.get(columns.picture)) for row in head.rows)
        self._prefix_of = lru_cache(4_096)(lambda directory: names.prefix_of(Path(directory), base))
        self._complete = False

    @property
    def kind(self) -> str:
        """``"table:"`` and its name."""
        return f"table:{self._name}"

    @property
    def complete(self) -> bool:
        """Whether the last iteration read the table to its end."""
        return self._complete

    @property
    def readers(self) -> int:
        """One for each processor; more if there are URLs."""
        return FETCHES if self._remote else usable_processors()

    def __iter__(self) -> Iterator[Entry]:
        """List the rows in their order.

        Raises
        ------
        ilk.errors.SourceError
            If it is no table that can be read.
        """
        self._complete = False
        self._fetching.begin()
        seen = Seen()
        shelves = Shelves(small=sys.maxsize if self._reader.keeps else SMALL)
        last = False
        columns = self._columns
        captions = columns.captions if columns.id is None else ()
        for place, rows in together(self._reader.rows(), columns.picture, captions):
            last = last or rows[-1].last
            yield self._entry(place, rows, seen, shelves)
        if not seen:  # it has been emptied since it was opened
            raise SourceError(f"{self._reader.label} has no rows that can be read: there is no picture in it.")
        self._complete = not last

    def stop(self) -> None:
        """End what is being fetched."""
        self._fetching.stop()

    def count(self) -> int | None:
        """How many rows there are, if the table says so."""
        return self._reader.count()

    def holds(self, uri: str) -> bool:
        """Whether a picture is still there: a file in a folder that is there too; of others it is not known."""
        if "://" in uri or uri.startswith(f"{self._name}#"):
            return True
        path = names.path_of(uri, self._base)
        try:
            path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return not path.parent.is_dir()
        except (OSError, ValueError):  # it cannot be told
            return True
        return True

    # -- one row --------------------------------------------------------------------------------------------------

    def _entry(self, place: Place, rows: list[Row], seen: Seen, shelves: Shelves) -> Entry:
        row = rows[0]
        own = f"{self._name}#{row.number}"
        label = f"{row} of {self._reader.label}"
        if row.fault is not None:
            message = f"{label} cannot be read: {row.fault}."
            return _failing(_unique(own, row, seen), own, digest_of(message), message, MALFORMED)
        said = self._said(rows, place)
        of_picture = digest_of(*_bytes_of(place))
        uri, load = own, partial(_refuse, f"{label} has no picture.", "empty")
        match place:
            case Nowhere(reason=reason, code=code):
                load = partial(_refuse, f"{label} {reason}.", code)
            case Remote(url=url):
                uri, load = cells.name(url), partial(_load_url, self._fetching, url, said, label)
            case Inside(data=data, encoding=encoding):
                load = partial(_load_kept, shelves.keep(data), encoding, said, label)
            case Local(path=path):
                try:
                    uri, path, changed = self._file(path)
                except ValueError:  # a NUL or a lone surrogate, which no name has
                    load = partial(_refuse, f"{label} has a path that no file can have.", "not-a-picture")
                else:
                    of_picture = f"{of_picture}+{changed}"
                    load = partial(_load_file, path, said, label)
        id_ = cells.identity(row.values.get(self._columns.id)) if self._columns.id is not None else None
        return Entry(
            id=_unique(id_ or uri, row, seen),
            uri=uri,
            stamp=f"{of_picture}~{digest_of(json.dumps([said.captions, said.metadata], sort_keys=True))}",
            load=load,
            picture_stamp=of_picture,
            said=said,
            retried=self._fetching.permitted,
        )

    def _said(self, rows: list[Row], place: Place) -> Said:
        """The captions and the metadata of a row, or of several about one picture."""
        texts = [row.values.get(name) for row in rows for name in self._columns.captions]
        metadata = merged([self._metadata(row) for row in rows])
        if isinstance(place, Inside) and place.name is not None:
            metadata.setdefault(f"{self._columns.picture}.path", cells.clean(place.name))
        return Said(captions=cells.captions(texts), metadata=metadata)

    def _metadata(self, row: Row) -> Metadata:
        kinds = self._kinds
        others = ((name, value) for name, value in row.values.items() if name not in self._taken)
        if kinds:
            others = ((name, cells.read(value, kinds.get(name, "mixed"))) for name, value in others)
        return cells.metadata(others)

    def _file(self, written: str) -> tuple[str, str, str]:
        """The uri of a file, its path, and what changes when it does.

        Raises
        ------
        ValueError
            If no file can have that name.
        """
        path = os.path.join(self._folder, written)  # noqa: PTH118 -- paths by the million, as text
        if ".." in path:
            path = str(names.absolute(path))
        changed = _changed(path)
        if changed is None and "\\" in written and os.sep == "/":  # as a table from Windows writes it
            turned = path.replace("\\", "/")
            changed = _changed(turned)
            path = path if changed is None else turned
        if changed is None:  # loading tells why, and then tries again each time
            changed = pictures.UNREADABLE
        directory, name = os.path.split(path)
        return self._prefix_of(directory) + names.escape(name), path, changed


def _changed(path: str) -> str | None:
    """What changes when a file does; None if it cannot be had."""
    try:
        status = os.stat(path)  # noqa: PTH116 -- paths by the million, as text
    except OSError:
        return None
    return f"{status.st_size}:{status.st_mtime_ns}"


def digest_of(*parts: str | bytes) -> str:
    """What changes when any of these does: 32 hexadecimal digits."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()


def _bytes_of(place: Place) -> tuple[str | bytes, ...]:
    """What a stamp covers of a picture's cell."""
    match place:
        case Inside(data=data, encoding=encoding, name=name):
            return ("inside", encoding, name or "", data)
        case Local(path=path):
            return ("local", path)
        case Remote(url=url):
            return ("remote", url)
        case Nowhere(reason=reason):
            return ("nowhere", reason)


def _unique(id_: str, row: Row, seen: Seen) -> str:
    """An id that no row before has had."""
    while not seen.add(id_):
        id_ = f"{id_}#{row.number}"
    return id_


# -- on the reading threads -------------------------------------------------------------------------------------------


def _load_file(path: str, said: Said, label: str) -> Payload:
    try:
        data = pictures.read(Path(path))
    except PictureError as error:
        raise _of_row(label, error) from error
    return Payload(data=data, captions=said.captions, metadata=said.metadata)


def _load_url(fetching: Fetching, url: str, said: Said, label: str) -> Payload:
    try:
        data = fetching.fetch(url)
    except PictureError as error:
        raise _of_row(label, error) from error
    return Payload(data=data, captions=said.captions, metadata=said.metadata, fleeting=True)


def _load_kept(kept: Kept | Shelved, encoding: str, said: Said, label: str) -> Payload:
    try:
        data = places.decoded(kept.read(), encoding)
    except PictureError as error:
        raise _of_row(label, error) from error
    return Payload(data=data, captions=said.captions, metadata=said.metadata, fleeting=True)


def _refuse(message: str, code: str) -> Payload:
    raise PictureError(message, code=code)


def _failing(id_: str, uri: str, stamp: str, message: str, code: str) -> Entry:
    return Entry(id=id_, uri=uri, stamp=stamp, load=partial(_refuse, names.printable(message), code))


def _of_row(label: str, error: PictureError) -> PictureError:
    return PictureError(names.printable(f"{label}: {error}"), code=error.code)
