"""Duplicates for a person to judge: as lines, and as a contact sheet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ilk.errors import InputError, PictureError
from ilk.render.sheet import SheetHit, SheetRow, check_suffix, contact_sheet
from ilk.render.terminal import visible

if TYPE_CHECKING:
    from ilk.analysis.duplicates import Copy, Duplicates, Group
    from ilk.gallery import Gallery
    from ilk.records import Item

ON_A_SHEET = 40
"""Groups: more would be higher than programs show."""

IN_A_ROW = 12
"""Copies of one group on a sheet."""

_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def check_place(path: Path) -> None:
    """Refuse a sheet that cannot be written, before anything is compared.

    Raises
    ------
    InputError
        If its suffix says no format that there is, or its folder is not there.
    """
    check_suffix(path)
    if not path.absolute().parent.is_dir():
        raise InputError(f"{path} cannot be written: there is no folder {path.parent}.")


def duplicates_lines(found: Duplicates, *, mirrored: bool = False) -> str:
    """Each group with what to keep first, then how many there are and what they take."""
    lines = list[str]()
    for group in found:
        lines += [f"{'keep':22}  {_told(group.best)}"]
        lines += [f"  {_manner(copy):20}  {_told(copy.item)}" for copy in group.copies]
        lines += [""]
    copies = sum(len(group.copies) for group in found)
    removed = len(found.removals(mirrored=mirrored))
    kept = f", {copies - removed:,} of them mirrored and kept" if removed < copies else ""
    freed = _size(found.freed_bytes(mirrored=mirrored))
    counted = f"{_count(len(found), 'group', 'groups')} with {_count(copies, 'copy', 'copies')}"
    lines.append(f"{counted}{kept}, among {found.items:,} pictures.")
    lines.append(f"{freed} could be freed; nothing was removed.")
    return "\n".join(lines) + "\n"


def duplicates_sheet(found: Duplicates, gallery: Gallery, path: Path) -> None:
    """Write the groups that free most, a row each, the one to keep first.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    rows = [_row(group, gallery) for group in found.groups[:ON_A_SHEET]]
    more = len(found) - len(rows)
    if more:
        rows[0] = SheetRow(heading=rows[0].heading, hits=rows[0].hits, note=f"the first of {len(found):,} groups")
    contact_sheet(rows, path)


def _row(group: Group, gallery: Gallery) -> SheetRow:
    shown = group.copies[:IN_A_ROW]
    best = SheetHit(
        picture=_seen(group.best, gallery), name=visible(group.best.id), caption=f"keep, {_measures(group.best)}"
    )
    hits = [
        SheetHit(
            picture=_seen(copy.item, gallery),
            name=visible(copy.item.id),
            similarity=copy.similarity,
            caption=f"{_manner(copy)}, {_measures(copy.item)}",
        )
        for copy in shown
    ]
    hidden = f", {len(shown)} shown" if len(shown) < len(group.copies) else ""
    counted = _count(len(group.copies), "copy", "copies")
    return SheetRow(heading=f"{visible(group.best.id.rpartition('/')[2])}: {counted}{hidden}", hits=(best, *hits))


def _seen(item: Item, gallery: Gallery) -> bytes | PictureError:
    try:
        return gallery.picture(item.id)
    except PictureError as error:
        return error


def _manner(copy: Copy) -> str:
    """Such as ``resized, turned 90°``."""
    turned = f"turned {copy.turned}°"
    return ", ".join(turned if kind == "turned" else kind for kind in copy.kinds)


def _told(item: Item) -> str:
    return f"{visible(item.id)}  ({_measures(item)})"


def _measures(item: Item) -> str:
    return f"{item.width} x {item.height}, {_size(item.size_bytes)}" if item.width else "size not known"


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _size(size_bytes: float) -> str:
    """In the unit that leaves one to three digits before the point.

    >>> _size(2_340_000)
    '2.3 MB'
    """
    for unit in _UNITS:
        if size_bytes < 1000 or unit == _UNITS[-1]:  # noqa: PLR2004 -- SI units
            break
        size_bytes /= 1000
    return f"{size_bytes:.0f} {unit}" if unit == "bytes" else f"{size_bytes:.1f} {unit}"
