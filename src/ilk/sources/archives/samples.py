"""From a sample to what a gallery is told: the bytes of its picture, its captions, its metadata."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ilk import pictures
from ilk.errors import PictureError
from ilk.records import MetadataValue
from ilk.sources import captions, names
from ilk.sources.archives.members import Member, Reader, Sample, stem_of
from ilk.sources.base import Payload
from ilk.sources.tables import cells
from ilk.sources.tables.columns import CAPTION_NAMES

MAX_TABLE_BYTES = 2**20
"""Of a sample's JSON; a larger one is left aside."""

MAX_CLASS_BYTES = 64

_CALLED_CAPTION = [re.compile(rf"{name}s?(_?\d+)?", re.IGNORECASE) for name in CAPTION_NAMES]

CLASS = "cls"
"""The field that webdataset's number of a class becomes."""


@dataclass(frozen=True, slots=True)
class Load:
    """Reads one picture of a sample, when called.

    Attributes
    ----------
    reader, sample, picture
        Where it is.
    caption
        The fields of its metadata that are captions; None to go by their names.
    """

    reader: Reader
    sample: Sample
    picture: Member
    caption: tuple[str, ...] | None

    def __call__(self) -> Payload:
        """Read it.

        Raises
        ------
        ilk.errors.PictureError
            If it cannot be had.
        """
        try:
            return self._payload()
        except PictureError as error:
            raise PictureError(names.printable(str(error)), code=error.code) from error

    def _payload(self) -> Payload:
        _check(self.picture, f'"{self.picture.name}" in "{self.reader.volume.path}"')
        texts = _small(_own(self.picture, self.sample, self.sample.texts), captions.MAX_FILE_BYTES)
        tables = _small(_own(self.picture, self.sample, self.sample.tables), MAX_TABLE_BYTES)
        classes = _small(_own(self.picture, self.sample, self.sample.classes), MAX_CLASS_BYTES)
        data, *said = self.reader.read([self.picture, *texts, *tables, *classes])
        found = [text for each in said[: len(texts)] for text in captions.captions_in(each)]
        row = dict(self.sample.row or {})
        for each in said[len(texts) : len(texts) + len(tables)]:
            row |= _object(each)
        for each in said[len(texts) + len(tables) :]:
            row |= _class(each)
        chosen = _caption_fields(row) if self.caption is None else self.caption
        said_in_row = cells.captions(row.pop(name, None) for name in chosen)
        return Payload(
            data=data,
            captions=tuple(dict.fromkeys((*found, *said_in_row)))[: captions.MAX_CAPTIONS],
            metadata=cells.metadata(row.items()),
            fleeting=self.reader.packed,
        )


def stamp_of(sample: Sample, picture: Member) -> str:
    """What changes when the picture does, or what is said of it. Nothing is read."""
    parts = (picture, *(part for of in (sample.texts, sample.tables, sample.classes) for part in of))
    return "+".join(part.stamp for part in parts) + f"@{sample.stamp}"


def _check(picture: Member, subject: str) -> None:
    """Refuse what will not be read, before any of it is."""
    limit = pictures.Limits().size_bytes
    if picture.refusal is not None:
        raise PictureError(f"{subject} is {picture.refusal}.", code="unsupported")
    if not picture.size_bytes:
        raise PictureError(f"{subject} is empty.", code="empty")
    if picture.size_bytes > limit:
        raise PictureError(f"{subject} is larger than the limit of {limit / 2**20:,.0f} MiB.", code="too-many-bytes")


def _own(picture: Member, sample: Sample, parts: tuple[Member, ...]) -> tuple[Member, ...]:
    """The parts that are about this picture: those named after it, and those named after none."""
    if len(sample.pictures) == 1:
        return parts
    named = {name for each in sample.pictures for name in (each.name, stem_of(each.name))}
    mine = {picture.name, stem_of(picture.name)}
    return tuple(part for part in parts if stem_of(part.name) in mine or stem_of(part.name) not in named)


def _small(parts: tuple[Member, ...], limit_bytes: int) -> list[Member]:
    return [part for part in parts if part.refusal is None and 0 < part.size_bytes <= limit_bytes]


def _caption_fields(row: Mapping[str, object]) -> list[str]:
    """The fields of a row that are called as captions are, and hold text."""
    if row:  # most samples have none
        for called_so in _CALLED_CAPTION:
            if found := [name for name in row if called_so.fullmatch(name) and isinstance(row[name], str | list)]:
                return found
    return []


def _object(data: bytes) -> Mapping[str, object]:
    """A JSON object; nothing if it is none."""
    try:
        read = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def _class(data: bytes) -> Mapping[str, MetadataValue]:
    text = data.decode("utf-8", "replace").strip()
    try:
        return {CLASS: int(text)}
    except ValueError:
        return {CLASS: text} if text else {}
