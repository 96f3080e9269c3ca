"""Similarities, and the best of many queries at once.

Of many queries the answers are those of each alone, to the last digit. What is saved is the way through Python for each
of them, and the comparing of candidates that cannot be among the best any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ilk.records.items import Metric

if TYPE_CHECKING:
    from ilk.stores.local.block import Block, Ids, Rows

PAIRS = 2_048
"""Pairs of query and vector compared at once; with 512 numbers each in float64, 8 MiB."""


def similarity(query: npt.NDArray[np.float64], codes: npt.NDArray[np.float16], metric: Metric) -> Rows:
    """The similarity of a query (d,) and m vectors (m, d): cosine, inner product, or the negative squared distance.

    Of queries (m, d), that of each with the vector beside it.

    One row's sum does not depend on the rows around it, so equal vectors are equally similar.
    """
    rows = codes.astype(np.float64)
    if metric == "l2":
        negative: Rows = (-np.square(rows - query).sum(axis=1)).astype(np.float32)
        return negative
    products = np.multiply(rows, query, out=rows).sum(axis=1)
    rounded: Rows = (products if metric == "ip" else np.clip(products, -1, 1)).astype(np.float32)
    return rounded


def compared(
    queries: npt.NDArray[np.float64], rows: Ids, codes: npt.NDArray[np.float16], columns: Ids, metric: Metric
) -> Rows:
    """The similarity of pairs: of `queries[rows[i]]` and `codes[columns[i]]`, of shape (m,)."""
    found = np.empty(len(rows), np.float32)
    for start in range(0, len(rows), PAIRS):
        some = slice(start, start + PAIRS)
        found[some] = similarity(queries[rows[some]], codes[columns[some]], metric)
    return found


def best_of(  # noqa: PLR0913, PLR0917 -- what of a search decides the order
    queries: npt.NDArray[np.float64],
    scans: Sequence[tuple[Block, int, Rows, Ids]],
    k: int,
    unwanted: Sequence[Ids],
    slack: npt.NDArray[np.float64],
    metric: Metric,
) -> tuple[Ids, Rows, Ids]:
    """The candidates of each query by their similarities, nearest first.

    Parameters
    ----------
    queries
        Of shape (q, d).
    scans
        Blocks, and of each the place of its first vector in the view, and the products or distances with positions
        (q, t), as `Block.scan` gives them.
    k
        How many are wanted: what can be none of those is not compared.
    unwanted
        Embedding_ids that must not be answered.
    slack
        At most so far is the product of each query in float32 from its similarity, of shape (q,).

    Returns
    -------
    Embedding_ids, -1 where there are no more, similarities, -inf there, and places in the view, of shape
    (q, t of all blocks).
    """
    products = np.concatenate([found for _, _, found, _ in scans], axis=1)
    numbers = np.concatenate([block.ids[positions] for block, _, _, positions in scans], axis=1)
    places = np.concatenate([positions + first for _, first, _, positions in scans], axis=1)
    usable = np.concatenate([positions for _, _, _, positions in scans], axis=1) >= 0
    for some in unwanted:
        usable &= ~np.isin(numbers, some)
    if metric != "l2" and products.shape[1] > k:
        known = np.where(usable, products, -np.inf)
        last = np.partition(known, -k, axis=1)[:, -k].astype(np.float64)
        if metric == "cosine":
            last = np.minimum(last, 1)  # above it all are equally near
        usable &= products >= (last - 3 * slack)[:, None]
    similarities = np.full(products.shape, -np.inf, np.float32)
    begin = 0
    for block, _, found, positions in scans:
        rows, columns = np.nonzero(usable[:, begin : begin + found.shape[1]])
        similarities[rows, begin + columns] = compared(queries, rows, block.codes, positions[rows, columns], metric)
        begin += found.shape[1]
    order = np.argsort(-similarities, axis=1, kind="stable")
    numbers = np.where(usable, numbers, -1)
    numbers, similarities, places = (
        np.take_along_axis(each, order, axis=1) for each in (numbers, similarities, places)
    )
    return numbers, similarities, places
