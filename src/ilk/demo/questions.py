"""What the demo asks of its pictures."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """A query in words, and the beginnings of the names of the pictures that answer it."""

    words: str
    answers: tuple[str, ...]


QUESTIONS: tuple[Question, ...] = (
    Question("snowy mountains", ("drawn/mountains-",)),
    Question("people at the beach", ("drawn/beach-",)),
    Question("a path through a forest", ("drawn/forest-",)),
)

EXAMPLES: tuple[str, ...] = ("photographs/cat.jpg", "drawn/boats-01.jpg")
"""Pictures to ask with: the first of them that is there."""
