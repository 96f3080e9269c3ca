"""What a cell says: captions, an id, or metadata with its type."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Literal, TypeAlias

from ilk.records import MetadataValue
from ilk.sources import names
from ilk.sources.captions import MAX_CAPTIONS

Kind: TypeAlias = Literal["number", "boolean", "text", "mixed"]
"""What the text of a column stands for; mixed while nothing is known of it."""

MAX_LIST = 256
"""Elements of a list that is kept as metadata. Longer ones are vectors, for which `ilk.embeddings` is the place."""

MAX_DIGITS = 10
"""Of a whole number in text: what has more is a telephone number, a barcode or an id, however it looks."""

MAX_DEPTH = 8
"""Of dictionaries in dictionaries that become columns of their own; what is deeper is kept as JSON."""

MISSING = frozenset({"", "nan", "null", "none", "na", "n/a", "<na>", "inf", "-inf", "infinity", "-infinity"})
"""How a table of text says that there is no number or no picture, in lower case."""

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_WHOLE = re.compile(rf"-?(?:0|[1-9][0-9]{{0,{MAX_DIGITS - 1}}})")
_REAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")
_BOOLEANS = {"true": True, "false": False}


# -- captions and ids -------------------------------------------------------------------------------------------------


def captions(values: Iterable[object]) -> tuple[str, ...]:
    """The captions in some cells: texts and lists of texts, blank ones dropped, each once."""
    found = dict.fromkeys(text for value in values for text in _texts(value))
    return tuple(found)[:MAX_CAPTIONS]


def identity(value: object) -> str | None:
    """An id as text, or None if the cell is empty."""
    value = plain(value)
    if isinstance(value, float) and value.is_integer():  # a column of whole numbers with gaps, as pandas holds it
        value = int(value)
    if isinstance(value, bytes | Mapping | list | bool) or value is None:
        return None
    text = str(value).strip()
    return name(text) if text else None


def name(text: str) -> str:
    """A text that names something: without line breaks, control characters and lone surrogates."""
    return names.escape(text) if _CONTROL.search(text) else text


def _texts(value: object) -> Iterator[str]:
    value = plain(value)
    if isinstance(value, str):
        text = clean(value).strip()
        if text.startswith("[") and text.endswith("]"):  # a list of texts in a table that has only text
            try:
                value = json.loads(text)
            except (ValueError, RecursionError):
                value = None
            if isinstance(value, list) and all(isinstance(each, str) for each in value):
                yield from _texts(value)
                return
        if text:
            yield text
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def clean(text: str) -> str:
    """A text that a database takes: no lone surrogates, and no U+0000, at which many stop reading."""
    if "\0" in text:
        text = text.replace("\0", "")
    return text if text.isascii() else names.printable(text)


# -- metadata ---------------------------------------------------------------------------------------------------------


def metadata(cells: Iterable[tuple[str, object]]) -> dict[str, MetadataValue]:
    """What cells say, by column; those in a dictionary as ``column.key``. Empty ones are left out.

    Left out too are NaN and infinity, bytes, and lists of more than `MAX_LIST` elements.
    """
    return {key: value for column, cell in cells for key, value in _fields(clean(column), cell, MAX_DEPTH)}


def _fields(key: str, cell: object, depth: int) -> Iterator[tuple[str, MetadataValue]]:
    value = plain(cell)
    if isinstance(value, Mapping):
        if depth:
            for inner, each in value.items():
                yield from _fields(f"{key}.{clean(str(inner))}", each, depth - 1)
        else:
            yield key, _json(value)
    elif isinstance(value, list):
        if len(value) <= MAX_LIST:
            yield key, _flat(value)
    elif isinstance(value, str):
        yield key, clean(value)
    elif value is not None and not isinstance(value, bytes):
        yield key, value


def _flat(value: list[Any]) -> MetadataValue:
    """A list of texts or of numbers; any other as JSON."""
    found = [each for each in map(plain, value) if each is not None]
    if all(isinstance(each, str) for each in found):
        return [clean(each) for each in found]
    if all(isinstance(each, int | float) for each in found):
        return found
    return _json(found)


def _json(value: Any) -> str:
    return clean(json.dumps(_nested(value), ensure_ascii=False))


def _nested(value: object) -> Any:
    value = plain(value)
    if isinstance(value, Mapping):
        return {str(key): _nested(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_nested(each) for each in value]
    return None if isinstance(value, bytes) else value


def plain(value: Any) -> Any:  # noqa: PLR0911 -- one line for each type
    """A value as JSON would have it, or bytes; None for what is missing."""
    if value is None or isinstance(value, str | bool | int | bytes | Mapping):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None  # numpy's numbers are floats too
    if isinstance(value, datetime | date | time):
        return None if value != value else value.isoformat()  # noqa: PLR0124 -- NaT, which differs from itself
    if isinstance(value, timedelta):
        return None if value != value else value.total_seconds()  # noqa: PLR0124 -- the same
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, list | tuple | set | frozenset):
        return list(value)
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    if hasattr(value, "tolist"):  # numpy's arrays and numbers, and those of Arrow
        inner = value.tolist()
        return None if inner is value else plain(inner)
    return None if type(value).__name__ in {"NAType", "NaTType"} else str(value)


def _number(value: Decimal) -> int | float | None:
    if not value.is_finite():
        return None
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and 0 <= exponent <= MAX_DIGITS:
        return int(value)
    number = float(value)
    return number if math.isfinite(number) else None


# -- text that stands for something -----------------------------------------------------------------------------------


def kind(texts: Iterable[object]) -> Kind:
    """What the texts of one column stand for, going by the first of them.

    One that is no number makes all of them text: a column of codes in which some begin with a zero is no column of
    numbers, whatever most of them look like.
    """
    said = {str(text).strip().lower() for text in texts} - MISSING
    if not said:
        return "mixed"
    if said <= _BOOLEANS.keys():
        return "boolean"
    return "number" if all(_parse(text) is not None for text in said) else "text"


def read(text: object, kind: Kind) -> object:
    """What a text stands for in a column of that kind; None for nothing."""
    if not isinstance(text, str):
        return text
    if not text or kind == "text":
        return text or None
    stripped = text.strip()
    lower = stripped.lower()
    if lower in _BOOLEANS and kind != "number":
        return _BOOLEANS[lower]
    if kind != "mixed" and lower in MISSING:
        return None
    number = _parse(stripped) if kind != "boolean" else None
    return text if number is None else number


def _parse(text: str) -> int | float | None:
    """The number that a text is written as."""
    if _WHOLE.fullmatch(text):
        return int(text)
    if _REAL.fullmatch(text) and not text.lstrip("-").isdigit():
        number = float(text)
        return number if math.isfinite(number) else None
    return None
