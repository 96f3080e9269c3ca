"""Vectors made elsewhere, brought into a store as they are: nothing is read, decoded or encoded."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ilk.ingest.tally import Progress, Tally
from ilk.records import AddReport, Space
from ilk.stores.base import Store, Upsert, Writer

if TYPE_CHECKING:
    from ilk.sources.base import VectorSource

BATCH_ROWS = 512


@dataclass(slots=True, kw_only=True)
class Importing:
    """One run that brings a store up to date with vectors made elsewhere. Rows that are as before are passed over.

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
            known = self.store.lookup(ids, self.space)
            upserts = list[Upsert]()
            for item, vector in batch:
                before = known.get(item.id)
                if before is not None and before.encoded and before.stamp == item.stamp:
                    self._tally.counts["unchanged"] += 1
                    continue
                self._tally.counts["added" if before is None or before.digest is None else "updated"] += 1
                upserts.append(Upsert(item=item, vector=vector))
            self.writer.write(upserts, [], space=self.space)
            done += len(batch)
            if self.progress is not None:
                self.progress.update(done=done, total=self.source.count, report=self._tally.report())
        self._tally.interrupted = self.stop.is_set()
        if not self._tally.interrupted:
            self._tally.counts["removed"] += self.writer.sweep(source=self.source.kind, scope="")
        return self._tally.report()
