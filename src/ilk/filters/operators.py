"""The operators, and which values each takes of which field."""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias, get_args

from ilk.errors import FilterError
from ilk.filters.fields import DATED, NUMBERS, TEXTS
from ilk.filters.patterns import checked_pattern
from ilk.filters.values import Date, Scalar, said, scalar, written
from ilk.filters.words import words_of

Operator: TypeAlias = Literal[
    "$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$exists", "$contains", "$like", "$match"
]
OPERATORS: Final = get_args(Operator)
SYMBOLS: Final = {
    "$eq": "==", "$ne": "!=", "$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<=", "$in": "in", "$nin": "not in",
    "$contains": "contains", "$like": "like", "$match": "match",
}  # fmt: skip
"""How expressions write the operators."""

MAX_VALUES = 100_000
"""Behind one ``$in``."""


def fitted(field: str, operator: Operator, given: Any) -> Scalar | tuple[Scalar, ...]:
    """A value to compare with, once it is sure to make sense with the operator and the field.

    Raises
    ------
    FilterError
        If it does not.
    """
    if operator in {"$in", "$nin"}:
        return _several(field, operator, given)
    if isinstance(given, list | tuple | set | frozenset | dict):
        raise FilterError(
            f"{operator} of {said(field)} takes one value, not {said(given)}: for any of several there is $in."
        )
    if operator == "$exists":
        if given is not True:
            raise FilterError(f"$exists of {said(field)} takes true or false, not {said(given)}.")
        return True
    if operator in {"$contains", "$like", "$match"}:
        return _text(field, operator, given)
    value = _of_field(field, scalar(given))
    if operator not in {"$eq", "$ne"} and (value is None or isinstance(value, bool)):
        raise FilterError(
            f"{written(value)} is neither more nor less than anything: {said(field)} can be compared with "
            f"it by $eq and $ne, not by {operator}."
        )
    return value


def _several(field: str, operator: Operator, given: Any) -> tuple[Scalar, ...]:
    if not isinstance(given, list | tuple | set | frozenset):
        raise FilterError(f"{operator} of {said(field)} takes a list of values, not {said(given)}.")
    if not given:
        raise FilterError(f"The list that {said(field)} is to be in is empty: nothing is in it.")
    if len(given) > MAX_VALUES:
        raise FilterError(f"A list of {len(given):,} values is too long for a filter: {MAX_VALUES:,} go.")
    return tuple(_of_field(field, scalar(each)) for each in given)


def _text(field: str, operator: Operator, given: Any) -> str:
    """The value of an operator on texts."""
    value = scalar(given)
    if not isinstance(value, str) or not value:
        raise FilterError(f"{operator} of {said(field)} takes a text, not {said(given)}.")
    if field in NUMBERS:
        raise FilterError(f"{field} is a number, so that {operator} can never hold of it.")
    if operator == "$like":
        return checked_pattern(value)
    if operator == "$match":
        if field != "caption":
            raise FilterError(
                f"$match looks for words in captions, not in {said(field)}: use $contains or $like there."
            )
        if not words_of(value):
            raise FilterError(f"There is no word in {said(value)} for $match to look for.")
    return value


def _of_field(field: str, value: Scalar) -> Scalar:
    """A value as this field has them."""
    if field in DATED:
        return _dated(field, value)
    if isinstance(value, Date) and len(value.text) == len("2021"):
        raise FilterError(f"{said(field)} may hold years as numbers: compare it with {value.text} as one.")
    wrong = (field in NUMBERS and isinstance(value, str | Date | bool)) or (
        field in TEXTS and isinstance(value, int | float | bool)
    )
    if wrong:
        kind = "a number" if field in NUMBERS else "a text"
        raise FilterError(
            f"{field} is {kind} and {written(value)} is none, so that they never compare; a metadata field "
            f"of that name is metadata.{field}."
        )
    return value


def _dated(field: str, value: Scalar) -> Scalar:
    if isinstance(value, int) and not isinstance(value, bool):
        return Date(str(value))
    if isinstance(value, str):
        return Date(value)
    if isinstance(value, float | bool):
        raise FilterError(f"{field} is a date and {written(value)} is none: write one as 2021-05-01.")
    return value
