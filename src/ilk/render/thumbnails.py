"""The pictures behind hits, small enough to look at: one at a time, and never an error."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ilk import pictures
from ilk.errors import PictureError
from ilk.records import Hit, Hits

if TYPE_CHECKING:
    from PIL.Image import Image

NOWHERE = PictureError("These hits do not know where their pictures are.", code=pictures.UNREADABLE)


@dataclass(frozen=True, slots=True)
class Seen:
    """A hit, and its picture or the reason why there is none.

    Attributes
    ----------
    picture
        Upright, RGB.
    """

    hit: Hit
    picture: Image | PictureError


def see(hits: Hits, *, size: int, limit: int | None = None) -> Iterator[Seen]:
    """The hits in their order, each with its picture, one in memory at a time.

    Parameters
    ----------
    size
        Pixels of the longer side, at most.
    limit
        At most so many hits.
    """
    shown = hits.hits[:limit]
    for hit, source in zip(shown, _sources(hits, shown), strict=True):
        yield Seen(hit, small(source, size))


def see_example(hits: Hits, *, size: int) -> Image | None:
    """The picture that was asked with; None if there was none, or if it cannot be had."""
    source = None if hits.originals is None else hits.originals.example()
    picture = None if source is None else small(source, size)
    return None if isinstance(picture, PictureError) else picture


def small(source: bytes | Image | PictureError, size: int) -> Image | PictureError:
    """A picture whose longer side is at most so many pixels, or the reason why there is none."""
    from PIL import Image

    if isinstance(source, PictureError):
        return source
    try:
        image = pictures.load(source, size=size).image if isinstance(source, bytes) else pictures.upright(source)
    except PictureError as error:
        return error
    longer = max(image.size)
    if longer <= size:
        return image
    shape = (max(1, round(image.width * size / longer)), max(1, round(image.height * size / longer)))
    return image.resize(shape, Image.Resampling.LANCZOS, reducing_gap=3.0)


def measures(hit: Hit) -> list[tuple[str, str]]:
    """What is known of how near a hit is, as names and numbers."""
    if hit.distance is not None:
        return [("distance", f"{hit.distance:.3f}")]
    known = [] if math.isnan(hit.similarity) else [("similarity", f"{hit.similarity:.3f}")]
    return known if hit.relevance is None else [*known, ("relevance", f"{hit.relevance * 100:.0f} %")]


def _sources(hits: Hits, shown: Sequence[Hit]) -> Iterator[bytes | PictureError]:
    if hits.originals is None:
        return iter([NOWHERE] * len(shown))
    return hits.originals.pictures([hit.id for hit in shown])
