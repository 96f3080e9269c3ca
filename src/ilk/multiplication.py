"""Many queries times many vectors, and the greatest products of each query.

ONNX Runtime multiplies: it takes half-precision numbers as they lie in the file, widens and multiplies them in one go,
and has the widest instructions of each processor. NumPy alone would take ten times as long to widen them. Each thread
multiplies blocks small enough to stay in a processor's cache, and of their products only those are looked at that may
be among the greatest.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ilk.wire import bytes_field, number_field

Rows: TypeAlias = npt.NDArray[np.float32]
Ids: TypeAlias = npt.NDArray[np.int64]

PRODUCTS = 1 << 19
"""At once in a thread, 2 MiB."""

FEWEST_ROWS, MOST_ROWS = 256, 4_096
"""Vectors in a block: with fewer the product is slow, more leave the cache."""

WORK = 1 << 29
"""Multiplications that are worth a thread of their own, a few milliseconds."""

GROWTH = 2
"""What is kept is cut down to the greatest whenever so many times as many vectors were passed as the last time."""

CROWD = 8
"""Or when so many times as many products are kept as are wanted, beside those of a block."""

MANY = 16
"""From so many queries on, one product of all is quicker than one of each vector, and ONNX Runtime worth loading."""

_FLOAT, _HALF, _IR_VERSION, _OPSET = 1, 10, 8, 13
_FATAL = 4
_SIGN = np.uint32(1 << 31)


def products(queries: Rows, vectors: npt.NDArray[np.float16] | Rows) -> Rows:
    """The inner products of queries (q, d) and vectors (m, d), of shape (q, m), computed in the thread that asks.

    NumPy's of both as they are would wake threads that wait for more work afterwards, and burn the processors that
    others need; where these are busy, it takes milliseconds until the threads have been waited for.
    """
    if len(queries) < MANY and vectors.dtype == np.float32:
        return np.ascontiguousarray(np.matmul(vectors[:, np.newaxis], queries.T)[:, 0].T)  # each vector by itself
    multiplier = _multiplier(_FLOAT if vectors.dtype == np.float32 else _HALF)
    found: Rows = multiplier.run(["products"], {"queries": queries, "vectors": vectors})[0]
    return found


def least_distances(
    queries: Rows, take: int, codes: npt.NDArray[np.float16], positions: Ids | None = None, *, threads: int = 1
) -> tuple[Rows, Ids]:
    """The least squared distances of q queries to vectors, each less by what it may be off, and the vectors' positions.

    As `greatest_products`, by which they are found: ``|q - x|² = |q|² - (2 q x - |x|²)``. Differences of long vectors
    that are near each other are lost in rounding, so that these distances may be far too small, even negative; none is
    too large, nor is any that was not taken less than the last.
    """
    longest = [0.0]

    def nearness(some: Rows, vectors: npt.NDArray[np.float16]) -> Rows:
        found: list[Rows] = _multiplier(_HALF, nearness=True).run(None, {"queries": 2 * some, "vectors": vectors})
        longest.append(float(found[1].max()))
        return found[0]

    near, found = greatest_products(queries, take, codes, positions, threads=threads, of=nearness)
    squares = np.square(queries.astype(np.float64)).sum(axis=1)
    off = rounding(queries.shape[1]) * np.square(np.sqrt(squares) + math.sqrt(max(longest)))
    least = (squares - off)[:, None] - near.astype(np.float64)
    return np.nextafter(least.astype(np.float32), np.float32(-np.inf)), found


def rounding(dimension: int) -> float:
    """The most that a float32 sum of d products may be off, and rounding, for each unit of its size.

    Source: Higham, Accuracy and Stability of Numerical Algorithms, section 3.1.
    """
    return float((dimension + 4) * 2.0**-24 * 1.01)


def greatest_products(  # noqa: PLR0913 -- what is multiplied, and how
    queries: Rows,
    take: int,
    codes: npt.NDArray[np.float16],
    positions: Ids | None = None,
    *,
    threads: int = 1,
    of: Callable[[Rows, npt.NDArray[np.float16]], Rows] | None = None,
) -> tuple[Rows, Ids]:
    """The greatest inner products of q queries with vectors, and the vectors' positions, each of shape (q, take).

    Products are sums in float32, which may be off in the last digits; of equal ones any are taken.

    Parameters
    ----------
    queries
        Of shape (q, d).
    codes
        Vectors of shape (n, d).
    positions
        Of those that may be answered, ascending; None for all. Where there are fewer than `take`, the position is -1.
    threads
        At most so many multiply side by side.
    of
        What is taken for a product; None for `products`.

    Notes
    -----
    Cost: 2 q n d operations; memory in each thread for `PRODUCTS`, or `FEWEST_ROWS` of each query, for a block of
    vectors, and for `CROWD` times what is wanted.
    """
    count = len(codes) if positions is None else len(positions)
    size = min(max(PRODUCTS // max(1, len(queries)), FEWEST_ROWS), MOST_ROWS)
    # Shared by the threads: each takes the next block, and learns from the others what a product must exceed.
    starts, floor = iter(range(0, count, size)), np.full((len(queries), 1), -np.inf, np.float32)
    work = len(queries) * count * codes.shape[1]
    workers = max(1, min(threads, len(range(0, count, size)), work // WORK))

    def multiply(_: int) -> _Greatest:
        greatest = _Greatest(floor, take)
        with _exhausted_by_errors(starts):
            for start in starts:
                some = slice(start, start + size)
                rows = codes[some] if positions is None else codes[positions[some]]
                greatest.add((of or products)(queries, rows), start)
        return greatest

    if workers == 1:
        every = [multiply(0)]
    else:
        with ThreadPoolExecutor(workers, thread_name_prefix="ilk-multiply") as pool, _exhausted_by_errors(starts):
            every = list(pool.map(multiply, range(workers)))
    best, found = _together(every).arrays()
    return best, found if positions is None else np.append(positions, -1)[found]


@contextmanager
def _exhausted_by_errors(starts: Iterator[int]) -> Iterator[None]:
    """What goes wrong in one thread, and Ctrl-C, lets the others stop after the block in hand."""
    try:
        yield
    except BaseException:
        for _ in starts:
            continue
        raise


class _Greatest:
    """The greatest products so far of each of q queries.

    Kept as whole numbers that sort by query, and for each by product, the greatest first: sorting those is many times
    as fast as anything done for each query.

    Parameters
    ----------
    floor
        What a product must exceed to be among the greatest, of shape (q, 1). It is raised here, and may be elsewhere
        meanwhile: where two do so at once, either value is true.
    take
        How many to keep of each query.
    """

    def __init__(self, floor: Rows, take: int) -> None:
        self._queries, self._take = len(floor), take
        self._floor = floor
        self._keys, self._positions = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        self._passed = self._next = self._kept = 0

    def add(self, products: Rows, start: int) -> None:
        """Products (q, m) with the vectors from one position on."""
        count = products.shape[1]
        if not self._passed:
            self._next = GROWTH * count
            if count > self._take:  # else all of the first block would be kept
                least = np.partition(products, count - self._take, axis=1)[:, count - self._take, None]
                np.maximum(self._floor, np.nextafter(least, np.float32(-np.inf)), out=self._floor)
        flat = np.flatnonzero(products > self._floor)
        self._passed += count
        if len(flat):
            rows = flat // count
            self._keys.append((rows << 32) | _descending(products.reshape(-1)[flat]))
            self._positions.append(flat - rows * count + start)
            self._kept += len(flat)
        # The second keeps the memory small where vectors come ever nearer, as a folder's may.
        if self._passed >= self._next or self._kept > PRODUCTS + CROWD * self._queries * self._take:
            self._cut()
            self._next = GROWTH * self._passed

    def join(self, other: _Greatest) -> None:
        """Take what another has kept of other vectors."""
        self._keys += other._keys
        self._positions += other._positions

    def arrays(self) -> tuple[Rows, Ids]:
        """Products, greatest first, and positions, each of shape (q, take)."""
        rank = self._cut()
        [keys], [where] = self._keys, self._positions
        products = np.full((self._queries, self._take), -np.inf, np.float32)
        positions = np.full(products.shape, -1, np.int64)
        place = keys >> 32, rank
        products[place], positions[place] = _ascended(keys), where
        return products, positions

    def _cut(self) -> Ids:
        """Keep the greatest, and note what a product must exceed from now on; the rank of each for its query."""
        keys, positions = np.concatenate(self._keys), np.concatenate(self._positions)
        order = np.argsort(keys)
        keys = keys[order]
        rows = keys >> 32
        starts = np.searchsorted(rows, np.arange(self._queries + 1))
        rank = np.arange(len(rows)) - starts[rows]
        kept = rank < self._take
        full = np.flatnonzero(np.diff(starts) >= self._take)
        self._floor[full, 0] = np.maximum(self._floor[full, 0], _ascended(keys[starts[full] + self._take - 1]))
        self._keys, self._positions = [keys[kept]], [positions[order[kept]]]
        ranks: Ids = rank[kept]
        self._kept = len(ranks)
        return ranks


def _together(every: list[_Greatest]) -> _Greatest:
    for other in every[1:]:
        every[0].join(other)
    return every[0]


def _descending(products: Rows) -> npt.NDArray[np.uint32]:
    """Whole numbers in the reverse order of products."""
    bits = (-products).view(np.uint32)
    return np.where(bits & _SIGN, ~bits, bits | _SIGN)


def _ascended(keys: Ids) -> Rows:
    """The products again."""
    bits = keys.astype(np.uint32)
    negative: Rows = np.where(bits & _SIGN, bits ^ _SIGN, ~bits).view(np.float32)
    return -negative


@cache
def _multiplier(kind: int, *, nearness: bool = False) -> Any:
    """What multiplies by vectors of this kind of numbers, in the thread that asks; safe for many threads."""
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    settings.log_severity_level = _FATAL  # what goes wrong is raised
    return onnxruntime.InferenceSession(_graph(kind, nearness=nearness), settings, providers=["CPUExecutionProvider"])


def _graph(kind: int, *, nearness: bool) -> bytes:
    """A model, as ONNX writes it: ``Gemm(queries, Cast(vectors), transB=1)``.

    For nearness the squared lengths of the vectors are taken from that, and told as well.

    Source: onnx.proto of ONNX 1.22: ModelProto, GraphProto, NodeProto, AttributeProto, ValueInfoProto.
    """
    less = [
        _node("ReduceSumSquare", ["wide"], "squares", {"axes": [1], "keepdims": 0}),
        _node("Neg", ["squares"], "less", {}),
    ]
    nodes = [
        _node("Cast", ["vectors"], "wide", {"to": _FLOAT}),
        *(less if nearness else []),
        _node("Gemm", ["queries", "wide", *(["less"] if nearness else [])], "products", {"transB": 1}),
    ]
    graph = (
        b"".join(bytes_field(1, node) for node in nodes)
        + bytes_field(2, b"products")
        + bytes_field(11, _array("queries", _FLOAT, "q", "d"))
        + bytes_field(11, _array("vectors", kind, "m", "d"))
        + bytes_field(12, _array("products", _FLOAT, "q", "m"))
        + (bytes_field(12, _array("squares", _FLOAT, "m")) if nearness else b"")
    )
    return number_field(1, _IR_VERSION) + bytes_field(7, graph) + bytes_field(8, number_field(2, _OPSET))


def _node(operator: str, inputs: Iterable[str], output: str, attributes: dict[str, int | list[int]]) -> bytes:
    return (
        b"".join(bytes_field(1, name.encode()) for name in inputs)
        + bytes_field(2, output.encode())
        + bytes_field(4, operator.encode())
        + b"".join(bytes_field(5, _attribute(name, value)) for name, value in attributes.items())
    )


def _attribute(name: str, value: int | list[int]) -> bytes:
    """A whole number, or some."""
    one, several = 2, 7
    if isinstance(value, int):
        return bytes_field(1, name.encode()) + number_field(3, value) + number_field(20, one)
    return bytes_field(1, name.encode()) + b"".join(number_field(8, each) for each in value) + number_field(20, several)


def _array(name: str, kind: int, *sides: str) -> bytes:
    shape = b"".join(bytes_field(1, bytes_field(2, side.encode())) for side in sides)
    return bytes_field(1, name.encode()) + bytes_field(2, bytes_field(1, number_field(1, kind) + bytes_field(2, shape)))
