"""What is done to an entry beside the calling thread: it is read, hashed, decoded and made into the model's input.

::

    entry ──▶ reading threads: load, hash ──▶ preparing threads: decode, resize ──▶ Prepared
              as many as the source likes     one for each processor

Reading waits, for a disk or for a server at the other end of the world; preparing computes. Where a source likes no
more readers than there are processors, one pool does both.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from ilk import pictures
from ilk.encoders.base import Encoder
from ilk.errors import PictureError
from ilk.machine import usable_processors
from ilk.records import Item, Metadata, Space
from ilk.sources.base import Entry, Listing, Payload
from ilk.stores.base import Kept, Known, Store

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ilk.encoders.base import Pixels

THUMBNAIL_PX = 256
"""Longer side of what is kept of a picture that may not be had again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What a worker made of one entry.

    Attributes
    ----------
    before
        What the store knew of the id when the entry was listed.
    item
        None if the picture could not be read; then `failure` says why.
    digest
        SHA-256 of its bytes, if they could be had.
    pixels
        The model's input, of shape (height, width, 3), if the picture has to be encoded.
    vector
        Its vector of shape (d,), if another item with the same bytes has one.
    same
        Ids of the items that have the same bytes, whatever models encoded them.
    kept
        What the gallery keeps of the picture itself, because its source may not give it again.
    own_metadata
        What the picture itself says, kept apart where the source's words can be renewed alone.
    """

    entry: Entry
    before: Known | None
    item: Item | None = None
    failure: PictureError | None = None
    digest: str | None = None
    pixels: Pixels | None = None
    vector: npt.NDArray[np.float32] | None = None
    same: tuple[str, ...] = ()
    kept: Kept | None = None
    own_metadata: Metadata | None = None


@dataclass(slots=True, kw_only=True)
class Workers:
    """Threads that read and prepare entries; a context manager. Leaving it forgets what has not begun.

    Attributes
    ----------
    listing
        What the entries are of.
    store, space
        Where vectors of the same bytes may be.
    encoder
        Whose input pictures become.
    limits
        On what a picture may ask of this machine.
    keep
        Whether pictures that may not be had again are kept whole, rather than as thumbnails.
    readers
        How many entries are read at once.
    """

    listing: Listing
    store: Store
    space: Space
    encoder: Encoder
    limits: pictures.Limits
    keep: bool = False
    readers: int = field(init=False)
    _preparing: ThreadPoolExecutor = field(init=False)
    _reading: ThreadPoolExecutor | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        processors = max(2, usable_processors())
        self._preparing = ThreadPoolExecutor(processors, thread_name_prefix="ilk-decode")
        self.readers = max(processors, self.listing.readers)
        if self.readers > processors:
            self._reading = ThreadPoolExecutor(self.readers, thread_name_prefix="ilk-read")

    @property
    def waits(self) -> bool:
        """Whether reading is mostly waiting, so that one entry may take a thousand times as long as another."""
        return self._reading is not None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        for pool in (self._reading, self._preparing):  # readers hand on to the preparing threads, so they end first
            if pool is not None:
                pool.shutdown(wait=True, cancel_futures=True)

    def submit(self, entry: Entry, before: Known | None) -> Future[Prepared]:
        """Begin with an entry as soon as a thread is free. Until then it can be cancelled."""
        result: Future[Prepared] = Future()
        pool = self._reading or self._preparing
        pool.submit(self._read, entry, before, result)
        return result

    def _read(self, entry: Entry, before: Known | None, result: Future[Prepared]) -> None:
        if not result.set_running_or_notify_cancel():
            return
        try:
            payload = entry.load()
        except PictureError as error:
            # Without its traceback, whose frames would keep the bytes alive while this waits in the window.
            result.set_result(Prepared(entry=entry, before=before, failure=error.with_traceback(None)))
        except MemoryError:
            result.set_result(Prepared(entry=entry, before=before, failure=_short_of_memory()))
        except BaseException as error:  # noqa: BLE001 -- raised again where the result is asked for
            result.set_exception(error)
        else:
            if self._reading is None:
                self._prepare(entry, before, payload, result)
            else:
                self._preparing.submit(self._prepare, entry, before, payload, result)

    def _prepare(self, entry: Entry, before: Known | None, payload: Payload, result: Future[Prepared]) -> None:
        try:
            result.set_result(self._prepared(entry, before, payload))
        except BaseException as error:  # noqa: BLE001 -- as above
            result.set_exception(error)

    def _prepared(self, entry: Entry, before: Known | None, payload: Payload) -> Prepared:
        """All that the encoder is not needed for."""
        digest = hashlib.sha256(payload.data).hexdigest()
        same = self.store.find_digest(digest, None)
        try:
            is_kept = bool(same) and self._is_kept(entry.id, before, digest)
            seen, pixels, vector, kept = self._seen(payload, digest, known=bool(same), is_kept=is_kept)
        except PictureError as error:
            failure = error.with_traceback(None)
            return Prepared(entry=entry, before=before, failure=failure, digest=digest, same=same)
        except MemoryError:
            return Prepared(entry=entry, before=before, failure=_short_of_memory(), digest=digest, same=same)
        item = Item(
            id=entry.id,
            uri=entry.uri,
            source=self.listing.kind,
            stamp=entry.stamp,
            digest=digest,
            size_bytes=len(payload.data),
            width=seen.width,
            height=seen.height,
            captions=payload.captions,
            metadata={**seen.metadata, **payload.metadata},
        )
        return Prepared(
            entry=entry,
            before=before,
            item=item,
            digest=digest,
            pixels=pixels,
            vector=vector,
            same=same,
            kept=kept,
            own_metadata=None if entry.said is None else seen.metadata,
        )

    def _seen(
        self, payload: Payload, digest: str, *, known: bool, is_kept: bool
    ) -> tuple[pictures.Facts, Pixels | None, npt.NDArray[np.float32] | None, Kept | None]:
        """What there is to know of a picture, either the model's input or the vector its bytes have, what to keep."""
        same = self.store.find_digest(digest, self.space) if known else ()
        vector = self.store.vectors(same[:1], self.space).get(same[0]) if same else None
        kept = Kept(data=payload.data, whole=True) if payload.fleeting and self.keep else None
        if vector is not None and (kept is not None or is_kept or not payload.fleeting):
            return pictures.inspect(payload.data, limits=self.limits), None, vector, kept
        size = max(self.encoder.image_size, THUMBNAIL_PX if payload.fleeting else 0)
        picture = pictures.load(payload.data, size=size, limits=self.limits)
        if payload.fleeting and kept is None:
            kept = Kept(data=pictures.thumbnail(picture.image, THUMBNAIL_PX), whole=False)
        pixels = None if vector is not None else self.encoder.prepare_image(picture.image)
        return picture.facts, pixels, vector, kept

    def _is_kept(self, id_: str, before: Known | None, digest: str) -> bool:
        """Whether something of this very picture is kept already, and stays."""
        return before is not None and before.digest == digest and self.store.kept(id_) is not None


def _short_of_memory() -> PictureError:
    return PictureError("There was not enough memory for the picture just now.", code=pictures.UNREADABLE)
