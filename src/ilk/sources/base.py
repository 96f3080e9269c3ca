"""What every source of pictures looks like from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from ilk.records import Item, Metadata, Metric

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """The bytes of one picture and what its source says of it.

    Attributes
    ----------
    data, captions, metadata
        As in `ilk.records.Item`.
    fleeting
        Whether the bytes may not be had again by the item's uri, so that the gallery should keep something of them:
        true of URLs, of bytes in a table, of compressed archives.
    """

    data: bytes
    captions: tuple[str, ...] = ()
    metadata: Metadata = field(default_factory=dict)
    fleeting: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a source says of a picture, apart from the picture.

    Attributes
    ----------
    captions, metadata
        As in `ilk.records.Item`.
    """

    captions: tuple[str, ...] = ()
    metadata: Metadata = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One picture as a source offers it: cheap to list, read only when needed.

    Attributes
    ----------
    id, uri, stamp
        As in `ilk.records.Item`. An entry whose stamp is the one in the gallery is not read at all.
    load
        Reads the picture. Called on another thread, at most once. Raises `ilk.errors.PictureError` when the bytes
        cannot be had, with the reason.
    picture_stamp
        What the stamp begins with, up to a ``~``, if this part alone tells whether the picture is another.
    said
        What is said of the picture, if that is known without reading it. While the stamp's first part stays, it is
        renewed in the gallery and the picture left alone.
    retried
        Codes of failures that it may be spared now, because more is permitted than usual: one that failed so is tried
        again although nothing has changed.
    """

    id: str
    uri: str
    stamp: str
    load: Callable[[], Payload]
    picture_stamp: str | None = None
    said: Said | None = None
    retried: frozenset[str] = frozenset()

    def is_of_same_picture(self, stamp: str) -> bool:
        """Whether a stamp, as it was before, is of the picture that is here now, whatever was said of it."""
        return self.picture_stamp is not None and stamp.startswith(f"{self.picture_stamp}~")


class Source(Protocol):
    """Pictures to add to a gallery: a folder, a table, an archive, as the user names it."""

    @property
    def top(self) -> Path:
        """The directory that a gallery of this source is made in if none is named; absolute."""
        ...

    def listing(self, base: Path) -> Listing:
        """List it for a gallery whose pictures' paths are relative to `base`, an absolute directory.

        Raises
        ------
        ilk.errors.SourceError
            If there is no such source.
        """
        ...


class Listing(Protocol):
    """The pictures of one source, named as one gallery names them."""

    @property
    def kind(self) -> str:
        """Recorded with every item, such as ``"folder"``."""
        ...

    @property
    def scope(self) -> str | None:
        """The prefix of the ids this source speaks for.

        Items of this kind in the gallery whose id begins with it, and that a complete listing does not name, are
        gone and get removed. None when the source never says that something is gone.
        """
        ...

    @property
    def complete(self) -> bool:
        """Whether the last iteration saw everything: False when a directory could not be read on the way."""
        ...

    @property
    def readers(self) -> int:
        """How many pictures may be read at once: as many as there are processors, or more where reading is waiting."""
        ...

    def __iter__(self) -> Iterator[Entry]:
        """List the pictures, lazily, in natural order.

        Raises
        ------
        ilk.errors.SourceError
            If the source as a whole cannot be listed.
        """
        ...

    def count(self) -> int | None:
        """How many entries there will be, if that is cheap to know; for the progress bar."""
        ...

    def holds(self, uri: str) -> bool:
        """Whether a picture is still there: tells a move from a copy."""
        ...


@runtime_checkable
class OnDisk(Protocol):
    """A listing of files in folders."""

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of items that its pictures may be: of folders, and of files that were named themselves.

        The latter stay in the gallery for as long as their files are there, whatever rules keep them out of the
        listing of their folder.
        """
        ...

    @property
    def empty(self) -> tuple[str, ...]:
        """The prefixes of directories that are there and have nothing in them at all, as of the last iteration.

        So looks a place where a drive should be mounted.
        """
        ...


@runtime_checkable
class Stoppable(Protocol):
    """A listing of which reading an entry may take long, and can be cut short."""

    def stop(self) -> None:
        """End what is being read, from any thread: it fails with the code ``"unreadable"``, as does what comes after.

        Listing anew begins anew.
        """
        ...


@runtime_checkable
class VectorSource(Protocol):
    """Vectors made elsewhere, to add to a gallery as they are."""

    @property
    def kind(self) -> str:
        """Recorded with every item, such as ``"embeddings:NAME"``."""
        ...

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def model(self) -> str | None:
        """The name of the model that made them, if that is known; queries are then encoded with it."""
        ...

    @property
    def metric(self) -> Metric | None:
        """How they are compared; None for as the gallery compares."""
        ...

    @property
    def normalise(self) -> bool | None:
        """Whether they are divided by their length; None for as the gallery has it."""
        ...

    @property
    def dimension(self) -> int:
        """Numbers in a vector, d."""
        ...

    @property
    def count(self) -> int | None:
        """How many there are, if that is known."""
        ...

    @property
    def top(self) -> Path:
        """The directory that a gallery of this source is made in if none is named; absolute."""
        ...

    def batches(self, size: int, *, normalise: bool = True) -> Iterator[list[tuple[Item, npt.NDArray[np.float32]]]]:
        """The items with their unit rows of shape (d,), or the rows as they are, so many at a time.

        Raises
        ------
        ilk.errors.SourceError
            If they are no vectors of one dimension, or one has no direction.
        """
        ...
