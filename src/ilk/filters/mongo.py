"""Filters as JSON, in the grammar that MongoDB and Pinecone share."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from typing import Any, Final

from ilk.errors import FilterError
from ilk.filters.operators import OPERATORS
from ilk.filters.tree import MAX_DEPTH, And, Comparison, Filter, Near, Not, Or, too_deep
from ilk.filters.values import Date, Scalar, said

JOINTS: Final = ("$and", "$or", "$not", "$near")
"""What stands where a field could."""

MAX_JSON_CHARACTERS = 4_000_000
"""Of a filter as JSON text; lists of values are long."""

_PLACE: Final = {"latitude", "longitude", "within_m"}


def from_json(given: Mapping[str, Any]) -> Filter:
    """Read a filter from JSON, such as ``{"year": {"$gte": 2020}, "place": {"$in": ["oslo", "rome"]}}``.

    A plain value means ``$eq``, and several fields or operators beside each other are joined by ``$and``.

    Raises
    ------
    ilk.errors.FilterError
        If it is no filter.
    """
    return _condition(given, 1)


def from_text(text: str) -> Filter:
    """Read a filter from JSON as text.

    Raises
    ------
    ilk.errors.FilterError
        If it is no JSON, or no filter.
    """
    if len(text) > MAX_JSON_CHARACTERS:
        raise FilterError(f"A filter of {len(text):,} characters is too long: {MAX_JSON_CHARACTERS:,} go.")
    try:
        given = json.loads(text)
    except json.JSONDecodeError as error:
        raise FilterError(f"The filter begins with a brace and is no JSON: {error}.") from error
    except RecursionError as error:
        raise too_deep() from error
    except ValueError as error:  # a number with too many digits for Python to read
        raise FilterError(f"The filter cannot be read as JSON: {error}.") from error
    return from_json(given)


def _condition(given: Any, depth: int) -> Filter:
    """The filter that an object says, so deep in the whole."""
    if depth > MAX_DEPTH:
        raise too_deep()
    if not isinstance(given, Mapping):
        raise FilterError(
            f'A condition is an object such as {{"year": {{"$gte": 2020}}}}, not {said(given)}; an expression such as '
            "year >= 2020 is a text of its own."
        )
    if not given:
        raise FilterError("The filter is empty: leave it out, or give a condition.")
    return _joined([_member(name, value, depth) for name, value in given.items()])


def _member(name: object, value: Any, depth: int) -> Filter:
    """What one member of an object says."""
    if not isinstance(name, str) or not name.startswith("$"):
        return _about(name, value, depth)
    if name == "$not":
        return Not(_condition(value, depth + 1))
    if name == "$near":
        if not isinstance(value, Mapping) or set(value) != _PLACE:
            raise FilterError(f"$near takes an object with latitude, longitude and within_m, not {said(value)}.")
        return Near(**value)
    if name not in {"$and", "$or"}:
        raise _unknown(name, JOINTS, "in place of a field")
    if not isinstance(value, list | tuple) or not value:
        raise FilterError(f"{name} takes a list of conditions, not {said(value)}.")
    parts = [_condition(part, depth + 1) for part in value]
    return _joined(parts) if name == "$and" else (parts[0] if len(parts) == 1 else Or(tuple(parts)))


def _about(name: Any, given: Any, depth: int) -> Filter:
    """What is said of one field."""
    if depth > MAX_DEPTH:
        raise too_deep()
    if not isinstance(given, Mapping) or set(given) == {"$date"}:
        return Comparison(name, "$eq", _value(given))
    if not given:
        raise FilterError(f"Nothing is said of the field {said(name)}: give a value, or an operator such as $gte.")
    return _joined([_operation(name, operator, value, depth) for operator, value in given.items()])


def _operation(name: Any, operator: object, value: Any, depth: int) -> Filter:
    """One operator on a field."""
    if not isinstance(operator, str) or not operator.startswith("$"):
        raise FilterError(
            f"The field {said(name)} is compared with an object, and a filter knows none: give a value, or an operator "
            "such as $gte."
        )
    if operator == "$not":
        return Not(_about(name, value, depth + 1))
    if operator == "$exists" and value is False:
        return Not(Comparison(name, "$exists", value=True))
    if operator not in OPERATORS:
        raise _unknown(operator, (*OPERATORS, "$not"), f"of the field {said(name)}")
    if isinstance(value, list | tuple | set | frozenset):
        return Comparison(name, operator, tuple(_value(each) for each in value))  # type: ignore[arg-type]  # one of them
    return Comparison(name, operator, _value(value))  # type: ignore[arg-type]  # one of them


def _value(given: Any) -> Scalar:
    """A value, with those that JSON has no word for."""
    if isinstance(given, Mapping) and set(given) == {"$date"}:
        return Date(given["$date"])
    plain: Scalar = given  # a comparison refuses what is none
    return plain


def _joined(parts: list[Filter]) -> Filter:
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def _unknown(operator: str, known: tuple[str, ...], where: str) -> FilterError:
    """The error about an operator that there is not."""
    if operator in {"$regex", "$regexp", "$options"}:
        return FilterError(
            "Regular expressions are not searched for, since some take for ever: $like knows * and ?, and $contains "
            "looks for a text."
        )
    close = difflib.get_close_matches(operator, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}."
    return FilterError(f"{said(operator)} is no operator {where}: {hint}")
