"""Several rankings made one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ilk.searching.fusion import worths


def test_worth_is_the_sum_over_rankings() -> None:
    """As the paper has it, with its 60."""
    fused = worths({"image": ["a", "b"], "words": ["b", "c"]})
    assert fused == pytest.approx({"a": 1 / 61, "b": 1 / 62 + 1 / 61, "c": 1 / 62})


def test_a_ranking_may_count_more() -> None:
    """By its name; the others count one."""
    assert worths({"image": ["a"], "words": ["b"]}, {"words": 3}) == pytest.approx({"a": 1 / 61, "b": 3 / 61})


RANKINGS = st.dictionaries(
    st.sampled_from(["image", "caption", "words"]), st.lists(st.sampled_from("abcdefgh"), unique=True), min_size=1
)


@given(RANKINGS)
def test_better_everywhere_is_better(rankings: dict[str, list[str]]) -> None:
    """An item before another in every ranking that has either is before it in the fusion."""
    fused = worths(rankings)
    for one in fused:
        for other in fused:
            places = [
                (row.index(one) if one in row else 99, row.index(other) if other in row else 99)
                for row in rankings.values()
                if one in row or other in row
            ]
            if all(a < b for a, b in places):
                assert fused[one] > fused[other]
