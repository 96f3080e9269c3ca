from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ilk.stores.local.sets import merged, within

ascending = st.one_of(
    st.sets(st.integers(0, 50)), st.sets(st.integers(0, 2**62), max_size=9), st.sets(st.integers(0, 9))
).map(lambda numbers: np.array(sorted(numbers), np.int64))


@given(some=st.lists(st.integers(0, 60)).map(lambda numbers: np.array(numbers, np.int64)), among=ascending)
def test_numbers_are_looked_up(some: np.ndarray, among: np.ndarray) -> None:
    """As NumPy would say, in any order, many times over, and beyond the last."""
    assert within(some, among).tolist() == np.isin(some, among).tolist()


@given(one=ascending, other=ascending)
def test_sets_are_joined(one: np.ndarray, other: np.ndarray) -> None:
    """Each number once, ascending."""
    assert merged(one, other).tolist() == np.union1d(one, other).tolist()
    assert within(one, other).tolist() == np.isin(one, other).tolist()


@pytest.mark.parametrize("count", [10, 1_000, 100_000])
def test_a_table_and_a_search_say_the_same(count: int) -> None:
    """Whichever is made for the sizes."""
    rng = np.random.default_rng(0)
    among = np.unique(rng.integers(0, 300_000, count))
    some = rng.integers(0, 400_000, 5_000)
    assert np.array_equal(within(some, among), np.isin(some, among))
