"""The pictures that queries name: opened, fetched, cut to the part that is meant."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ilk.errors import ItemNotFoundError, PictureError
from ilk.query import URL, Region, Term

if TYPE_CHECKING:
    from PIL.Image import Image

    from ilk.stores.base import Store

URL_S = 20.0
"""Seconds that a picture behind a URL may take: somebody waits for the answer."""

URL_BYTES = 32 * 2**20
"""Of a picture behind a URL, at most."""

URL_TRIES = 2


def unknown_item(id_: str) -> str:
    """The sentence for an id that a gallery does not hold."""
    return f'The gallery has no item "{id_}". `ilk search` shows ids; they are case-sensitive.'


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """What opens the pictures of terms.

    Attributes
    ----------
    store, base
        Of the gallery, for its items.
    image_size
        Pixels of the shorter side that the model looks at.
    """

    store: Store
    base: Path
    image_size: int

    def opened(self, terms: Sequence[Term]) -> list[Image]:
        """The picture of each term, or the part of it that is meant, upright and RGB.

        Raises
        ------
        PictureError
            If one cannot be had: bytes that are no picture, a URL that is dead, an item whose picture is not here.
        ItemNotFoundError
            If there is no such item.
        QueryError
            If a region is not inside its picture.
        """
        from PIL.Image import Image

        from ilk.pictures import upright

        fetched = fetch([str(term.value) for term in terms if is_url(term)])
        images = list[Image]()
        for term in terms:
            if isinstance(term.value, Image):
                whole = upright(term.value)
                images.append(
                    whole if term.region is None else _cut(whole, term.region, whole.size, name="the picture")
                )
            elif term.kind == "item":
                images.append(self._of_item(str(term.value), term.region))
            elif isinstance(term.value, bytes):
                images.append(self._decoded(term.value, term.region, name="the picture"))
            elif is_url(term):
                images.append(self._decoded(fetched[str(term.value)], term.region, name=str(term.value)))
            else:
                path = Path(os.path.expanduser(str(term.value)))  # noqa: PTH111 -- pathlib's raises without a home
                images.append(self._decoded(path, term.region, name=f'"{path}"'))
        return images

    def _of_item(self, id_: str, region: Region | None) -> Image:
        from ilk.originals import read_original

        item = self.store.fetch([id_]).get(id_)
        if item is None:
            raise ItemNotFoundError(unknown_item(id_))
        # What is here of it may be a thumbnail; pixels are those of the picture itself.
        size = (item.width, item.height) if item.width and item.height else None
        try:
            data = read_original(item, store=self.store, base=self.base)
        except PictureError as error:
            raise PictureError(
                f"{str(error).rstrip('.')}. To ask with a part of a picture, the picture itself has to be here.",
                code=error.code,
            ) from error
        return self._decoded(data, region, name=f'"{id_}"', size=size)

    def _decoded(
        self, source: bytes | Path, region: Region | None, *, name: str, size: tuple[int, int] | None = None
    ) -> Image:
        from ilk import pictures

        said = None if isinstance(source, Path) or name == "the picture" else name.strip('"')
        if region is None:
            return pictures.load(source, size=self.image_size, name=said).image
        facts = pictures.inspect(source, name=said)
        meant = size or (facts.width, facts.height)
        left, top, right, bottom = region.shares(*meant, name=name)
        shorter = min((right - left) * facts.width, (bottom - top) * facts.height)
        # The part has to be as large after decoding as a whole picture would be.
        wanted = math.ceil(self.image_size * min(facts.width, facts.height) / max(shorter, 1))
        return _cut(pictures.load(source, size=wanted, name=said).image, region, meant, name=name)


def is_url(term: Term) -> bool:
    """Whether a term is a picture on the web."""
    return term.kind == "image" and isinstance(term.value, str) and URL.match(term.value) is not None


def fetch(urls: Sequence[str]) -> Mapping[str, bytes]:
    """The bytes behind each URL.

    Raises
    ------
    PictureError
        For the first that gives none. Addresses in this machine and its network are not asked, wherever a name or a
        redirect leads.
    """
    if not urls:
        return {}
    from concurrent.futures import ThreadPoolExecutor

    from ilk.sources.fetch import Fetcher, FetchLimits

    limits = FetchLimits(whole_s=URL_S, size_bytes=URL_BYTES, tries=URL_TRIES)
    once = list(dict.fromkeys(urls))
    with Fetcher(limits) as fetcher, ThreadPoolExecutor(limits.concurrency_per_host) as threads:
        try:
            return dict(zip(once, threads.map(fetcher.fetch, once), strict=True))
        except PictureError as error:
            if error.code != "forbidden-address":
                raise
            said = str(error).partition(". ")[0]
            raise PictureError(
                f"{said}, where a query does not go. Save the picture to a file and ask with that.", code=error.code
            ) from error


def _cut(image: Image, region: Region, meant: tuple[int, int], *, name: str) -> Image:
    """A part of a picture, at least a pixel of it; the region's pixels are those of a picture of the size meant."""
    left, top, right, bottom = region.shares(*meant, name=name)
    x, y = min(round(left * image.width), image.width - 1), min(round(top * image.height), image.height - 1)
    return image.crop((x, y, max(round(right * image.width), x + 1), max(round(bottom * image.height), y + 1)))
