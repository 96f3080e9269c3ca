"""Terms of a query added where vectors are not compared by their direction: nothing is balanced, nothing made unit.

By inner product a query is the weighted sum of its terms, since what an item has with the sum is the sum of what it has
with each. By distance it is their weighted mean: with weights w that add up to W, the squared distances of an item x
to the terms t add up to

    sum of w |x - t|^2  =  W |x - m|^2 + a constant,    m = (sum of w t) / W

so that the nearest to the mean are those that are nearest to the terms all told.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ilk.errors import QueryError
from ilk.query import Query
from ilk.records import Metric


def plainly_combined(query: Query, rows: npt.NDArray[np.float32], metric: Metric) -> npt.NDArray[np.float32]:
    """The vector of shape (d,) that a query asks with; that of a single term is its own.

    Parameters
    ----------
    rows
        Vectors of its terms, of shape (t, d).
    metric
        ``"ip"`` or ``"l2"``.

    Raises
    ------
    QueryError
        If as much is taken away as is added, where distances are compared; if nothing is left of a sum.
    """
    if len(rows) == 1:
        return np.asarray(rows[0], np.float32)
    weights = np.array([term.weight for term in query.terms], np.float64)
    total = float(weights.sum())
    if metric == "l2":
        if total < 1e-6 * np.abs(weights).max():
            raise QueryError(
                f"{query} takes away as much as it adds, and of what is left no distance can be told. Give what is "
                "added more weight, or ask in a gallery that compares by cosine."
            )
        return np.asarray(weights @ rows / total, np.float32)
    summed = weights @ rows
    if np.linalg.norm(summed) < 1e-6 * np.abs(weights[:, np.newaxis] * rows).max():
        raise QueryError(f"The terms of {query} cancel out: nothing is left to search for.")
    return np.asarray(summed, np.float32)
