"""FAISS alone, with the factory string and parameters that ilk chose for the same vectors: the rest is ilk's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from benchmarks.engines.base import Numbers, Rows, Setting
from ilk.stores.local.rotation import turn

TRAINING = 100_000
FACTORY = "plain.json"
"""Beside the vectors: ``{"factory": ..., "parameters": {...}}``, written by `benchmarks.engines.compare`."""


class Plain:
    """An index from ``faiss.index_factory`` in memory; it has no filters."""

    package: ClassVar[str] = "faiss-cpu"
    settings: ClassVar[Sequence[Setting]] = ({},)

    def build(self, place: Path, vectors: Rows, rolls: Numbers) -> None:  # noqa: ARG002 -- it has no use for them
        """Train on a sample and add everything."""
        faiss: Any = import_module("faiss")
        told = json.loads((place.parents[1] / FACTORY).read_text(encoding="utf-8"))
        place.mkdir(parents=True, exist_ok=True)
        index = faiss.index_factory(vectors.shape[1], told["factory"], faiss.METRIC_INNER_PRODUCT)
        chosen = np.random.default_rng(0).permutation(len(vectors))[:TRAINING]
        rows = vectors[np.sort(chosen)]
        base = getattr(index, "base_index", None)
        if base is not None:  # an OPQ gets ilk's rotation: FAISS would look for one for longer than all else takes
            turn(faiss.downcast_index(base), rows)
        index.train(rows)
        index.add(vectors)
        faiss.write_index(index, str(place / "index.faiss"))

    def open(self, place: Path) -> None:
        """Read it into memory, and set its parameters once and for all."""
        faiss: Any = import_module("faiss")
        told = json.loads((place.parents[1] / FACTORY).read_text(encoding="utf-8"))
        self._index: Any = faiss.read_index(str(place / "index.faiss"))
        space = faiss.ParameterSpace()
        for name, value in told["parameters"].items():
            refined = name == "k_factor" or not hasattr(self._index, "base_index")
            target = self._index if refined else faiss.downcast_index(self._index.base_index)
            if name == "k_factor":
                target.k_factor = float(value)
            else:
                space.set_index_parameter(target, name, value)
        faiss.omp_set_num_threads(1)

    def search(self, query: Rows, k: int, setting: Setting) -> Sequence[int]:  # noqa: ARG002 -- it has but one
        """One query."""
        _, labels = self._index.search(query[None], k)
        return [int(label) for label in labels[0]]

    def search_below(self, query: Rows, k: int, limit: int, setting: Setting) -> None:  # noqa: ARG002 -- cannot
        """Not at all."""
        return
