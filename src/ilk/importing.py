"""Vectors made elsewhere, brought into a store as they are: nothing is read, decoded or encoded."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ilk.ingest.tally import Progress, Tally
from ilk.records import AddReport, Item, Space
from ilk.stores.base import Store, Upsert, Writer

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ilk.sources.base import VectorSource

BATCH_ROWS = 512


@dataclass(slots=True, kw_only=True)
class Importing:
    """One run that brings a store up to date with vectors made elsewhere. Rows that are as before are passed over.

    An id that another source has already, be it a folder's picture or another model's vector, is the same item: it gets
    the vector beside those that it has, and nothing else of it changes.

    Attributes
    ----------
    source
        The vectors, with ids.
    store, writer, space
        Where they go.
    progress
        Told how far it is.
    stop
        Set it from elsewhere to stop early. What is done is kept.
    """

    source: VectorSource
    store: Store
    writer: Writer
    space: Space
    progress: Progress | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    _tally: Tally = field(default_factory=Tally, init=False)

    def run(self) -> AddReport:
        """Do it, once. Everything in the report is committed."""
        done = 0
        self.writer.begin_sweep()
        for number, batch in enumerate(self.source.batches(BATCH_ROWS, normalise=self.space.normalised)):
            if number == 0:  # vectors that are refused leave no empty space behind
                self.writer.add_space(self.space)
            if self.stop.is_set():
                break
            ids = [item.id for item, _ in batch]
            self.writer.still_there(ids)
            upserts = self._changed(batch)
            self.writer.write(upserts, [], space=self.space)
            done += len(batch)
            if self.progress is not None:
                self.progress.update(done=done, total=self.source.count, report=self._tally.report())
        self._tally.interrupted = self.stop.is_set()
        if not self._tally.interrupted:
            self._tally.counts["removed"] += self.writer.sweep(source=self.source.kind, scope="")
        return self._tally.report()

    def _changed(self, batch: list[tuple[Item, npt.NDArray[np.float32]]]) -> list[Upsert]:
        """What there is to write of some rows; all of them are counted."""
        known = self.store.lookup([item.id for item, _ in batch], self.space)
        same = {
            item.id
            for item, _ in batch
            if item.id in known and (known[item.id].encoded, known[item.id].stamp) == (True, item.stamp)
        }
        others = self.store.fetch([item.id for item, _ in batch if item.id in known and item.id not in same])
        others = {id_: old for id_, old in others.items() if old.source != self.source.kind}
        held = self.store.vectors(list(others), self.space)
        upserts = list[Upsert]()
        for item, vector in batch:
            if item.id in same or (item.id in held and _are_stored_alike(held[item.id], vector)):
                self._tally.counts["unchanged"] += 1
                continue
            before = known.get(item.id)
            self._tally.counts["added" if before is None or before.digest is None else "updated"] += 1
            # Of what another source has, it is a further vector; that source goes on speaking for it.
            upserts.append(Upsert(item=others.get(item.id, item), vector=vector))
        return upserts


def _are_stored_alike(held: npt.NDArray[np.float32], vector: npt.NDArray[np.float32]) -> bool:
    """Whether a vector would be stored as the one that is."""
    return bool((held == vector.astype("<f2")).all())
