"""Filters and items of every kind, for Hypothesis to make."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from ilk.filters import And, Comparison, Date, Filter, Near, Not, Or
from ilk.records import Item

NAMES = (
    "year",
    "place",
    "tags",
    "draft",
    "size",
    "taken_at",
    "my field",
    'a"b',
    "a.b",
    "$set",
    "naïve 🐟",
    "a`b",
    "x\\y",
)
"""Of metadata fields: few, so that filters often ask for what items have."""

WORDS = (
    "",
    "snow",
    "Snow",
    "a snowy day",
    "SNØ",
    "snø",
    "Crème brûlée",
    "*",
    "50%",
    "a_b",
    "[ab]",
    "été\nhiver",
    "2021-05-17",
)
DATES = ("2021-05", "2021-05-17", "2021-05-17T10:30:00", "2021-05-17T10:30:00+02:00", "2021-06-01", "2020-12-31T23:59")
PATHS = ("2019/norway/fjord.jpg", "2019/rome.png", "2020/Rome.png", "[old]/x?.jpg", "https://example.org/a%20b.jpg")

texts = st.sampled_from(WORDS + DATES + PATHS)
numbers = st.one_of(
    st.integers(-3, 3),
    st.sampled_from([2020, 2021, 2**53, 2**53 + 1, 2**63 - 1, -(2**63), 2**63, 10**30, 10**400]),
    st.floats(-4, 4, width=16),
    st.sampled_from([0.1, 1e300, -1e-300, 2.0**53, 2.0**63]),
)
finite = numbers.filter(lambda number: number != 10**400)
plain = st.one_of(texts, numbers, st.booleans(), st.none())
dates = st.sampled_from([Date(text) for text in DATES])
scalars = st.one_of(texts, finite, st.booleans(), st.none(), dates)

metadata = st.dictionaries(
    st.sampled_from(NAMES),
    st.one_of(plain, st.lists(plain, max_size=3), st.just({"in": 1}), st.just([[1], 2])),
    max_size=6,
)
places = st.fixed_dictionaries(
    {}, optional={"latitude": st.one_of(st.floats(-91, 91), plain), "longitude": st.one_of(st.floats(-181, 181), plain)}
)


@st.composite
def items(draw: st.DrawFn) -> Item:
    """One item; its id is not unique."""
    path = draw(st.sampled_from(PATHS))
    return Item(
        id=path,
        uri=draw(st.sampled_from(PATHS)),
        source=draw(st.sampled_from(["folder", "table"])),
        stamp="1",
        digest="d",
        size_bytes=draw(st.integers(0, 5)),
        width=draw(st.integers(1, 5)),
        height=draw(st.integers(1, 5)),
        captions=tuple(draw(st.lists(st.sampled_from(WORDS), max_size=3))),
        metadata=draw(metadata) | draw(places),
    )


def _comparison(field: str, operator: str, value: Any) -> Filter:
    return Comparison(field, operator, value)  # type: ignore[arg-type]  # one of them


metadata_fields = st.sampled_from(
    [name for name in NAMES if name not in {"size", "taken_at"}] + ["metadata.size", "latitude"]
)
patterns = st.sampled_from(
    ("*", "2019/*", "*.jpg", "?now", "*o*", "20??/*.png", "[*", "[ab]", "snow", "50%", "a_b", "*é*")
)
on_metadata = st.one_of(
    st.builds(_comparison, metadata_fields, st.sampled_from(["$eq", "$ne"]), scalars),
    st.builds(
        _comparison,
        metadata_fields,
        st.sampled_from(["$gt", "$gte", "$lt", "$lte"]),
        st.one_of(texts, finite, dates),
    ),
    st.builds(
        _comparison, metadata_fields, st.sampled_from(["$in", "$nin"]), st.lists(scalars, min_size=1, max_size=4)
    ),
    st.builds(_comparison, metadata_fields, st.just("$exists"), st.just(value=True)),
)
on_texts = st.one_of(
    st.builds(
        _comparison,
        st.sampled_from(["id", "path", "caption", "source"]),
        st.sampled_from(["$eq", "$ne", "$gt", "$lte"]),
        st.one_of(texts, st.none(), dates).filter(lambda value: value is not None),
    ),
    st.builds(
        _comparison,
        st.sampled_from(["id", "path", "caption"]),
        st.sampled_from(["$in", "$nin"]),
        st.lists(texts, min_size=1),
    ),
    st.builds(
        _comparison,
        st.one_of(metadata_fields, st.sampled_from(["id", "uri", "caption"])),
        st.just("$contains"),
        texts.filter(bool),
    ),
    st.builds(
        _comparison, st.one_of(metadata_fields, st.sampled_from(["id", "uri", "caption"])), st.just("$like"), patterns
    ),
    st.builds(
        _comparison, st.just("caption"), st.just("$match"), st.sampled_from(["snow", "SNOWY day", "creme", "snø"])
    ),
)
on_numbers = st.builds(
    _comparison,
    st.sampled_from(["size", "width", "height"]),
    st.sampled_from(["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"]),
    finite,
)
on_dates = st.builds(
    _comparison,
    st.sampled_from(["date", "taken_at"]),
    st.sampled_from(["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"]),
    st.one_of(dates, st.sampled_from([2020, 2021])),
)
nulls = st.builds(
    _comparison,
    st.sampled_from(["id", "caption", "width", "date", "year"]),
    st.sampled_from(["$eq", "$ne"]),
    st.none(),
)
exists = st.builds(
    _comparison, st.sampled_from(["id", "caption", "width", "date"]), st.just("$exists"), st.just(value=True)
)
near = st.builds(Near, st.floats(-90, 90), st.floats(-180, 180), st.floats(1, 2e7))
plain_filters = st.one_of(on_metadata, on_texts, on_numbers, on_dates, nulls, exists, near)
filters = st.recursive(
    plain_filters,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(And, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=5,
)
