"""Which embeddings are of which items, kept from one write to the next."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ilk.stores.local import IndexPolicy, LocalStore, catalog, members
from ilk.stores.local.members import Members, Memberships
from stores.making import make_space, make_upserts, unit_rows

SPACE = make_space(dimension=4)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LocalStore]:
    """A gallery of items 0 to 19, whose index is written anew whenever it may be."""
    with LocalStore.create(tmp_path / ".ilk", policy=IndexPolicy(min_vectors=1, stale_share=0.0)) as made:
        with made.writing() as writer:
            writer.add_space(SPACE)
            writer.write(make_upserts([f"{n}" for n in range(20)], unit_rows(20, 4)), [], space=SPACE)
        yield made


@contextmanager
def reading(store: LocalStore) -> Iterator[tuple[sqlite3.Connection, int, int]]:
    """A transaction, the number of the space in it, and its moment."""
    with store._database.reading() as connection:
        changes, number = catalog.moment(connection, SPACE)
        assert number is not None
        yield connection, number, changes


def checked(store: LocalStore, memberships: Memberships) -> Members:
    """The members now, which are those in the database."""
    with reading(store) as (connection, number, changes):
        found = memberships.at(connection, number, changes)
        rows = connection.execute(
            "SELECT item_id, embedding_id FROM embedding WHERE space_id = ? ORDER BY embedding_id", (number,)
        ).fetchall()
    assert list(zip(found.items.tolist(), found.embeddings.tolist(), strict=True)) == rows
    return found


def write(store: LocalStore, ids: list[str], seed: int) -> None:
    """Write items, with vectors that depend on a seed."""
    with store.writing() as writer:
        writer.write(make_upserts(ids, unit_rows(len(ids), 4, seed=seed)), [], space=SPACE)


def test_they_follow_what_is_written(store: LocalStore) -> None:
    """New items, new vectors of known ones, deleted ones, and an index that was written anew in between."""
    memberships = Memberships()
    assert len(checked(store, memberships).items) == 20
    write(store, ["20", "21"], 1)
    assert len(checked(store, memberships).items) == 22
    write(store, ["3", "4"], 2)
    assert len(checked(store, memberships).items) == 22
    with store.writing() as writer:
        writer.delete(["0", "21"])
    assert len(checked(store, memberships).items) == 20
    with store.writing() as writer:
        writer.delete(["1"])
        writer.refresh_index()
        writer.delete(["2"])
    assert len(checked(store, memberships).items) == 18
    with store.writing() as writer:
        writer.delete([f"{n}" for n in range(25)])
    assert len(checked(store, memberships).items) == 0
    write(store, ["5"], 3)
    assert len(checked(store, memberships).items) == 1


def test_what_is_known_is_not_read_again(store: LocalStore) -> None:
    """After a write only what is new is read; without one, nothing."""
    memberships = Memberships()
    first = checked(store, memberships)
    said = list[str]()
    write(store, ["20"], 1)
    with reading(store) as (connection, number, changes):
        connection.set_trace_callback(said.append)
        found = memberships.at(connection, number, changes)
        assert any(f"embedding_id > {first.newest}" in each for each in said)
        said.clear()
        assert memberships.at(connection, number, changes) is found
        connection.set_trace_callback(None)
    assert said == []


def test_an_earlier_moment_is_answered_as_it_was(store: LocalStore) -> None:
    """A transaction that began before a write does not see what another has read since, and spoils nothing."""
    memberships = Memberships()
    with reading(store) as (connection, number, changes):
        connection.execute("SELECT count(*) FROM embedding").fetchone()
        write(store, ["20"], 1)
        newest = checked(store, memberships)
        before = memberships.at(connection, number, changes)
    assert (len(before.items), len(newest.items)) == (20, 21)
    assert checked(store, memberships) is newest


def test_a_space_that_takes_the_place_of_another_has_only_its_own(store: LocalStore) -> None:
    """A removed one leaves neither tombstones nor its number, which the next may get."""
    memberships = Memberships()
    checked(store, memberships)
    with reading(store) as (connection, number, _):
        del connection
    with store.writing() as writer, writer._transaction() as connection:
        connection.execute("DELETE FROM embedding WHERE space_id = ?", (number,))
        connection.execute("DELETE FROM tombstone WHERE space_id = ?", (number,))
    write(store, ["7", "8"], 4)
    assert len(checked(store, memberships).items) == 2


def test_nothing_stays_when_everything_is_to_be_forgotten(store: LocalStore) -> None:
    """It is read again."""
    memberships = Memberships()
    first = checked(store, memberships)
    memberships.clear()
    again = checked(store, memberships)
    assert again is not first
    np.testing.assert_array_equal(again.embeddings, first.embeddings)


def test_the_embeddings_of_some_items_are_told_and_the_items_of_some_embeddings(store: LocalStore) -> None:
    """Also where new vectors of old items lie last, and of items that have none."""
    memberships = Memberships()
    write(store, ["3", "7"], 2)
    found = checked(store, memberships)
    assert (np.diff(found.items) < 0).any()
    for some in ([4, 8], [1, 5, 20], [1, 99, 100], [0], []):
        items = np.array(some, np.int64)
        expected = sorted(e for i, e in zip(found.items.tolist(), found.embeddings.tolist(), strict=True) if i in some)
        assert found.of_items(items).tolist() == expected
        back = found.of_embeddings(np.array(expected[::-1], np.int64))
        assert sorted(back.tolist()) == sorted(set(some) & set(found.items.tolist()))
    twice = replace(found, items=np.array([1, 2, 2, 4]), embeddings=np.array([5, 6, 7, 8]))
    assert twice.of_items(np.array([2, 3, 4])).tolist() == [6, 7, 8]
    nothing = replace(found, items=np.empty(0, np.int64), embeddings=np.empty(0, np.int64))
    assert nothing.of_items(np.array([1])).tolist() == []


def test_the_whole_list_is_read_once_enough_was_looked_up(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """And where it was read before, it is used at once."""
    monkeypatch.setattr(members, "LOOKED_UP", 10)
    memberships = Memberships()
    assert [memberships.pays(1, 6), memberships.pays(1, 6)] == [False, True]
    read = Memberships()
    checked(store, read)
    with reading(store) as (_, number, _):
        assert read.pays(number, 1)
        assert not read.pays(number + 1, 1)
