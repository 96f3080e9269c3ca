"""What can be asked: words, pictures, items and vectors, added and taken away.

>>> str(text("a dog") + 0.5 * text("snow") - text("people"))
'"a dog" + 0.5:snow - people'
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Literal, TypeAlias

from ilk.errors import QueryError
from ilk.pictures.suffixes import SUFFIXES

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL.Image import Image

    PictureLike: TypeAlias = str | PurePath | bytes | Image
    TermValue: TypeAlias = PictureLike | npt.NDArray[np.float32]

TermKind: TypeAlias = Literal["text", "image", "item", "vector"]

MAX_TEXT_CHARACTERS = 10_000
"""Far beyond every model's context; what is longer was not meant as a query."""

MAX_WEIGHT = 1000
"""Beyond it, and below its inverse, a term is all of a query or nothing of it."""

_WEIGHT = re.compile(r"(\d+(?:\.\d+)?|\.\d+):(?=[^\s\d])")  # what a digit follows is a time, or a shape: 16:9
_KIND = re.compile(r"(text|image|item):")
_PLAIN = re.compile(r"[^\s\"':]+")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Term:
    """One thing asked for, and how much of it. A negative weight asks for less of it.

    Attributes
    ----------
    kind
        Which of the following the value is.
    value
        ``text``: words. ``image``: a path, the bytes of a file, or a Pillow image. ``item``: an id in the gallery.
        ``vector``: float32 of shape (d,), from the gallery's own model.
    weight
        Any number but 0.
    """

    kind: TermKind
    value: TermValue
    weight: float = 1.0

    def __str__(self) -> str:
        weight = abs(self.weight)
        return ("" if weight == 1 else f"{weight:g}:") + self._written()

    def _written(self) -> str:
        if self.kind in {"text", "item"} or isinstance(self.value, str | PurePath):
            value = str(self.value)
            digits = abs(self.weight) != 1 and re.match(r"\d", value)  # "2:3" would be read as words
            plain = self.kind != "item" and not (_KIND.match(value) or _WEIGHT.match(value) or digits)
            prefix = "" if plain else f"{self.kind}:"
            return prefix + (value if _PLAIN.fullmatch(value) and value not in {"+", "-"} else f'"{value}"')
        return f"[{self.kind}]"


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


def text(words: str) -> Query:
    """Ask in words, such as ``"a snowy day"``."""
    if not isinstance(words, str):
        raise QueryError(f"A text is asked for with a str, not with {type(words).__name__}.")
    if not words.strip():
        raise QueryError('There are no words to search for: ask for something, such as "a snowy day".')
    if any("\ud800" <= character <= "\udfff" for character in words):  # how Python holds bytes that are no text
        raise QueryError("The words hold bytes that are no text in this terminal's encoding: type them again.")
    if len(words) > MAX_TEXT_CHARACTERS:
        raise QueryError(f"A text of {len(words):,} characters is no query: the limit is {MAX_TEXT_CHARACTERS:,}.")
    return Query(terms=(Term(kind="text", value=words),))


def image(picture: PictureLike) -> Query:
    """Ask with a picture: a path, the bytes of an image file, or a Pillow image."""
    if isinstance(picture, str) and re.match(r"https?://", picture):
        raise QueryError(f"ilk does not fetch pictures from the web: save {picture} to a file and ask with that.")
    return Query(terms=(Term(kind="image", value=picture),))


def item(id: str) -> Query:  # noqa: A002 -- the field's word, in the contract
    """Ask with a picture of the gallery, by its id."""
    return Query(terms=(Term(kind="item", value=id),))


def vector(array: npt.NDArray[np.float32]) -> Query:
    """Ask with a vector of shape (d,) from the gallery's own model; it is scaled to unit length."""
    return Query(terms=(Term(kind="vector", value=array),))


def parse(words: Sequence[str]) -> Query:
    """Read a query as the command line gives it: words, with terms joined by ``+`` and ``-``.

    A term is a text, the path of a picture, or ``item:ID``; ``text:`` and ``image:`` in front say which where it
    could be taken for the other, and ``2:`` in front of that gives it a weight. Words not joined by ``+`` or ``-``
    are one text.

    >>> str(parse(["red", "bicycle"]))
    'red bicycle'
    >>> str(parse(["beach", "+", "2:at night", "-", "people"]))
    'beach + 2:"at night" - people'
    """
    query: Query | None = None
    sign, phrase = 1, list[str]()
    for word in [*words, "+"]:
        if word not in {"+", "-"}:
            phrase.append(word)
            continue
        if phrase:
            term = _parse_term(" ".join(phrase))
            signed = term if sign > 0 else -term
            query = signed if query is None else query + signed
        elif query is not None or sign < 0:
            raise QueryError(f"A term is missing beside a + or - in: {' '.join(words)}")
        sign, phrase = (1 if word == "+" else -1), []
    if query is None:
        raise QueryError('There is nothing to search for: ask for something, such as "a snowy day".')
    return query


def _parse_term(written: str) -> Query:
    weight = 1.0
    if match := _WEIGHT.match(written):
        weight, written = float(match[1]), written[match.end() :]
    kind = match[1] if (match := _KIND.match(written)) else None
    value = written[match.end() :] if match else written
    if kind == "item":
        query = item(value)
    elif kind == "image" or (kind is None and _names_picture(value)):
        query = image(value)
    else:
        query = text(value)
    return query if weight == 1 else weight * query


def _names_picture(value: str) -> bool:
    """Whether a term is the path of a picture rather than words.

    A name with a picture's suffix that is not there is refused rather than searched for as words: nobody means
    the words "beaver.png".
    """
    if re.match(r"https?://", value):
        return True
    if Path(value).suffix.lower() not in SUFFIXES or "\n" in value:
        return False
    if os.path.isfile(value):  # noqa: PTH113 -- Path.is_file raises on names too long for the system
        return True
    if " " in value:
        return False  # a sentence that ends in ".jpg" is still a sentence
    raise QueryError(f'There is no picture "{value}". To search for these words, write text:"{value}".')
