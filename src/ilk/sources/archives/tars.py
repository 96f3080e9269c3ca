"""Tars, also packed with gzip, in one pass from front to back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, cast

from ilk.errors import PictureError
from ilk.sources.archives.headers import read_headers
from ilk.sources.archives.members import (
    PICTURE,
    ROLES,
    Break,
    Member,
    Sample,
    is_kept_for_itself,
    key_of,
    role_of,
    tidy,
)
from ilk.sources.archives.volumes import BrokenError, PackedStream, Place, PlainStream, Volume

MAX_HELD = 4096
"""Members that may lie between two of one sample. Writers of data sets put them side by side; tar puts the files of a
directory in whatever order that has them."""

MAX_HELD_PACKED = 256
"""The same of what gzip packed, where each holds its bytes if it is small, or else the state of unpacking."""

MAX_PARTS = 64
"""Members of one sample. A further one begins another: names with several dots, such as scans have, look like parts
of one thing."""


@dataclass(frozen=True, slots=True)
class TarReader:
    """One tar; an `ilk.sources.archives.members.Reader`.

    Attributes
    ----------
    volume
        The file.
    packed
        Whether gzip packed it.
    """

    volume: Volume
    packed: bool

    def __iter__(self) -> Iterator[Sample | Break]:
        """See `Reader.__iter__`. Reads headers only, but for what gzip packed, which has to be unpacked."""
        grouping = Grouping(self.volume.stamp, MAX_HELD_PACKED if self.packed else MAX_HELD)
        broken: Break | None = None
        try:
            with self.volume.open() as file:
                stream = PackedStream(file) if self.packed else PlainStream(file, self.volume.size_bytes)
                for header in read_headers(stream):
                    name = tidy(header.name)
                    role = None if header.is_directory or is_kept_for_itself(name) else role_of(name)
                    if role is not None:
                        stamp = f"{header.offset}:{header.size_bytes}:{header.mtime}"
                        member = Member(name, header.size_bytes, stamp, header.place, header.refusal)
                        yield from grouping.take(member, role)
        except BrokenError as error:
            broken = Break(
                f'"{self.volume.path}" {error}. What came before is taken; get the archive again.', error.code
            )
        except PictureError as error:
            broken = Break(str(error), error.code)
        yield from grouping.finish()
        if broken is not None:
            yield broken

    def read(self, members: Sequence[Member]) -> list[bytes]:
        """See `Reader.read`."""
        with self.volume.open() as file:
            return [self._read_one(file, member) for member in members]

    def _read_one(self, file: IO[bytes], member: Member) -> bytes:
        try:
            data = cast("Place", member.where).read(file, member.size_bytes)
        except BrokenError as error:
            raise PictureError(f'"{self.volume.path}" {error}.', code=error.code) from error
        if len(data) != member.size_bytes:
            raise PictureError(f'"{self.volume.path}" ends within "{member.name}".', code="truncated")
        return data


@dataclass(slots=True)
class Grouping:
    """Puts members that share a key together.

    Attributes
    ----------
    stamp
        Of every sample: the archive's, because times in archives are often all the same.
    max_held
        Members that are waited with for others of their sample.
    """

    stamp: str
    max_held: int
    _waiting: dict[str, list[tuple[Member, str]]] = field(default_factory=dict)
    _held: int = 0

    def take(self, member: Member, role: str) -> Iterator[Sample]:
        """Take one more; gives the samples that are waited with no longer, oldest first."""
        key = key_of(member.name)
        parts = self._waiting.get(key, [])
        if len(parts) >= MAX_PARTS or any(part.name == member.name for part, _ in parts):
            yield from self._give(key)
        self._waiting.setdefault(key, []).append((member, role))
        self._held += 1
        while self._held > self.max_held:
            yield from self._give(next(iter(self._waiting)))

    def finish(self) -> Iterator[Sample]:
        """The rest."""
        for key in list(self._waiting):
            yield from self._give(key)

    def _give(self, key: str) -> Iterator[Sample]:
        parts = self._waiting.pop(key)
        self._held -= len(parts)
        of: dict[str, list[Member]] = {role: [] for role in ROLES}
        for part, role in parts:
            of[role].append(part)
        if of[PICTURE]:
            pictures, texts, tables, classes = (tuple(of[role]) for role in ROLES)
            yield Sample(pictures=pictures, texts=texts, tables=tables, classes=classes, stamp=self.stamp)
