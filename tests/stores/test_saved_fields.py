"""Fields that are saved into a gallery itself, such as labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import ilk
from colour_encoder import ColourEncoder
from galleries import gallery_of, paint
from ilk.errors import InputError
from ilk.stores.base import Store, Upsert
from ilk.stores.local import LocalStore
from stores.making import make_item, make_space, unit_rows
from stores.reference import ReferenceStore

SPACE = make_space()
MAKERS: dict[str, Callable[[Path], Store]] = {
    "reference": lambda _: ReferenceStore(),
    "local": lambda path: LocalStore.create(path / ".ilk"),
}
ITEM = make_item("a.jpg", metadata={"year": 2020, "note": None})


@pytest.fixture(params=MAKERS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Each store, with one item."""
    made = MAKERS[request.param](tmp_path)
    with made.writing() as writer:
        writer.add_space(SPACE)
        writer.write([Upsert(item=ITEM, vector=unit_rows(1)[0])], [], space=SPACE)
    yield made
    made.close()


def save(store: Store, **fields: str | float | None) -> int:
    """Into the one item, and into one that is not there."""
    with store.writing() as writer:
        return writer.save_fields({"a.jpg": fields, "gone.jpg": fields})


def test_a_field_is_added_changed_and_taken_away(store: Store) -> None:
    """Everything else of the item stays as it was, its vector too; an unknown id is passed over."""
    assert store.saved_fields() == frozenset()
    before = store.vectors(["a.jpg"], SPACE)["a.jpg"].tolist()
    assert save(store, kind="dress", sure=0.5) == 1
    assert store.fetch(["a.jpg"])["a.jpg"] == replace(
        ITEM, metadata={"year": 2020, "note": None, "kind": "dress", "sure": 0.5}
    )
    save(store, kind="hat", sure=None)
    assert store.fetch(["a.jpg"])["a.jpg"].metadata == {"year": 2020, "note": None, "kind": "hat"}
    assert store.saved_fields() == {"kind", "sure"}
    assert store.vectors(["a.jpg"], SPACE)["a.jpg"].tolist() == before


def test_the_source_writes_around_them(store: Store) -> None:
    """An item that is written again keeps its saved fields, whatever the source says of it now."""
    save(store, kind="dress")
    with store.writing() as writer:
        again = replace(ITEM, stamp="2", metadata={"year": 2021, "kind": "what a new column says"})
        writer.write([Upsert(item=again, vector=None)], [], space=SPACE)
    found = store.fetch(["a.jpg"])["a.jpg"]
    assert (found.stamp, found.metadata) == ("2", {"year": 2021, "kind": "dress"})


def test_they_move_with_the_picture(store: Store) -> None:
    """A picture under a new name is still what it is."""
    save(store, kind="dress")
    with store.writing() as writer:
        moved = replace(ITEM, id="b.jpg", uri="b.jpg")
        writer.write([Upsert(item=moved, vector=None, moved_from="a.jpg")], [], space=SPACE)
    assert store.fetch(["b.jpg"])["b.jpg"].metadata["kind"] == "dress"


def test_another_picture_loses_them(store: Store) -> None:
    """What was said of the old bytes need not hold of the new ones."""
    save(store, kind="dress")
    with store.writing() as writer:
        other = replace(ITEM, digest="other bytes")
        writer.write([Upsert(item=other, vector=unit_rows(1, seed=1)[0])], [], space=SPACE)
    assert store.fetch(["a.jpg"])["a.jpg"].metadata == ITEM.metadata


@pytest.mark.parametrize("field", ["year", "note", "two words", 'a"b', "", "3d"])
def test_a_field_of_the_source_or_without_a_name_is_refused(store: Store, field: str) -> None:
    """Nothing of the batch is written then, and nothing claimed."""
    with store.writing() as writer, pytest.raises(InputError):
        writer.save_fields({"a.jpg": {"kind": "dress", field: "x"}})
    if isinstance(store, LocalStore):  # the reference has no transactions
        assert store.saved_fields() == frozenset()
        assert store.fetch(["a.jpg"])["a.jpg"] == ITEM


def test_indexing_again_neither_undoes_nor_counts_them(tmp_path: Path) -> None:
    """A touched file whose item got a label is unchanged to its source, and the label stays."""
    paint(tmp_path / "red.png", "red")
    encoder = ColourEncoder()
    with gallery_of(tmp_path, encoder) as gallery:
        gallery.add(ilk.folder(tmp_path))
        with gallery.store.writing() as writer:
            writer.save_fields({"red.png": {"kind": "wall"}})
        assert gallery.add(ilk.folder(tmp_path)).unchanged == 1
        (tmp_path / "red.png").touch()
        report = gallery.add(ilk.folder(tmp_path))
        assert (report.unchanged, report.updated, report.encoded, encoder.encoded) == (1, 0, 0, 1)
        assert gallery.get("red.png").metadata["kind"] == "wall"
        (tmp_path / "red.txt").write_text("a wall", encoding="utf-8")
        assert gallery.add(ilk.folder(tmp_path)).updated == 1
        assert gallery.get("red.png").metadata["kind"] == "wall"
