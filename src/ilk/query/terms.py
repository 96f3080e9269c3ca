"""What a query is made of, and the arithmetic of queries."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Literal, TypeAlias

from ilk.errors import QueryError
from ilk.pictures.suffixes import SUFFIXES
from ilk.query.regions import Region, split

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL.Image import Image

    PictureLike: TypeAlias = str | PurePath | bytes | Image
    TermValue: TypeAlias = PictureLike | npt.NDArray[np.float32]

TermKind: TypeAlias = Literal["text", "image", "item", "vector"]

MAX_WEIGHT = 1000
"""Beyond it, and below its inverse, a term is all of a query or nothing of it."""

WEIGHT = re.compile(r"(\d+(?:\.\d+)?|\.\d+):(?=[^\s\d])")  # what a digit follows is a time, or a shape: 16:9
KIND = re.compile(r"(text|image|item):")
URL = re.compile(r"https?://", re.IGNORECASE)
_PLAIN = re.compile(r"[^\s\"':]+")
_WHOLE = Region(left=0, top=0, width=100, height=100, percent=True)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Term:
    """One thing asked for, and how much of it. A negative weight asks for less of it.

    Attributes
    ----------
    kind
        Which of the following the value is.
    value
        ``text``: words. ``image``: a path, a URL, the bytes of a file, or a Pillow image. ``item``: an id in the
        gallery. ``vector``: float32 of shape (d,), from the gallery's own model.
    weight
        Any number but 0.
    region
        The part of the picture that is meant; None for all of it.
    """

    kind: TermKind
    value: TermValue
    weight: float = 1.0
    region: Region | None = None

    def __str__(self) -> str:
        weight = abs(self.weight)
        return ("" if weight == 1 else f"{weight:g}:") + self._written()

    def _written(self) -> str:
        named = self.kind in {"text", "item"} or isinstance(self.value, str | PurePath)
        name = value = str(self.value) if named else f"[{self.kind}]"
        region = self.region
        if named and self.kind != "text" and region is None and _reads_as_region(value):
            region = _WHOLE  # or else its end would be read as one
        value += "" if region is None else f"@{region}"
        if not named:
            return value
        digits = abs(self.weight) != 1 and re.match(r"\d", value)  # "2:3" would be read as words
        clear = self.kind == "text" or (self.kind == "image" and could_name(name))
        plain = clear and not (KIND.match(value) or WEIGHT.match(value) or digits)
        prefix = "" if plain else f"{self.kind}:"
        return prefix + (value if _PLAIN.fullmatch(value) and value not in {"+", "-"} else f'"{value}"')


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Query:
    """Terms that add up to one direction to search in. Made with `text`, `image`, `item` and `vector`."""

    terms: tuple[Term, ...]

    def __add__(self, other: object) -> Query:
        return Query(terms=self.terms + other.terms) if isinstance(other, Query) else NotImplemented

    def __sub__(self, other: object) -> Query:
        return self + -other if isinstance(other, Query) else NotImplemented

    def __neg__(self) -> Query:
        return self * -1.0

    def __mul__(self, weight: float) -> Query:
        if not isinstance(weight, int | float):
            return NotImplemented
        if not 1 / MAX_WEIGHT <= abs(weight) <= MAX_WEIGHT:  # also false for what is no number
            raise QueryError(
                f"{weight:g} is no weight for a term: give one between {1 / MAX_WEIGHT:g} and {MAX_WEIGHT:g}, "
                "or leave the term out."
            )
        return Query(terms=tuple(replace(term, weight=term.weight * weight) for term in self.terms))

    __rmul__ = __mul__

    def __str__(self) -> str:
        first, *rest = self.terms
        if not rest and first.kind == "text" and first.weight == 1:
            return str(first.value)  # one plain text reads best as it was typed
        parts = [f"- {first}" if first.weight < 0 else str(first)]
        parts += [f"{'-' if term.weight < 0 else '+'} {term}" for term in rest]
        return " ".join(parts)


def could_name(value: str) -> bool:
    """Whether a word looks like the path or the URL of a picture."""
    return URL.match(value) is not None or PurePath(value).suffix.lower() in SUFFIXES


def _reads_as_region(value: str) -> bool:
    try:
        return split(value)[1] is not None
    except QueryError:
        return True
