"""Answers to look at: hits of plain pictures, without a gallery."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from ilk.errors import PictureError
from ilk.records import Hit, Hits, Metadata

COLOURS = {"red": (200, 30, 30), "green": (30, 160, 40), "blue": (30, 60, 200)}


def encoded(colour: tuple[int, int, int], size: tuple[int, int] = (300, 200)) -> bytes:
    """A file of one colour."""
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, "PNG")
    return file.getvalue()


@dataclass(frozen=True)
class Shelf:
    """Pictures by id; what is not on it is gone."""

    held: Mapping[str, bytes] = field(default_factory=dict)
    asked_with: Any = None

    def pictures(self, ids: Sequence[str]) -> Iterator[bytes | PictureError]:
        for id_ in ids:
            yield self.held.get(id_) or PictureError(f"{id_} is gone & <lost>.", code="unreadable")

    def example(self) -> Any:
        return self.asked_with


def answer(  # noqa: PLR0913 -- what a test may set
    *ids: str,
    query: str = "colours",
    captions: Mapping[str, str] | None = None,
    metadata: Metadata | None = None,
    relevance: float | None = None,
    example: Any = None,
    size: tuple[int, int] = (300, 200),
    note: str | None = None,
) -> Hits:
    """Hits whose ids are colours, or are gone."""
    held = {name: encoded(colour, size) for name, colour in COLOURS.items()}
    hits = tuple(
        Hit(
            rank=rank,
            id=id_,
            similarity=0.5 - rank / 100,
            uri=f"{id_}.png",
            caption=(captions or {}).get(id_),
            metadata=metadata or {},
            relevance=relevance,
        )
        for rank, id_ in enumerate(ids, start=1)
    )
    return Hits(
        query=query,
        model="pocket",
        space="image",
        index="exact",
        took_ms=1.0,
        hits=hits,
        note=note,
        originals=Shelf(held, example),
    )
