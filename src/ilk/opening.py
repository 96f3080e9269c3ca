"""How a gallery comes to be, and how one is opened."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ilk.errors import GalleryExistsError
from ilk.gallery import Gallery
from ilk.models import DEFAULT_MODEL, open_encoder
from ilk.place import DATABASE, existing_gallery, gallery_directory

if TYPE_CHECKING:
    from ilk.encoders.compute import ComputeOptions


def create(path: str | Path, *, model: str | None = None, compute: ComputeOptions | None = None) -> Gallery:
    """Make an empty gallery.

    Parameters
    ----------
    path
        Its directory, such as ``"photos/.ilk"``; of a directory that does not end in ``.ilk``, the ``.ilk`` inside.
    model
        The model to use, by default ``"pocket"``.
    compute
        Device, precision, threads and batch size of models; None for what is best here.

    Raises
    ------
    GalleryExistsError
        If there is one already.
    ModelNotFoundError
        If there is no such model.
    GalleryStorageError
        If the place cannot be written.
    """
    from ilk.stores.local import LocalStore

    directory = gallery_directory(path)
    if (directory / DATABASE).exists():
        raise GalleryExistsError(f"There is a gallery at {directory} already: open it, or choose another place.")
    if model is not None:
        model = open_encoder(model, compute).name  # whole, and the same from everywhere: "./clip" is not
    store = LocalStore.create(directory, default_model=model or DEFAULT_MODEL)
    return Gallery(store, directory=directory, compute=compute)


def open_gallery(
    path: str | Path | None = None, *, model: str | None = None, compute: ComputeOptions | None = None
) -> Gallery:
    """Open a gallery: the one at `path`, or the nearest in or above the working directory.

    Parameters
    ----------
    path
        Its directory, or the one that has its ``.ilk``.
    model
        The name of the model to use where a call does not say; None for the one the gallery was made with.
    compute
        Device, precision, threads and batch size of models; None for what is best here.

    Raises
    ------
    GalleryNotFoundError
        If there is none.
    GalleryVersionError
        If a newer ilk wrote it.
    """
    from ilk.stores.local import LocalStore

    directory = existing_gallery(path)
    return Gallery(LocalStore.open(directory), directory=directory, model=model, compute=compute)
