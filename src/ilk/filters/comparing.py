"""What each operator means, in Python: the reference that the SQL is tested against.

A field may have several values, those of a list. An operator holds if it holds of any of them; ``$ne`` and ``$nin``
hold where ``$eq`` and ``$in`` do not, so that they hold of items without the field. Values of different kinds are
never equal, and neither is more than the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ilk.filters.patterns import fits
from ilk.filters.values import Date, ItemValue, Scalar, is_number
from ilk.filters.words import has_words

_UPPER_TO_LOWER: Final = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def holds(operator: str, values: tuple[ItemValue, ...], wanted: Scalar | tuple[Scalar, ...]) -> bool:
    """Whether an item that has these values in a field meets a condition on it."""
    if operator == "$exists":
        return bool(values)
    if operator in {"$ne", "$nin"}:
        return not _any_equal(values, wanted)
    if operator in {"$eq", "$in"}:
        return _any_equal(values, wanted)
    test = _TESTS[operator]
    return any(test(value, wanted) for value in values)


def lowered(text: str) -> str:
    """A text with A to Z made small, and no other letter: what SQLite's ``lower`` does."""
    return text.translate(_UPPER_TO_LOWER)


def _any_equal(values: tuple[ItemValue, ...], wanted: Scalar | tuple[Scalar, ...]) -> bool:
    several = wanted if isinstance(wanted, tuple) else (wanted,)
    return any(_equal(value, each) for each in several for value in (values or (None,)))


def _equal(value: ItemValue, wanted: Scalar) -> bool:
    if isinstance(wanted, Date):
        return isinstance(value, str) and wanted.contains(value)
    if wanted is None or isinstance(wanted, bool):
        return value is wanted
    if isinstance(wanted, str):
        return isinstance(value, str) and value == wanted
    return is_number(value) and value == wanted


def _ordered(text_or_number: Callable[[Any, Any], bool], date: Callable[[str, Date], bool]) -> Callable[..., bool]:
    """A test of order: by code point of texts, by value of numbers, and of dates by what lies within them."""

    def test(value: ItemValue, wanted: Scalar) -> bool:
        if isinstance(wanted, Date):
            return isinstance(value, str) and date(value, wanted)
        if isinstance(wanted, str):
            return isinstance(value, str) and text_or_number(value, wanted)
        return is_number(value) and text_or_number(value, wanted)

    return test


_TESTS: Final[Mapping[str, Callable[..., bool]]] = {
    "$gt": _ordered(lambda value, wanted: value > wanted, lambda value, date: value >= date.after),
    "$gte": _ordered(lambda value, wanted: value >= wanted, lambda value, date: value >= date.text),
    "$lt": _ordered(lambda value, wanted: value < wanted, lambda value, date: value < date.text),
    "$lte": _ordered(lambda value, wanted: value <= wanted, lambda value, date: value < date.after),
    "$contains": lambda value, wanted: isinstance(value, str) and lowered(wanted) in lowered(value),
    "$like": lambda value, wanted: isinstance(value, str) and fits(value, wanted),
    "$match": lambda value, wanted: isinstance(value, str) and has_words(value, wanted),
}
