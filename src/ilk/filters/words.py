"""Words of captions, as SQLite's full-text search tells them apart, case and accents aside."""

from __future__ import annotations

import unicodedata
from typing import Final

_ACCENTS: Final = range(0x300, 0x332)
"""Combining marks that are dropped where they stand in a word by themselves."""


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text, in small letters, those of the Latin alphabet without accents.

    This is FTS5's tokenizer ``unicode61 remove_diacritics 2`` but for the letters it was not told about yet: it knows
    Unicode 6.1.

    >>> words_of("Zwei Äpfel, 3 crème-brûlées")
    ('zwei', 'apfel', '3', 'creme', 'brulees')
    """
    found, word = list[str](), list[str]()
    for character in text + " ":
        category = unicodedata.category(character)
        if category[0] in "LN" or category == "Co":
            word.append(_folded(character))
        elif word and ord(character) not in _ACCENTS:
            found.append("".join(word))
            word.clear()
    return tuple(found)


def has_words(text: str, wanted: str) -> bool:
    """Whether each word of one text is in another, in whatever order."""
    return set(words_of(wanted)) <= set(words_of(text))


def _folded(character: str) -> str:
    """A letter as FTS5 files it: folded where one letter comes of it, and of the Latin alphabet without accents."""
    folded = character.casefold()
    if len(folded) > 1:
        folded = character
    base = unicodedata.normalize("NFD", folded)[0]
    return base.lower() if base.isascii() else folded
