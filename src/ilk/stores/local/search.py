"""Exact nearest neighbours: FAISS proposes, the stored vectors decide.

FAISS sums in float32, in an order of its own, so what it finds may be off in the last digits. Some more than k are
taken from each block, their similarities computed anew from the database, and if one that was not taken could still
belong among the k, more are taken.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ilk.errors import GalleryDamagedError
from ilk.stores.local import catalog
from ilk.stores.local.index import IndexRefusedError
from ilk.stores.local.view import View

SPARE = 16
"""Candidates beyond k at first: enough unless many vectors are the same."""

GROWTH = 8
"""How many times more to take when that was not enough."""

QUERIES = 128
"""Queries dealt with at once; bounds the memory."""


@dataclass(frozen=True, slots=True)
class Near:
    """An id and its similarity, in the order of answers: nearest first, equal ones by id."""

    similarity: float
    id: str

    def __lt__(self, other: Near) -> bool:
        return (-self.similarity, self.id) < (-other.similarity, other.id)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """How many, and which not."""

    k: int
    exclude: frozenset[str]


def nearest(
    connection: sqlite3.Connection,
    view: View,
    queries: npt.NDArray[np.float32],
    k: int,
    *,
    exclude: Collection[str] = (),
) -> list[list[Near]]:
    """The k nearest to each of q unit rows of shape (q, d), exactly, in a transaction at the moment of the view.

    Raises
    ------
    ilk.stores.local.index.IndexRefusedError
        If an index file contradicts the database.
    """
    found: list[list[Near]] = [[] for _ in queries]
    if k < 1 or not view.blocks:
        return found
    wanted = _Wanted(k, frozenset(exclude))
    present = sum(1 for _ in catalog.vectors_of_ids(connection, wanted.exclude, view.space_id))
    largest = max(block.vectors for block in view.blocks)
    for start in range(0, len(queries), QUERIES):
        todo = list(range(start, min(start + QUERIES, len(queries))))
        take = k + present + SPARE
        while todo:
            take = min(take, largest)
            done = _round(connection, view, queries[todo], wanted, take)
            for place, near in zip(todo, done, strict=True):
                if near is not None:
                    found[place] = near
            todo = [place for place, near in zip(todo, done, strict=True) if near is None]
            take *= GROWTH
    return found


def _round(
    connection: sqlite3.Connection,
    view: View,
    queries: npt.NDArray[np.float32],
    wanted: _Wanted,
    take: int,
) -> list[list[Near] | None]:
    """The answers from the best `take` of each block; None for a query that needs more of them."""
    scans = [view.scan(block, queries, min(take, block.vectors)) for block in view.blocks]
    labels = np.concatenate([labels for _, labels in scans], axis=1)
    numbers, ids, vectors = _stored(connection, view, set(labels.ravel().tolist()) - {-1})
    # The most that a float32 sum of d products may be off (Higham, Accuracy and Stability, section 3.1), and rounding.
    slacks = (view.dimension + 4) * 2.0**-24 * 1.01 * np.linalg.norm(queries, axis=1)
    answers: list[list[Near] | None] = []
    for row, (query, slack) in enumerate(zip(queries.astype(np.float64), slacks, strict=True)):
        hits, outside = list[Near](), -np.inf  # `outside` is the most that anything not taken may have
        for block, (products, taken) in zip(view.blocks, scans, strict=True):
            mine = taken[row][taken[row] >= 0]
            places = _places(numbers, mine, view, from_file=block.from_file)
            # One row's sum does not depend on the rows around it, so equal vectors are equally similar.
            similarities = np.multiply(vectors[places], query).sum(axis=1)
            if not bool((np.abs(similarities - products[row, : len(mine)]) <= slack).all()):
                raise _contradiction(view, "its vectors are not those of the database", from_file=block.from_file)
            rounded = np.clip(similarities, -1, 1).astype(np.float32).tolist()
            hits += [
                Near(similarity, ids[place])
                for similarity, place in zip(rounded, places, strict=True)
                if ids[place] not in wanted.exclude
            ]
            if len(mine) == take < block.vectors:
                outside = max(outside, float(products[row, -1]) + slack)
        hits.sort()
        enough = outside == -np.inf or (len(hits) >= wanted.k and hits[wanted.k - 1].similarity > outside)
        answers.append(hits[: wanted.k] if enough else None)
    return answers


def _stored(
    connection: sqlite3.Connection, view: View, labels: Collection[int]
) -> tuple[npt.NDArray[np.int64], list[str], npt.NDArray[np.float64]]:
    """Of m embedding_ids those in the database, ascending; the ids of their items; their vectors, shape (m, d)."""
    rows = sorted(catalog.vectors_of_embeddings(connection, labels, view.space_id))
    joined = b"".join(vector for _, _, vector in rows)
    if len(joined) != len(rows) * 2 * view.dimension:
        raise GalleryDamagedError("A vector in the database has a wrong length. `ilk check` says which.")
    vectors = np.frombuffer(joined, "<f2").reshape(-1, view.dimension).astype(np.float64)
    return np.array([number for number, _, _ in rows], np.int64), [id_ for _, id_, _ in rows], vectors


def _places(
    numbers: npt.NDArray[np.int64], labels: npt.NDArray[np.int64], view: View, *, from_file: bool
) -> npt.NDArray[np.int64]:
    """Where each label is among the numbers."""
    places = np.searchsorted(numbers, labels)
    if len(labels) and not (len(numbers) > places.max() and np.array_equal(numbers[places], labels)):
        raise _contradiction(view, "it has vectors that the database does not", from_file=from_file)
    return places


def _contradiction(view: View, reason: str, *, from_file: bool) -> Exception:
    if from_file:
        return IndexRefusedError(reason)
    return GalleryDamagedError(
        f"What was read of space {view.space_id} before contradicts what is in the database now: another program has "
        "changed it. `ilk check` says whether it is sound."
    )
