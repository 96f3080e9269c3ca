"""The picture behind an item: where its source has it, else what the gallery kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ilk import pictures
from ilk.errors import PictureError

if TYPE_CHECKING:
    from ilk.records import Item
    from ilk.stores.base import Store


def read_original(item: Item, *, store: Store, base: Path) -> bytes:
    """The bytes of an item's picture.

    What was kept whole comes first, then the file or the member of an archive that the uri names, then a thumbnail.
    Nothing is fetched: what is not here is not there any more as far as a gallery is concerned.

    Raises
    ------
    PictureError
        If nothing of it is here.
    """
    from ilk.sources.archives import is_member, open_member
    from ilk.sources.names import path_of

    kept = store.kept(item.id)
    if kept is not None and kept.whole:
        return kept.data
    try:
        if is_member(item.uri):
            return open_member(item.uri, base)
        if "://" not in item.uri:
            return pictures.read(path_of(item.uri, base))
    except PictureError as error:
        if kept is None:
            raise PictureError(f'The picture of "{item.id}" is not where it was: {error}', code=error.code) from error
    if kept is None:
        raise PictureError(
            f'Nothing of the picture of "{item.id}" is here: the gallery has its vector alone.',
            code=pictures.UNREADABLE,
        )
    return kept.data
