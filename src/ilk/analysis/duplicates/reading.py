"""Signatures of pictures that have none yet: each is read once, by as many threads as there are processors."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING

from ilk import pictures
from ilk.analysis.duplicates.signature import DECODED, signature
from ilk.errors import ItemNotFoundError, PictureError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ilk.analysis.duplicates.groups import Progress
    from ilk.analysis.duplicates.shelf import Shelf
    from ilk.gallery import Gallery

BATCH = 256
"""Pictures between two writes: what Ctrl-C can lose."""


def read_missing(
    gallery: Gallery,
    shelf: Shelf,
    missing: Mapping[bytes, Sequence[str]],
    *,
    stop: threading.Event,
    progress: Progress | None,
) -> dict[str, str]:
    """Put the signatures of pictures on the shelf; what could not be read, and why, by id.

    Parameters
    ----------
    missing
        The ids that have each digest: the next is tried where one is gone.
    stop
        Set it to stop early. What is done is kept.
    """
    unread = dict[str, str]()

    def read(entry: tuple[bytes, Sequence[str]]) -> tuple[bytes, npt.NDArray[np.uint8] | None]:
        digest, ids = entry
        if stop.is_set():
            return digest, None
        for id_ in ids:
            try:
                return digest, signature(pictures.load(gallery.picture(id_), size=DECODED).image)
            except (PictureError, ItemNotFoundError) as error:
                unread[id_] = str(error)
        return digest, None

    entries: Iterable[tuple[bytes, Sequence[str]]] = iter(missing.items())
    done = 0
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as threads:
        while not stop.is_set() and (batch := list(islice(entries, BATCH))):
            made = [(digest, found) for digest, found in threads.map(read, batch) if found is not None]
            shelf.put([digest for digest, _ in made], [found for _, found in made])
            done += len(batch)
            if progress is not None:
                progress("Looking at pictures", done, len(missing))
    shelf.refresh()
    return unread
