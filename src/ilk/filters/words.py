"""Words of captions, as SQLite's full-text search tells them apart, case and accents aside."""

from __future__ import annotations

import unicodedata


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text, in small letters and without accents.

    This is FTS5's tokenizer ``unicode61 remove_diacritics 2`` but for the letters it was not told about yet: it knows
    Unicode 6.1.

    >>> words_of("Zwei Äpfel, 3 crème-brûlées")
    ('zwei', 'apfel', '3', 'creme', 'brulees')
    """
    found, word = list[str](), list[str]()
    for character in unicodedata.normalize("NFD", text) + " ":
        category = unicodedata.category(character)
        if category[0] in "LN" or category == "Co":
            word.append(character.lower())
        elif category != "Mn" and word:
            found.append("".join(word))
            word.clear()
    return tuple(found)


def has_words(text: str, wanted: str) -> bool:
    """Whether each word of one text is in another, in whatever order."""
    return set(words_of(wanted)) <= set(words_of(text))
