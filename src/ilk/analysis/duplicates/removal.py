"""Which files could be removed without losing a picture. Nothing is removed here.

A gallery may be older than the files it knows, and two names may lead to one file. So each file is read once more, and
is on the list only if it is what was compared, if the one to keep is there and is what was compared too, and if no name
that is kept leads to the same file.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ilk.analysis.duplicates.groups import Duplicates, Group, Unverified
from ilk.sources.names import path_of

if TYPE_CHECKING:
    from ilk.gallery import Gallery
    from ilk.records import Item

_CHUNK = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Removals:
    """What could go.

    Attributes
    ----------
    paths
        Absolute, of files on this machine.
    size_bytes
        Of all of them.
    left_out
        Copies that are not on the list, and why.
    """

    paths: tuple[Path, ...]
    size_bytes: int
    left_out: tuple[Unverified, ...]


def removals(found: Duplicates, gallery: Gallery, *, mirrored: bool = False) -> Removals:
    """The files of all copies but the best of each group, as far as that is safe. Cost: reads each file.

    Parameters
    ----------
    mirrored
        With those that are mirrored, too.
    """
    paths, left_out, size_bytes = list[Path](), list[Unverified](), 0
    for group in found:
        kept, refusal = _kept(group, gallery, mirrored=mirrored)
        for copy in group.removable(mirrored=mirrored):
            path = path_of(copy.item.uri, gallery.base)
            reason = refusal or _changed(copy.item, path)
            if not reason and _file(path) in kept:
                reason = "Its name leads to the same file as one that is kept."
            if reason:
                left_out.append(Unverified(id=copy.item.id, reason=reason))
            else:
                paths.append(path)
                size_bytes += copy.item.size_bytes
    return Removals(paths=tuple(paths), size_bytes=size_bytes, left_out=tuple(left_out))


def _kept(group: Group, gallery: Gallery, *, mirrored: bool) -> tuple[set[tuple[int, int]], str]:
    """The files that stay, and why nothing of the group may go; an empty sentence if it may."""
    best = path_of(group.best.uri, gallery.base)
    changed = _changed(group.best, best)
    if changed:
        return set(), f'The one to keep, "{group.best.id}", cannot be relied on. {changed}'
    gone = {copy.item.id for copy in group.removable(mirrored=mirrored)}
    stay = [best, *(path_of(copy.item.uri, gallery.base) for copy in group.copies if copy.item.id not in gone)]
    return {_file(path) for path in stay if path.is_file()}, ""


def _changed(item: Item, path: Path) -> str:
    """Why a file is not the one that was compared; an empty sentence if it is."""
    if "://" in item.uri:
        return "It is no file on this machine."
    try:
        if not path.is_file():
            return "It is no file of its own: it is gone, or in an archive."
        if path.stat().st_size == item.size_bytes and _digest(path) == item.digest:
            return ""
    except OSError as error:
        return f"It cannot be read: {error.strerror}."
    return "It has changed since it was added: run `ilk index` and look again."


def _digest(path: Path) -> str:
    said = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            said.update(chunk)
    return said.hexdigest()


def _file(path: Path) -> tuple[int, int]:
    """Which file a name leads to."""
    status = path.stat()
    return status.st_dev, status.st_ino
