"""What the demo asks of its pictures."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """A query in words, and the beginnings of the names of the pictures that answer it."""

    words: str
    answers: tuple[str, ...]


QUESTIONS: tuple[Question, ...] = (
    Question("balloons in the sky", ("drawn/balloons-",)),
    Question("a sunny beach", ("drawn/beach-",)),
    Question("flowers in a meadow", ("drawn/flowers-", "photographs/dahlia")),
)
"""Chosen among those that `pocket` answers well; a test holds that it goes on doing so."""

EXAMPLES: tuple[str, ...] = ("drawn/city-01.jpg", "drawn/boats-01.jpg")
"""Pictures to ask with: the first of them that is there."""
