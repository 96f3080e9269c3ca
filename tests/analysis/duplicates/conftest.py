"""A folder of scenes, and its gallery."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from colour_encoder import ColourEncoder
from galleries import gallery_of
from ilk.gallery import Gallery
from ilk.sources import folder
from scenes import scene

Indexed = Callable[[], Gallery]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Six scenes, saved well."""
    place = tmp_path / "photos"
    place.mkdir()
    for number in range(6):
        scene(number).save(place / f"{number}.png")
    return place


@pytest.fixture
def indexed(photos: Path) -> Iterator[Indexed]:
    """The gallery of what is in the folder when it is asked for."""
    opened = list[Gallery]()

    def index() -> Gallery:
        gallery = gallery_of(photos, ColourEncoder())
        opened.append(gallery)
        gallery.add(folder(photos))
        return gallery

    yield index
    for gallery in opened:
        gallery.close()
