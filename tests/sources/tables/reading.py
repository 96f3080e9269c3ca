"""Tables for tests, and what comes of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import ilk
from ilk.errors import PictureError
from ilk.sources.base import Entry


def picture(colour: str = "red", kind: str = "PNG") -> bytes:
    """A small picture as bytes."""
    made = io.BytesIO()
    Image.new("RGB", (8, 6), colour).save(made, kind)
    return made.getvalue()


def write_csv(path: Path, rows: Iterable[Sequence[object]], **options: Any) -> Path:
    """A table as Python's own writer makes it."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, **options).writerows(rows)
    return path


def listed(source: Any, base: Path, **options: Any) -> list[Entry]:
    """The entries of a table."""
    return list(ilk.table(source, **options).listing(base))


def said(source: Any, base: Path, **options: Any) -> list[tuple[tuple[str, ...], dict[str, Any]]]:
    """Captions and metadata of each row; the pictures have to be there."""
    payloads = [entry.load() for entry in listed(source, base, **options)]
    return [(payload.captions, dict(payload.metadata)) for payload in payloads]


def reason(entry: Entry) -> tuple[str, str]:
    """Why an entry cannot be loaded: the code and the sentence."""
    with pytest.raises(PictureError) as caught:
        entry.load()
    return caught.value.code, str(caught.value)
