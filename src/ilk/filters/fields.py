"""What can be asked about: what every item has, and whatever its metadata hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from ilk.errors import FilterError
from ilk.filters.values import ItemValue, item_values, said
from ilk.records import Item

MAX_NAME_CHARACTERS = 500
"""Of a field's name."""

METADATA: Final = "metadata."
"""In front of a name it says that the field is one of the metadata, whatever it is called."""

BUILT_IN: Final[Mapping[str, Callable[[Item], tuple[ItemValue, ...]]]] = {
    "id": lambda item: (item.id,),
    "path": lambda item: (item.uri,),
    "uri": lambda item: (item.uri,),
    "caption": lambda item: item.captions,
    "source": lambda item: (item.source,),
    "size": lambda item: (item.size_bytes,),
    "width": lambda item: (item.width,),
    "height": lambda item: (item.height,),
}
"""What every item has, and how to read it. A metadata field of the same name is written with `METADATA` in front."""

ALIASES: Final[Mapping[str, str]] = {"date": "taken_at"}
"""Names of metadata fields that are shorter than they are."""

DATED: Final = frozenset({"date", "taken_at", "metadata.taken_at"})
"""Fields that hold dates, so that a text or a year compared with them is one."""

TEXTS: Final = frozenset({"id", "path", "uri", "caption", "source"})
NUMBERS: Final = frozenset({"size", "width", "height"})

_PLAIN = re.compile(r"[^\W\d][\w.]*")
KEYWORDS: Final = frozenset(
    {"and", "or", "not", "in", "true", "false", "null", "exists", "contains", "like", "match", "near"}
)


def checked_name(given: object) -> str:
    """The name of a field, once it is sure to be one that there can be, in the one way it is written.

    Raises
    ------
    FilterError
        If it is no text, empty, too long, or holds what no field's name can.
    """
    if not isinstance(given, str) or not given or given == METADATA:
        raise FilterError(f"{said(given)} is no name of a field: give a text, such as year.")
    if len(given) > MAX_NAME_CHARACTERS:
        raise FilterError(f"A field's name of {len(given):,} characters is too long: {MAX_NAME_CHARACTERS} go.")
    if "\0" in given or any("\ud800" <= character <= "\udfff" for character in given):
        raise FilterError(f"{said(given)} is no name of a field: it holds a NUL, or bytes that are not Unicode.")
    return METADATA + given if given.startswith("$") else given  # so that JSON can tell it from an operator


def metadata_name(field: str) -> str | None:
    """What a field is called among the metadata; None if it is one that every item has."""
    if field in BUILT_IN:
        return None
    return ALIASES.get(field, field.removeprefix(METADATA))


def values_of(item: Item, field: str) -> tuple[ItemValue, ...]:
    """What an item has in a field: nothing, one value, or those of a list."""
    name = metadata_name(field)
    if name is None:
        return BUILT_IN[field](item)
    return item_values(item.metadata[name]) if name in item.metadata else ()


def written_name(field: str) -> str:
    """A field's name as an expression has it: in backquotes unless it is plain."""
    if _PLAIN.fullmatch(field) and field.lower() not in KEYWORDS:
        return field
    return "`" + field.replace("`", "``") + "`"
