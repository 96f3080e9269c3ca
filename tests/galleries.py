"""Small galleries of plain pictures."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from colour_encoder import ColourEncoder
from ilk.gallery import Gallery
from ilk.stores.local import LocalStore


def paint(path: Path, colour: str | tuple[int, int, int], size: tuple[int, int] = (16, 12)) -> None:
    """Write a picture of one colour."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)


def gallery_of(photos: Path, encoder: ColourEncoder) -> Gallery:
    """The gallery of a folder, made or opened, with a given model."""
    directory = photos / ".ilk"
    opened = directory.exists()
    store = LocalStore.open(directory) if opened else LocalStore.create(directory)
    gallery = Gallery(store, directory=directory, model=encoder.name)
    gallery.models.opened[encoder.name] = encoder
    return gallery
