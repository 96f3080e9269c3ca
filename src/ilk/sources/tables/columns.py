"""Which column is what: told from the names, and from what the first rows hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from ilk.errors import SourceError
from ilk.pictures import SUFFIXES
from ilk.sources.tables import cells, places
from ilk.sources.tables.rows import Head, Values

NAMED_COLUMNS = 30
"""How many are listed in a message."""

PICTURE_NAMES = ("image", "images", "img", "picture", "photo", "jpg", "jpeg", "png", "webp")
PLACE_NAMES = ("path", "file", "filename", "filepath", "url", "uri", "src")
"""Words in the name of a column that holds pictures, or where they are."""

ASIDE = frozenset(
    {"thumb", "thumbnail", "preview", "avatar", "icon", "mask", "page", "license", "licence", "author", "profile"}
    | {"homepage", "web", "website", "link", "credit", "depth", "segmentation"}
)
"""Words that say that something else than the picture is meant."""

CAPTION_NAMES = ("caption", "text", "alt", "alt_text", "description", "title", "prompt", "sentence", "comment")
"""The first of these that a column has is the one; numbered ones (``caption_0``, ``caption_1``) are taken together."""

ID_NAMES = ("id", "uid", "uuid", "guid", "key", "image_id", "picture_id", "photo_id", "img_id", "item_id", "asset_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which column is what.

    Attributes
    ----------
    picture
        Where the pictures are, or they themselves.
    captions
        Their texts.
    id
        What the pictures are called; None if they are called by where they are.
    metadata
        The other columns. Columns that only later rows have are among them without being named here.
    """

    picture: str
    captions: tuple[str, ...] = ()
    id: str | None = None
    metadata: tuple[str, ...] = ()

    def __str__(self) -> str:
        """One line: ``picture: image_url, captions: caption, id: none; 4 more columns become metadata``."""
        line = f"picture: {self.picture}, captions: {', '.join(self.captions) or 'none'}, id: {self.id or 'none'}"
        count = len(self.metadata)
        if not count:
            return line
        return f"{line}; {count:,} more {'column becomes' if count == 1 else 'columns become'} metadata"


def choose(
    head: Head,
    *,
    label: str,
    picture: str | None,
    captions: Sequence[str] | None,
    id: str | None,  # noqa: A002 -- the field's word
) -> Columns:
    """Take the columns that were named, and tell the others.

    Raises
    ------
    ilk.errors.SourceError
        If there are no rows, or no column of that name, or it cannot be told which one holds the pictures.
    """
    if not head.rows:
        raise SourceError(
            f"{label} has no rows: there is no picture in it."
            if head.fault is None
            else f"{label} has no rows that can be read: {head.fault}."
        )
    for name in (picture, *(captions or ()), id):
        if name and name not in head.names:
            raise SourceError(_unknown(name, head.names, label))
    if picture is None:
        picture = _picture(head, label, apart={*(captions or ()), id})
    if id is None:
        id = find_id(head, apart={picture, *(captions or ())})  # noqa: A001 -- as above
    if captions is None:
        captions = find_captions(head, apart={picture, id})
    taken = {picture, id, *captions}
    return Columns(
        picture=picture,
        captions=tuple(dict.fromkeys(captions)),
        id=id or None,
        metadata=tuple(name for name in head.names if name not in taken),
    )


# -- the pictures -----------------------------------------------------------------------------------------------------


def find_pictures(head: Head, *, apart: set[str | None]) -> list[str]:
    """The columns that most likely hold pictures; more than one if they are equally likely."""
    ranks = {name: _rank(name, head) for name in head.names if name not in apart}
    best = min(filter(None, ranks.values()), default=None)
    return [name for name, rank in ranks.items() if rank is not None and rank == best]


def _picture(head: Head, label: str, *, apart: set[str | None]) -> str:
    found = find_pictures(head, apart=apart)
    if len(found) == 1:
        return found[0]
    said = (
        f"{label} has several columns that may hold the pictures: {', '.join(found)}."
        if found
        else f"No column of {label} seems to hold pictures (paths, URLs or bytes). It has: {listed(head.names)}."
    )
    raise SourceError(f'{said} Say which one does: --picture COLUMN, or picture="COLUMN" in Python.')


def _rank(name: str, head: Head) -> int | None:  # noqa: PLR0911 -- one line for each rank
    """How likely a column holds the pictures, 1 being the most; None for not at all."""
    if name in head.pictures:
        return 1
    words = _words(name)
    exact = "_".join(words)
    says_picture, says_place = not set(PICTURE_NAMES).isdisjoint(words), not set(PLACE_NAMES).isdisjoint(words)
    holds = _holds(head.rows, name)
    if holds is None:
        # Names without a suffix, in a column that says it has paths.
        pathlike = says_picture and not {"path", "file", "filename", "filepath"}.isdisjoint(words)
        return 8 if pathlike and _kinds(head.rows, name) == {str} else None
    if not ASIDE.isdisjoint(words):
        return 7 if holds in {"picture", "path"} else None
    if says_picture:
        return 2 if exact in PICTURE_NAMES or holds == "picture" else 3
    if exact in PLACE_NAMES or exact in {"file_name", "file_path"}:
        return 4
    if says_place:
        return 5
    return None if holds == "bytes" else 7 if holds == "url" else 6


def _holds(rows: Sequence[Values], name: str) -> str | None:
    """What most cells of a column hold, so far as it may be pictures."""
    counts = dict[str, int]()
    filled = 0
    for row in rows:
        place = places.place_of(row.get(name))
        if place == places.EMPTY:
            continue
        filled += 1
        match place:
            case places.Inside(data=data, encoding=encoding):
                sure = encoding != "raw" or places.looks_like_a_picture(data)
                counts["picture" if sure else "bytes"] = counts.get("picture" if sure else "bytes", 0) + 1
            case places.Remote(url=url):
                said = "path" if _suffix(urlsplit_path(url)) in SUFFIXES else "url"
                counts[said] = counts.get(said, 0) + 1
            case places.Local(path=path):
                if _suffix(path) in SUFFIXES:
                    counts["path"] = counts.get("path", 0) + 1
    most = max(counts, key=counts.__getitem__, default=None)
    return most if most is not None and 2 * sum(counts.values()) >= filled else None


def urlsplit_path(url: str) -> str:
    """The path in a URL; empty if it cannot be read."""
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def _suffix(path: str) -> str:
    return PurePosixPath(path.replace("\\", "/")).suffix.lower()


# -- captions and ids -------------------------------------------------------------------------------------------------


def find_captions(head: Head, *, apart: set[str | None]) -> tuple[str, ...]:
    """The columns of captions; in a table without names, the only one that has sentences."""
    texts = [name for name in head.names if name not in apart and _kinds(head.rows, name) <= {str, list}]
    for wanted in CAPTION_NAMES:
        found = tuple(name for name in texts if re.fullmatch(rf"{wanted}s?(_?\d+)?", "_".join(_words(name))))
        if found:
            return found
    if all(re.fullmatch(r"column_\d+", name) for name in head.names):
        sentences = [name for name in texts if _are_sentences(row.get(name) for row in head.rows)]
        return tuple(sentences) if len(sentences) == 1 else ()
    return ()


def _are_sentences(values: Iterable[object]) -> bool:
    said = [value for value in values if isinstance(value, str) and value.strip()]
    return 2 * sum(" " in value.strip() for value in said) > len(said)


def find_id(head: Head, *, apart: set[str | None]) -> str | None:
    """The column of ids, if there is one in which every row has its own."""
    by_name = {"_".join(_words(name)): name for name in reversed(head.names) if name not in apart}
    for wanted in ID_NAMES:
        name = by_name.get(wanted)
        if name is None:
            continue
        ids = [cells.identity(row.get(name)) for row in head.rows]
        if None not in ids and len(set(ids)) == len(ids):
            return name
    return None


# -- names ------------------------------------------------------------------------------------------------------------


def _words(name: str) -> list[str]:
    """The words of a name: ``imageURL``, ``image-url`` and ``Image URL`` are ``image``, ``url``."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return [word for word in re.split(r"[^a-z0-9]+", apart.lower()) if word]


def _kinds(rows: Sequence[Values], name: str) -> set[type]:
    """The types in a column; lists and what numpy has for them are one."""
    values = (cells.plain(row.get(name)) for row in rows)
    return {str if isinstance(value, str) else type(value) for value in values if value is not None}


def _unknown(name: str, names: Sequence[str], label: str) -> str:
    near = get_close_matches(name, names, n=1)
    hint = f' Did you mean "{near[0]}"?' if near else ""
    return f'{label} has no column "{name}".{hint} It has: {listed(names)}.'


def listed(names: Sequence[str]) -> str:
    """The names of columns, for a message."""
    said = ", ".join(names[:NAMED_COLUMNS])
    more = len(names) - NAMED_COLUMNS
    return f"{said} and {more:,} more" if more > 0 else said or "none"


def text_kinds(head: Head) -> Mapping[str, cells.Kind]:
    """What the text of each column stands for, in a table that has only text."""
    if head.typed:
        return {}
    return {name: cells.kind(row.get(name, "") for row in head.rows) for name in head.names}
