"""What may be said about a search, and what may not."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from ilk.errors import InputError
from ilk.filters import Filter
from ilk.searching import SearchOptions


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"k": 0}, "k is how many hits"),
        ({"k": 2.5}, "k is how many hits"),
        ({"k": "3"}, "k is how many hits"),
        ({"offset": -1}, "offset is how many hits to pass over"),
        ({"offset": None}, "offset is how many hits to pass over"),
        ({"min_similarity": "high"}, "between -1 and 1; 'high' was given"),
        ({"min_similarity": float("nan")}, "between -1 and 1"),
        ({"min_relevance": -0.1}, "A relevance lies between 0 and 1"),
        ({"min_relevance": "high"}, "A relevance lies between 0 and 1"),
        ({"diverse": 1.5}, "between 0 and 1; 1.5 was given"),
        ({"diverse": "very"}, "between 0 and 1"),
        ({"space": "captions"}, '"image", "caption" or "both"'),
        ({"where": "year >="}, "year >="),
        ({"where": {"year": {"$near": 3}}}, "near"),
        ({"more": "a.png"}, "list of at most 100 ids"),
        ({"less": [str(n) for n in range(101)]}, "101 was given"),
        ({"more": ["a", "b"], "less": ["b"]}, '"b" cannot be both'),
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any], said: str) -> None:
    """In one sentence that names what was given."""
    with pytest.raises(InputError, match=re.escape(said)):
        SearchOptions(**wrong)


def test_numbers_of_any_kind_will_do() -> None:
    """Those of numpy as well."""
    given: dict[str, Any] = {"k": np.int64(3), "min_similarity": np.float32(0.25), "diverse": 1}
    options = SearchOptions(**given)
    assert (options.k, options.end) == (3, 3)


def test_a_filter_may_be_written_in_any_way() -> None:
    """As an expression or as JSON; it is read once."""
    one, other = SearchOptions(where="year >= 2020"), SearchOptions(where={"year": {"$gte": 2020}})
    assert isinstance(one.where, Filter)
    assert one.where == other.where
