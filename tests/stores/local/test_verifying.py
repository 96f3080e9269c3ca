"""Filters held against the nearest vectors: the answers are those of reading all that matches."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ilk.errors import InputError
from ilk.filters import parse
from ilk.stores.base import Found, Upsert
from ilk.stores.local import IndexPolicy, LocalStore, filtering, index, verifying
from stores.making import make_item, make_space, unit_rows

D = 16
SPACE = make_space(dimension=D)
COUNT = 3_000
ROWS = unit_rows(COUNT, D)
WIDE = ("half == 1", "n >= 200", "not half == 1", "n != 5", "tags == 'even' and n > 300", "near(0, 5, 1700km)")


@pytest.fixture(scope="module", params=["exact", "IVF16,Flat"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gallery of some thousands of items."""
    place = tmp_path_factory.mktemp("made") / ".ilk"
    with LocalStore.create(place, policy=IndexPolicy(min_vectors=1)) as store, store.writing() as writer:
        writer.add_space(SPACE)
        writer.write([upsert(n, ROWS[n]) for n in range(COUNT)], [], space=SPACE)
        writer.want_index(SPACE, request.param)
        writer.refresh_index()
    return place


@pytest.fixture
def store(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalStore]:
    """One for each test, whose items are taken for many. A copy is not sealed here, and is believed all the same."""
    monkeypatch.setattr(filtering, "MANY", 1_000)
    monkeypatch.setattr(index, "is_sealed", lambda path, record: bool(record.seal))
    with LocalStore.open(shutil.copytree(made, tmp_path / ".ilk")) as opened:
        yield opened


def upsert(n: int, row: np.ndarray) -> Upsert:
    """An item with a number, and things that half of all have, or a tenth."""
    metadata = {
        "n": n,
        "half": n % 2,
        "tenth": n % 10,
        "tags": ["even", "good"] if n % 2 == 0 else [],
        "latitude": n % 40,
        "longitude": 5,
    }
    return Upsert(item=make_item(f"p{n}", metadata=metadata), vector=row)


def search(store: LocalStore, where: str, query: np.ndarray, k: int = 10) -> Found:
    """Of one query. Every list of an index is looked at, so that nothing is missed."""
    return store.search(query[None], k, space=SPACE, where=parse(where), parameters=settings(store))


def settings(store: LocalStore) -> dict[str, float]:
    """To look at every list."""
    with store._database.reading() as connection:
        view = store._views.at(connection, SPACE)
    return {} if view is None or not view.tuning.names else {"nprobe": 16}


def expected(where: str, query: np.ndarray, k: int = 10) -> list[str]:
    """The nearest that match, by comparing all."""
    condition = parse(where)
    order = np.argsort(-(ROWS.astype(np.float16).astype(np.float64) @ query), kind="stable").tolist()
    return [f"p{n}" for n in order if condition.matches(upsert(n, ROWS[n]).item)][:k]


@pytest.mark.parametrize("where", WIDE)
def test_a_wide_filter_is_asked_of_the_nearest_only(store: LocalStore, where: str) -> None:
    """The hits are those of reading everything, and the plan says of how many it was asked."""
    for query in unit_rows(5, D, seed=5):
        found = search(store, where, query)
        assert [near.item.id for near in found.rows[0]] == expected(where, query)
        plan = found.plan
        assert (plan.way, plan.matching) == ("verified", None)
        assert plan.looked_at is not None
        assert plan.met is not None
        assert 10 <= plan.met <= plan.looked_at < COUNT
        assert f"Of the {plan.looked_at:,} nearest {plan.met:,} meet the filter" in " ".join(plan.sentences())
        assert plan.to_dict()["looked_at"] == plan.looked_at
        assert "filter" in plan.took_ms


def test_more_are_taken_where_too_few_match(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many more as the share that matched calls for, until there are enough."""
    monkeypatch.setattr(verifying, "FIRST", 2)
    query = unit_rows(1, D, seed=6)[0]
    found = search(store, "tenth >= 7", query)
    assert [near.item.id for near in found.rows[0]] == expected("tenth >= 7", query)
    assert found.plan.way == "verified"
    assert (found.plan.looked_at or 0) > 20


@pytest.mark.parametrize("where", ["n == 5", "n < 20 and half == 1", "n in [3, 77, 5000]", "n < 0", "n > 2995"])
def test_what_few_match_is_found_by_the_index_on_values(store: LocalStore, where: str) -> None:
    """And never fewer hits than match."""
    query = unit_rows(1, D, seed=7)[0]
    found = search(store, where, query)
    assert [near.item.id for near in found.rows[0]] == expected(where, query)
    assert (found.plan.way, found.plan.looked_at) == ("matching", None)
    assert found.plan.matching == len(expected(where, query, COUNT))


@pytest.mark.parametrize("where", ["id like '*77'", "n < 2000 and n > 1990 and tags == 'good'", "half == 1"])
def test_what_neither_finds_is_read_from_the_fields(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Where hardly any of the nearest match, and where more are wanted than candidates are taken."""
    monkeypatch.setattr(verifying, "MOST", 40)
    query = unit_rows(1, D, seed=8)[0]
    found = search(store, where, query, 100)
    assert [near.item.id for near in found.rows[0]] == expected(where, query, 100)
    assert found.plan.matching == len(expected(where, query, COUNT))


def test_a_filter_that_is_asked_often_is_remembered(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """From then on, with the same hits; until something is written."""
    monkeypatch.setattr(verifying, "ASKED", 2)
    query = unit_rows(1, D, seed=9)[0]
    all_found = [search(store, "half == 1", query) for _ in range(4)]
    assert [found.plan.matching for found in all_found] == [None, None, COUNT // 2, COUNT // 2]
    assert all(found.rows == all_found[0].rows for found in all_found)
    with store.writing() as writer:
        writer.delete([all_found[0].rows[0][0].item.id])
    after = search(store, "half == 1", query)
    assert after.plan.way == "verified"
    assert [near.item.id for near in after.rows[0][:9]] == expected("half == 1", query)[1:]


def test_what_was_written_since_is_held_against_a_filter_too(store: LocalStore) -> None:
    """New items, changed ones, and those that are left out."""
    query = unit_rows(1, D, seed=10)[0]
    first, second, third, *_ = expected("half == 1", query)
    search(store, "half == 1", query)
    with store.writing() as writer:
        changed = upsert(int(first[1:]), ROWS[int(first[1:])])
        writer.write([upsert(COUNT + 1, query)], [], space=SPACE)
        writer.write([replace(changed, item=replace(changed.item, metadata={"half": 0}))], [], space=SPACE)
    found = store.search(
        query[None], 2, space=SPACE, where=parse("half == 1"), exclude=[second], parameters=settings(store)
    )
    assert [near.item.id for near in found.rows[0]] == [f"p{COUNT + 1}", third]
    assert found.plan.way == "verified"


def test_equal_vectors_are_ordered_by_id(store: LocalStore) -> None:
    """However many there are of them."""
    query = unit_rows(1, D, seed=11)[0]
    with store.writing() as writer:
        writer.write([upsert(COUNT + n, query) for n in range(400)], [], space=SPACE)
    found = search(store, "half == 1", query, 5)
    equal = sorted(f"p{COUNT + n}" for n in range(1, 400, 2))
    assert [near.item.id for near in found.rows[0]] == equal[:5]


def test_few_queries_are_verified_and_many_share_the_reading(store: LocalStore) -> None:
    """With the answers of each alone."""
    queries = unit_rows(verifying.QUERIES + 1, D, seed=12)
    alone = [search(store, "half == 1", query).rows[0] for query in queries]
    given = settings(store)
    few = store.search(queries[:-1], 10, space=SPACE, where=parse("half == 1"), parameters=given)
    many = store.search(queries, 10, space=SPACE, where=parse("half == 1"), parameters=given)
    assert (few.plan.way, few.plan.matching) == ("verified", None)
    assert many.plan.matching == COUNT // 2
    assert few.rows == alone[:-1]
    assert many.rows == alone


def test_a_parameter_that_there_is_not_is_refused(store: LocalStore) -> None:
    """Before anything is looked at."""
    with pytest.raises(InputError, match='no search parameter "nprob"'):
        store.search(unit_rows(1, D), 10, space=SPACE, where=parse("half == 1"), parameters={"nprob": 3})


def test_the_index_is_what_is_asked_where_there_is_one(store: LocalStore) -> None:
    """With the settings that were found for a share of the vectors."""
    plan = search(store, "half == 1", ROWS[0]).plan
    if settings(store):
        assert plan.index == "IVF16,Flat"
        assert plan.parameters["nprobe"] == 16
        assert plan.sentences()[0] == "The index IVF16,Flat was asked with k_factor 6, nprobe 16."
        tuned = store.search(ROWS[:1], 10, space=SPACE, where=parse("half == 0")).plan
        assert (tuned.way, set(tuned.parameters)) == ("verified", {"nprobe", "k_factor"})
    else:
        assert plan.sentences()[0] == "All 3,000 vectors were compared."


def test_nothing_is_wanted_and_nothing_found(store: LocalStore) -> None:
    """No hits, and no error."""
    assert search(store, "half == 1", ROWS[0], 0).rows == [[]]
