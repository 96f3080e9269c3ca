"""Sets of numbers, as ascending arrays.

NumPy's ``isin`` sorts or hashes the larger array on each call, which for what a filter leaves of a million takes longer
than the search.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int64]

DENSE = 32
"""A table of all numbers up to the last is made where it has at most so many for each that is looked at."""


def within(some: Ids, among: Ids) -> npt.NDArray[np.bool_]:
    """Which of some numbers, in any order, are in an ascending array. Numbers are not negative."""
    if not len(some) or not len(among):
        return np.zeros(len(some), np.bool_)
    last = int(among[-1])
    if last < DENSE * (len(some) + len(among)) and len(some) > len(among) // DENSE:
        table = np.zeros(last + 2, np.bool_)
        table[among] = True
        return table[np.minimum(some, last + 1)]
    places = np.searchsorted(among, some)
    found: npt.NDArray[np.bool_] = among[np.minimum(places, len(among) - 1)] == some
    return found


def merged(one: Ids, other: Ids) -> Ids:
    """What is in either of two ascending arrays, ascending."""
    new = other[~within(other, one)]
    return np.sort(np.concatenate([one, new]), kind="stable")  # which merges two runs in one pass
