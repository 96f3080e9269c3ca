"""What every store looks like from outside."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

from ilk.plans import Plan
from ilk.records import Comparing, Failure, GalleryInfo, Item, Metadata, Neighbour, Space

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ilk.filters.tree import Filter


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a store knows of an id, for deciding whether there is work to do.

    Attributes
    ----------
    stamp
        As last seen.
    digest
        Of the bytes; None if they could not be read then, or if the bytes were no picture.
    encoded
        Whether it has a vector in the space that was asked about.
    failed
        Whether the stamp is that of a failure.
    code
        The failure's, empty if it is none.
    """

    stamp: str
    digest: str | None
    encoded: bool
    failed: bool
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a gallery keeps of a picture whose source may not give it again: an encoded file.

    Attributes
    ----------
    data
        Its bytes.
    whole
        Whether they are those of the source; else a thumbnail.
    """

    data: bytes
    whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Upsert:
    """An item to write, whole.

    Attributes
    ----------
    item
        Replaces whatever has this id; a failure recorded under it is forgotten.
    vector
        Unit row of shape (d,); None to keep the vector of the item with this id if its digest is still the same, or
        else take the one that another item with the same digest has, be it in the same batch. Vectors that other
        models made of other bytes are dropped; those of an item whose picture nobody had seen (of 0 bytes) stay.
    moved_from
        The id under which the same picture was known before the batch, if it moved: that row is renamed, replaces an
        item that had the new id, and keeps its vectors of every space.
    kept
        What to keep of the picture, in place of what was kept; None leaves that as it is while the digest is the same.
    own_metadata
        That part of the item's metadata which the picture itself has, such as EXIF, and which `Writer.describe` leaves
        standing; None leaves what was given before as it is while the digest is the same.
    """

    item: Item
    vector: npt.NDArray[np.float32] | None
    moved_from: str | None = None
    kept: Kept | None = None
    own_metadata: Metadata | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What a source says now of an item whose picture is as it was.

    Attributes
    ----------
    id, uri, source, stamp, captions
        As in `ilk.records.Item`.
    metadata
        The source's alone, without what the picture itself has.
    """

    id: str
    uri: str
    source: str
    stamp: str
    captions: tuple[str, ...]
    metadata: Metadata


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search found, and how.

    Attributes
    ----------
    rows
        For each query its neighbours, nearest first.
    plan
        How they were searched for.
    """

    rows: list[list[Neighbour]]
    plan: Plan


class Store(Protocol):
    """Items, captions, metadata and vectors, and the search over them.

    Reading is safe from many threads and processes at once and is never blocked by the writer. Writing needs
    `writing`, which one process at a time can hold.
    """

    def close(self) -> None:
        """Let go of files. Calling it twice is fine."""
        ...

    # -- reading --------------------------------------------------------------------------------------------------

    @property
    def default_model(self) -> str | None:
        """The name of the model to use where none is named; None if the gallery does not say."""
        ...

    @property
    def comparing(self) -> Comparing:
        """How the gallery compares vectors, where the space that they are of does not exist yet."""
        ...

    def spaces(self) -> tuple[Space, ...]:
        """Every space, in the order they were made."""
        ...

    def count(self) -> int:
        """How many items there are."""
        ...

    def lookup(self, ids: Sequence[str], space: Space) -> Mapping[str, Known]:
        """What is known of each id, items and failures alike; unknown ids are left out."""
        ...

    def count_vectors(self, space: Space) -> int:
        """How many items have a vector in this space; 0 if the gallery does not have it."""
        ...

    def count_lacking(self, space: Space) -> int:
        """How many items have captions and no vector in this space. Cost: a scan of two narrow indexes."""
        ...

    def find_digest(self, digest: str, space: Space | None) -> tuple[str, ...]:
        """The ids of the items with these bytes that have a vector in this space. Uses an index.

        With None, of all items with these bytes, whatever vectors they have.
        """
        ...

    def fetch(self, ids: Sequence[str]) -> Mapping[str, Item]:
        """The items with these ids; unknown ids are left out."""
        ...

    def fields(self) -> tuple[str, ...]:
        """The names of the metadata fields that any item has, sorted."""
        ...

    def saved_fields(self) -> frozenset[str]:
        """The fields of metadata that `Writer.save_fields` wrote, and that no source speaks for."""
        ...

    def kept(self, id: str) -> Kept | None:  # noqa: A002 -- the field's word
        """What is kept of an item's picture; None if nothing is, because its source has it."""
        ...

    def failures(self, *, limit: int | None = None) -> tuple[Failure, ...]:
        """The pictures that could not be read, at most so many, ordered by code, then id."""
        ...

    def ids(self) -> Iterator[str]:
        """Every id, streamed."""
        ...

    def vectors(self, ids: Sequence[str], space: Space) -> Mapping[str, npt.NDArray[np.float32]]:
        """The vectors of these items, each of shape (d,), as stored (float16 widened to float32)."""
        ...

    def sample(self, space: Space, count: int) -> npt.NDArray[np.float32]:
        """Some vectors of a space, drawn at random, to see what is common in it.

        Parameters
        ----------
        count
            At most so many; fewer only when the space holds fewer.

        Returns
        -------
        Rows of shape (m, d), as stored. The very same array, not to be written to, for as long as nothing is
        written to the gallery; equal ones from every process.
        """
        ...

    def search(  # noqa: PLR0913 -- what a search may say, one by one
        self,
        queries: npt.NDArray[np.float32],
        k: int,
        *,
        space: Space,
        exclude: Collection[str] = (),
        where: Filter | None = None,
        parameters: Mapping[str, float] | None = None,
    ) -> Found:
        """The k items nearest to each query as the space compares, nearest first.

        Parameters
        ----------
        queries
            Rows of shape (q, d), float32; unit rows where cosines are compared.
        k
            At most this many each; fewer only when the gallery holds fewer that may be answered.
        exclude
            Ids that must not be answered; k others are found all the same.
        where
            A filter: answer only items that it matches. None for all.
        parameters
            Of the search, by name, such as ``nprobe``, in place of those that the index chose; they hold for this call.

        Notes
        -----
        Similarities are computed from the stored vectors. Equal ones are ordered by id.
        """
        ...

    def match_words(
        self, queries: Sequence[Sequence[str]], k: int, *, where: Filter | None = None
    ) -> list[list[tuple[str, float]]]:
        """For each list of words the k items whose captions have most of them, by BM25.

        Parameters
        ----------
        queries
            Words; none of them is taken for syntax. Upper and lower case, and diacritics, make no difference.
        k
            At most this many each.
        where
            As for `search`.

        Returns
        -------
        Ids and BM25 (higher is better, that of an item's best caption), best first; equal ones are ordered by id.
        """
        ...

    def has_captions(self) -> bool:
        """Whether any item has one."""
        ...

    def index_name(self, space: Space) -> str:
        """How this space is searched: ``"exact"``, or a FAISS factory string."""
        ...

    def info(self) -> GalleryInfo:
        """Counts, models, sizes, the state of the indexes."""
        ...

    def check(self) -> tuple[str, ...]:
        """Every inconsistency found, as sentences; empty when all is well. Reads the whole database."""
        ...

    # -- writing --------------------------------------------------------------------------------------------------

    def writing(self) -> Writer:
        """Become the one writer, until the context is left.

        Raises
        ------
        ilk.errors.GalleryLockedError
            If another process, or another thread of this one, is writing; says which, since when.
        ilk.errors.GalleryStorageError
            If the place cannot be written.
        """
        ...


class Writer(Protocol):
    """The right to write, as a context manager. Each call is one transaction: all of it holds, or none."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *exc: object) -> None: ...

    def add_space(self, space: Space) -> None:
        """Make a space, if there is none with its name and digest.

        If there is one under another model name, the same model has moved: the space takes the new name and revision,
        and so does the gallery's default model if it was the old name.
        """
        ...

    def write(self, upserts: Sequence[Upsert], failures: Sequence[Failure], *, space: Space) -> None:
        """Write one batch, of distinct ids. A failure replaces the item that had its id: it is no longer what it was.

        Raises
        ------
        ilk.errors.ModelMismatchError
            If the space was not added, or a vector is not of its dimension.
        ilk.errors.InputError
            If a vector is not finite and unit, or a text cannot be stored.
        """
        ...

    def describe(self, descriptions: Sequence[Description]) -> frozenset[str]:
        """Renew what is said of items, with their pictures and the vectors of these left as they are.

        The picture's own metadata and saved fields stay; vectors of captions that are others now go.

        Returns
        -------
        The ids of the items that were renewed. Left alone are unknown ids, items whose picture's own metadata is not
        known (see `Upsert.own_metadata`), and those that have another source and another uri: they may be of other
        pictures.
        """
        ...

    def save_fields(self, values: Mapping[str, Metadata]) -> int:
        """Give items fields of metadata that no source speaks for, such as labels; returns how many items there were.

        A later `write` of an item leaves them alone, unless its bytes are others: what was said of the old picture
        need not hold of the new one. Stamps and vectors stay as they are.

        Parameters
        ----------
        values
            Fields for each id, added to those that it has. A None takes a field away. Unknown ids are left alone.

        Raises
        ------
        ilk.errors.InputError
            If a field has no name that filters can say, or one that a source has given to an item.
        """
        ...

    def forget_failures(self) -> int:
        """Forget every failure, so that those pictures are tried again; returns how many there were."""
        ...

    def begin_sweep(self) -> None:
        """Start taking note of which ids are still there."""
        ...

    def still_there(self, ids: Sequence[str]) -> None:
        """Note these."""
        ...

    def unnoted(self, *, source: str, scope: str) -> list[tuple[str, str]]:
        """Id and uri of the items and failures that `sweep` would remove."""
        ...

    def spare(self, *, source: str, scope: str) -> int:
        """Note all items and failures of this kind of source with an id beginning so as still there.

        Returns how many items had not been noted.
        """
        ...

    def sweep(self, *, source: str, scope: str) -> int:
        """Remove the items and failures of this kind of source, with an id beginning so, that were not noted.

        Returns how many items went.
        """
        ...

    def delete(self, ids: Sequence[str]) -> int:
        """Remove items; returns how many there were. Unknown ids are left alone."""
        ...

    def drop_space(self, space: Space) -> int:
        """Remove a space with its vectors and its index; returns how many vectors went.

        Items stay, other than those that were vectors made elsewhere and have none left. If the gallery's default
        model has no space any more, the newest model of pictures takes its place.

        Raises
        ------
        ilk.errors.ModelMismatchError
            If there is no such space.
        """
        ...

    def compact(self) -> None:
        """Give the disk space that is in use no more back to the system.

        Raises
        ------
        ilk.errors.GalleryStorageError
            If there is too little room to do so: it takes as much as the gallery will have.
        """
        ...

    def want_index(self, space: Space, factory: str) -> None:
        """Choose the kind of a space's index, which `refresh_index` then makes and later calls keep up to date.

        Parameters
        ----------
        factory
            ``"auto"``, ``"exact"``, or a FAISS factory string.

        Raises
        ------
        ilk.errors.ModelMismatchError
            If the space was not added.
        ilk.errors.InputError
            If there is no such kind, or none of the space's vectors.
        """
        ...

    def wants_probes(self, space: Space) -> bool:
        """Whether the space's index is to be measured, and no vectors of texts are kept to do it with."""
        ...

    def give_probes(self, space: Space, vectors: npt.NDArray[np.float32]) -> None:
        """Keep vectors of texts such as people ask for, of shape (m, d), to tune indexes with."""
        ...

    def refresh_index(self) -> None:
        """Bring the index files up to date where that pays."""
        ...
