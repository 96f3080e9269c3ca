"""From pairs to groups that are safe to thin out: every copy was compared with the one that is kept.

Pairs are not followed as chains: that A is like B and B like C says little of A and C. The best picture of all that
hang together takes those that are like itself; of the rest, the best takes its own; and so on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]

Compare: TypeAlias = Callable[[Rows], npt.NDArray[np.bool_]]
"""Of pairs, shape (p, 2), the one to keep first: which are alike."""


def stars(pairs: Rows, rank: Callable[[int], tuple[int, int, int, str]], compare: Compare) -> dict[int, list[int]]:
    """For each picture to keep, those that are like it, best first.

    Parameters
    ----------
    pairs
        That are alike, shape (p, 2).
    rank
        What to sort pictures by.
    compare
        Asked of pairs that hang together by others.
    """
    alike = set(map(tuple, np.sort(pairs, axis=1).tolist()))
    waiting = [sorted(part, key=rank) for part in _components(pairs)]
    found = dict[int, list[int]]()
    while waiting:
        asked = [(part[0], other) for part in waiting for other in part[1:] if _sorted(part[0], other) not in alike]
        also = compare(np.array(asked, np.int64).reshape(-1, 2)) if asked else np.empty(0, np.bool_)
        alike.update(_sorted(*pair) for pair, is_alike in zip(asked, also, strict=True) if is_alike)
        rests = list[list[int]]()
        for best, *others in waiting:
            taken = [other for other in others if _sorted(best, other) in alike]
            if taken:
                found[best] = taken
            rest = [other for other in others if _sorted(best, other) not in alike]
            if len(rest) > 1:
                rests.append(rest)
        waiting = rests
    return found


def _sorted(one: int, other: int) -> tuple[int, int]:
    return (one, other) if one < other else (other, one)


def _components(pairs: Rows) -> Sequence[list[int]]:
    """Which hang together, by merging trees."""
    parent = dict[int, int]()

    def root(node: int) -> int:
        while parent.setdefault(node, node) != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for one, other in pairs.tolist():
        parent[root(one)] = root(other)
    parts = dict[int, list[int]]()
    for node in parent:
        parts.setdefault(root(node), []).append(node)
    return list(parts.values())
