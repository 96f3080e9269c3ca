"""Filters in searches: every store answers as brute force does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest

from ilk.filters import parse
from ilk.stores.base import Store, Upsert
from ilk.stores.local import IndexPolicy, LocalStore
from stores.making import make_item, make_space, unit_rows
from stores.reference import ReferenceStore

SPACE = make_space()
COUNT = 600
FILTERS = (
    "half == 1",
    "n < 60",
    "n in [3, 77, 599]",
    "n == 5",
    "not n == 5",
    "n < 0",
    "n >= 0",
    "caption match 'snow' and half == 0",
    "tags == 'even' and n > 300 or n < 7",
    "near(0, 5, 300km)",
    "id like 'p1*' and not caption exists",
)


@pytest.fixture(params=["reference", "local", "local, always with an index file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "reference":
        made: Store = ReferenceStore()
    else:
        policy = IndexPolicy(min_vectors=1) if "index" in request.param else None
        made = LocalStore.create(tmp_path / ".ilk", policy=policy)
    with made.writing() as writer:
        writer.add_space(SPACE)
        writer.write(upserts(0, COUNT), [], space=SPACE)
        writer.refresh_index()
    yield made
    made.close()


def upserts(start: int, end: int) -> list[Upsert]:
    """Items with a number, half of them with one thing and half with another."""
    rows = unit_rows(COUNT * 2)
    return [
        Upsert(
            item=make_item(
                f"p{n}",
                captions=("snow in May",) if n % 3 else (),
                metadata={
                    "n": n,
                    "half": n % 2,
                    "tags": ["even", "good"] if n % 2 == 0 else [],
                    "latitude": n / 100,
                    "longitude": 5,
                },
            ),
            vector=rows[n],
        )
        for n in range(start, end)
    ]


def expected(start: int, end: int, where: str, query: np.ndarray, k: int) -> list[str]:
    """The nearest that match, by the vectors as they are stored."""
    some = [upsert for upsert in upserts(start, end) if parse(where).matches(upsert.item)]
    near = []
    for each in some:
        assert each.vector is not None
        near.append((-float(np.float16(each.vector).astype(np.float64) @ query), each.item.id))
    return [id_ for _, id_ in sorted(near)[:k]]


@pytest.mark.parametrize("where", FILTERS)
def test_a_filtered_search_finds_the_nearest_of_what_matches(store: Store, where: str) -> None:
    """As many as there are, never one that does not match; and the plan says how many do."""
    queries = unit_rows(3, seed=5)
    for k in (1, 10, COUNT):
        found = store.search(queries, k, space=SPACE, where=parse(where))
        for row, query in zip(found.rows, queries, strict=True):
            assert [near.item.id for near in row] == expected(0, COUNT, where, query, k)
    if isinstance(store, LocalStore):
        assert found.plan.matching == len(expected(0, COUNT, where, queries[0], COUNT))
        assert "filter" in found.plan.took_ms


def test_a_filter_holds_of_what_is_there_now(store: Store) -> None:
    """After adding, changing and removing; also when the same filter was asked before."""
    where, query = parse("half == 1"), unit_rows(1, seed=6)

    def found() -> list[str]:
        return [near.item.id for near in store.search(query, 2 * COUNT, space=SPACE, where=where).rows[0]]

    assert found() == expected(0, COUNT, "half == 1", query[0], COUNT)
    with store.writing() as writer:
        writer.write(upserts(COUNT, COUNT + 9), [], space=SPACE)
    assert found() == expected(0, COUNT + 9, "half == 1", query[0], 2 * COUNT)
    with store.writing() as writer:
        writer.delete([f"p{n}" for n in range(9)])
    assert found() == expected(9, COUNT + 9, "half == 1", query[0], 2 * COUNT)
    with store.writing() as writer:
        writer.save_fields({f"p{n}": {"kind": "new"} for n in range(9, 19)})
    named = store.search(query, COUNT, space=SPACE, where=parse("kind == 'new' and half == 1")).rows[0]
    assert {near.item.id for near in named} == {f"p{n}" for n in range(9, 19, 2)}


def test_what_is_left_out_and_what_does_not_match_are_both_not_found(store: Store) -> None:
    """Excluded items do not cost a place among those that match."""
    query = unit_rows(1, seed=7)
    best = expected(0, COUNT, "n < 60", query[0], 12)
    row = store.search(query, 10, space=SPACE, where=parse("n < 60"), exclude=[*best[:2], "p599"]).rows[0]
    assert [near.item.id for near in row] == best[2:]


def test_words_are_matched_in_captions_of_what_a_filter_leaves(store: Store) -> None:
    """As many as there are of those."""
    found = store.match_words([["snow"], ["may"], ["rain"]], 5, where=parse("n in [1, 2, 3] or near(3, 5, 1m)"))
    assert [[id_ for id_, _ in row] for row in found] == [["p1", "p2"], ["p1", "p2"], []]


def test_fields_are_told_while_an_item_has_them(store: Store) -> None:
    """And no longer."""
    assert store.fields() == ("half", "latitude", "longitude", "n", "tags")
    with store.writing() as writer:
        writer.save_fields({"p1": {"kind": "x"}})
        assert "kind" in store.fields()
        writer.save_fields({"p1": {"kind": None}})
    assert "kind" not in store.fields()


def test_hits_match_while_another_thread_changes_them(tmp_path: Path) -> None:
    """A search sees one moment: what it answers matches as it is answered, however often the items change."""
    where, query = parse("half == 1"), unit_rows(1, seed=8)
    with LocalStore.create(tmp_path / ".ilk") as store:
        with store.writing() as writer:
            writer.add_space(SPACE)
            writer.write(upserts(0, 40), [], space=SPACE)
        done, seen, wrong = Event(), set[frozenset[str]](), list[str]()

        def read() -> None:
            while not done.is_set():
                row = store.search(query, 40, space=SPACE, where=where).rows[0]
                seen.add(frozenset(near.item.id for near in row))
                wrong.extend(near.item.id for near in row if not where.matches(near.item))

        readers = [Thread(target=read) for _ in range(4)]
        for reader in readers:
            reader.start()
        with store.writing() as writer:
            for turn in range(30):
                given = [
                    replace(each, item=replace(each.item, metadata={"half": (n + turn) % 2}))
                    for n, each in enumerate(upserts(0, 40))
                ]
                writer.write(given, [], space=SPACE)
        done.set()
        for reader in readers:
            reader.join()
    assert wrong == []
    assert seen <= {frozenset(f"p{n}" for n in range(first, 40, 2)) for first in (0, 1)}
    assert seen
