"""What the colours of a map mean."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ilk.records import MetadataValue

PALETTE = (
    "#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#e07b39", "#7a5cc4", "#3aa89a", "#b5838d",
)  # fmt: skip
"""Told apart on light and dark, the first seven also by most who confuse red and green (after Paul Tol's "bright")."""

RAMP = ("#482878", "#3e4a89", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b")
"""From low to high, each lighter than the one before (steps of viridis)."""

OTHER = "#8c9096"
NO_FIELD = "#6b7f99"

_YEAR = re.compile(r"(\d{4})-\d{2}")


@dataclass(frozen=True, slots=True)
class Colouring:
    """A colour for each item.

    Attributes
    ----------
    numbers
        Of each item's colour in `legend`.
    legend
        Colours, and what each means.
    """

    numbers: tuple[int, ...]
    legend: tuple[tuple[str, str], ...]

    def colour(self, place: int) -> str:
        """Of the item at this place."""
        return self.legend[self.numbers[place]][0]


def colour_by(values: Sequence[MetadataValue] | None, count: int) -> Colouring:
    """Colours for the values of a field: a ramp for numbers and dates, else one for each of the most frequent.

    Parameters
    ----------
    values
        Of each item; None to give all the same colour.
    count
        Items.
    """
    if values is None:
        return Colouring((0,) * count, ((NO_FIELD, ""),))
    numbers = [_number(value) for value in values]
    known = [number for number in numbers if number is not None]
    plain = sum(value is not None for value in values)
    if known and len(known) == plain and len(set(known)) > len(PALETTE):
        return _ramp(numbers, min(known), max(known))
    return _categories(["" if value is None else _said(value) for value in values])


def _ramp(numbers: Sequence[float | None], low: float, high: float) -> Colouring:
    steps = len(RAMP)
    edges = [low + (high - low) * step / steps for step in range(steps + 1)]
    legend = [(colour, f"{edges[step]:.4g} to {edges[step + 1]:.4g}") for step, colour in enumerate(RAMP)]
    found = tuple(
        steps if number is None else min(steps - 1, int((number - low) / (high - low) * steps)) for number in numbers
    )
    return Colouring(found, (*legend, *([(OTHER, "none")] if steps in found else [])))


def _categories(words: Sequence[str]) -> Colouring:
    counted = Counter(word for word in words if word)
    named = [word for word, _ in sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))[: len(PALETTE)]]
    places = {word: place for place, word in enumerate(named)}
    legend = [(PALETTE[place], word) for word, place in places.items()]
    if len(counted) > len(named):
        others = len(legend)
        legend.append((OTHER, f"{len(counted) - len(named)} others"))
        places |= dict.fromkeys(set(counted) - set(named), others)
    if any(not word for word in words):
        places[""] = len(legend)
        legend.append((OTHER, "none"))
    return Colouring(tuple(places[word] for word in words), tuple(legend))


def _number(value: MetadataValue) -> float | None:
    """A number, or the year of a date; nothing else is one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if value == value else None  # noqa: PLR0124 -- NaN
    match = _YEAR.match(value) if isinstance(value, str) else None
    return float(match[1]) if match else None


def _said(value: MetadataValue) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
