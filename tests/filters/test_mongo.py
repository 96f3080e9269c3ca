from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest

from ilk.errors import FilterError
from ilk.filters import And, Comparison, Date, Filter, Near, Not, Or, as_filter, from_json

YEAR = Comparison("year", "$gte", 2020)
OSLO = Comparison("place", "$eq", "oslo")


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ({"place": "oslo"}, OSLO),
        ({"place": {"$eq": "oslo"}}, OSLO),
        ({"year": {"$gte": 2020}, "place": "oslo"}, And((YEAR, OSLO))),
        ({"year": {"$gte": 2020, "$ne": 2021}}, And((YEAR, Comparison("year", "$ne", 2021)))),
        ({"$and": [{"year": {"$gte": 2020}}, {"place": "oslo"}]}, And((YEAR, OSLO))),
        ({"$or": [{"year": {"$gte": 2020}}, {"place": "oslo"}]}, Or((YEAR, OSLO))),
        ({"$or": [{"place": "oslo"}]}, OSLO),
        ({"$not": {"place": "oslo"}}, Not(OSLO)),
        ({"place": {"$not": {"$eq": "oslo"}}}, Not(OSLO)),
        ({"place": {"$in": ["oslo", None, True, 1.5]}}, Comparison("place", "$in", ("oslo", None, True, 1.5))),
        ({"place": {"$exists": True}}, Comparison("place", "$exists", value=True)),
        ({"place": {"$exists": False}}, Not(Comparison("place", "$exists", value=True))),
        ({"at": {"$lt": {"$date": "2021-05-01"}}}, Comparison("at", "$lt", Date("2021-05-01"))),
        ({"at": {"$date": "2021-05"}}, Comparison("at", "$eq", Date("2021-05"))),
        ({"taken_at": {"$lte": "2021-05-01"}}, Comparison("taken_at", "$lte", Date("2021-05-01"))),
        ({"at": dt.date(2021, 5, 1)}, Comparison("at", "$eq", Date("2021-05-01"))),
        ({"year": {"$gte": np.int64(2020)}}, YEAR),
        ({"x": np.float32(0.5)}, Comparison("x", "$eq", 0.5)),
        ({"x": 2**70}, Comparison("x", "$eq", float(2**70))),
        ({"$near": {"latitude": 59, "longitude": 10, "within_m": 5}}, Near(59, 10, 5)),
        ({"metadata.$set": 1}, Comparison("$set", "$eq", 1)),
    ],
)
def test_json_means(given: dict[str, Any], meant: Filter) -> None:
    """What it means to Mongo and to Pinecone, where they know it."""
    assert from_json(given) == meant
    assert as_filter(given) == meant


def deep(levels: int) -> list[Any]:
    """A list in a list in a list."""
    made: list[Any] = []
    for _ in range(levels):
        made = [made]
    return made


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "The filter is empty"),
        ([], "A condition is an object"),
        ({"a": {}}, "Nothing is said of the field 'a'"),
        ({"a": {"$gtt": 1}}, r"'\$gtt' is no operator of the field 'a': did you mean \$gt"),
        ({"a": {"$foo": 1}}, r"'\$foo' is no operator of the field 'a': there are \$eq"),
        ({"$nor": []}, r"'\$nor' is no operator in place of a field: did you mean \$or"),
        ({"a": {"$regex": "x"}}, "Regular expressions are not searched for"),
        ({"a": {"b": 1}}, "compared with an object"),
        ({"a": [1, 2]}, r"\$eq of 'a' takes one value, not \[1, 2\]: for any of several there is \$in"),
        ({"a": {"$in": []}}, "is empty: nothing is in it"),
        ({"a": {"$in": "oslo"}}, "takes a list of values, not 'oslo'"),
        ({"a": {"$in": [[1]]}}, r"\[1\] is nothing to compare with"),
        ({"a": {"$in": [0] * 100_001}}, "100,001 values is too long"),
        ({"a": {"$gt": [1]}}, "takes one value"),
        ({"a": {"$exists": 1}}, "takes true or false, not 1"),
        ({"a": {"$gt": False}}, "neither more nor less"),
        ({"a": float("nan")}, "no number to compare with"),
        ({"a": float("inf")}, "no number to compare with"),
        ({"a": 10**400}, "no number to compare with"),
        ({"a": 10**5_000}, "<int> is no number to compare with"),
        ({"a": {"$in": [deep(2_000)]}}, "is nothing to compare with"),
        ({"a": b"x"}, "is nothing to compare with"),
        ({"a": {"$date": "soon"}}, "is no date"),
        ({"a": {"$date": 3}}, "is no date"),
        ({"a": {"$date": "2021"}}, "compare it with 2021 as one"),
        ({"$and": {}}, r"\$and takes a list of conditions"),
        ({"$or": []}, r"\$or takes a list of conditions"),
        ({"$and": [1]}, "A condition is an object"),
        ({"$not": [1]}, "A condition is an object"),
        ({"$near": [1, 2, 3]}, r"\$near takes an object with latitude"),
        ({"$near": {"latitude": "1", "longitude": 2, "within_m": 3}}, "The latitude of a place is degrees"),
        ({"$near": {"latitude": 1, "longitude": 2, "within_m": -3}}, "more than nothing"),
        ({"": 1}, "is no name of a field"),
        ({1: 1}, "1 is no name of a field"),
    ],
)
def test_json_that_makes_no_sense_is_refused(given: Any, message: str) -> None:
    """In one sentence that names what was wrong."""
    with pytest.raises(FilterError, match=message) as caught:
        from_json(given)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a":', "begins with a brace and is no JSON"),
        ('{"a":' * 100_000, "more than 50 deep"),
        ('{"$not":' * 60 + '{"a":1}' + "}" * 60, "more than 50 deep"),
        ('{"a":' + '{"$not":' * 60 + '{"$eq":1}' + "}" * 61, "more than 50 deep"),
        ('{"a":' + "9" * 5_000 + "}", "cannot be read as JSON"),
        ('{"a":NaN}', "no number to compare with"),
        ('{"a":"' + "x" * 4_000_000 + '"}', "is too long"),
    ],
)
def test_json_as_text_is_read_where_an_expression_could_stand(text: str, message: str) -> None:
    """A brace begins it. What is hostile is refused as such."""
    assert as_filter(' {"place": "oslo"}') == OSLO
    with pytest.raises(FilterError, match=message):
        as_filter(text)


def test_filters_are_joined_in_python() -> None:
    """By &, | and ~, and given as they are."""
    assert And((YEAR, OSLO)) == YEAR & OSLO
    assert Or((YEAR, OSLO)) == YEAR | OSLO
    assert Not(OSLO) == ~OSLO
    assert as_filter(OSLO) is OSLO
    whole: Filter = OSLO
    for _ in range(49):
        whole = ~whole
    with pytest.raises(FilterError, match="more than 50 deep"):
        Not(whole)


def test_filters_are_made_of_filters() -> None:
    """What is joined must be two conditions at least."""
    wrong: Any = "year >= 2020"
    with pytest.raises(FilterError, match="A filter is made of filters"):
        Not(wrong)
    with pytest.raises(FilterError, match="two at least"):
        And((OSLO,))
    with pytest.raises(FilterError, match="is no operator"):
        Comparison("year", wrong, 3)
