"""The tree of conditions that a filter is. It is plain data: frozen, comparable, and small enough to be walked."""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

from ilk.errors import FilterError
from ilk.filters.comparing import holds
from ilk.filters.fields import checked_name, values_of, written_name
from ilk.filters.operators import OPERATORS, SYMBOLS, Operator, fitted
from ilk.filters.places import is_near, place_of
from ilk.filters.values import Date, Scalar, number, said, scalar, written
from ilk.records import Item

MAX_DEPTH = 50
"""Conditions in conditions."""

MAX_CONDITIONS = 1_000
"""In one filter."""


class Filter(ABC):
    """A condition that an item meets or does not. Made with `ilk.filters.parse` or `ilk.filters.from_json`."""

    __slots__ = ()

    @abstractmethod
    def matches(self, item: Item) -> bool:
        """Whether an item meets it. This is the reference that every store must agree with."""

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """As the JSON that `ilk.filters.from_json` reads."""

    @property
    @abstractmethod
    def depth(self) -> int:
        """How deep conditions lie in it; 1 for a plain one."""

    @property
    @abstractmethod
    def conditions(self) -> int:
        """How many plain conditions it has."""

    @property
    def key(self) -> str:
        """The same text for the same filter, and for no other."""
        return json.dumps(self.to_json(), sort_keys=True)

    def __and__(self, other: object) -> And:
        return And((self, other)) if isinstance(other, Filter) else NotImplemented

    def __or__(self, other: object) -> Or:
        return Or((self, other)) if isinstance(other, Filter) else NotImplemented

    def __invert__(self) -> Not:
        return Not(self)


class _Plain(Filter):
    """One that has no others in it."""

    __slots__ = ()

    @property
    def depth(self) -> int:
        return 1

    @property
    def conditions(self) -> int:
        return 1


@dataclass(frozen=True, slots=True)
class Comparison(_Plain):
    """A field, an operator, and what to compare with.

    Attributes
    ----------
    field
        A name as ``docs/filters.md`` says.
    operator
        One of `OPERATORS`.
    value
        A scalar; of ``$in`` and ``$nin`` a tuple of them; of ``$exists`` True.

    Raises
    ------
    FilterError
        If they make no sense together.
    """

    field: str
    operator: Operator
    value: Scalar | tuple[Scalar, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "field", checked_name(self.field))
        if self.operator not in OPERATORS:
            raise FilterError(f"{said(self.operator)} is no operator: there are {', '.join(OPERATORS)}.")
        object.__setattr__(self, "value", fitted(self.field, self.operator, self.value))

    def matches(self, item: Item) -> bool:
        """Whether what an item has in the field compares so."""
        return holds(self.operator, values_of(item, self.field), self.value)

    def to_json(self) -> dict[str, Any]:
        """As ``{"year": {"$gte": 2020}}``."""
        value = [_as_json(each) for each in self.value] if isinstance(self.value, tuple) else _as_json(self.value)
        return {self.field: {self.operator: value}}

    def __str__(self) -> str:
        name = written_name(self.field)
        if self.operator == "$exists":
            return f"{name} exists"
        if isinstance(self.value, tuple):
            return f"{name} {SYMBOLS[self.operator]} [{', '.join(written(each) for each in self.value)}]"
        return f"{name} {SYMBOLS[self.operator]} {written(self.value)}"


@dataclass(frozen=True, slots=True)
class Near(_Plain):
    """Within a distance of a place, as the item's metadata fields ``latitude`` and ``longitude`` say.

    Attributes
    ----------
    latitude, longitude
        Degrees, north and east.
    within_m
        Metres along the surface of a sphere of the Earth's mean radius.
    """

    latitude: float
    longitude: float
    within_m: float

    def __post_init__(self) -> None:
        for name, most in (("latitude", 90), ("longitude", 180), ("within_m", math.inf)):
            value = scalar(getattr(self, name))
            if not isinstance(value, int | float) or isinstance(value, bool) or not -most <= value <= most:
                what = "a distance" if name == "within_m" else f"degrees between -{most} and {most}"
                raise FilterError(f"The {name} of a place is {what}, not {said(getattr(self, name))}.")
            object.__setattr__(self, name, float(number(value)))
        if not self.within_m > 0:
            raise FilterError(f"A distance is more than nothing; {self.within_m:g} m was given.")

    def matches(self, item: Item) -> bool:
        """Whether an item says where it is, and is near enough."""
        here = place_of(item.metadata)
        return here is not None and is_near(*here, self.latitude, self.longitude, self.within_m)

    def to_json(self) -> dict[str, Any]:
        """As ``{"$near": {...}}``."""
        return {"$near": {"latitude": self.latitude, "longitude": self.longitude, "within_m": self.within_m}}

    def __str__(self) -> str:
        return f"near({self.latitude!r}, {self.longitude!r}, {self.within_m!r}m)".replace(".0m)", "m)")


@dataclass(frozen=True, slots=True)
class _Several(Filter):
    """Two or more conditions."""

    parts: tuple[Filter, ...]
    depth: int = field(init=False, compare=False, repr=False)
    conditions: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.parts) < 2:  # noqa: PLR2004 -- or there is nothing to join
            raise FilterError("Conditions are joined two at least at a time.")
        _note(self, self.parts)


@dataclass(frozen=True, slots=True)
class And(_Several):
    """Every one of them."""

    def matches(self, item: Item) -> bool:
        """Whether an item meets every part."""
        return all(part.matches(item) for part in self.parts)

    def to_json(self) -> dict[str, Any]:
        """As ``{"$and": [...]}``."""
        return {"$and": [part.to_json() for part in self.parts]}

    def __str__(self) -> str:
        return " and ".join(f"({part})" if isinstance(part, _Several) else str(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Or(_Several):
    """At least one of them."""

    def matches(self, item: Item) -> bool:
        """Whether an item meets a part."""
        return any(part.matches(item) for part in self.parts)

    def to_json(self) -> dict[str, Any]:
        """As ``{"$or": [...]}``."""
        return {"$or": [part.to_json() for part in self.parts]}

    def __str__(self) -> str:
        return " or ".join(f"({part})" if isinstance(part, Or) else str(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Not(Filter):
    """All that the other does not match, fields that are not there included."""

    part: Filter
    depth: int = field(init=False, compare=False, repr=False)
    conditions: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        _note(self, (self.part,))

    def matches(self, item: Item) -> bool:
        """Whether an item does not meet the other."""
        return not self.part.matches(item)

    def to_json(self) -> dict[str, Any]:
        """As ``{"$not": {...}}``."""
        return {"$not": self.part.to_json()}

    def __str__(self) -> str:
        return f"not ({self.part})" if isinstance(self.part, _Several) else f"not {self.part}"


def too_deep() -> FilterError:
    """The error of a filter that nobody can have meant."""
    return FilterError(f"The filter has conditions in conditions more than {MAX_DEPTH} deep: say it more plainly.")


def _note(whole: Not | _Several, parts: tuple[Filter, ...]) -> None:
    """Note how deep and how many conditions a part of the tree has, and refuse too much of either."""
    if not all(isinstance(part, Filter) for part in parts):
        raise FilterError("A filter is made of filters: make them with ilk.filters.parse or ilk.filters.from_json.")
    object.__setattr__(whole, "depth", 1 + max(part.depth for part in parts))
    object.__setattr__(whole, "conditions", sum(part.conditions for part in parts))
    if whole.depth > MAX_DEPTH:
        raise too_deep()
    if whole.conditions > MAX_CONDITIONS:
        raise FilterError(
            f"The filter has more than {MAX_CONDITIONS:,} conditions: for any of many values there is $in."
        )


def _as_json(value: Scalar) -> Any:
    return {"$date": value.text} if isinstance(value, Date) else value
