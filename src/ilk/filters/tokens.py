"""The words of an expression, each with its place in it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final, Literal, NoReturn, TypeAlias

from ilk.errors import FilterError
from ilk.filters.values import ISO_DATE

Kind: TypeAlias = Literal["name", "quoted name", "text", "number", "date", "symbol", "end"]

MAX_CHARACTERS = 100_000
"""Of an expression."""

SHOWN_CHARACTERS = 60
"""Of the expression around a mistake."""

BYTES: Final = {"b": 1} | {
    f"{letter}{middle}b": base**power
    for power, letter in enumerate("kmgt", start=1)
    for middle, base in (("", 1000), ("i", 1024))
}
METRES: Final = {"m": 1.0, "km": 1000.0, "mi": 1609.344}

_TOKEN = re.compile(
    rf"""(?P<space>\s+)
    | (?P<date>{ISO_DATE.pattern})(?![\w.])
    | (?P<number>-?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<name>[^\W\d][\w.]*)
    | `(?P<quoted>(?:[^`]|``)+)`
    | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<symbol>==|!=|<>|>=|<=|&&|\|\||[=<>()\[\],!])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "\\": "\\", "/": "/", '"': '"', "'": "'"}


@dataclass(frozen=True, slots=True)
class Token:
    """A word of an expression.

    Attributes
    ----------
    kind
        What it is.
    text
        A name or a text without its quotes; else as it was written.
    start
        Where it begins, from 0.
    """

    kind: Kind
    text: str
    start: int


def tokens_of(written: str) -> list[Token]:
    """The words of an expression; the last is its end.

    Raises
    ------
    FilterError
        If it is too long, or has what is no word.
    """
    if len(written) > MAX_CHARACTERS:
        raise FilterError(
            f"A filter of {len(written):,} characters is too long for an expression: {MAX_CHARACTERS:,} go, and JSON "
            "may be longer."
        )
    found, at = list[Token](), 0
    while at < len(written):
        match = _TOKEN.match(written, at)
        if match is None:
            _refuse(written, at)
        token = _token(written, match)
        if token is not None:
            found.append(token)
        at = match.end()
    return [*found, Token("end", "", len(written))]


def mistake(written: str, at: int, what: str) -> FilterError:
    """An error about one place of an expression, which shows it."""
    start = max(0, at - SHOWN_CHARACTERS // 2)
    shown = "".join(c if c.isprintable() else " " for c in written[start : start + SHOWN_CHARACTERS])
    before, after = "..." if start else "", "..." if start + SHOWN_CHARACTERS < len(written) else ""
    caret = " " * (len(before) + at - start) + "^"
    return FilterError(
        f"The filter cannot be read at character {at + 1}: {what}",
        shown=(f"  {before}{shown}{after}", f"  {caret}"),
    )


def _token(written: str, match: re.Match[str]) -> Token | None:
    """The word that was found; None for space."""
    kind, text, start = str(match.lastgroup), match[0], match.start()
    if kind == "space":
        return None
    if kind == "quoted":
        return Token("quoted name", match["quoted"].replace("``", "`"), start)
    if kind == "text":
        return Token("text", _unescaped(written, text[1:-1], start), start)
    if kind == "date":
        return Token("date", text, start)
    if kind == "number":
        return Token("number", text, start)
    return Token("name" if kind == "name" else "symbol", text, start)


def _unescaped(written: str, inner: str, start: int) -> str:
    """A text with what its backslashes stand for."""

    def meant(match: re.Match[str]) -> str:
        sign = match[1]
        if sign[0] == "u" and len(sign) > 1:
            return str(json.loads(f'"\\{sign}"'))
        if sign not in _ESCAPED:
            at = start + 1 + match.start()
            raise mistake(written, at, f"\\{sign} stands for nothing; a backslash itself is written twice.")
        return _ESCAPED[sign]

    return _ESCAPE.sub(meant, inner)


def _refuse(written: str, at: int) -> NoReturn:
    """Say what is wrong where no word begins."""
    sign = written[at]
    if sign in "\"'`":
        raise mistake(written, at, f"the {'name' if sign == '`' else 'text'} that begins here has no end.")
    if sign in "~/":
        raise mistake(written, at, "regular expressions are not searched for: like knows * and ?.")
    raise mistake(written, at, f"{sign!r} means nothing here.")
