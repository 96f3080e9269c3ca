"""Queries as people write them: the same on the command line and over HTTP."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ilk.errors import QueryError
from ilk.query.making import image, item, text
from ilk.query.regions import split
from ilk.query.terms import KIND, URL, WEIGHT, Query, could_name


def parse(words: Sequence[str], *, files: bool = True) -> Query:
    """Read a query as the command line gives it: words, with terms joined by ``+`` and ``-``.

    A term is a text, the path or the URL of a picture, or ``item:ID``; ``text:`` and ``image:`` in front say which
    where it could be taken for the other, and ``2:`` in front of that gives it a weight. ``@`` and a region behind a
    picture or an item mean that part of it: left, top, width and height, all in percent or all in pixels. Words not
    joined by ``+`` or ``-`` are one text.

    Parameters
    ----------
    files
        Whether a term may be the path of a file on this machine. Say no to what comes from another: there, such a
        name is words, and after ``image:`` it is refused.

    >>> str(parse(["red", "bicycle"]))
    'red bicycle'
    >>> str(parse(["beach", "+", "2:at night", "-", "people"]))
    'beach + 2:"at night" - people'
    >>> str(parse(["item:street.jpg@50%,0%,50%,100%"]))
    'item:street.jpg@50%,0%,50%,100%'
    """
    query: Query | None = None
    sign, phrase = 1, list[str]()
    for word in [*words, "+"]:
        if word not in {"+", "-"}:
            phrase.append(word)
            continue
        if phrase:
            term = _parse_term(" ".join(phrase), files=files)
            signed = term if sign > 0 else -term
            query = signed if query is None else query + signed
        elif query is not None or sign < 0:
            raise QueryError(f"A term is missing beside a + or - in: {' '.join(words)}")
        sign, phrase = (1 if word == "+" else -1), []
    if query is None:
        raise QueryError('There is nothing to search for: ask for something, such as "a snowy day".')
    return query


def _parse_term(written: str, *, files: bool) -> Query:
    weight = 1.0
    if match := WEIGHT.match(written):
        weight, written = float(match[1]), written[match.end() :]
    kind = match[1] if (match := KIND.match(written)) else None
    value = written[match.end() :] if match else written
    if kind == "item":
        id_, region = split(value)
        query = item(id_, region=region)
    elif kind == "image":
        picture, region = split(value)
        if not files and not URL.match(picture):
            raise QueryError(f'"{picture}" is no URL: files cannot be asked with from afar. Send the picture itself.')
        query = image(picture, region=region)
    else:
        pictured = kind is None and (files or URL.match(value))
        query = (pictured and _as_picture(value)) or text(value)
    return query if weight == 1 else weight * query


def _as_picture(value: str) -> Query | None:
    """A term as the path or the URL of a picture; None if it is words.

    A name with a picture's suffix that is not there is refused rather than searched for as words: nobody means
    the words "beaver.png".
    """
    name = value.rpartition("@")[0] or value
    if "\n" in value or not (could_name(value) or could_name(name)):
        return None
    if not URL.match(value) and _is_file(value):
        return image(value)
    name, region = split(value)
    if URL.match(name) or _is_file(name):
        return image(name, region=region)
    before, _, after = value.rpartition("@")
    if _is_file(before):
        return image(before, region=after)  # which is none, and is refused
    if " " in name or not could_name(name):
        return None  # a sentence that ends in ".jpg" is still a sentence
    raise QueryError(f'There is no picture "{name}". To search for these words, write text:"{value}".')


def _is_file(name: str) -> bool:
    return os.path.isfile(name)  # noqa: PTH113 -- Path.is_file raises on names too long for the system
