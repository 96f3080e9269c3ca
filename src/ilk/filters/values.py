"""The values that filters compare with, and those that items have: one idea of a number, a text and a date."""

from __future__ import annotations

import datetime as dt
import json
import math
import numbers
import re
import reprlib
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from ilk.errors import FilterError

MAX_TEXT_CHARACTERS = 10_000
"""Of one text in a filter."""

SAID_CHARACTERS = 40
"""Of a wrong value in a message."""

INT64 = range(-(2**63), 2**63)
"""Whole numbers beyond it are floating-point numbers, in SQLite and so here."""

ISO_DATE = re.compile(
    r"[0-9]{4}-[0-9]{2}(?:-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?)?"
)
_YEAR = re.compile(r"[0-9]{4}")


@dataclass(frozen=True, slots=True)
class Date:
    """A moment, a day, a month or a year, as the beginning of an ISO 8601 text. All that begins so is within it.

    >>> Date("2021-05").contains("2021-05-17T10:30:00")
    True
    """

    text: str

    def __post_init__(self) -> None:
        given: object = self.text  # it comes out of somebody's JSON
        if not isinstance(given, str) or not (ISO_DATE.fullmatch(given) or _YEAR.fullmatch(given)):
            raise FilterError(f"{said(self.text)} is no date: write one as 2021-05-01, 2021-05 or 2021-05-01T10:30.")
        try:
            self._check()
        except ValueError as error:
            raise FilterError(f"{self.text} is no date that there is: {error}.") from error

    def _check(self) -> None:
        """Raise the standard library's error if there is no such day or time."""
        year, month, day = self.text[:4], self.text[5:7] or "01", self.text[8:10] or "01"
        dt.date(int(year), int(month), int(day))
        hour, minute = self.text[11:13] or "0", self.text[14:16] or "0"
        dt.time(int(hour), int(minute), int(self.text[17:19] or "0") if self.text[16:17] == ":" else 0)

    def contains(self, text: str) -> bool:
        """Whether a text is this moment, or one within it."""
        return text.startswith(self.text)

    @property
    def after(self) -> str:
        """The least text that is after all that is within this."""
        return self.text[:-1] + chr(ord(self.text[-1]) + 1)


Scalar: TypeAlias = str | int | float | bool | Date | None
"""What a filter may compare with."""


class Other:
    """Stands where an item has something that no filter can compare with: an object, or a list in a list."""


OTHER: Final = Other()

ItemValue: TypeAlias = str | int | float | bool | Other | None


def scalar(given: Any) -> Scalar:
    """A value given to a filter, made plain.

    Raises
    ------
    FilterError
        If it is none of the kinds that are compared.
    """
    if given is None or isinstance(given, bool | Date):
        return given
    if isinstance(given, str):
        return checked_text(given)
    if isinstance(given, numbers.Integral):
        return number(int(given))
    if isinstance(given, numbers.Real):
        return number(float(given))
    if isinstance(given, dt.datetime | dt.date):
        return Date(given.isoformat())
    raise FilterError(
        f"{said(given)} is nothing to compare with: a filter knows texts, numbers, true, false, null and dates."
    )


def number(given: int | float) -> int | float:  # noqa: PYI041 -- the two are told apart
    """A number as SQLite holds it.

    Raises
    ------
    FilterError
        If it is not finite.
    """
    try:
        plain = given if isinstance(given, float) or given in INT64 else float(given)
    except OverflowError:
        plain = math.inf
    if not math.isfinite(plain):
        raise FilterError(f"{said(given)} is no number to compare with: give a finite one.")
    return plain


def checked_text(given: str) -> str:
    """A text, once it is sure to be one that can be stored.

    Raises
    ------
    FilterError
        If it is not Unicode, holds a NUL, or is too long.
    """
    if len(given) > MAX_TEXT_CHARACTERS:
        raise FilterError(f"A text of {len(given):,} characters is too long for a filter: {MAX_TEXT_CHARACTERS:,} go.")
    if "\0" in given or any("\ud800" <= character <= "\udfff" for character in given):
        raise FilterError(f"{said(given)} is no text: it holds a NUL, or bytes that are not Unicode.")
    return given


def item_values(held: Any) -> tuple[ItemValue, ...]:
    """What an item holds in one field, as values to compare: those of a list one by one."""
    if isinstance(held, list | tuple):
        return tuple(_item_value(each) for each in held) or (OTHER,)
    return (_item_value(held),)


def is_number(value: ItemValue) -> bool:
    """Whether it is one. A truth value is none, though Python says so."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def said(given: object) -> str:
    """A value as messages say it: short, and with nothing in it that a terminal would obey."""
    try:
        text = repr(given[: SAID_CHARACTERS + 1]) if isinstance(given, str) else reprlib.repr(given)
    except (ValueError, RecursionError):  # a number with too many digits to be written, lists in lists without end
        text = f"<{type(given).__name__}>"
    return text if len(text) <= SAID_CHARACTERS else f"{text[:SAID_CHARACTERS]}..."


def written(value: Scalar) -> str:
    """A value as an expression has it."""
    return value.text if isinstance(value, Date) else json.dumps(value, ensure_ascii=False)


def _item_value(held: Any) -> ItemValue:
    if held is None or isinstance(held, bool | str):
        return held
    if isinstance(held, float):
        return held
    if isinstance(held, int):
        if held in INT64:
            return held
        try:
            return float(held)
        except OverflowError:
            return math.inf if held > 0 else -math.inf
    return OTHER
