"""Fields that a filter names and nothing has: most often a slip of the pen."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator

from ilk.filters.fields import BUILT_IN, METADATA, metadata_name
from ilk.filters.tree import And, Comparison, Filter, Near, Not, Or


def unknown_fields(where: Filter, known: Collection[str]) -> str | None:
    """A sentence about the metadata fields that a filter names and are not known; None if all are.

    >>> from ilk.filters import parse
    >>> unknown_fields(parse("yaer >= 2020 and width > 10"), ["place", "year"])
    'No picture has a field "yaer": did you mean "year"?'
    """
    missing = {name: field for field, name in _names(where) if name not in known}
    if not missing:
        return None
    name, field = next(iter(missing.items()))
    if field != name and field in known:  # such as a column "date", where nothing says when it was taken
        return f'No picture has a field "{name}", which is what {field} asks for: did you mean {METADATA}{field}?'
    close = difflib.get_close_matches(name, [*known, *BUILT_IN], n=1)
    others = ", ".join([*sorted(known)[:20], *BUILT_IN])
    hint = f'did you mean "{close[0]}"?' if close else f"there are {others}."
    return f'No picture has a field "{name}": {hint}'


def _names(where: Filter) -> Iterator[tuple[str, str]]:
    """The metadata fields that a filter asks for, as it writes them and as they are called."""
    if isinstance(where, And | Or):
        for part in where.parts:
            yield from _names(part)
    elif isinstance(where, Not):
        yield from _names(where.part)
    elif isinstance(where, Near):
        yield from (("latitude", "latitude"), ("longitude", "longitude"))
    elif isinstance(where, Comparison) and (name := metadata_name(where.field)) is not None:
        yield where.field, name
