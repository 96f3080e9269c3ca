"""Which captions belong to which pictures: the gallery's own, or those of a file."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ilk.errors import InputError

NAMES = ("id", "file", "filename", "file_name", "path", "uri", "image", "picture", "url")
"""Columns that may say which picture it is, first the likeliest."""

CAPTIONS = ("caption", "captions", "text", "alt", "description")
"""Columns that may hold what is said of it."""


def read_captions(path: Path) -> dict[str, list[str]]:
    """Captions by the name of their picture, from a CSV or TSV file with a header, or from JSON lines.

    One picture may have several rows, or a list.

    Raises
    ------
    InputError
        If it cannot be read, or has no column for the picture or its caption.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return _gathered(_rows(path, lines), path)
    except (OSError, UnicodeDecodeError, csv.Error, ValueError) as error:
        said = error.strerror or error if isinstance(error, OSError) else error
        raise InputError(
            f"Captions cannot be read from {path}: {said}. Give CSV with the columns id and caption, or JSON lines."
        ) from error


def _rows(path: Path, lines: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    if path.suffix.lower() in {".jsonl", ".ndjson"}:
        for line in lines:
            if line.strip():
                row = json.loads(line)
                yield row if isinstance(row, dict) else {}
    else:
        yield from csv.DictReader(lines, dialect="excel-tab" if path.suffix.lower() == ".tsv" else "excel")


def _gathered(rows: Iterable[Mapping[str, Any]], path: Path) -> dict[str, list[str]]:
    captions = dict[str, list[str]]()
    name = said = None
    for row in rows:
        if name is None or said is None:
            name, said = (next((each for each in known if each in row), None) for known in (NAMES, CAPTIONS))
            if name is None or said is None:
                raise InputError(
                    f"{path} has no column for {'the picture' if name is None else 'its caption'}, only "
                    f"{', '.join(map(str, row)) or 'none'}: call one id, and one caption."
                )
        given = row.get(said)
        texts = given if isinstance(given, list) else [given]
        captions.setdefault(str(row.get(name)), []).extend(str(each).strip() for each in texts if each)
    found = {picture: [text for text in texts if text] for picture, texts in captions.items()}
    return {picture: texts for picture, texts in found.items() if texts}
