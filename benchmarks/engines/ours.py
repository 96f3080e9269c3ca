"""ilk as one of the engines: a gallery of items whose metadata has the roll, asked with vectors."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from benchmarks.engines.base import Numbers, Rows, Setting

BATCH = 8_192


class Ilk:
    """Everything that `Gallery.search` does is timed: the plan, the index, the rows of the hits, the records."""

    package: ClassVar[str] = "ilk"
    settings: ClassVar[Sequence[Setting]] = ({},)  # what it measured for itself when the index was built

    def build(self, place: Path, vectors: Rows, rolls: Numbers) -> None:
        """Write the items, then the index."""
        ilk: Any = import_module("ilk")
        records: Any = import_module("ilk.records")
        upsert: Any = import_module("ilk.stores.base").Upsert
        space = import_module("benchmarks.crowded").made_up_space(vectors.shape[1])
        with ilk.create(place / "gallery.ilk") as gallery, gallery.store.writing() as writer:
            writer.add_space(space)
            for start in range(0, len(vectors), BATCH):
                rows = vectors[start : start + BATCH]
                items = [
                    records.Item(
                        id=str(start + offset),
                        uri=f"{start + offset}.jpg",
                        source="folder",
                        stamp="1",
                        digest=f"{start + offset:064x}",
                        size_bytes=1,
                        width=1,
                        height=1,
                        metadata={"roll": int(roll)},
                    )
                    for offset, roll in enumerate(rolls[start : start + BATCH])
                ]
                writer.write(
                    [upsert(item=item, vector=row) for item, row in zip(items, rows, strict=True)], (), space=space
                )
            # `ilk index` encodes captions with the gallery's model for this; these vectors come without one.
            writer.give_probes(space, np.load(place.parents[1] / "probes-text.npy"))
            writer.refresh_index()

    def open(self, place: Path) -> None:
        """Open the gallery."""
        self._ilk: Any = import_module("ilk")
        self._gallery: Any = self._ilk.open(place / "gallery.ilk")
        self._gallery.search(self._ilk.item("0"), k=1)  # what is opened with the first query counts as opening

    def search(self, query: Rows, k: int, setting: Setting) -> Sequence[int]:
        """As a person's program asks."""
        hits = self._gallery.search(self._ilk.vector(query), k=k, parameters=dict(setting) or None)
        return [int(hit.id) for hit in hits]

    def search_below(self, query: Rows, k: int, limit: int, setting: Setting) -> Sequence[int]:
        """With a filter over metadata."""
        where = {"roll": {"$lt": limit}}
        hits = self._gallery.search(self._ilk.vector(query), k=k, where=where, parameters=dict(setting) or None)
        return [int(hit.id) for hit in hits]


class IlkCore(Ilk):
    """The same gallery, asked for the numbers and similarities of vectors alone: what is compared with FAISS alone."""

    def build(self, place: Path, vectors: Rows, rolls: Numbers) -> None:
        """Nothing: it opens what `Ilk` built."""

    def open(self, place: Path) -> None:
        """Open the gallery's index."""
        super().open(place.with_name("ilk"))
        self._search: Any = import_module("ilk.stores.local.search")
        store = self._gallery.store
        with store._database.reading() as connection:  # noqa: SLF001 -- below what a store offers
            self._view = store._views.at(connection, store.spaces()[0])  # noqa: SLF001 -- the same

    def search(self, query: Rows, k: int, setting: Setting) -> Sequence[int]:
        """Vectors are numbered from 1 in the order they were written."""
        asked = self._search.Asked(k=k, without=np.empty(0, np.int64), among=None, parameters=setting)
        (best,), _ = self._search.nearest(self._view, query[None], asked)
        return [int(number) - 1 for number in best.ids[:k]]

    def search_below(self, query: Rows, k: int, limit: int, setting: Setting) -> Sequence[int]:  # noqa: ARG002 -- see below
        """Not measured here: filters are the gallery's."""
        return ()


class IlkQuick(Ilk):
    """The same gallery with settings from the quickest on, for the recall that the others are timed at."""

    settings: ClassVar[Sequence[Setting]] = tuple(
        {"nprobe": nprobe, "k_factor": factor}
        for nprobe, factor in ((4, 4), (6, 6), (8, 8), (12, 8), (12, 12), (16, 16), (24, 24), (32, 32))
    )

    def build(self, place: Path, vectors: Rows, rolls: Numbers) -> None:
        """Nothing: it opens what `Ilk` built."""

    def open(self, place: Path) -> None:
        """Open the gallery."""
        super().open(place.with_name("ilk"))
