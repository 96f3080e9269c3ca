"""The greatest products of many queries, beside those of NumPy."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from ilk import multiplication
from ilk.multiplication import MANY, greatest_products, least_distances, products
from stores.making import unit_rows

Q, N, D, TAKE = 70, 900, 16, 15


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Makes blocks of so many vectors, each worth a thread."""

    def make(rows: int) -> None:
        monkeypatch.setattr(multiplication, "FEWEST_ROWS", rows)
        monkeypatch.setattr(multiplication, "PRODUCTS", rows)
        monkeypatch.setattr(multiplication, "WORK", 1)

    return make


def test_products_of_few_queries_are_those_of_numpy() -> None:
    """Of one, of the most that are few, and of one more, contiguous as others are."""
    vectors = unit_rows(N, D)
    for many in (1, MANY - 1, MANY):
        queries = unit_rows(many, D, seed=1)
        found = products(queries, vectors)
        assert found.flags.c_contiguous
        np.testing.assert_allclose(found, queries @ vectors.T, atol=1e-6)


@pytest.mark.parametrize("kind", [np.float16, np.float32])
def test_products_are_those_of_numpy(kind: Any) -> None:
    """Of each query with each vector, whether its numbers are halves or not."""
    queries, vectors = unit_rows(Q, D, seed=1), unit_rows(N, D).astype(kind)
    np.testing.assert_allclose(products(queries, vectors), queries @ vectors.astype(np.float32).T, atol=1e-6)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("rows", [10, 64, 4_096])
@pytest.mark.parametrize("some", [None, [], [3], range(0, N, 3), range(N - 20, N)])
def test_products_are_the_greatest(
    small: Callable[[int], None], some: list[int] | None, rows: int, threads: int
) -> None:
    """Of all vectors or of some, however they are shared out; -1 stands where there are no more."""
    small(rows)
    queries, codes = unit_rows(Q, D, seed=1), unit_rows(N, D).astype(np.float16)
    positions = None if some is None else np.array(some, np.int64)
    greatest, found = greatest_products(queries, TAKE, codes, positions, threads=threads)
    every = np.arange(N) if positions is None else positions
    expected = queries @ codes[every].astype(np.float32).T
    order = every[np.argsort(-expected, axis=1)][:, :TAKE]
    count = min(TAKE, len(every))
    np.testing.assert_array_equal(found[:, :count], order)
    np.testing.assert_allclose(greatest[:, :count], -np.sort(-expected, axis=1)[:, :TAKE], rtol=1e-5, atol=1e-6)
    assert (found[:, count:] == -1).all()
    assert (greatest[:, count:] == -np.inf).all()


@pytest.mark.parametrize("rows", [1, 20, 4_096])
def test_equal_products_are_taken_once_each(small: Callable[[int], None], rows: int) -> None:
    """No vector comes twice, and as many as are wanted come, though all of them are the same, or none points there."""
    small(rows)
    codes = np.repeat(unit_rows(1, D), N, axis=0).astype(np.float16)
    queries = np.concatenate([unit_rows(Q, D, seed=1), np.zeros((1, D), np.float32)])
    greatest, found = greatest_products(queries, TAKE, codes, threads=2)
    assert (found >= 0).all()
    assert all(len(set(row)) == TAKE for row in found.tolist())
    np.testing.assert_allclose(greatest[:, 0], queries @ codes[0].astype(np.float32), atol=1e-6)
    np.testing.assert_array_equal(greatest, np.repeat(greatest[:, :1], TAKE, axis=1))


@pytest.mark.parametrize(("aside", "off"), [(0.0, 1e-4), (30.0, 10.0)])
@pytest.mark.parametrize("some", [None, [], [3], range(0, N, 3)])
def test_distances_are_never_too_large(some: list[int] | None, aside: float, off: float) -> None:
    """Nor is one that was not taken less than the last, though differences of vectors far from 0 drown in rounding."""
    queries = unit_rows(Q, D, seed=1) + np.float32(aside)
    codes = (unit_rows(N, D) + np.float32(aside)).astype(np.float16)
    positions = None if some is None else np.array(some, np.int64)
    least, found = least_distances(queries, TAKE, codes, positions, threads=2)
    every = np.arange(N) if positions is None else positions
    true = np.square(queries[:, None].astype(np.float64) - codes[every].astype(np.float64)).sum(axis=2)
    count = min(TAKE, len(every))
    assert (found[:, count:] == -1).all()
    for row, (distances, places) in enumerate(zip(least[:, :count], found[:, :count], strict=True)):
        taken = np.searchsorted(every, places)
        assert (distances <= true[row, taken]).all()
        assert (distances > true[row, taken] - off).all()
        assert (np.delete(true[row], taken) >= (distances[-1] if count else 0)).all()


@pytest.mark.parametrize("rows", [7, 100])
def test_vectors_may_come_in_any_order_of_nearness(small: Callable[[int], None], rows: int) -> None:
    """The nearest first, so that no later one is taken, and last, so that each drives out one before it."""
    small(rows)
    codes = np.linspace(-1, 1, N).astype(np.float16)[:, None] * np.ones((1, D), np.float16)
    queries = np.array([[1.0] * D, [-1.0] * D], np.float32)
    _, found = greatest_products(queries, TAKE, codes)
    np.testing.assert_array_equal(codes[found[0], 0], codes[::-1][:TAKE, 0])
    np.testing.assert_array_equal(codes[found[1], 0], codes[:TAKE, 0])


def test_memory_is_bounded_where_vectors_come_ever_nearer(
    small: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a folder whose last pictures are what every query asks for: each product exceeds all before it."""
    small(10)
    lengths = list[int]()
    cut = multiplication._Greatest._cut

    def counted(greatest: multiplication._Greatest) -> npt.NDArray[np.int64]:
        lengths.append(sum(map(len, greatest._keys)))
        return cut(greatest)

    monkeypatch.setattr(multiplication._Greatest, "_cut", counted)
    codes = np.linspace(-1, 1, 20 * N).astype(np.float16)[:, None] * np.ones((1, D), np.float16)
    _, found = greatest_products(np.ones((Q, D), np.float32), TAKE, codes)
    assert (codes[found, 0] == codes[-TAKE:, 0][::-1]).all()
    assert max(lengths) <= 10 + multiplication.CROWD * Q * TAKE + 10 * Q


def test_vectors_may_lie_at_any_byte() -> None:
    """As in a file whose header has an odd length."""
    codes = unit_rows(N, D).astype(np.float16)
    held = np.frombuffer(b"-" + codes.tobytes(), np.uint8)
    odd: npt.NDArray[np.float16] = np.ndarray((N, D), np.float16, buffer=held.data, offset=1)
    queries = unit_rows(Q, D, seed=1)
    for one, other in zip(greatest_products(queries, TAKE, odd), greatest_products(queries, TAKE, codes), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("where", ["a thread", "what waits for the threads"])
def test_what_stops_one_thread_stops_all(
    small: Callable[[int], None], monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """After the block in hand, rather than after the last; so does Ctrl-C, which is raised where they are awaited."""
    small(1)
    done = list[int]()
    reached = threading.Event()
    compute = multiplication.products

    def counted(queries: npt.NDArray[np.float32], codes: npt.NDArray[np.float16]) -> npt.NDArray[np.float32]:
        done.append(len(codes))
        if len(done) >= 20:
            reached.set()
            if where == "a thread":
                raise KeyboardInterrupt
        return compute(queries, codes)

    class Awaited(ThreadPoolExecutor):
        """Is interrupted while it is waited for."""

        def map(self, *work: Any, **how: Any) -> Iterator[Any]:
            results = super().map(*work, **how)
            if where != "a thread":
                assert reached.wait(10)
                raise KeyboardInterrupt
            return results

    monkeypatch.setattr(multiplication, "products", counted)
    monkeypatch.setattr(multiplication, "ThreadPoolExecutor", Awaited)
    rows = unit_rows(200 * N, D).astype(np.float16)
    with pytest.raises(KeyboardInterrupt):
        greatest_products(unit_rows(Q, D, seed=1), TAKE, rows, threads=2)
    assert len(done) < 100 * N
