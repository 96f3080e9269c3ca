"""Nearest neighbours: FAISS proposes, the stored vectors decide.

FAISS sums in float32, in an order of its own, so what it finds may be off in the last digits. Where everything is
compared, some more than k are taken from each block, their similarities computed anew, and if one that was not taken
could still belong among the k, more are taken: the answer is exact, to the order of equals by id. An index of another
kind may miss one that is nearer than what it finds, never one of k that there are: where it finds fewer, everything is
compared.

Vectors are read where they lie, in the file; those of the hits are then compared with the database's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ilk.multiplication import rounding
from ilk.plans import Way
from ilk.stores.local.block import Allowed, Block, Ids, Rows
from ilk.stores.local.products import best_of, similarity
from ilk.stores.local.sets import within
from ilk.stores.local.view import View

SPARE = 16
"""Candidates beyond k at first: enough unless many vectors are the same."""

GROWTH = 8
"""How many times more to take when that was not enough."""

QUERIES = 1_024
"""Queries dealt with at once, at most."""

CANDIDATES = 1 << 18
"""Of all queries dealt with at once, at most; bounds the memory."""

TOGETHER = 4
"""From so many queries on, what they have found is compared for all of them at once."""

FEW = 2_000
"""Of so many that a filter leaves, each is compared; of more, the index is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is wanted of a search.

    Attributes
    ----------
    k
        How many.
    without
        Embedding_ids that must not be answered, ascending.
    among
        Embedding_ids that may be, ascending; None for all.
    parameters
        Of the search, by name.
    """

    k: int
    without: Ids = field(default_factory=lambda: np.empty(0, np.int64))
    among: Ids | None = None
    parameters: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Best:
    """Embedding_ids and similarities, nearest first: k of them, and all that are as near as the last.

    Their places are those of their vectors among all that the view has; see `View.codes`.
    """

    ids: Ids
    similarities: Rows
    places: Ids


NONE = Best(np.empty(0, np.int64), np.empty(0, np.float32), np.empty(0, np.int64))


@dataclass(frozen=True, slots=True)
class Course:
    """What was done: the way, and what the index was set to."""

    way: Way
    parameters: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was found, and how.

    Attributes
    ----------
    best
        Of each query.
    course
        What was done.
    matching
        How many vectors the filter leaves; None where it was not found out.
    looked_at, met
        Candidates that the filter was held against, and those that met it.
    filter_s
        Seconds that the filter took.
    """

    best: list[Best]
    course: Course
    matching: int | None = None
    looked_at: int | None = None
    met: int | None = None
    filter_s: float = 0.0


def nearest(view: View, queries: Rows, asked: Asked) -> tuple[list[Best], Course]:
    """The nearest to each of q rows of shape (q, d), at the moment of the view.

    Raises
    ------
    ilk.errors.InputError
        If a parameter is none of the index.
    """
    course, sets = _course(view, asked)
    found = [NONE] * len(queries)
    if asked.k < 1 or not view.blocks:
        return found, course
    largest = max(block.vectors for block in view.blocks)
    size = max(1, min(QUERIES, CANDIDATES // (asked.k + len(asked.without) + 2 * SPARE)))
    for start in range(0, len(queries), size):
        todo = list(range(start, min(start + size, len(queries))))
        take, exactly = asked.k + len(asked.without) + (len(view.dead) > 0) * SPARE, course.way in {"scan", "matching"}
        take += SPARE * exactly
        while todo:
            take = min(take, largest)
            done = _round(view, queries[todo], _Round(asked, course, sets, take, exactly))
            for place, best in zip(todo, done, strict=True):
                if best is not None:
                    found[place] = best
            todo = [place for place, best in zip(todo, done, strict=True) if best is None]
            take, exactly = take * GROWTH if exactly else take + SPARE, True
    return found, course


@dataclass(frozen=True, slots=True)
class _Round:
    asked: Asked
    course: Course
    sets: list[Allowed | None]
    take: int
    exactly: bool


class _Scan(NamedTuple):
    """What one block answered: products or distances, and positions, each (q, take), or of one query (take,).

    Its first vector is at the place `first` of the view, and `exactly` says that no nearer one of it is missing.
    """

    block: Block
    first: int
    exactly: bool
    products: Rows
    positions: Ids

    def of(self, row: int) -> _Scan:
        """That of one query."""
        return _Scan(self.block, self.first, self.exactly, self.products[row], self.positions[row])


def _course(view: View, asked: Asked) -> tuple[Course, list[Allowed | None]]:
    """How to go about it, and the positions of each block that may be answered."""
    sets = [block.allowed(asked.among) for block in view.blocks]
    given = view.tuning.checked(asked.parameters)
    based = [(block, allowed) for block, allowed in zip(view.blocks, sets, strict=True) if block.base is not None]
    if asked.among is not None and (not based or len(asked.among) <= max(FEW, asked.k)):
        return Course("matching", {}), sets
    if not based:
        return Course("scan", {}), sets
    [(block, allowed)] = based
    if allowed is None:
        return Course("index", view.tuning.at(asked.k, given=given)), sets
    if not block.selects:
        return Course("matching", {}), sets
    share = len(allowed.positions) / block.vectors
    return Course("selector", view.tuning.at(asked.k, share=share, given=given)), sets


def _round(view: View, queries: Rows, this: _Round) -> list[Best | None]:
    """The answers from the best of each block; None for a query that needs more of them."""
    asked = this.asked
    scans = list[_Scan]()
    for block, first, allowed in zip(view.blocks, view.firsts, this.sets, strict=True):
        exactly = this.exactly or block.base is None
        # A block that is compared with everything goes as deep as exactness needs, whatever is beside it.
        take = min(this.take + (0 if this.exactly else SPARE) * exactly, block.vectors)
        if allowed is not None and not len(allowed.positions):
            continue
        if exactly:
            products, positions = block.scan(queries, take, allowed)
        else:
            products, positions = block.propose(queries, take, this.course.parameters, allowed)
        scans.append(_Scan(block, first, exactly, products, positions))
    possible = view.count if asked.among is None else len(asked.among)
    possible -= len(asked.without) if asked.among is None else int(within(asked.without, asked.among).sum())
    if len(queries) >= TOGETHER and scans:
        return _merged_together(view, queries, scans, this, possible)
    return [_merged(view, query, [scan.of(row) for scan in scans], this, possible) for row, query in enumerate(queries)]


def _merged(view: View, query: npt.NDArray[np.float32], scans: list[_Scan], this: _Round, possible: int) -> Best | None:
    """One query's answer; None if more has to be taken for it."""
    k = this.asked.k
    wide = query.astype(np.float64)
    relative = rounding(view.dimension)
    slack = relative * float(np.sqrt(wide @ wide)) * (view.longest if view.metric == "ip" else 1.0)
    sure = len(scans) == 1 and view.metric == "cosine" and not len(view.dead) and not len(this.asked.without)
    outside = -np.inf  # the most that what is left may have
    ids, similarities, places = list[Ids](), list[Rows](), list[Ids]()
    for block, first, exactly, products, positions in scans:
        mine = positions if len(positions) and positions[-1] >= 0 else positions[positions >= 0]
        if sure and len(mine) == len(positions) > k:  # what is further off than rounding can tell is not among them
            least = min(float(products[k - 1]), 1.0) - 3 * slack
            mine = mine[: int(np.count_nonzero(products >= least))]
        ids.append(block.ids[mine])
        similarities.append(similarity(wide, block.codes[mine], view.metric))
        places.append(mine + first if first else mine)
        if exactly and positions[-1] >= 0 and len(positions) < block.vectors:
            last = float(products[-1])
            outside = max(outside, -last * (1 - relative) if view.metric == "l2" else last + slack)
    if len(ids) == 1:  # which is most often so, and each of these costs a microsecond or two
        numbers, near, where = ids[0], similarities[0], places[0]
    else:
        numbers = np.concatenate([NONE.ids, *ids])
        near = np.concatenate([NONE.similarities, *similarities])
        where = np.concatenate([NONE.places, *places])
    unwanted = [some for some in (view.dead, this.asked.without) if len(some)]
    for some in unwanted:
        kept = ~np.isin(numbers, some)
        numbers, near, where = numbers[kept], near[kept], where[kept]
    order = (-near).argsort(kind="stable")
    if not this.exactly:
        if len(order) < min(k, possible):
            return None
    elif outside > -np.inf and not (len(order) >= k and near[order[k - 1]] > outside):
        return None
    if len(order) > k:
        order = order[: int(np.searchsorted(-near[order], -near[order[k - 1]], side="right"))]
    return Best(numbers[order], near[order], where[order])


def _merged_together(view: View, queries: Rows, scans: list[_Scan], this: _Round, possible: int) -> list[Best | None]:
    """As `_merged`, of all queries at once."""
    k = this.asked.k
    wide = queries.astype(np.float64)
    lengths = np.linalg.norm(wide, axis=1) * (view.longest if view.metric == "ip" else 1.0)
    slack = rounding(view.dimension) * lengths
    unwanted = [some for some in (view.dead, this.asked.without) if len(some)]
    candidates = [(block, first, products, positions) for block, first, _, products, positions in scans]
    numbers, near, places = best_of(wide, candidates, k, unwanted, slack, view.metric)
    outside = np.full(len(queries), -np.inf)
    for block, _, exactly, products, positions in scans:
        if exactly and positions.shape[1] < block.vectors:
            last = products[:, -1].astype(np.float64)
            least = -last * (1 - rounding(view.dimension)) if view.metric == "l2" else last + slack
            outside = np.where(positions[:, -1] >= 0, np.maximum(outside, least), outside)
    enough = k <= near.shape[1]
    last_of = near[:, k - 1] if enough else np.full(len(queries), -np.inf, np.float32)
    counts = ((near >= last_of[:, None]) & (numbers >= 0)).sum(axis=1)
    done = (outside == -np.inf) | (last_of > outside) if this.exactly else counts >= min(k, possible)
    return [
        Best(numbers[row, :count], near[row, :count], places[row, :count]) if fine else None
        for row, (count, fine) in enumerate(zip(counts.tolist(), done.tolist(), strict=True))
    ]
