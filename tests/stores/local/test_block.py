"""A block's first question is answered without FAISS, where that takes longest to load; and as FAISS would."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import faiss
import numpy as np
import pytest

from ilk.records.items import Metric
from ilk.stores.local import block as blocks
from ilk.stores.local.block import Block
from ilk.stores.local.index import in_memory

N, D, TAKE = 500, 16, 7
METRICS: tuple[Metric, ...] = ("cosine", "ip")


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has not loaded FAISS."""
    monkeypatch.setattr(blocks, "sys", SimpleNamespace(modules={}))


def made(metric: Metric = "cosine") -> Block:
    """Random vectors."""
    codes, lay_out = in_memory(np.random.default_rng(0).standard_normal((N, D)).astype(np.float16), metric)
    return Block(ids=np.arange(N), codes=codes, lay_out=lay_out, metric=metric)


def asked(queries: int = 1) -> blocks.Rows:
    """Random queries."""
    return np.random.default_rng(1).standard_normal((queries, D)).astype(np.float32)


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize("metric", METRICS)
def test_the_first_question_needs_no_faiss(metric: Metric) -> None:
    """It finds the same vectors, as near as sums in float32 can tell; the next one is FAISS's."""
    block = made(metric)
    products, positions = block.scan(asked(), TAKE)
    assert "exact" not in vars(block)
    theirs, where = block.scan(asked(), TAKE)
    assert "exact" in vars(block)
    np.testing.assert_array_equal(positions, where)
    np.testing.assert_allclose(products, theirs, rtol=1e-4)


@pytest.mark.usefixtures("fresh")
def test_many_vectors_are_worth_loading_faiss(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond some numbers FAISS is sooner done, with being loaded."""
    monkeypatch.setattr(blocks, "WORTH_LOADING", N * D - 1)
    block = made()
    block.scan(asked(), TAKE)
    assert "exact" in vars(block)


@pytest.mark.usefixtures("fresh")
def test_several_queries_are_worth_loading_faiss() -> None:
    """Who asks several at once waits for them, not for the start."""
    block = made()
    block.scan(asked(2), TAKE)
    assert "exact" in vars(block)


@pytest.mark.usefixtures("fresh")
def test_distances_are_faiss_s() -> None:
    """What is compared by squared distance is not multiplied here."""
    block = made("l2")
    block.scan(asked(), TAKE)
    assert "exact" in vars(block)


def test_a_process_that_has_faiss_asks_it() -> None:
    """Once it is loaded there is nothing to be spared."""
    block = made()
    block.scan(asked(), TAKE)
    assert "exact" in vars(block)


def test_vectors_in_memory_are_held_once() -> None:
    """FAISS scans them where they lie, at a place that suits processors."""
    rows = np.random.default_rng(0).standard_normal((N, D)).astype(np.float16)
    codes, lay_out = in_memory(rows, "cosine")
    np.testing.assert_array_equal(codes, rows)
    whole = lay_out()
    laid_out: Any = faiss.downcast_index(whole)
    assert (laid_out.ntotal, laid_out.d, laid_out.metric_type) == (N, D, faiss.METRIC_INNER_PRODUCT)
    assert not laid_out.codes.is_owned
    assert codes.ctypes.data % 16 == 0
