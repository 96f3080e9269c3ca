"""Candidates nearly the same, answered as one."""

from __future__ import annotations

import numpy as np

from ilk.searching.grouping import leaders
from stores.making import unit_rows

NOTHING = np.empty((0, 8), np.float32)


def test_the_best_leads() -> None:
    """Later ones that are nearly the same follow it; others lead themselves."""
    rows = unit_rows(3)
    assert leaders(rows[[0, 1, 0, 2, 1, 0]], NOTHING) == [0, 1, 0, 3, 1, 0]


def test_leaders_of_earlier_pages_lead_on() -> None:
    """What is nearly the same as one of them is no hit of its own."""
    rows = unit_rows(3)
    assert leaders(rows[[1, 2, 1]], rows[:2]) == [1, 3, 1]


def test_a_chain_is_not_one_group() -> None:
    """Each of a group is near to its leader: the last of a row of small steps is another picture."""
    angles = np.arange(4) * 0.2  # cos 0.2 = 0.980, cos 0.4 = 0.921
    rows = np.zeros((4, 8), np.float32)
    rows[:, 0], rows[:, 1] = np.cos(angles), np.sin(angles)
    assert leaders(rows, NOTHING, threshold=0.97) == [0, 0, 2, 2]


def test_what_has_no_vector_is_like_nothing() -> None:
    """Not even like another without one."""
    assert leaders(np.zeros((2, 8), np.float32), NOTHING) == [0, 1]
    assert leaders(np.empty((0, 8), np.float32), unit_rows(2)) == []
