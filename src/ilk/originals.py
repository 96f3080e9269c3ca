"""The picture behind an item: where its source has it, else what the gallery kept."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ilk import pictures
from ilk.errors import IlkError, PictureError
from ilk.query import URL, Query

if TYPE_CHECKING:
    from PIL.Image import Image

    from ilk.records import Item
    from ilk.stores.base import Store

ROW = re.compile(r"#\d+$")
"""How the uri of a picture ends that is a row of a table or a dataset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Originals:
    """What has the pictures behind the hits of one query: two names, so that hits outlive the gallery they came from.

    The gallery is opened anew, for as long as the pictures are read. Holding it would keep its models and its index
    in memory as long as anybody keeps an answer.

    Attributes
    ----------
    directory
        The gallery's own.
    query
        What was asked; its first picture that is asked for, and not against, is the example.
    """

    directory: Path
    query: Query

    def pictures(self, ids: Sequence[str]) -> Iterator[bytes | PictureError]:
        """The bytes of each item's picture, one at a time, or why there are none."""
        from ilk.stores.local import LocalStore

        try:
            store = LocalStore.open(self.directory)
        except IlkError as error:
            gone = PictureError(f"The gallery of this picture is not there: {error}", code=pictures.UNREADABLE)
            yield from [gone] * len(ids)
            return
        try:
            for id_ in ids:
                yield _read(id_, store=store, base=self.directory.parent)
        finally:
            store.close()

    def example(self) -> bytes | Image | PictureError | None:
        """The picture that was asked with, or why it cannot be had; None if there was none."""
        from PIL.Image import Image

        for term in self.query.terms:
            if term.weight < 0 or term.kind not in {"image", "item"}:
                continue
            if term.kind == "item":
                return next(self.pictures([str(term.value)]))
            if isinstance(term.value, bytes | Image):
                return term.value
            if URL.match(str(term.value)):
                return PictureError(
                    f"{term.value} was fetched to ask with, and is not fetched again.", code=pictures.UNREADABLE
                )
            try:
                return pictures.read(Path(os.path.expanduser(str(term.value))))  # noqa: PTH111 -- see ilk.asking
            except PictureError as error:
                return error
        return None


def file_of(uri: str, base: Path) -> Path | None:
    """The file that a uri names, be it there or not; None if it names a URL, a member of an archive, or a row."""
    from ilk.sources.archives import is_member
    from ilk.sources.names import path_of

    if "://" in uri:
        return None
    path = path_of(uri, base)
    if (is_member(uri) or ROW.search(uri)) and not os.path.lexists(path):
        return None
    return path


def _read(id_: str, *, store: Store, base: Path) -> bytes | PictureError:
    try:
        item = store.fetch([id_]).get(id_)
        if item is None:
            return PictureError(f'"{id_}" is no longer in the gallery.', code=pictures.UNREADABLE)
        return read_original(item, store=store, base=base)
    except PictureError as error:
        return error
    except IlkError as error:  # of the gallery: one that is damaged shows what it can
        return PictureError(str(error), code=pictures.UNREADABLE)


def read_original(item: Item, *, store: Store, base: Path) -> bytes:
    """The bytes of an item's picture.

    What was kept whole comes first, then the file or the member of an archive that the uri names, then a thumbnail;
    of an archive that is unpacked from the front each time, the thumbnail at once. Nothing is fetched: what is not here
    is not there any more as far as a gallery is concerned.

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
            if kept is not None:  # only of what is packed as a whole: the last member would take as long as all
                return kept.data
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
