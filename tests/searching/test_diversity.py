"""Hits that differ from each other."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from ilk.searching.diversity import spread
from stores.making import unit_rows

NOTHING = np.empty((0, 8), np.float32)


def kinds(count: int, each: int) -> npt.NDArray[np.float32]:
    """So many directions, each with so many vectors near to it, one kind after the other."""
    rows = np.repeat(unit_rows(count), each, axis=0) + 0.05 * unit_rows(count * each, seed=1)
    unit: npt.NDArray[np.float32] = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return unit


def test_at_nought_the_order_is_that_of_worth() -> None:
    """Nothing is moved."""
    worths = np.array([0.1, 0.9, 0.5])
    assert spread(worths, unit_rows(3), NOTHING, diverse=0.0) == [1, 2, 0]


def test_the_best_comes_first_whatever_the_variety() -> None:
    """Before it there is nothing to differ from."""
    worths = np.linspace(1, 0, 12)
    assert spread(worths, kinds(4, 3), NOTHING, diverse=0.9)[0] == 0


def test_each_kind_is_shown_before_any_is_shown_again() -> None:
    """Though all of the first kind are worth more than any of the last."""
    worths = np.linspace(1, 0, 12)
    order = spread(worths, kinds(4, 3), NOTHING, diverse=0.7)
    assert {place // 3 for place in order[:4]} == {0, 1, 2, 3}
    assert sorted(order) == list(range(12))


def test_what_was_shown_before_counts() -> None:
    """The next page begins with another kind than the last had."""
    rows = kinds(2, 3)
    assert spread(np.linspace(1, 0, 6), rows, rows[:1], diverse=0.9)[0] // 3 == 1


@pytest.mark.parametrize("count", [0, 1, 5])
def test_candidates_all_alike_keep_their_order(count: int) -> None:
    """There is nothing to tell them apart by; and of none there is no order."""
    rows = np.repeat(unit_rows(1), count, axis=0)
    assert spread(np.linspace(1, 0, count), rows, NOTHING, diverse=0.5) == list(range(count))


def test_it_is_the_formula() -> None:
    """Each step takes the most of gain less likeness, with both scaled over the candidates."""
    rows, worths, diverse = unit_rows(9), np.random.default_rng(0).random(9), 0.4
    pairs = rows.astype(np.float64) @ rows.T
    gain = (worths - worths.min()) / np.ptp(worths)
    likeness = (pairs - pairs.min()) / (1 - pairs.min())
    expected = [int(gain.argmax())]
    while len(expected) < 9:
        left = [place for place in range(9) if place not in expected]
        expected.append(max(left, key=lambda i: (1 - diverse) * gain[i] - diverse * likeness[i, expected].max()))
    assert spread(worths, rows, NOTHING, diverse=diverse) == expected
