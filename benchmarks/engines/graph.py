"""hnswlib: an HNSW graph in memory, as its examples build it for recall."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from benchmarks.engines.base import Numbers, Rows, Setting

M, EF_CONSTRUCTION = 16, 200
ROWS = 50_000


class Graph:
    """A graph, and the rolls in an array that its filter asks row by row."""

    package: ClassVar[str] = "hnswlib"
    settings: ClassVar[Sequence[Setting]] = tuple({"ef": ef} for ef in (50, 100, 200, 400, 800))

    def build(self, place: Path, vectors: Rows, rolls: Numbers) -> None:
        """Add everything, on all processors."""
        place.mkdir(parents=True, exist_ok=True)
        index: Any = import_module("hnswlib").Index("ip", vectors.shape[1])
        index.init_index(len(vectors), ef_construction=EF_CONSTRUCTION, M=M)
        for start in range(0, len(vectors), ROWS):
            rows = vectors[start : start + ROWS]
            index.add_items(rows, np.arange(start, start + len(rows)))
        index.save_index(str(place / "graph"))
        np.save(place / "rolls.npy", rolls)
        np.save(place / "dimension.npy", np.array(vectors.shape[1]))

    def open(self, place: Path) -> None:
        """Read the graph into memory."""
        self._index: Any = import_module("hnswlib").Index("ip", int(np.load(place / "dimension.npy")))
        self._index.load_index(str(place / "graph"))
        self._index.set_num_threads(1)
        self._rolls = np.load(place / "rolls.npy")

    def search(self, query: Rows, k: int, setting: Setting) -> Sequence[int]:
        """One query."""
        self._index.set_ef(setting["ef"])
        labels, _ = self._index.knn_query(query, k)
        return [int(label) for label in labels[0]]

    def search_below(self, query: Rows, k: int, limit: int, setting: Setting) -> Sequence[int]:
        """With its filter, a function of Python; fewer than k are an error there, and here no hit at all."""
        self._index.set_ef(setting["ef"])
        rolls = self._rolls
        try:
            labels, _ = self._index.knn_query(query, k, filter=lambda label: bool(rolls[label] < limit))
        except RuntimeError:
            return []
        return [int(label) for label in labels[0]]
