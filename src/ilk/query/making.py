"""Terms as Python makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ilk.errors import QueryError
from ilk.query.regions import Region, RegionLike
from ilk.query.terms import Query, Term

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ilk.query.terms import PictureLike

MAX_TEXT_CHARACTERS = 10_000
"""Far beyond every model's context; what is longer was not meant as a query."""


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


def image(picture: PictureLike, *, region: RegionLike | None = None) -> Query:
    """Ask with a picture: a path, a URL, the bytes of an image file, or a Pillow image.

    Parameters
    ----------
    picture
        A URL is fetched when the query is put to a gallery, and not from this machine or its network.
    region
        The part that is meant: left, top, width and height in whole pixels of the upright picture, or as text, such
        as ``"10%,20%,50%,40%"``.
    """
    return Query(terms=(Term(kind="image", value=picture, region=_given(region)),))


def item(id: str, *, region: RegionLike | None = None) -> Query:  # noqa: A002 -- the field's word, in the contract
    """Ask with a picture of the gallery, by its id.

    Parameters
    ----------
    region
        The part that is meant, as of `image`. The picture itself is then read, where it is here; whole, its vector
        is enough.
    """
    return Query(terms=(Term(kind="item", value=id, region=_given(region)),))


def vector(array: npt.NDArray[np.float32]) -> Query:
    """Ask with a vector of shape (d,) from the gallery's own model; it is scaled to unit length."""
    return Query(terms=(Term(kind="vector", value=array),))


def _given(region: RegionLike | None) -> Region | None:
    return None if region is None else Region.of(region)
