"""Which rows of a dataset are behind the items of a gallery."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from ilk.errors import InputError

ID = "id"
"""The column that is looked into if none is named."""

BLOCK = 10_000
"""Ids read at once."""

_ROW = re.compile(r"(.*)#(\d{1,18})", re.DOTALL)
"""How a row is called that has no other name."""


def rows_of(items: Sequence[tuple[str, str]], dataset: Any, *, column: str | None = None) -> list[int]:
    """The number of each item's row in a dataset.

    An item's row is the first whose id it has, if there is a column of ids. Else it is the one whose number ends its
    uri or its id, after ``#``.

    Parameters
    ----------
    items
        Ids and uris.
    dataset
        A ``datasets.Dataset``.
    column
        The one with the ids; by default ``id``, if there is one.

    Raises
    ------
    ilk.errors.InputError
        If it is no dataset whose rows have numbers, or an item is not of it.

    Notes
    -----
    Reads the column of ids, and nothing else.
    """
    if not hasattr(dataset, "select") or not hasattr(dataset, "__len__"):
        raise InputError(
            f"The rows of a {type(dataset).__name__} cannot be had by their numbers. Give the datasets.Dataset."
        )
    if column is not None and column not in dataset.column_names:
        raise InputError(f'The dataset has no column "{column}". It has: {", ".join(dataset.column_names)}.')
    if column is None and ID in dataset.column_names:
        column = ID
    by_id = _first_rows({id_ for id_, _ in items}, dataset, column) if column is not None else {}
    names = set[str]()
    rows = list[int]()
    for id_, uri in items:
        row = by_id.get(id_)
        if row is None:
            match = _ROW.fullmatch(uri) or _ROW.fullmatch(id_)
            if match is None or int(match[2]) >= len(dataset):
                raise InputError(
                    f'"{id_}" is no row of this dataset of {len(dataset):,}. Give the one that the gallery was made '
                    "of, and the column that has its ids."
                )
            names.add(match[1])
            row = int(match[2])
        rows.append(row)
    if len(names) > 1:
        raise InputError(f"These are rows of several datasets: {', '.join(sorted(names))}. Ask for those of one.")
    return rows


def _first_rows(wanted: set[str], dataset: Any, column: str) -> dict[str, int]:
    """The first row of each id."""
    alone = dataset.select_columns([column]).with_format(None)
    rows = dict[str, int]()
    for start in range(0, len(alone), BLOCK):
        cells: Iterable[object] = alone[start : start + BLOCK][column]
        for number, cell in enumerate(cells, start=start):
            if (id_ := str(cell)) in wanted:
                rows.setdefault(id_, number)
    return rows
