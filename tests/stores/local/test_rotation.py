"""Rotations before product codes."""

from __future__ import annotations

from typing import Any

import faiss
import numpy as np
import numpy.typing as npt
import pytest

from ilk.stores.local import building, kinds
from ilk.stores.local.rotation import shared_out, turn

D, PARTS = 32, 8
NO_ROWS = np.empty(0, np.int64)


def decaying(n: int, *, seed: int = 0) -> npt.NDArray[np.float32]:
    """Unit rows of which few directions carry most, none of them an axis, as embeddings are."""
    generator = np.random.default_rng(seed)
    turned = np.linalg.qr(np.random.default_rng(9).standard_normal((D, D)))[0]
    drawn = (generator.standard_normal((n, D)) * 0.8 ** np.arange(D)) @ turned
    unit: npt.NDArray[np.float32] = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    return unit


def found(made: Any, queries: npt.NDArray[np.float32], rows: npt.NDArray[np.float32]) -> float:
    """The share of the ten nearest that an index proposes."""
    _, expected = faiss.knn(queries, rows, 10, metric=faiss.METRIC_INNER_PRODUCT)
    _, labels = made.search(queries, 10)
    return float(np.mean([len(set(one) & set(two)) / 10 for one, two in zip(expected, labels, strict=True)]))


def test_a_rotation_shares_the_variance_out() -> None:
    """The parts' products of variances are far more alike than of the numbers as they were, and lengths stay."""
    rows = decaying(2_000)
    axes = shared_out(rows, D, PARTS)
    np.testing.assert_allclose(axes @ axes.T, np.eye(D), atol=1e-5)

    def spread(some: npt.NDArray[np.float32]) -> float:
        products = np.log(some.var(axis=0)).reshape(PARTS, -1).sum(axis=1)
        return float(products.max() - products.min())

    in_order = np.linalg.eigh(np.cov(rows.T))[1].astype(np.float32)
    assert spread(rows @ axes.T) < 0.1 * spread(rows @ in_order)


def test_fewer_directions_are_those_that_vary_most() -> None:
    """As principal components would have them."""
    rows = decaying(2_000)
    axes = shared_out(rows, 16, PARTS)
    kept = (rows @ axes.T).var(axis=0).sum()
    assert kept == pytest.approx(np.linalg.eigvalsh(np.cov(rows.T))[-16:].sum(), rel=0.01)


def test_vectors_that_do_not_vary_are_turned_all_the_same() -> None:
    """By some rotation, without a warning about logarithms of nothing."""
    axes = shared_out(np.ones((50, D), np.float32), D, PARTS)
    np.testing.assert_allclose(axes @ axes.T, np.eye(D), atol=1e-5)


@pytest.mark.parametrize("kind", ["PQ8x4", "IVF8,PQ8x4fsr"])
def test_turned_codes_find_more(kind: str) -> None:
    """Of the same size, than codes of the numbers as they come."""
    rows, queries = decaying(4_000), decaying(100, seed=1)
    codes = rows.astype(np.float16)
    plain = building.built(kind, codes, "cosine", held=NO_ROWS)
    turned = building.built(f"OPQ{PARTS},{kind}", codes, "cosine", held=NO_ROWS)
    for made in (plain, turned):
        if "IVF" in kind:
            faiss.extract_index_ivf(made).nprobe = 8
    assert found(turned, queries, rows) > found(plain, queries, rows) + 0.1


def test_only_what_begins_with_one_is_turned() -> None:
    """Other indexes are left as untrained as they were."""
    for kind in ("PQ8x4", "RR32,PQ8x4", "IVF8,PQ8x4fs"):
        made = kinds.empty(kind, D, "cosine")
        turn(made, decaying(500))
        assert not made.is_trained
