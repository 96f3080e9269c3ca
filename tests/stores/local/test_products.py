"""Queries searched together, beside each searched alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from ilk.records import Space
from ilk.records.items import Metric
from ilk.stores.local import IndexPolicy, LocalStore
from stores.making import make_space, make_upserts, unit_rows

D, N, Q = 16, 300, 70
OLD = IndexPolicy(min_vectors=1, stale_share=100.0)


@pytest.fixture(scope="module", params=["cosine", "ip", "l2"])
def space(request: pytest.FixtureRequest) -> Space:
    """One for each way to compare."""
    metric: Metric = request.param
    return replace(make_space(dimension=D), metric=metric, normalised=metric == "cosine")


@pytest.fixture
def queries() -> npt.NDArray[np.float32]:
    """Some of which have vectors just like them."""
    return np.concatenate([unit_rows(Q - 20, D, seed=1), unit_rows(N, D)[:20]])


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, space: Space) -> Iterator[LocalStore]:
    """Vectors in a file and after it, some of them thrice, some near one another's rounding, and some removed."""
    rows = unit_rows(N, D)
    rows[100:120] = rows[200:220] = rows[:20]
    rows[120:140] = rows[:20] * np.float32(1.0004)
    ids = [f"{number:03}" for number in range(N)]
    with LocalStore.create(tmp_path_factory.mktemp("products") / ".ilk", policy=OLD) as made:
        with made.writing() as writer:
            writer.add_space(space)
            writer.write(make_upserts(ids[:260], rows[:260]), [], space=space)
            writer.want_index(space, "exact")
            writer.refresh_index()
        with made.writing() as writer:
            writer.write(make_upserts(ids[260:], rows[260:]), [], space=space)
            writer.delete(ids[5:40:7])
        yield made


@pytest.mark.parametrize("k", [1, 3, 10, 250, 400])
def test_queries_together_find_what_each_finds_alone(
    store: LocalStore, space: Space, queries: npt.NDArray[np.float32], k: int
) -> None:
    """To the last digit and in the same order, equals by id, without what was removed or is excluded."""
    for exclude in ([], ["000", "100", "270"]):
        together = store.search(queries, k, space=space, exclude=exclude).rows
        alone = [store.search(query[None], k, space=space, exclude=exclude).rows[0] for query in queries]
        assert together == alone
        assert all(len(row) == min(k, N - 5 - len(exclude)) for row in together)


def test_blocks_of_queries_make_no_difference(
    store: LocalStore, space: Space, queries: npt.NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor do pieces of vectors and of pairs: they bound the memory."""
    whole = store.search(queries, 12, space=space).rows
    monkeypatch.setattr("ilk.stores.local.search.QUERIES", 40)
    monkeypatch.setattr("ilk.stores.local.products.PAIRS", 7)
    monkeypatch.setattr("ilk.multiplication.PRODUCTS", 40 * 50)
    monkeypatch.setattr("ilk.multiplication.FEWEST_ROWS", 50)
    assert store.search(queries, 12, space=space).rows == whole
