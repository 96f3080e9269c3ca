"""How a gallery comes to be, and how one is opened."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ilk.errors import GalleryExistsError
from ilk.gallery import Gallery
from ilk.models import DEFAULT_MODEL, open_encoder, refuse_unit_rows
from ilk.place import DATABASE, existing_gallery, gallery_directory
from ilk.records import Comparing, Metric

if TYPE_CHECKING:
    from ilk.encoders.compute import ComputeOptions


def create(
    path: str | Path,
    *,
    model: str | None = None,
    metric: Metric = "cosine",
    normalise: bool = True,
    compute: ComputeOptions | None = None,
) -> Gallery:
    """Make an empty gallery.

    Parameters
    ----------
    path
        Its directory, such as ``"photos/.ilk"``; of a directory that does not end in ``.ilk``, the ``.ilk`` inside.
    model
        The model to use, by default ``"pocket"``.
    metric
        How vectors are compared: by ``"cosine"``, by inner product (``"ip"``) or by squared distance (``"l2"``), as
        FAISS's ``IndexFlatIP`` and ``IndexFlatL2`` have it. It holds for good. Relevance is told of cosines alone.
    normalise
        Whether vectors are divided by their length; else they are kept as the model gives them, in float16.
    compute
        Device, precision, threads and batch size of models; None for what is best here.

    Raises
    ------
    InputError
        If there is no such metric, cosines are wanted of vectors as they are, or the model divides by the length
        itself.
    GalleryExistsError
        If there is one already.
    ModelNotFoundError
        If there is no such model.
    GalleryStorageError
        If the place cannot be written.
    """
    from ilk.stores.local import LocalStore

    comparing = Comparing(metric=metric, normalised=normalise)
    directory = gallery_directory(path)
    if (directory / DATABASE).exists():
        raise GalleryExistsError(f"There is a gallery at {directory} already: open it, or choose another place.")
    if model is not None:
        encoder = open_encoder(model, compute)
        if not normalise:
            refuse_unit_rows(encoder)
        model = encoder.name  # whole, and the same from everywhere: "./clip" is not
    store = LocalStore.create(directory, default_model=model or DEFAULT_MODEL, comparing=comparing)
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
