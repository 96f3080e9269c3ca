"""What is in an archive, whichever kind it is."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NamedTuple, Protocol

from ilk.pictures import SUFFIXES
from ilk.sources import captions
from ilk.sources.archives.volumes import Volume

HIDDEN = "."
MAC = "__MACOSX"
"""Where a Mac packs what it knows of the files of an archive, under their own suffixes."""

PICTURE, TEXT, TABLE, CLASS = ROLES = ("picture", "text", "table", "class")
"""What members are for."""

_ROLES = {captions.SUFFIX: TEXT, ".json": TABLE, ".cls": CLASS}


class Member(NamedTuple):
    """One file in an archive.

    Attributes
    ----------
    name
        With ``/`` between directories, and neither one nor ``./`` in front. Bytes that are no UTF-8 are lone
        surrogates, as in names of files.
    size_bytes
        Unpacked.
    stamp
        Changes when the bytes do.
    where
        What the archive's own reader finds it by.
    refusal
        Why it cannot be read, as the end of a sentence about it; None if it can.
    """

    name: str
    size_bytes: int
    stamp: str
    where: object
    refusal: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Members that belong together: pictures, and what is said of them.

    Attributes
    ----------
    pictures, texts, tables, classes
        By what they are; only pictures are certain to be there.
    row
        What the archive says of them in a table.
    stamp
        Changes with that.
    """

    pictures: tuple[Member, ...]
    texts: tuple[Member, ...] = ()
    tables: tuple[Member, ...] = ()
    classes: tuple[Member, ...] = ()
    row: Mapping[str, object] | None = None
    stamp: str = ""


class Break(NamedTuple):
    """The place where an archive cannot be read any further.

    Attributes
    ----------
    message
        A whole sentence.
    code
        As of `ilk.errors.PictureError`.
    """

    message: str
    code: str


class Reader(Protocol):
    """One archive."""

    @property
    def volume(self) -> Volume:
        """Its file."""
        ...

    @property
    def packed(self) -> bool:
        """Whether a member can only be had by unpacking what is before it."""
        ...

    def __iter__(self) -> Iterator[Sample | Break]:
        """What is in it, from front to back. A break is the last."""
        ...

    def read(self, members: Sequence[Member]) -> list[bytes]:
        """The bytes of some members.

        Raises
        ------
        ilk.errors.PictureError
            If one cannot be had.
        """
        ...


def role_of(name: str) -> str | None:
    """What a member is for, by its suffix; None if for nothing here."""
    suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122 -- members by the hundred thousand, as text
    if suffix in SUFFIXES:
        return PICTURE
    return _ROLES.get(suffix)


def key_of(name: str) -> str:
    """What members of one sample have in common: the path, up to the first dot of the last name."""
    directory, slash, base = name.rpartition("/")
    return directory + slash + base.partition(".")[0]


def stem_of(name: str) -> str:
    """A name without its last suffix."""
    return os.path.splitext(name)[0]  # noqa: PTH122 -- as above


def tidy(name: str) -> str:
    """A member's name without what only says where to begin."""
    while name.startswith(("./", "/")):
        name = name[1:] if name.startswith("/") else name[2:]
    return name


def is_kept_for_itself(name: str) -> bool:
    """Whether a member is hidden, or a system's own."""
    if "." not in name.rpartition(".")[0] and MAC not in name and not name.startswith("."):
        return False  # nearly all of them
    return any(part.startswith(HIDDEN) or part == MAC for part in PurePosixPath(name).parts if part != "..")
