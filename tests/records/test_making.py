"""Records made quickly, beside those made as anyone makes them."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, fields
from typing import Any

import pytest

from ilk.records import Hit, Item, Neighbour
from ilk.records.making import maker

ITEM = Item(id="a", uri="b", source="c", stamp="d", digest="e", size_bytes=1, width=2, height=3)
RECORDS = [
    (ITEM, ("a", "b", "c", "d", "e", 1, 2, 3, (), {})),
    (Neighbour(item=ITEM, similarity=0.5), (ITEM, 0.5)),
    (
        Hit(rank=1, id="a", similarity=0.5, uri="b", caption=None, metadata={"year": 2020}, relevance=0.25),
        (1, "a", 0.5, "b", None, {"year": 2020}, 0.25, None, None, ()),
    ),
]


@pytest.mark.parametrize(("record", "values"), RECORDS, ids=lambda each: type(each).__name__)
def test_records_are_those_that_anyone_makes(record: Any, values: tuple[object, ...]) -> None:
    """Equal, of the same class, frozen, and as easily copied."""
    kind: Any = type(record)
    made = maker(kind)(*values)
    assert type(made) is type(record)
    assert made == record
    assert repr(made) == repr(record)
    assert pickle.loads(pickle.dumps(made)) == copy.copy(made) == record  # noqa: S301 -- its own
    with pytest.raises(FrozenInstanceError):
        setattr(made, fields(record)[0].name, "another")


def test_every_field_has_to_be_given() -> None:
    """A record that was given another field is noticed where it is made."""
    with pytest.raises(TypeError):
        maker(Neighbour)(ITEM)
