"""Rows that stand together and name one picture: data sets of captions have a row for each caption, five a picture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain

from ilk.records import Metadata, MetadataValue
from ilk.sources.captions import MAX_CAPTIONS
from ilk.sources.tables import cells
from ilk.sources.tables.places import Nowhere, Place, place_of
from ilk.sources.tables.rows import Row, Values


def together(rows: Iterable[Row], picture: str, captions: Sequence[str]) -> Iterator[tuple[Place, list[Row]]]:
    """Rows by the picture that they are of, and what its cell holds.

    A row joins those before it if its cell of the picture is the same and it brings a further caption, or is a row that
    has come before. What shares a picture and is called the same otherwise is another thing: sizes of one shirt.

    Parameters
    ----------
    picture
        The column. Only the first row of several keeps its cell: pictures in tables are large.
    captions
        The columns of captions; without any, every row is one by itself.
    """
    run, last, told = list[Row](), None, set[str]()
    for row in rows:
        place = place_of(row.values.get(picture))
        texts = cells.captions(row.values.get(name) for name in captions)
        if place == last and texts and told and len(run) < MAX_CAPTIONS and not isinstance(place, Nowhere):
            rest = {name: cell for name, cell in row.values.items() if name != picture}
            if not told.issuperset(texts) or _is_like(rest, run[0].values):
                run.append(replace(row, values=rest))
                told.update(texts)
                continue
        if last is not None:
            yield last, run
        run, last, told = [row], place, set(texts)
    if last is not None:
        yield last, run


def merged(said: Sequence[Metadata]) -> dict[str, MetadataValue]:
    """What several rows say of one picture: where they differ, the list of what they say.

    Values of which no flat list of one kind can be made are the first row's.
    """
    if len(said) == 1:
        return dict(said[0])
    found = dict[str, MetadataValue]()
    for name in dict.fromkeys(chain.from_iterable(said)):
        values = _distinct([each[name] for each in said if name in each])
        found[name] = values[0] if len(values) == 1 else _listed(values)
    return found


def _is_like(rest: Values, before: Values) -> bool:
    """Whether a row says what one before it said, as text: cells may be arrays, which have no one answer to that."""
    return all(repr(cell) == repr(before.get(name)) for name, cell in rest.items())


def _distinct(values: Sequence[MetadataValue]) -> list[MetadataValue]:
    found = list[MetadataValue]()
    for value in values:
        if not any(type(value) is type(each) and value == each for each in found):
            found.append(value)
    return found


def _listed(values: Sequence[MetadataValue]) -> MetadataValue:
    flat = [each for value in values if value is not None for each in (value if isinstance(value, list) else [value])]
    if all(isinstance(each, str) for each in flat):
        return [str(each) for each in dict.fromkeys(flat)]
    if all(isinstance(each, int | float) and not isinstance(each, bool) for each in flat):
        numbers: list[float] = [each for each in dict.fromkeys(flat) if isinstance(each, int | float)]
        return numbers
    return values[0]
