"""The readers' connections."""

from __future__ import annotations

from pathlib import Path

import pytest

from ilk.stores.local import LocalStore
from ilk.stores.local.database import OFTEN, Database
from stores.making import make_space, make_upserts, unit_rows

SPACE = make_space(dimension=8)


@pytest.fixture
def gallery(tmp_path: Path) -> Path:
    """A gallery of twenty items."""
    with LocalStore.create(tmp_path / ".ilk") as store, store.writing() as writer:
        writer.add_space(SPACE)
        writer.write(make_upserts([f"{n}" for n in range(20)], unit_rows(20, 8)), [], space=SPACE)
    return tmp_path / ".ilk"


def mapped_bytes(database: Database) -> int:
    """How much of the file the idle connection maps."""
    with database.reading() as connection:
        return int(connection.execute("PRAGMA mmap_size").fetchone()[0])


def test_who_asks_often_maps_the_file_and_who_asks_once_does_not(gallery: Path) -> None:
    """Mapping takes memory, which pays where many searches follow one another."""
    database = Database(gallery, gallery / "gallery.sqlite")
    assert mapped_bytes(database) == 0
    for _ in range(OFTEN):
        with database.reading():
            pass
    assert mapped_bytes(database) > 0
    database.close()


def test_a_mapped_file_is_seen_as_others_leave_it(gallery: Path) -> None:
    """What another store adds and takes away is seen at once, also when it gives the disk its space back."""
    other_space = make_space("other", dimension=512)
    rows = unit_rows(400, 512)
    with LocalStore.open(gallery) as reader, LocalStore.open(gallery) as other:
        with other.writing() as writer:
            writer.add_space(other_space)
            writer.write(make_upserts([f"{n}" for n in range(400)], rows), [], space=other_space)
        for _ in range(OFTEN + 1):
            assert reader.count() == 400
        assert mapped_bytes(reader._database) > 0
        before = (gallery / "gallery.sqlite").stat().st_size
        with other.writing() as writer:
            writer.delete([f"{n}" for n in range(5, 400)])
            writer.drop_space(other_space)
            writer.compact()
        assert (gallery / "gallery.sqlite").stat().st_size < before / 2
        [found] = reader.search(unit_rows(1, 8), 50, space=SPACE).rows
        assert {near.item.id for near in found} == {"0", "1", "2", "3", "4"}
        assert reader.check() == ()
