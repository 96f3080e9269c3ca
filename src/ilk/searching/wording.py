"""What of a query can be looked up word for word."""

from __future__ import annotations

import re

from ilk.query import Query

_WORD = re.compile(r"\w+(?:['\u2019]\w+)*")

_STOP = (
    "a about an and are as at be been but by can do for from had has have he her hers him his i if in into is it its "
    "me my no not of on or our she so some such that the their them then there these they this those to us was we "
    "were what when where which while who whose will with you your"
)
SHORTEST_NOUN = 3
"""Letters in the shortest word that is taken for a noun."""

_HISSING_PLURALS = ("sses", "uses", "xes", "zes", "ches", "shes")
STOP_WORDS = frozenset(_STOP.split())
"""English words that stand in most captions and say nothing of a picture. Other languages have theirs; BM25 gives
those little weight, and only costs more for them."""


def words_of(query: Query) -> tuple[str, ...]:
    """The words that a query asks for, each once, without stop words unless there are no others.

    Only texts that are asked for have words: a text to get away from is left to its meaning, since most captions
    without a word have nothing to do with the query either. English nouns come in both numbers, for FTS5 knows words
    only as they stand.

    >>> from ilk.query import text
    >>> words_of(text("A dog in the snow") - text("people"))
    ('dog', 'dogs', 'snow', 'snows')
    >>> words_of(text("to be or not to be"))
    ('to', 'be', 'or', 'not')
    """
    every = _every(query)
    said = [word for word in every if word not in STOP_WORDS]
    if not said:
        return tuple(every)
    return tuple(dict.fromkeys(form for word in said for form in (word, other_number(word))))


def length_of(query: Query) -> int:
    """How many different words it says, without stop words.

    >>> from ilk.query import text
    >>> length_of(text("A dog in the snow"))
    2
    """
    return sum(1 for word in _every(query) if word not in STOP_WORDS)


def _every(query: Query) -> dict[str, None]:
    texts = [str(term.value) for term in query.terms if term.kind == "text" and term.weight > 0]
    return dict.fromkeys(word.lower() for text in texts for word in _WORD.findall(text))


def other_number(word: str) -> str:
    """The plural of an English noun in the singular, and the reverse, as the plain rules of spelling have it.

    What is no noun gets a form that hardly any caption has, which costs a look into the index.

    >>> [other_number(word) for word in ("dog", "dogs", "box", "boxes", "city", "cities", "glass", "bus", "x1")]
    ['dogs', 'dog', 'boxes', 'box', 'cities', 'city', 'glasses', 'buses', 'x1']
    """
    if len(word) < SHORTEST_NOUN or not word.isalpha():
        return word
    if word.endswith("ies") and len(word) > len("ties"):
        return word[:-3] + "y"
    if word.endswith(_HISSING_PLURALS):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    if word.endswith("y") and word[-2:-1] not in tuple("aeiou"):
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "x", "z", "ch", "sh")) else "s")
