from __future__ import annotations

import json

from hypothesis import given

from filtered import filters
from ilk.filters import Filter, as_filter, from_json, parse


@given(filters)
def test_a_filter_is_written_as_the_expression_that_says_it(made: Filter) -> None:
    """Reading what was written gives the same tree again."""
    assert parse(str(made)) == made
    assert str(parse(str(made))) == str(made)


@given(filters)
def test_a_filter_is_written_as_the_json_that_says_it(made: Filter) -> None:
    """Through text, as it goes over a network."""
    assert from_json(json.loads(json.dumps(made.to_json()))) == made
    assert as_filter(json.dumps(made.to_json())) == made


@given(filters, filters)
def test_filters_have_the_same_key_only_if_they_are_the_same(one: Filter, other: Filter) -> None:
    """Which tells true from 1, too, as Python's equality does not."""
    assert (one.key == other.key) == (one == other and str(one) == str(other))
