"""Filters as expressions, such as ``year >= 2020 and place in ["oslo", "rome"] and not draft``.

A parser by hand, one function for each rule of the grammar::

    either     = both ("or" both)*
    both       = one ("and" one)*
    one        = "not"* ( "(" either ")" | "near" "(" number "," number "," distance ")" | comparison )
    comparison = name [ sign value | ["not"] "in" "[" value ("," value)* "]" | "exists"
               | ["not"] ("contains" | "like" | "match") text ]
"""

from __future__ import annotations

from typing import Final, NoReturn

from ilk.errors import FilterError
from ilk.filters.fields import KEYWORDS
from ilk.filters.operators import Operator
from ilk.filters.tokens import BYTES, METRES, Token, mistake, tokens_of
from ilk.filters.tree import MAX_DEPTH, And, Comparison, Filter, Near, Not, Or, too_deep
from ilk.filters.values import Date, Scalar

_SIGNS: Final[dict[str, Operator]] = {
    "==": "$eq", "=": "$eq", "!=": "$ne", "<>": "$ne", ">": "$gt", ">=": "$gte", "<": "$lt", "<=": "$lte",
}  # fmt: skip
_ON_TEXT: Final[dict[str, Operator]] = {"contains": "$contains", "like": "$like", "match": "$match"}
_CONSTANTS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None}
_JOINTS: Final = {"&&": "and", "||": "or", "!": "not"}
_RESERVED: Final = frozenset({"and", "or", "not", "in", *_CONSTANTS})


def parse(text: str) -> Filter:
    """Read a filter from an expression. ``docs/filters.md`` has the grammar.

    Raises
    ------
    ilk.errors.FilterError
        If it cannot be read; says where, and what was expected.
    """
    if not isinstance(text, str):
        raise FilterError(f"An expression is a str, not {type(text).__name__}.")
    if not text.strip():
        raise FilterError("The filter is empty: leave it out, or give a condition such as year >= 2020.")
    return _Parser(text).whole()


class _Parser:
    """Reads one expression from left to right."""

    def __init__(self, written: str) -> None:
        self._written = written
        self._tokens = tokens_of(written)
        self._place = 0

    def whole(self) -> Filter:
        found = self._either(1)
        if self._next.kind != "end":
            self._refuse("and, or, or the end")
        return found

    # -- rules ----------------------------------------------------------------------------------------------------

    def _either(self, depth: int) -> Filter:
        parts = [self._both(depth)]
        while self._took("or"):
            parts.append(self._both(depth))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _both(self, depth: int) -> Filter:
        parts = [self._one(depth)]
        while self._took("and"):
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _one(self, depth: int) -> Filter:
        denials = 0
        while self._took("not"):
            denials += 1
        if depth + denials > MAX_DEPTH:
            raise too_deep()
        if self._took("("):
            found = self._either(depth + denials + 1)
            self._demand(")")
        elif self._word() == "near" and self._after.text == "(":
            found = self._near()
        else:
            found = self._comparison()
        for _ in range(denials):
            found = Not(found)
        return found

    def _comparison(self) -> Filter:
        name = self._name()
        start = self._next.start
        if (sign := self._next.text) in _SIGNS and self._next.kind == "symbol":
            self._place += 1
            return self._made(name, _SIGNS[sign], self._value(), start)
        if self._took("exists"):
            return self._made(name, "$exists", True, start)  # noqa: FBT003 -- the value
        denied = self._took("not")
        word = self._word()
        if word == "in":
            self._place += 1
            return self._made(name, "$nin" if denied else "$in", self._values(), start)
        if word in _ON_TEXT:
            self._place += 1
            if self._next.kind != "text":
                self._refuse("a text in quotes")
            found = self._made(name, _ON_TEXT[word], self._take().text, start)
            return Not(found) if denied else found
        if denied or (self._next.kind not in {"end", "symbol"} and word not in {"and", "or"}):
            self._refuse(
                "in, contains, like or match" if denied else "a comparison, such as >= 2020, and, or or the end"
            )
        return self._made(name, "$eq", True, start)  # noqa: FBT003 -- what a field alone means

    def _near(self) -> Filter:
        start = self._next.start
        self._place += 2
        latitude = self._plain_number("a latitude in degrees")
        self._demand(",")
        longitude = self._plain_number("a longitude in degrees")
        self._demand(",")
        number = self._plain_number("a distance such as 5km")
        unit = self._word()
        if unit not in METRES:
            self._refuse(f"a unit of distance: {', '.join(METRES)}")
        self._place += 1
        self._demand(")")
        try:
            return Near(latitude, longitude, number * METRES[unit])
        except FilterError as error:
            raise mistake(self._written, start, error.sentence) from error

    # -- values ---------------------------------------------------------------------------------------------------

    def _value(self) -> Scalar:
        token = self._next
        word = self._word()
        if token.kind == "text":
            return self._take().text
        if token.kind == "date":
            return self._date()
        if token.kind == "number":
            return self._number()
        if word in _CONSTANTS:
            self._place += 1
            return _CONSTANTS[word]
        quotes = token.kind == "name" and word not in KEYWORDS
        example = f'"{token.text}"; a text stands in quotes' if quotes else '2020, "oslo", true or 2021-05-01'
        raise self._refusal(f"a value, such as {example}")

    def _values(self) -> tuple[Scalar, ...]:
        """A list, in brackets or in parentheses."""
        closing = {"[": "]", "(": ")"}.get(self._next.text)
        if self._next.kind != "symbol" or closing is None:
            self._refuse('a list such as ["oslo", "rome"]')
        self._place += 1
        if self._next.text == closing and self._next.kind == "symbol":
            self._refuse("a value: nothing is in an empty list")
        values = [self._value()]
        while self._took(","):
            values.append(self._value())
        self._demand(closing)
        return tuple(values)

    def _date(self) -> Date:
        token = self._take()
        try:
            return Date(token.text)
        except FilterError as error:
            raise mistake(self._written, token.start, error.sentence) from error

    def _number(self) -> int | float:
        """A number, with a unit of size if one follows it at once or after a space."""
        number = self._plain_number("a number")
        unit = self._word()
        if unit in KEYWORDS or self._next.kind != "name":
            return number
        if unit not in BYTES:
            self._refuse("and, or, the end, or a unit of size such as kB, MB or MiB; a date is written 2021-05-01")
        self._place += 1
        size = number * BYTES[unit]
        return int(size) if isinstance(size, float) and size.is_integer() else size

    def _plain_number(self, what: str) -> int | float:
        if self._next.kind != "number":
            self._refuse(what)
        token = self._take()
        try:
            return float(token.text) if any(sign in token.text for sign in ".eE") else int(token.text)
        except ValueError as error:  # Python reads no more than some thousand digits
            raise mistake(self._written, token.start, "this number is too long.") from error

    def _name(self) -> str:
        token = self._next
        if token.kind == "quoted name":
            return self._take().text
        if token.kind != "name" or token.text.lower() in _RESERVED:
            self._refuse("the name of a field, such as year; one with spaces stands in backquotes")
        return self._take().text

    def _made(self, name: str, operator: Operator, value: Scalar | tuple[Scalar, ...], start: int) -> Filter:
        try:
            return Comparison(name, operator, value)
        except FilterError as error:
            raise mistake(self._written, start, error.sentence) from error

    # -- tokens ---------------------------------------------------------------------------------------------------

    @property
    def _next(self) -> Token:
        return self._tokens[self._place]

    @property
    def _after(self) -> Token:
        return self._tokens[min(self._place + 1, len(self._tokens) - 1)]

    def _take(self) -> Token:
        token = self._next
        self._place += 1
        return token

    def _word(self) -> str:
        """The next word in small letters, if it is one that may have a meaning of its own; else nothing."""
        token = self._next
        return token.text.lower() if token.kind == "name" else ""

    def _took(self, what: str) -> bool:
        """Whether the next word was this one; it is passed then."""
        token = self._next
        said = _JOINTS.get(token.text, token.text) if token.kind == "symbol" else self._word()
        if said != what:
            return False
        self._place += 1
        return True

    def _demand(self, what: str) -> None:
        if not self._took(what):
            self._refuse(what)

    def _refuse(self, expected: str) -> NoReturn:
        raise self._refusal(expected)

    def _refusal(self, expected: str) -> FilterError:
        token = self._next
        found = "the end" if token.kind == "end" else repr(token.text[:40])
        return mistake(self._written, token.start, f"expected {expected}, found {found}.")
