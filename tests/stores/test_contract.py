"""What every store must do, whatever it is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest

from ilk.errors import GalleryLockedError, InputError, ModelMismatchError
from ilk.records import Neighbour
from ilk.stores.base import Description, Kept, Known, Store, Upsert
from ilk.stores.local import IndexPolicy, LocalStore
from stores.making import make_failure, make_item, make_space, make_upserts, unit_rows
from stores.reference import ReferenceStore, similarity

SPACE = make_space()

MAKERS: dict[str, Callable[[Path], Store]] = {
    "reference": lambda _: ReferenceStore(default_model=SPACE.model),
    "local": lambda path: LocalStore.create(path / ".ilk", default_model=SPACE.model),
    "local, always with an index file": lambda path: LocalStore.create(
        path / ".ilk", default_model=SPACE.model, policy=IndexPolicy(min_vectors=1, stale_share=0.0)
    ),
}


@pytest.fixture(params=MAKERS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Each store, with one space and nothing in it."""
    made = MAKERS[request.param](tmp_path)
    with made.writing() as writer:
        writer.add_space(SPACE)
    yield made
    made.close()


def write(store: Store, *upserts: Upsert) -> None:
    """One batch, then the index."""
    with store.writing() as writer:
        writer.write(upserts, [], space=SPACE)
        writer.refresh_index()


def ids_of(row: list[Neighbour]) -> list[str]:
    """Of one query's answers."""
    return [near.item.id for near in row]


def test_an_empty_store_answers_with_nothing(store: Store) -> None:
    """No items means empty lists, one for each query, and counts of nought."""
    assert store.search(unit_rows(3), 5, space=SPACE).rows == [[], [], []]
    assert (store.count(), list(store.ids()), store.spaces(), store.check()) == (0, [], (SPACE,), ())
    assert store.find_digest("x", SPACE) == store.find_digest("x", None) == ()
    assert (store.failures(), store.count_vectors(SPACE)) == ((), 0)


def test_items_come_back_as_they_were_written(store: Store) -> None:
    """Every field survives, in any script, and unknown ids are left out."""
    item = make_item(
        "Ünïcode/日本\n😀%_'\".jpg",
        captions=("a dog\0", "", "ein Hund"),
        metadata={"year": 2020, "f": 0.1, "yes": True, "none": None, "tags": ["a", "ß"], "": "\u2028"},
        size_bytes=2**40,
    )
    write(store, Upsert(item=item, vector=unit_rows(1)[0]))
    assert store.fetch([item.id, "other", "\ud800"]) == {item.id: item}
    assert list(store.ids()) == [item.id]


def test_search_is_exact(store: Store) -> None:
    """The k nearest of each query, with the similarities of the stored vectors."""
    rows = unit_rows(300)
    write(store, *make_upserts([f"{n:03}" for n in range(300)], rows))
    queries = unit_rows(20, seed=1)
    for row, query in zip(store.search(queries, 7, space=SPACE).rows, queries, strict=True):
        expected = sorted(((-similarity(query, v), f"{n:03}") for n, v in enumerate(rows.astype(np.float16))))[:7]
        assert ids_of(row) == [id_ for _, id_ in expected]
        assert [near.similarity for near in row] == pytest.approx([-less for less, _ in expected], abs=1e-7)
        assert store.fetch([row[0].item.id]) == {row[0].item.id: row[0].item}


def test_equal_similarities_are_ordered_by_id(store: Store) -> None:
    """Among 200 copies of one picture the k first by id are answered, though any k would be as near."""
    ids = [f"{n:03}" for n in range(200)]
    shuffled = np.random.default_rng(0).permutation(ids).tolist()
    write(store, *make_upserts(shuffled, np.repeat(unit_rows(1), 200, axis=0)))
    [row] = store.search(unit_rows(1), 10, space=SPACE).rows
    assert ids_of(row) == ids[:10]
    assert len({near.similarity for near in row}) == 1


def test_more_than_there_are_gives_all(store: Store) -> None:
    """A k beyond the count is no error."""
    write(store, *make_upserts(["a", "b"], unit_rows(2)))
    assert [len(row) for row in store.search(unit_rows(2), 50, space=SPACE).rows] == [2, 2]


def test_excluded_items_do_not_cost_a_place(store: Store) -> None:
    """With the five nearest excluded, the next k are answered; unknown ids to exclude are fine."""
    write(store, *make_upserts([f"{n:02}" for n in range(40)], unit_rows(40)))
    query = unit_rows(1, seed=3)
    [all_of_them] = store.search(query, 40, space=SPACE).rows
    nearest = ids_of(all_of_them)
    [row] = store.search(query, 10, space=SPACE, exclude={*nearest[:5], "unknown"}).rows
    assert ids_of(row) == nearest[5:15]
    assert store.search(query, 3, space=SPACE, exclude=nearest).rows == [[]]


def test_similarity_stays_within_one(store: Store) -> None:
    """Rounding to float16 can make a row longer than 1; the cosine of a picture with itself is still at most 1."""
    rows = unit_rows(200)
    write(store, *make_upserts([f"{n}" for n in range(200)], rows))
    nearest = [row[0].similarity for row in store.search(rows, 1, space=SPACE).rows]
    assert max(nearest) <= 1
    assert min(nearest) > 0.999


def test_a_query_of_another_dimension_is_wrong(store: Store) -> None:
    """It is said, not searched."""
    write(store, *make_upserts(["a"], unit_rows(1)))
    with pytest.raises(InputError):
        store.search(unit_rows(1, 5), 1, space=SPACE)


def test_a_changed_picture_is_found_by_what_it_is_now(store: Store) -> None:
    """Its old vector is gone from the search, in memory and in the index."""
    rows = unit_rows(3)
    write(store, *make_upserts(["a", "b"], rows[:2]))
    store.search(rows[:1], 1, space=SPACE)
    write(store, Upsert(item=make_item("a", digest="new", stamp="2"), vector=rows[2]))
    [was, now] = store.search(rows[[0, 2]], 2, space=SPACE).rows
    assert now[0].item == make_item("a", digest="new", stamp="2")
    assert now[0].similarity > 0.99
    assert max(near.similarity for near in was) < 0.99


def test_without_a_vector_the_same_bytes_keep_theirs(store: Store) -> None:
    """A new caption or stamp needs no new vector."""
    [row] = unit_rows(1)
    write(store, *make_upserts(["a"], unit_rows(1)))
    write(store, Upsert(item=make_item("a", stamp="2", captions=("now with words",)), vector=None))
    np.testing.assert_array_equal(store.vectors(["a"], SPACE)["a"], row.astype(np.float16))
    assert store.lookup(["a"], SPACE)["a"] == Known(stamp="2", digest="bytes of a", encoded=True, failed=False)


def test_without_a_vector_other_bytes_lose_theirs(store: Store) -> None:
    """A vector never stands for bytes it was not made of."""
    write(store, *make_upserts(["a"], unit_rows(1)))
    write(store, Upsert(item=make_item("a", digest="new"), vector=None))
    assert not store.vectors(["a"], SPACE)
    assert not store.lookup(["a"], SPACE)["a"].encoded
    assert store.search(unit_rows(1), 5, space=SPACE).rows == [[]]


def test_the_same_bytes_share_a_vector(store: Store) -> None:
    """A copy takes the vector of the other, written before, earlier or later in its batch."""
    rows = unit_rows(2)
    write(store, *make_upserts(["a"], rows[:1]))
    write(
        store,
        Upsert(item=make_item("of a", digest="bytes of a"), vector=None),
        Upsert(item=make_item("of b", digest="bytes of b"), vector=None),
        *make_upserts(["b"], rows[1:]),
    )
    vectors = store.vectors(["a", "b", "of a", "of b"], SPACE)
    np.testing.assert_array_equal(vectors["of a"], vectors["a"])
    np.testing.assert_array_equal(vectors["of b"], vectors["b"])
    assert set(store.find_digest("bytes of a", SPACE)) == {"a", "of a"}


def test_bytes_are_found_whatever_vectors_they_have(store: Store) -> None:
    """Asked of no space, all items with these bytes are named; of a space, those that have a vector there."""
    other = make_space("other")
    upserts = [Upsert(item=make_item(id_, digest="same"), vector=None) for id_ in ("a", "b")]
    with store.writing() as writer:
        writer.add_space(other)
        writer.write([*upserts, Upsert(item=make_item("c"), vector=unit_rows(1)[0])], [], space=other)
    assert set(store.find_digest("same", None)) == {"a", "b"}
    assert store.find_digest("same", other) == store.find_digest("bytes of c", SPACE) == ()
    assert store.find_digest("bytes of c", None) == store.find_digest("bytes of c", other) == ("c",)


def test_vectors_of_a_space_are_counted(store: Store) -> None:
    """One for each item that has one there; a space that was never added has none."""
    other = make_space("other")
    with store.writing() as writer:
        writer.add_space(other)
        writer.write(make_upserts(["a", "b", "c"], unit_rows(3)), [], space=SPACE)
        writer.write([Upsert(item=make_item("a"), vector=unit_rows(1)[0])], [], space=other)
        writer.delete(["b"])
    assert (store.count_vectors(SPACE), store.count_vectors(other)) == (2, 1)
    assert store.count_vectors(make_space("unknown")) == 0


def test_a_sample_is_of_what_is_stored(store: Store) -> None:
    """So many different vectors of that space, the very same ones until something is written, all if there are few."""
    other = make_space("other", dimension=16)
    with store.writing() as writer:
        writer.add_space(other)
        writer.write(make_upserts([f"{n:03}" for n in range(300)], unit_rows(300)), [], space=SPACE)
        writer.write(make_upserts([f"{n:03}" for n in range(300)], unit_rows(300, 16)), [], space=other)
        writer.delete([f"{n:03}" for n in range(0, 300, 2)])
    stored = {row.tobytes() for row in store.vectors([f"{n:03}" for n in range(300)], SPACE).values()}
    some = store.sample(SPACE, 20)
    assert len({row.tobytes() for row in some}) == 20
    assert {row.tobytes() for row in some} <= stored
    assert store.sample(SPACE, 20) is some
    assert store.sample(other, 1000).shape == (150, 16)
    assert store.sample(make_space("unknown"), 20).shape == (0, 8)
    with store.writing() as writer:
        writer.delete(list(store.ids())[1:])
    assert store.sample(SPACE, 20).shape == (1, 8)


def test_failures_are_listed_and_forgotten(store: Store) -> None:
    """Whole, by code and then id, up to a limit; once forgotten, nothing is known of those ids."""
    damaged = [make_failure("ä", stamp="7"), make_failure("b", message="Über."), make_failure("a", uri="x/a")]
    empty = make_failure("0", code="empty", source="table")
    with store.writing() as writer:
        writer.write(make_upserts(["item"], unit_rows(1)), [empty, *damaged], space=SPACE)
        expected = (damaged[2], damaged[1], damaged[0], empty)
        assert store.failures() == store.failures(limit=9) == expected
        assert (store.failures(limit=2), store.failures(limit=0)) == (expected[:2], ())
        assert writer.forget_failures() == 4
        assert writer.forget_failures() == 0
    assert (store.failures(), store.info().failures) == ((), {})
    assert set(store.lookup(["ä", "0", "item"], SPACE)) == {"item"}


def test_a_model_that_moved_is_the_same_model(store: Store) -> None:
    """Its spaces take the new name and revision and keep their vectors, and the default model follows."""
    other = make_space("other")
    moved = replace(SPACE, model="elsewhere/colour", revision="2")
    with store.writing() as writer:
        writer.add_space(other)
        writer.write(make_upserts(["a", "b"], unit_rows(2)), [], space=SPACE)
        writer.add_space(moved)
        writer.refresh_index()
    assert (store.spaces(), store.default_model) == ((moved, other), moved.model)
    assert store.count_vectors(moved) == 2
    assert ids_of(store.search(unit_rows(2)[1:], 1, space=moved).rows[0]) == ["b"]
    with store.writing() as writer:
        writer.add_space(replace(other, model="elsewhere/other"))
    assert store.default_model == moved.model


def test_a_moved_picture_keeps_its_vectors(store: Store) -> None:
    """In every space, without one being given; the old name is gone."""
    other = make_space("other")
    with store.writing() as writer:
        writer.add_space(other)
        writer.write(make_upserts(["a"], unit_rows(1)), [], space=SPACE)
        writer.write(make_upserts(["a"], unit_rows(1, seed=1)), [], space=other)
        before = [store.vectors(["a"], space)["a"] for space in (SPACE, other)]
        moved = make_item("b", digest="bytes of a", stamp="2")
        writer.write([Upsert(item=moved, vector=None, moved_from="a")], [], space=SPACE)
    assert dict(store.fetch(["a", "b"])) == {"b": moved}
    for space, vector in zip((SPACE, other), before, strict=True):
        np.testing.assert_array_equal(store.vectors(["b"], space)["b"], vector)


def test_two_pictures_can_change_places(store: Store) -> None:
    """Old names are those from before the batch."""
    write(store, *make_upserts(["a", "b"], unit_rows(2)))
    before = store.vectors(["a", "b"], SPACE)
    write(
        store,
        Upsert(item=make_item("b", digest="bytes of a"), vector=None, moved_from="a"),
        Upsert(item=make_item("a", digest="bytes of b"), vector=None, moved_from="b"),
    )
    after = store.vectors(["a", "b"], SPACE)
    np.testing.assert_array_equal(after["a"], before["b"])
    np.testing.assert_array_equal(after["b"], before["a"])


def test_a_move_onto_another_picture_replaces_it(store: Store) -> None:
    """And a move from a name that is not there is an ordinary new picture."""
    rows = unit_rows(3)
    write(store, *make_upserts(["a", "b"], rows[:2]))
    write(store, Upsert(item=make_item("b", digest="bytes of a"), vector=None, moved_from="a"))
    write(store, Upsert(item=make_item("c"), vector=rows[2], moved_from="never was"))
    assert set(store.ids()) == {"b", "c"}
    np.testing.assert_array_equal(store.vectors(["b"], SPACE)["b"], rows[0].astype(np.float16))


def test_a_failure_replaces_the_item(store: Store) -> None:
    """Its vector is not found any more, and it is known as failed until an item comes in its place."""
    write(store, *make_upserts(["a", "b"], unit_rows(2)))
    with store.writing() as writer:
        writer.write([], [make_failure("a", stamp="2")], space=SPACE)
    known = Known(stamp="2", digest=None, encoded=False, failed=True, code="damaged")
    assert store.lookup(["a", "c"], SPACE) == {"a": known}
    assert [ids_of(row) for row in store.search(unit_rows(1), 5, space=SPACE).rows] == [["b"]]
    assert store.info().failures == {"damaged": 1}
    write(store, *make_upserts(["a"], unit_rows(1)))
    assert not store.lookup(["a"], SPACE)["a"].failed
    assert store.info().failures == {}


def test_deleted_items_are_gone(store: Store) -> None:
    """From everything, and the count says how many there were."""
    write(store, *make_upserts(["a", "b", "c"], unit_rows(3)))
    with store.writing() as writer:
        assert writer.delete(["a", "unknown", "c", "\ud800"]) == 2
    assert store.count() == 1
    assert [ids_of(row) for row in store.search(unit_rows(1), 5, space=SPACE).rows] == [["b"]]
    assert set(store.lookup(["a", "b", "c"], SPACE)) == {"b"}
    assert store.check() == ()


def test_a_sweep_removes_what_was_not_noted(store: Store) -> None:
    """Items and failures of that kind of source under that prefix; nothing beside it goes."""
    ids = ["a/1", "a/2", "a/_", "a0", "A/1", "a/😀", "b"]
    with store.writing() as writer:
        writer.write(make_upserts(ids, unit_rows(len(ids))), [make_failure("a/bad"), make_failure("bad")], space=SPACE)
        writer.write([Upsert(item=make_item("a/table", source="table"), vector=unit_rows(1)[0])], [], space=SPACE)
        writer.begin_sweep()
        writer.still_there(["a/1"])
        writer.still_there(["a/1", "not in it"])
        assert writer.sweep(source="folder", scope="a/") == 3
    assert set(store.ids()) == {"a/1", "a0", "A/1", "b", "a/table"}
    assert set(store.lookup(["a/bad", "bad"], SPACE)) == {"bad"}


def test_a_new_sweep_forgets_the_last(store: Store) -> None:
    """What was noted in a sweep that did not end counts no more, and an empty prefix is everything."""
    with store.writing() as writer:
        writer.write(make_upserts(["a", "b"], unit_rows(2)), [], space=SPACE)
        writer.begin_sweep()
        writer.still_there(["a"])
        writer.begin_sweep()
        writer.still_there(["b"])
        assert writer.sweep(source="folder", scope="") == 1
    assert list(store.ids()) == ["b"]


def test_what_a_sweep_would_remove_can_be_told_and_spared(store: Store) -> None:
    """Items and failures that were not noted; those below a prefix are spared together, and counted once."""
    with store.writing() as writer:
        ids = ["a/1", "a/2", "b/1", "b/2", "c"]
        failures = [make_failure("a/bad"), make_failure("b/bad")]
        writer.write(make_upserts(ids, unit_rows(len(ids))), failures, space=SPACE)
        writer.begin_sweep()
        writer.still_there(["a/1", "b/1"])
        assert dict(writer.unnoted(source="folder", scope="a/")) == {"a/2": "a/2", "a/bad": "a/bad"}
        assert writer.unnoted(source="table", scope="") == []
        assert writer.spare(source="table", scope="b/") == 0
        assert writer.spare(source="folder", scope="b/") == 1
        assert writer.spare(source="folder", scope="b/") == 0
        assert writer.sweep(source="table", scope="") == 0
        assert writer.sweep(source="folder", scope="") == 2
    assert set(store.ids()) == {"a/1", "b/1", "b/2"}
    assert [failure.id for failure in store.failures()] == ["b/bad"]


def test_spaces_are_searched_apart(store: Store) -> None:
    """Each has its own vectors of its own dimension; adding one twice changes nothing; order is that of making."""
    wide = make_space("wide", dimension=16)
    with store.writing() as writer:
        writer.add_space(wide)
        writer.add_space(SPACE)
        writer.write(make_upserts(["a", "b"], unit_rows(2)), [], space=SPACE)
        writer.write([Upsert(item=make_item("a"), vector=unit_rows(1, 16)[0])], [], space=wide)
        writer.refresh_index()
    assert store.spaces() == (SPACE, wide)
    assert [ids_of(row) for row in store.search(unit_rows(1, 16), 5, space=wide).rows] == [["a"]]
    assert len(store.search(unit_rows(1), 5, space=SPACE).rows[0]) == 2
    known = store.lookup(["a", "b"], wide)
    assert (known["a"].encoded, known["b"].encoded) == (True, False)
    unknown = make_space("unknown")
    assert store.search(unit_rows(1), 5, space=unknown).rows == [[]]
    assert not store.lookup(["a"], unknown)["a"].encoded


def test_a_changed_caption_drops_the_vector_made_of_it(store: Store) -> None:
    """The picture's own vector stays."""
    captions = make_space("colour", name="caption")
    with store.writing() as writer:
        writer.add_space(captions)
        for space in (SPACE, captions):
            writer.write([Upsert(item=make_item("a", captions=("x",)), vector=unit_rows(1)[0])], [], space=space)
        writer.write([Upsert(item=make_item("a", captions=("y",)), vector=None)], [], space=SPACE)
    assert "a" in store.vectors(["a"], SPACE)
    assert "a" not in store.vectors(["a"], captions)


@pytest.mark.parametrize(
    ("vector", "error"),
    [
        (np.full(8, np.nan, np.float32), InputError),
        (np.zeros(8, np.float32), InputError),
        (np.ones(8, np.float32), InputError),
        (unit_rows(1, 4)[0], ModelMismatchError),
    ],
)
def test_a_bad_vector_stops_its_whole_batch(store: Store, vector: np.ndarray, error: type[Exception]) -> None:
    """It is refused with its item's name, and nothing beside it is written."""
    batch = [*make_upserts(["good"], unit_rows(1)), Upsert(item=make_item("bad"), vector=vector)]
    with store.writing() as writer, pytest.raises(error):
        writer.write(batch, [], space=SPACE)
    assert store.count() == 0


@pytest.mark.parametrize(
    ("vector", "said"),
    [
        (np.full(8, np.nan, np.float32), ("not finite", f'model "{SPACE.model}"', "Fetch or export the model again")),
        (np.full(8, np.inf, np.float32), ("not finite", "index with another one")),
        (np.eye(8, dtype=np.float32)[0] * 3, ("has length 3,", "Divide each vector by its length")),
    ],
)
def test_what_is_wrong_with_a_vector_is_said(tmp_path: Path, vector: np.ndarray, said: tuple[str, ...]) -> None:
    """Of which item, what it is, and what to do about it."""
    with MAKERS["local"](tmp_path).writing() as writer:
        writer.add_space(SPACE)
        with pytest.raises(InputError) as caught:
            writer.write([Upsert(item=make_item("bad.jpg"), vector=vector)], [], space=SPACE)
    assert [each for each in ('"bad.jpg"', *said) if each not in str(caught.value)] == []


def test_a_space_must_be_added_before_it_is_written(store: Store) -> None:
    """Writing into an unknown one is said to be wrong."""
    with store.writing() as writer, pytest.raises(ModelMismatchError):
        writer.write([], [], space=make_space("unknown"))


def test_there_is_one_writer_at_a_time(store: Store) -> None:
    """Another thread that wants to write is told so, and reading goes on; afterwards it may."""
    said = list[object]()

    def want() -> None:
        try:
            with store.writing():
                said.append("wrote")
        except GalleryLockedError as error:
            said.append(error)

    with store.writing() as writer:
        writer.write(make_upserts(["a"], unit_rows(1)), [], space=SPACE)
        thread = Thread(target=want)
        thread.start()
        thread.join()
        assert store.count() == 1
    assert isinstance(said[0], GalleryLockedError)
    want()
    assert said[1] == "wrote"


def test_counts_are_told(store: Store) -> None:
    """Items, captions, failures and vectors, as many as there are."""
    batch = [
        Upsert(item=make_item("a", captions=("x", "y")), vector=unit_rows(1)[0]),
        Upsert(item=make_item("b"), vector=None),
    ]
    with store.writing() as writer:
        writer.write(batch, [make_failure("c"), make_failure("d", code="empty")], space=SPACE)
    info = store.info()
    assert (info.items, info.captions, dict(info.failures)) == (2, 2, {"damaged": 1, "empty": 1})
    assert [(state.space, state.vectors) for state in info.spaces] == [(SPACE, 1)]
    assert info.to_dict()["spaces"][0]["index"] == "exact"


def test_what_is_kept_of_a_picture_stays_with_it(store: Store) -> None:
    """Kept bytes are given back, follow a move, survive new captions, and go with other bytes or with the item."""
    thumbnail = Kept(data=b"small", whole=False)
    with store.writing() as writer:
        writer.add_space(SPACE)
        writer.write([Upsert(item=make_item("a"), vector=unit_rows(1)[0], kept=thumbnail)], [], space=SPACE)
        assert store.kept("a") == thumbnail
        writer.write([Upsert(item=make_item("a", captions=("new",)), vector=None)], [], space=SPACE)
        assert store.kept("a") == thumbnail
        moved = replace(make_item("b"), digest=make_item("a").digest)
        writer.write([Upsert(item=moved, vector=None, moved_from="a")], [], space=SPACE)
        assert (store.kept("a"), store.kept("b")) == (None, thumbnail)
        whole = Kept(data=b"large", whole=True)
        writer.write([Upsert(item=moved, vector=None, kept=whole)], [], space=SPACE)
        assert store.kept("b") == whole
        other = replace(moved, digest="f" * 64)
        writer.write([Upsert(item=other, vector=unit_rows(1)[0])], [], space=SPACE)
        assert store.kept("b") is None
    assert store.kept("unknown") is None


def describe(store: Store, id_: str, **changed: Any) -> bool:
    """Say something else of an item; whether that could be done."""
    facts: dict[str, Any] = {"uri": id_, "source": "folder", "stamp": "2", "captions": (), "metadata": {}}
    with store.writing() as writer:
        return id_ in writer.describe([Description(id=id_, **facts | changed)])


def test_what_is_said_of_a_picture_is_renewed_alone(store: Store) -> None:
    """Its vector, its own metadata and saved fields stay, what was kept of it too; the source's old words go."""
    caption_space = make_space(name="caption")
    item = make_item("a", captions=("old",), metadata={"camera": "a Leica", "price": 5})
    kept = Kept(data=b"small", whole=False)
    write(store, Upsert(item=item, vector=unit_rows(1)[0], kept=kept, own_metadata={"camera": "a Leica"}))
    before = store.vectors(["a"], SPACE)["a"].tolist()
    with store.writing() as writer:
        writer.add_space(caption_space)
        writer.write([Upsert(item=item, vector=unit_rows(2)[1])], [], space=caption_space)
        writer.save_fields({"a": {"kind": "hat"}})
    assert describe(store, "a", captions=("old",), metadata={"colour": "red"})
    expected = replace(item, stamp="2", metadata={"camera": "a Leica", "colour": "red", "kind": "hat"})
    assert store.fetch(["a"])["a"] == expected
    assert (store.count_vectors(caption_space), store.count_lacking(caption_space)) == (1, 0)
    assert describe(store, "a", captions=("new",), metadata={"camera": "a Nikon"})
    assert store.fetch(["a"])["a"].metadata == {"camera": "a Nikon", "kind": "hat"}
    assert store.fetch(["a"])["a"].captions == ("new",)
    assert (store.count_vectors(caption_space), store.count_lacking(caption_space)) == (0, 1)
    assert store.count_lacking(SPACE) == 0
    assert store.vectors(["a"], SPACE)["a"].tolist() == before
    assert store.kept("a") == kept


def test_what_cannot_be_renewed_alone_is_left(store: Store) -> None:
    """Unknown items, those whose own metadata is not known for these bytes, and those that may be of other pictures."""
    write(store, Upsert(item=make_item("a"), vector=unit_rows(1)[0]))
    assert not describe(store, "a")
    assert not describe(store, "unknown")
    write(store, Upsert(item=make_item("a"), vector=None, own_metadata={}))
    assert not describe(store, "a", source="table:t.csv", uri="elsewhere")
    assert store.fetch(["a"])["a"] == make_item("a")
    assert describe(store, "a", source="table:t.csv")
    assert store.fetch(["a"])["a"].source == "table:t.csv"
    assert describe(store, "a", source="table:t.csv", uri="elsewhere")
    assert store.fetch(["a"])["a"].uri == "elsewhere"
    moved = make_item("b", digest="bytes of a")
    write(store, Upsert(item=moved, vector=None, moved_from="a"))
    assert describe(store, "b")
    write(store, Upsert(item=make_item("b", digest="others"), vector=unit_rows(1)[0]))
    assert not describe(store, "b")


def test_a_space_that_is_dropped_is_gone_with_its_vectors(store: Store) -> None:
    """Items and other spaces stay; one made anew begins empty, and readers mix nothing up."""
    other = make_space("other")
    with store.writing() as writer:
        writer.add_space(other)
        writer.write(make_upserts(["a", "b"], unit_rows(2)), [], space=SPACE)
        writer.write(make_upserts(["a"], unit_rows(1, seed=1)), [], space=other)
    assert ids_of(store.search(unit_rows(1), 5, space=other).rows[0]) == ["a"]
    with store.writing() as writer:
        assert writer.drop_space(other) == 1
        writer.compact()
        with pytest.raises(ModelMismatchError):
            writer.drop_space(other)
    assert store.spaces() == (SPACE,)
    assert (store.count(), store.count_vectors(SPACE), store.count_vectors(other)) == (2, 2, 0)
    assert store.search(unit_rows(1), 5, space=other).rows == [[]]
    third = make_space("third")
    with store.writing() as writer:
        writer.add_space(third)
    assert ids_of(store.search(unit_rows(1, seed=1), 5, space=third).rows[0]) == []
    assert len(ids_of(store.search(unit_rows(1), 5, space=SPACE).rows[0])) == 2
    assert store.check() == ()


def test_items_that_were_vectors_alone_go_with_them(store: Store) -> None:
    """Unless another model has vectors of them."""
    made = replace(make_space("embeddings:v"), modalities=frozenset())
    with store.writing() as writer:
        writer.add_space(made)
        items = [make_item(id_, source="embeddings:v") for id_ in ("a", "b")]
        writer.write([Upsert(item=item, vector=unit_rows(1)[0]) for item in items], [], space=made)
        writer.write([Upsert(item=items[1], vector=unit_rows(1)[0])], [], space=SPACE)
        writer.write(make_upserts(["c"], unit_rows(1)), [], space=SPACE)
        writer.drop_space(made)
    assert set(store.ids()) == {"b", "c"}


def test_vectors_of_a_picture_that_nobody_had_seen_stay_when_it_is(store: Store) -> None:
    """They were made elsewhere, of what the item is called; once it has been seen, they are of these bytes."""
    other = make_space("other")
    with store.writing() as writer:
        writer.add_space(other)
        writer.write([Upsert(item=make_item("a", size_bytes=0), vector=unit_rows(1)[0])], [], space=other)
        writer.write([Upsert(item=make_item("a", digest="seen"), vector=unit_rows(1)[0])], [], space=SPACE)
        assert (store.count_vectors(other), store.count_vectors(SPACE)) == (1, 1)
        writer.write([Upsert(item=make_item("a", digest="edited"), vector=unit_rows(1)[0])], [], space=SPACE)
    assert (store.count_vectors(other), store.count_vectors(SPACE)) == (0, 1)
