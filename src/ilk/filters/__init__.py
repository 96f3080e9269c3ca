"""Which items may be answered: conditions on what is known of them, written as JSON or as an expression.

>>> print(parse("year >= 2020 and place in ['oslo', 'rome']"))
year >= 2020 and place in ["oslo", "rome"]
>>> parse("year >= 2020") == from_json({"year": {"$gte": 2020}})
True

``docs/filters.md`` has the rules. A store may compile a filter to whatever it searches with; `Filter.matches` is what
it must agree with.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ilk.filters.expressions import parse
from ilk.filters.mongo import from_json, from_text
from ilk.filters.tree import And, Comparison, Filter, Near, Not, Or
from ilk.filters.values import Date

__all__ = ["And", "Comparison", "Date", "Filter", "Near", "Not", "Or", "as_filter", "from_json", "parse"]


def as_filter(given: str | Mapping[str, Any] | Filter) -> Filter:
    """A filter of however one was given: an expression, JSON as text or as a mapping, or a filter.

    Raises
    ------
    ilk.errors.FilterError
        If it is none that can be read.
    """
    if isinstance(given, Filter):
        return given
    if isinstance(given, str):
        return from_text(given) if given.lstrip().startswith("{") else parse(given)
    return from_json(given)
