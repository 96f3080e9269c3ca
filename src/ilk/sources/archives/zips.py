"""Zip files of pictures, with captions beside them or in a table as Hugging Face's ``imagefolder`` has it.

The list of members is at the end of a zip and is read first, so texts may be anywhere. Python's `zipfile` reads that
list; members are read here, by offset and on many threads at once, and never further than they are said to be long.
"""

from __future__ import annotations

import csv
import io
import json
import posixpath
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import IO, ClassVar, cast

from ilk.errors import PictureError
from ilk.sources.archives.members import (
    CLASS,
    PICTURE,
    TABLE,
    TEXT,
    Break,
    Member,
    Sample,
    is_kept_for_itself,
    key_of,
    role_of,
    stem_of,
    tidy,
)
from ilk.sources.archives.volumes import Offset, Volume
from ilk.sources.tables import cells

TABLES = frozenset({"metadata.csv", "metadata.jsonl"})
FILE_NAME = "file_name"
"""The column that says which picture a row is about, from the directory that the table is in."""

MAX_TABLE_BYTES = 64 * 2**20
"""Of a table with metadata, which is held in memory."""

PIECE = 64 * 2**10
"""Packed bytes that are read at once."""

LOCAL_HEADER = struct.Struct("<4s22xHH")
"""Of a member: a signature, and the lengths of the name and of what follows it, before the bytes."""

END = struct.Struct("<10xH10x")
"""What a zip without a comment ends with: among other things, how many members there are."""

END_MARK = b"PK\x05\x06"
MANY = 2**16 - 1
"""Stands there for a number that is too large."""

ENCRYPTED = 1
"""The bit of a member's flags that says so."""


@dataclass(frozen=True, slots=True)
class Packed:
    """Where the bytes of a member are.

    Attributes
    ----------
    offset
        Of its local header.
    packed_bytes, method, sum
        How long they are, how they were packed, and the CRC-32 of what they unpack to.
    """

    offset: int
    packed_bytes: int
    method: int
    sum: int


@dataclass(frozen=True, slots=True)
class ZipReader:
    """One zip file; an `ilk.sources.archives.members.Reader`.

    Attributes
    ----------
    volume
        The file.

    Notes
    -----
    The list of members takes about 500 bytes of memory for each.
    """

    volume: Volume
    packed: ClassVar[bool] = False

    def __iter__(self) -> Iterator[Sample | Break]:
        """See `Reader.__iter__`. Reads the list of members, and the tables."""
        try:
            pictures, texts, tables = self._members()
            rows = self._rows(tables)
        except PictureError as error:
            yield Break(str(error), error.code)
            return
        for member in pictures:
            found = {role: _beside(member.name, of) for role, of in texts.items()}
            stamp, row = rows.get(member.name, ("", None))
            yield Sample(
                pictures=(member,), texts=found[TEXT], tables=found[TABLE], classes=found[CLASS], row=row, stamp=stamp
            )

    def count(self) -> int | None:
        """How many pictures there are; None if the list of members is too long to be read for that alone."""
        with self.volume.open() as file:
            end = Offset(max(self.volume.size_bytes - END.size, 0)).read(file, END.size)
        if not end.startswith(END_MARK) or END.unpack(end.ljust(END.size))[0] == MANY:
            return None
        return len(self._members()[0])

    def read(self, members: Sequence[Member]) -> list[bytes]:
        """See `Reader.read`."""
        with self.volume.open() as file:
            return [self._read_one(file, member) for member in members]

    def _members(self) -> tuple[list[Member], dict[str, dict[str, Member]], list[Member]]:
        """The pictures, what stands beside them by role and name, and the tables."""
        pictures, tables = list[Member](), list[Member]()
        texts: dict[str, dict[str, Member]] = {TEXT: {}, TABLE: {}, CLASS: {}}
        try:
            with self.volume.open() as file:
                listed = zipfile.ZipFile(file).infolist()
        except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, EOFError) as error:
            reason = str(error).rstrip(".") or "its list of members cannot be read"
            raise PictureError(f'"{self.volume.path}" is damaged or cut short: {reason}.', code="damaged") from error
        listed.reverse()
        while listed:  # from the front, and each let go of
            info = listed.pop()
            name = tidy(info.filename)
            role = None if name.endswith("/") or is_kept_for_itself(name) else role_of(name)
            is_table = posixpath.basename(name) in TABLES
            if role is None and not is_table:
                continue
            member = Member(
                name=name,
                size_bytes=info.file_size,
                stamp=f"{info.file_size}:{info.CRC:08x}",
                where=Packed(info.header_offset, info.compress_size, info.compress_type, info.CRC),
                refusal=_refusal(info),
            )
            if is_table:
                tables.append(member)
            elif role == PICTURE:
                pictures.append(member)
            elif role is not None:
                texts[role].setdefault(stem_of(name), member)
        return pictures, texts, tables

    def _rows(self, tables: Iterable[Member]) -> dict[str, tuple[str, Mapping[str, object]]]:
        """What the tables say of each picture, with a stamp of it."""
        rows = dict[str, tuple[str, Mapping[str, object]]]()
        for table in tables:
            if table.refusal is not None or table.size_bytes > MAX_TABLE_BYTES:
                continue
            text = self.read([table])[0].decode("utf-8-sig", "replace")
            directory = posixpath.dirname(table.name)
            for row in _lines(text) if table.name.endswith(".jsonl") else _typed(csv.DictReader(io.StringIO(text))):
                name = row.get(FILE_NAME)
                if isinstance(name, str):
                    said = {key: value for key, value in row.items() if key != FILE_NAME}
                    stamp = blake2b(repr(said).encode("utf-8", "replace"), digest_size=16).hexdigest()
                    rows[posixpath.normpath(posixpath.join(directory, name))] = stamp, said
        return rows

    def _read_one(self, file: IO[bytes], member: Member) -> bytes:
        where = cast("Packed", member.where)
        subject = f'"{member.name}" in "{self.volume.path}"'
        header = Offset(where.offset).read(file, LOCAL_HEADER.size)
        if len(header) < LOCAL_HEADER.size or not header.startswith(b"PK\x03\x04"):
            raise PictureError(f"{subject} is not where the list of members says.", code="damaged")
        _, name_bytes, extra_bytes = LOCAL_HEADER.unpack(header)
        start = where.offset + LOCAL_HEADER.size + name_bytes + extra_bytes
        if where.method == zipfile.ZIP_STORED:
            data = Offset(start).read(file, member.size_bytes)
        else:
            try:
                data = _inflate(file, start, where.packed_bytes, member.size_bytes)
            except zlib.error as error:
                raise PictureError(f"{subject} is damaged: {error}.", code="damaged") from error
        if len(data) != member.size_bytes or zlib.crc32(data) != where.sum:
            raise PictureError(f"{subject} is damaged: its bytes are not those that were packed.", code="damaged")
        return data


def _inflate(file: IO[bytes], start: int, packed_bytes: int, size_bytes: int) -> bytes:
    """Unpack, and stop one byte after the size that was stated."""
    state = zlib.decompressobj(-zlib.MAX_WBITS)
    pieces = list[bytes]()
    wanted = size_bytes + 1
    pending = b""
    while wanted > 0 and not state.eof:
        if not pending:
            pending = Offset(start).read(file, min(PIECE, packed_bytes))
            start += len(pending)
            packed_bytes -= len(pending)
            if not pending:
                break
        piece = state.decompress(pending, wanted)
        pending = state.unconsumed_tail
        wanted -= len(piece)
        pieces.append(piece)
    return b"".join(pieces)


def _refusal(info: zipfile.ZipInfo) -> str | None:
    if info.flag_bits & ENCRYPTED:
        return "encrypted. Unpack the archive with its password, and add the folder"
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        return "packed in a way that is not read here. Pack it anew, as most programs do"
    return None


def _beside(name: str, texts: Mapping[str, Member]) -> tuple[Member, ...]:
    """What stands beside a picture: ``a.b.jpg.txt``, ``a.b.txt``, or ``a.txt`` as in webdatasets."""
    found = (texts.get(each) for each in (name, stem_of(name), key_of(name)))
    return next(((member,) for member in found if member is not None), ())


def _lines(text: str) -> Iterator[dict[str, object]]:
    for line in text.splitlines():
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict):
            yield row


def _typed(reader: csv.DictReader[str]) -> Iterator[dict[str, object]]:
    """The rows of a CSV, with numbers in the columns that have nothing else."""
    try:
        rows = [{key: value for key, value in row.items() if isinstance(key, str)} for row in reader]
    except csv.Error:
        return
    kinds = {name: cells.kind(row.get(name) for row in rows) for name in reader.fieldnames or ()}
    for row in rows:
        yield {name: text if name == FILE_NAME else cells.read(text, kinds[name]) for name, text in row.items()}
