"""Many frozen records made quickly.

What makes a frozen dataclass sets each field through `object.__setattr__`, which for ten of them takes a microsecond: a
third of what many queries together take for a hit. A record that is not frozen is made in a tenth of that, and may be
declared frozen afterwards, as long as both hold the same fields.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, make_dataclass
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")


@cache
def maker(record: type[T]) -> Callable[..., T]:
    """What makes records of a frozen dataclass with slots, of all its fields by position, in their order.

    >>> from ilk.records import Item, Neighbour
    >>> item = Item(id="a", uri="a", source="folder", stamp="", digest="", size_bytes=1, width=1, height=1)
    >>> maker(Neighbour)(item, 0.5) == Neighbour(item=item, similarity=0.5)
    True

    Nothing is checked, and nothing has a default: it is for records that the store has checked before.
    """
    names = [each.name for each in fields(record)]  # type: ignore[arg-type] # the type of dataclasses has no name
    open_one: Any = make_dataclass(record.__name__, names, slots=True, eq=False, repr=False, match_args=False)

    def make(*values: Any) -> T:
        made = open_one(*values)
        made.__class__ = record
        return made  # type: ignore[no-any-return] # of its new class

    return make
