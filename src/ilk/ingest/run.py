"""From a source into a store: list, read, decode, encode, commit, all at once and in bounded memory.

::

    listing ──▶ lookup ──▶ workers: read, hash, decode, resize ──▶ encoder ──▶ one transaction a batch
     (here)     (here)        (threads, a bounded window)           (here)           (here)

The calling thread lists, encodes and commits; the model is loaded while the first pictures are decoded. Both the model
and the decoders leave the interpreter free while they compute, so threads are enough to keep every core busy. Results
are taken in the order of the listing, which makes two runs over the same pictures write the same rows; but where
reading is waiting, for servers, as they come, so that one slow answer holds up none of the others.
"""

from __future__ import annotations

import contextlib
import threading
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from ilk import pictures
from ilk.encoders.base import Encoder
from ilk.encoders.engines import MANY
from ilk.errors import IlkError, ModelFormatError, PictureError, SourceError
from ilk.ingest.departures import Departures, kinds_of
from ilk.ingest.describing import describe
from ilk.ingest.tally import Progress, Tally
from ilk.ingest.workers import Prepared, Workers
from ilk.records import AddReport, Failure, Item, Space
from ilk.sources.base import Entry, Listing, Stoppable
from ilk.stores.base import Known, Store, Upsert, Writer

if TYPE_CHECKING:
    import numpy.typing as npt

    from ilk.encoders.base import Pixels

LOOKUP_BLOCK = 512
"""Ids asked of the store at once: enough that the query costs nothing beside listing them."""

TAKEN = "id-taken"
"""The reason where two sources call two pictures the same. It is no failure of the picture, and not remembered."""

NOTICE_S = 0.2
"""How soon a wish to stop is noticed while nothing comes from servers far away."""

COMMIT_ROWS = 512
"""Rows that need no encoding (moved, touched, failed) are committed at least this often."""


@dataclass(slots=True, kw_only=True)
class Ingest:
    """One run that brings a store up to date with a source.

    What is committed is never encoded again: unchanged entries are known by their stamp and not even read, moved and
    copied pictures by the SHA-256 of their bytes. A picture that cannot be read is recorded with the reason and left
    alone until its stamp changes, unless it was the file system that refused it, which may pass.

    Attributes
    ----------
    listing
        What there is.
    store, writer, space
        Where it goes.
    encoder
        What encodes it; its vectors belong into `space`.
    limits
        On what a picture may ask of this machine.
    keep
        Whether pictures that may not be had again, such as those of URLs, are kept whole rather than as thumbnails.
    remove_missing
        Whether items go whose folder is there and empty. So looks the place of a drive that is not mounted, and they
        stay otherwise.
    progress
        Told how far it is.
    stop
        Set it from a signal handler or another thread to stop early: pictures already decoded are encoded and
        committed, what is being fetched ends, and the report says ``interrupted``.

    Notes
    -----
    Memory holds one lookup block of entries, and as many prepared pictures as two batches of the encoder.
    """

    listing: Listing
    store: Store
    writer: Writer
    encoder: Encoder
    space: Space
    limits: pictures.Limits = field(default_factory=pictures.Limits)
    keep: bool = False
    remove_missing: bool = False
    progress: Progress | None = None
    stop: threading.Event = field(default_factory=threading.Event)

    _tally: Tally = field(default_factory=Tally, init=False)
    _departures: Departures = field(init=False)
    _loading: threading.Thread = field(init=False)  # beside the first pictures, if there are many
    _begun: bool = field(default=False, init=False)
    _total: int | None = field(default=None, init=False)
    _done: int = field(default=0, init=False)
    _window: deque[Future[Prepared]] = field(default_factory=deque, init=False)
    _batch: list[Prepared] = field(default_factory=list, init=False)
    _claimed: set[str] = field(default_factory=set, init=False)  # old names that moved pictures have left
    _encoding: set[str] = field(default_factory=set, init=False)  # digests in the batch that wait for the encoder

    def __post_init__(self) -> None:
        self._departures = Departures(
            listing=self.listing, writer=self.writer, tally=self._tally, remove_missing=self.remove_missing
        )
        self._loading = threading.Thread(target=self._load, name="ilk-load")

    def run(self) -> AddReport:
        """Do it, once. Everything in the report is committed."""
        # Beside the work: on a slow drive counting takes as long as listing, and nothing waits for it.
        threading.Thread(target=self._count, name="ilk-count", daemon=True).start()
        self.writer.begin_sweep()
        with Workers(
            listing=self.listing,
            store=self.store,
            space=self.space,
            encoder=self.encoder,
            limits=self.limits,
            keep=self.keep,
        ) as workers:
            for number, (entry, known) in enumerate(self._work(), start=1):
                self._window.append(workers.submit(entry, known))
                if number == MANY:
                    self._loading.start()
                if len(self._window) >= 2 * self.encoder.batch_size + workers.readers:
                    self._take(in_order=not workers.waits)
            self._drain(in_order=not workers.waits)
            self._commit()
        self.writer.add_space(self.space)  # there may have been nothing to encode
        self._tally.interrupted = self.stop.is_set()
        if not self._tally.interrupted:
            self._total = self._done
            self._departures.sweep()
        self._tell()
        return self._tally.report()

    def _count(self) -> None:
        with contextlib.suppress(SourceError):  # listing, beside this, meets the same error and raises it
            total = self.listing.count()
            self._total = total if self._total is None else self._total

    def _load(self) -> None:
        with contextlib.suppress(IlkError):  # it is met again, and raised, where the model is needed
            self.encoder.load("image", many=True)

    def _begin(self) -> None:
        """Before anything is written: be sure that the model can be used, and make its space."""
        if self._begun:
            return
        if self._loading.ident is not None:
            self._loading.join()
        self.encoder.load("image", many=self._loading.ident is not None)
        self.writer.add_space(self.space)
        self._begun = True

    # -- what there is to do --------------------------------------------------------------------------------------

    def _work(self) -> Iterator[tuple[Entry, Known | None]]:
        """The entries that are new or changed; the others are counted and passed over."""
        for block in _blocks(self._departures.watched(), LOOKUP_BLOCK):
            ids = [entry.id for entry in block]
            self.writer.still_there(ids)
            known = self.store.lookup(ids, self.space)
            described = frozenset() if self.stop.is_set() else describe(block, known, self.writer, self.listing.kind)
            for entry in block:
                if self.stop.is_set():
                    return
                before = known.get(entry.id)
                if before is None:
                    yield entry, None
                elif before.failed and _failed_for_good(before, entry):
                    self._pass_over("skipped")
                elif before.encoded and before.stamp == entry.stamp:
                    self._pass_over("unchanged")
                elif entry.id in described:
                    self._pass_over("updated")
                else:
                    yield entry, before
            self._tell()

    def _pass_over(self, word: str) -> None:
        self._tally.counts[word] += 1
        self._done += 1

    # -- back on the calling thread -------------------------------------------------------------------------------

    def _collect(self, prepared: Prepared) -> None:
        """Take one result into the batch; commit the batch when it is full."""
        if self.stop.is_set() and prepared.failure is not None and prepared.failure.code == pictures.UNREADABLE:
            return  # it was cut short, and is as new the next time
        prepared = self._undisputed(prepared)
        if prepared.pixels is not None and prepared.item is not None:
            digest = prepared.item.digest
            # The same bytes may have been met, even committed, while this one waited in the window.
            if digest in self._encoding or self.store.find_digest(digest, self.space):
                prepared = replace(prepared, pixels=None)
            else:
                self._encoding.add(digest)
        self._batch.append(prepared)
        self._done += 1
        if len(self._encoding) >= self.encoder.batch_size or len(self._batch) >= COMMIT_ROWS:
            self._commit()

    def _undisputed(self, prepared: Prepared) -> Prepared:
        """The same, or a failure where another source has another picture under this id.

        Both cannot be kept, and which is meant nobody here can tell. One picture that two sources name, such as a
        folder and a table with captions of it, belongs to the one that was added last.
        """
        item, before = prepared.item, prepared.before
        if item is None or before is None or before.digest in {None, item.digest}:
            return prepared
        old = self.store.fetch([item.id]).get(item.id)
        if old is None or old.source == item.source or old.uri == item.uri:
            return prepared
        error = PictureError(
            f'"{item.id}" is the id of another picture already, {old.uri} of {old.source}, and was left to it. Give '
            "one of the sources a column of ids that only it has, or remove the other picture first.",
            code=TAKEN,
        )
        return replace(prepared, item=None, pixels=None, vector=None, kept=None, failure=error)

    def _take(self, *, in_order: bool) -> None:
        """Take the oldest result of the window; or all that are there, if the oldest may keep others waiting."""
        if in_order:
            self._collect(self._window.popleft().result())
            return
        done: set[Future[Prepared]] = set()
        while not done:
            done, _ = wait(self._window, timeout=NOTICE_S, return_when=FIRST_COMPLETED)
            if self.stop.is_set() and isinstance(self.listing, Stoppable):
                self.listing.stop()
        ready = [future for future in self._window if future in done]
        self._window = deque(future for future in self._window if future not in done)
        for future in ready:
            self._collect(future.result())

    def _drain(self, *, in_order: bool) -> None:
        """Take what is left in the window; when stopped, only what a worker has begun."""
        if self.stop.is_set():
            self._window = deque(future for future in self._window if not future.cancel())
        while self._window:
            self._take(in_order=in_order)

    def _commit(self) -> None:
        """Encode what needs it and write the batch, all of it or nothing."""
        if not self._batch:
            return
        self._begin()
        encoded = iter(self._encode([prepared.pixels for prepared in self._batch if prepared.pixels is not None]))
        upserts, failures, counts = list[Upsert](), list[Failure](), Counter[str]()
        for prepared in self._batch:
            vector = prepared.vector if prepared.pixels is None else next(encoded)
            if isinstance(vector, PictureError):
                failures += self._failed(replace(prepared, failure=vector))
            elif prepared.item is None:
                failures += self._failed(prepared)
            else:
                moved_from = self._moved_from(prepared)
                upserts.append(
                    Upsert(
                        item=prepared.item,
                        vector=vector,
                        moved_from=moved_from,
                        kept=prepared.kept,
                        own_metadata=prepared.own_metadata,
                    )
                )
                counts.update(self._counted(prepared, prepared.item, moved=moved_from is not None))
                counts["encoded"] += prepared.pixels is not None
        self.writer.write(upserts, failures, space=self.space)
        self._tally.counts.update(counts)
        if counts["encoded"]:
            self._tally.computed_by = self.encoder.computed_by or ""
        self._batch.clear()
        self._encoding.clear()
        self._tell()

    def _encode(self, waiting: list[Pixels]) -> list[npt.NDArray[np.float32] | PictureError]:
        """A vector for each, or why there is none.

        A model that fails on a batch is asked again for each picture, since one of them may be the cause. One that
        never gave a vector is broken, and that is an error rather than a thousand failures.
        """
        if not waiting:
            return []
        try:
            return list(self.encoder.encode_prepared(np.stack(waiting), normalise=self.space.normalised))
        except ModelFormatError:
            rows = [self._encode_alone(pixels) for pixels in waiting]
            if len(rows) > 1 and not self._tally.counts["encoded"] and all(isinstance(r, PictureError) for r in rows):
                raise
            return rows

    def _encode_alone(self, pixels: Pixels) -> npt.NDArray[np.float32] | PictureError:
        try:
            rows = self.encoder.encode_prepared(pixels[np.newaxis], normalise=self.space.normalised)
        except ModelFormatError as error:
            return PictureError(f"The model has no vector for the picture. {error}", code="no-vector")
        row: npt.NDArray[np.float32] = rows[0]
        return row

    def _failed(self, prepared: Prepared) -> list[Failure]:
        """Count a failure; what of it the store should remember."""
        entry, before, error = prepared.entry, prepared.before, prepared.failure
        if error is None:
            raise AssertionError(f"{entry.id} came back with neither a picture nor a reason")
        failure = Failure(
            id=entry.id,
            uri=entry.uri,
            source=self.listing.kind,
            stamp=entry.stamp,
            code=error.code,
            message=str(error),
        )
        self._tally.fail(failure)
        if error.code == TAKEN:
            return []
        refused = error.code == pictures.UNREADABLE
        if before is not None and before.digest is not None:
            # It is in the gallery. It stays, unless its bytes are known to be others now than those it was made of.
            same_bytes = prepared.digest == before.digest or before.stamp == entry.stamp
            return [] if refused or same_bytes else [failure]
        # What the machine refused, or the model, may pass without the stamp changing: a stamp that no file has.
        passing = refused or error.code == "no-vector" or bool(prepared.same)
        return [replace(failure, stamp="")] if passing else [failure]

    def _moved_from(self, prepared: Prepared) -> str | None:
        """The old name of a picture that is new under this one, if nothing is left there."""
        if not prepared.same or (prepared.before is not None and not prepared.before.failed):
            return None
        for old in self.store.fetch(prepared.same).values():
            gone = old.source in kinds_of(self.listing) and not self.listing.holds(old.uri)
            if gone and old.id not in self._claimed:
                self._claimed.add(old.id)
                return old.id
        return None

    def _counted(self, prepared: Prepared, item: Item, *, moved: bool) -> list[str]:
        """Under which words of the report an item falls."""
        if moved:
            return ["moved"]
        if prepared.before is None or prepared.before.digest is None:
            return ["added"] if prepared.pixels is not None else ["added", "copied"]
        old = self.store.fetch([item.id]).get(item.id)
        if old is None or not prepared.before.encoded:
            return ["updated"]
        saved = self.store.saved_fields()  # these are the gallery's, and stay: the source cannot change them
        before, now = ({k: v for k, v in each.metadata.items() if k not in saved} for each in (old, item))
        same = replace(old, stamp=item.stamp, metadata=before) == replace(item, metadata=now)
        return ["unchanged" if same else "updated"]

    def _tell(self) -> None:
        if self.progress is not None:
            self.progress.update(done=self._done, total=self._total, report=self._tally.report())


def _blocks(entries: Iterable[Entry], size: int) -> Iterator[list[Entry]]:
    iterator = iter(entries)
    while block := list(islice(iterator, size)):
        yield block


def _failed_for_good(before: Known, entry: Entry) -> bool:
    """Whether what failed before would fail again."""
    same = before.stamp == entry.stamp or entry.is_of_same_picture(before.stamp)
    return same and before.code not in entry.retried
