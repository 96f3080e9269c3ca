from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest

from ilk.errors import InputError, ModelMismatchError
from ilk.records.items import Metric
from ilk.stores.local import IndexPolicy, LocalStore
from stores.making import make_space, make_upserts

D, N = 24, 500
OLD = IndexPolicy(min_vectors=1, stale_share=100.0)


def raw(n: int, seed: int) -> np.ndarray:
    """Rows of every length, as float16 holds them."""
    generator = np.random.default_rng(seed)
    rows = generator.standard_normal((n, D)) * generator.uniform(0.1, 30, (n, 1))
    return rows.astype(np.float16).astype(np.float32)


@pytest.mark.parametrize("factory", ["none", "exact", "HNSW32", "IVF8,SQ8", "RaBitQ"])
@pytest.mark.parametrize("metric", ["l2", "ip"])
def test_raw_vectors_are_compared_as_faiss_does(tmp_path: Path, metric: Metric, factory: str) -> None:
    """Squared distances, nearest first, are those of an IndexFlatL2, and products those of an IndexFlatIP."""
    space = replace(make_space(dimension=D), metric=metric, normalised=False)
    rows, queries = raw(N, 0), raw(12, 1)
    with LocalStore.create(tmp_path / ".ilk", policy=OLD) as store:
        with store.writing() as writer:
            writer.add_space(space)
            writer.write(make_upserts([f"{number:03}" for number in range(N)], rows), [], space=space)
            if factory != "none":
                writer.want_index(space, factory)
                writer.refresh_index()
        flat: Any = faiss.IndexFlatL2(D) if metric == "l2" else faiss.IndexFlatIP(D)
        flat.add(rows)
        expected, labels = flat.search(queries, 10)
        sign = -1 if metric == "l2" else 1
        together = store.search(queries, 10, space=space).rows
        found = 0
        for place, query in enumerate(queries):
            [row] = store.search(query[None], 10, space=space).rows
            found += len({int(near.item.id) for near in row} & set(labels[place].tolist()))
            if factory in {"none", "exact"}:
                assert together[place] == row
                np.testing.assert_allclose([sign * near.similarity for near in row], expected[place], rtol=1e-4)
        assert found >= (120 if factory in {"none", "exact"} else 100)
        assert store.spaces() == (space,)
        assert store.check() == ()


def test_numbers_beyond_float16_are_refused(tmp_path: Path) -> None:
    """And what is not finite; nothing of the batch is written."""
    space = replace(make_space(), metric="l2", normalised=False)
    with LocalStore.create(tmp_path / ".ilk") as store, store.writing() as writer:
        writer.add_space(space)
        for wrong in (70_000, np.nan, -np.inf):
            rows = np.full((1, 8), wrong, np.float32)
            with pytest.raises(InputError, match="float16"):
                writer.write(make_upserts(["a"], rows), [], space=space)
        assert store.count() == 0


def test_a_space_keeps_its_metric(tmp_path: Path) -> None:
    """Vectors of one model are not compared in two ways in one gallery, and cosines need length 1."""
    with LocalStore.create(tmp_path / ".ilk") as store, store.writing() as writer:
        writer.add_space(replace(make_space(), metric="l2", normalised=False))
        with pytest.raises(ModelMismatchError, match="by l2, as they are"):
            writer.add_space(make_space())
        with pytest.raises(InputError, match="Cosines"):
            writer.add_space(replace(make_space("other"), normalised=False))
