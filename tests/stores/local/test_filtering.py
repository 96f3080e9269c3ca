from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filtered import filters, items
from ilk.filters import Comparison, Filter, Or, as_filter, parse
from ilk.filters.words import words_of
from ilk.records import Item
from ilk.stores.base import Upsert
from ilk.stores.local import LocalStore, filtering, meeting, migrations
from ilk.stores.local.filtering import Answers
from stores.making import make_item, make_space, unit_rows

SPACE = 2


def database(given: Sequence[Item]) -> sqlite3.Connection:
    """A gallery's database in memory. The embeddings' numbers are in another order than the items'."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrations.create(connection)
    connection.executemany(
        "INSERT INTO space (space_id, name, model, digest, dimension, modalities) VALUES (?, 'image', ?, ?, 2, '[]')",
        [(1, "other", "a"), (SPACE, "this", "b")],
    )
    put(connection, given)
    return connection


@cache
def empty() -> sqlite3.Connection:
    """One to put things into, and take them back."""
    return database([])


def put(connection: sqlite3.Connection, given: Sequence[Item]) -> None:
    """Put items in, each with a vector but every fifth, and numbered from 1."""
    for number, item in enumerate(given, start=1):
        connection.execute(
            "INSERT INTO item (item_id, id, uri, source, stamp, digest, size_bytes, width, height, metadata, added_at, "
            "updated_at) VALUES (?, ?, ?, ?, '', '', ?, ?, ?, ?, '', '')",
            (
                number,
                item.id,
                item.uri,
                item.source,
                item.size_bytes,
                item.width,
                item.height,
                json.dumps(dict(item.metadata), ensure_ascii=False),
            ),
        )
        connection.executemany(
            "INSERT INTO caption (item_id, position, text) VALUES (?, ?, ?)",
            [(number, position, text) for position, text in enumerate(item.captions)],
        )
    for number in range(len(given), 0, -1):
        spaces = [1, SPACE] if number % 5 else [1]
        connection.executemany(
            "INSERT INTO embedding (space_id, item_id, vector) VALUES (?, ?, x'')", [(each, number) for each in spaces]
        )


def items_matching(connection: sqlite3.Connection, where: Filter) -> list[int]:
    """The items behind the embeddings that are found."""
    found = filtering.matching(connection, where, SPACE)
    assert found.dtype == np.int64
    assert (np.diff(found) > 0).all()
    rows = dict(connection.execute("SELECT embedding_id, item_id FROM embedding WHERE space_id = ?", (SPACE,)))
    return sorted(rows[each] for each in found.tolist())


def items_meeting(connection: sqlite3.Connection, where: Filter) -> list[int]:
    """The items of which the compiled condition holds."""
    filtering.prepare(connection)
    sql, parameters = filtering.compile(where)
    rows = connection.execute(f"SELECT item_id FROM item WHERE {sql} ORDER BY item_id", parameters)  # noqa: S608 -- what is tested
    return [item_id for (item_id,) in rows]


def numbered(given: Sequence[Item]) -> list[Item]:
    """The same under ids that are unique, and still begin as they did."""
    return [make_item(f"{item.id}{n}" if n else item.id, **facts(item)) for n, item in enumerate(given)]


def facts(item: Item) -> dict[str, Any]:
    """All of an item but its id."""
    return {name: getattr(item, name) for name in item.__slots__ if name != "id"}


@pytest.mark.parametrize("few", [0, 1_000])
@given(given=st.lists(items(), min_size=1, max_size=6).map(numbered), asked=st.lists(filters, min_size=1, max_size=5))
def test_sql_and_the_reference_agree(few: int, given: list[Item], asked: list[Filter]) -> None:
    """On whatever is in a gallery and whatever is asked, whether all items are read, or some, or few by an index."""
    connection = empty()
    connection.execute("BEGIN")
    try:
        put(connection, given)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(filtering, "FEW", few)
            patch.setattr(filtering, "MANY", 0)
            everyone = np.arange(len(given), 0, -1)
            for where in asked:
                meant = [number for number, item in enumerate(given, start=1) if where.matches(item)]
                assert everyone[meeting.among(connection, where, everyone)].tolist() == meant[::-1]
                listed = meeting.meeting(where, lambda condition: meeting.read_all(connection, condition))
                assert set(meant) == set(listed.ids) ^ (set(everyone) if listed.all_but else set())
                found = meeting.few(connection, where, few)
                assert found is None or found.tolist() == meant
                assert items_matching(connection, where) == [number for number in meant if number % 5]
                assert items_meeting(connection, where) == meant
    finally:
        connection.execute("ROLLBACK")


def test_values_and_names_are_parameters() -> None:
    """Nothing that a person wrote is part of a statement."""
    where = parse(
        "`x'); DROP TABLE item; --` == \"' OR 1 --\" or caption match 'zebra' or near(1, 2, 3km) or id like 'zeb*'"
    )
    sql, parameters = filtering.compile(where)
    assert not any(part in sql for part in ("DROP", "OR 1", "zeb"))
    assert {"x'); DROP TABLE item; --", "' OR 1 --", '"zebra"'} <= set(parameters)
    connection = database([make_item("zebra"), make_item("b", captions=("A Zebra",))])
    assert items_matching(connection, where) == items_meeting(connection, where) == [1, 2]


def test_long_lists_and_many_conditions_are_answered() -> None:
    """Beyond the parameters and the depth that SQLite takes."""
    connection = database([make_item(f"i{n}", metadata={"n": n, "s": str(n), "b": n > 2}) for n in range(4)])
    values: list[Any] = [*range(3, 5_000), "0", *(str(n) for n in range(5_000, 9_000))]
    several = Or((Comparison("n", "$in", tuple(values)), Comparison("s", "$in", tuple(values)), parse("b in [false]")))
    assert items_matching(connection, several) == items_meeting(connection, several) == [1, 2, 3, 4]
    assert items_matching(connection, Comparison("n", "$in", tuple(values))) == [4]
    assert items_matching(connection, Comparison("b", "$in", (*values, True))) == [4]
    many = Or(tuple(Comparison("n", "$eq", n) for n in range(2, 1_002)))
    assert items_matching(connection, many) == items_meeting(connection, many) == [3, 4]


def test_asking_again_reads_nothing() -> None:
    """But the count of changes, by which it is known that the answer still holds."""
    connection = database([make_item(f"i{n}", metadata={"n": n}) for n in range(9)])
    answers, said = Answers(), list[str]()
    first = filtering.matching(connection, parse("n > 3"), SPACE, answers)
    connection.set_trace_callback(said.append)
    assert filtering.matching(connection, as_filter({"n": {"$gt": 3}}), SPACE, answers) is first
    assert said == ["SELECT value FROM setting WHERE key = 'changes'"]
    assert not first.flags.writeable


def test_an_answer_holds_until_something_is_written() -> None:
    """Every writing counts as a change."""
    connection = database([make_item("a", metadata={"n": 1})])
    answers = Answers()
    assert len(filtering.matching(connection, parse("n == 1"), SPACE, answers)) == 1
    connection.execute("UPDATE item SET metadata = '{\"n\":2}'")
    connection.execute("UPDATE setting SET value = value + 1 WHERE key = 'changes'")
    assert len(filtering.matching(connection, parse("n == 1"), SPACE, answers)) == 0
    assert len(filtering.matching(connection, parse("n == 2"), SPACE, answers)) == 1


def test_parts_of_a_filter_are_remembered_too() -> None:
    """A filter that only joins what was asked before reads no field."""
    connection = database([make_item(f"i{n}", metadata={"n": n, "m": -n}) for n in range(9)])
    answers, said = Answers(), list[str]()
    for part in ("n > 3", "m < -5"):
        filtering.matching(connection, parse(part), SPACE, answers)
    connection.set_trace_callback(said.append)
    assert len(filtering.matching(connection, parse("n > 3 and not m < -5"), SPACE, answers)) == 1
    assert not any("field_value" in statement for statement in said)


def test_one_is_not_taken_for_true_nor_for_one_point_nothing_else() -> None:
    """What is remembered of one value is not answered for another that Python calls equal."""
    connection = database([make_item("a", metadata={"n": 1}), make_item("b", metadata={"n": True})])
    answers = Answers()
    for text, expected in (("n == 1", 1), ("n == true", 1), ("n in [1, true]", 2), ("n == 1.0", 1)):
        assert len(filtering.matching(connection, parse(text), SPACE, answers)) == expected


def test_it_is_counted_how_often_a_filter_was_asked() -> None:
    """Since the last writing, each filter for itself, and not for ever."""
    answers = Answers()
    assert [answers.times(1, ("a",)), answers.times(1, ("a",)), answers.times(1, ("b",))] == [0, 1, 0]
    assert [answers.times(2, ("a",)), answers.times(1, ("a",)), answers.times(2, ("a",))] == [0, 0, 1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(filtering, "MAX_ASKED", 1)
        assert answers.times(2, ("a",)) == 0


def test_answers_are_bounded() -> None:
    """By how many they are, by their bytes, and by the newest moment that was seen; the last used stay."""
    answers = Answers(max_answers=3, max_bytes=100)
    for name in "abc":
        answers.put(1, (name,), np.arange(3))
    assert answers.get(1, ("a",)) is not None
    answers.put(1, ("d",), np.arange(3))
    assert [answers.get(1, (name,)) is not None for name in "abcd"] == [True, False, True, True]
    answers.put(1, ("a",), np.arange(8))
    assert answers.size_bytes <= 100
    answers.put(1, ("large",), np.arange(13))
    assert answers.get(1, ("large",)) is None
    answers.put(0, ("old",), np.arange(1))
    assert answers.get(0, ("old",)) is None
    answers.put(2, ("new",), np.arange(1))
    assert len(answers) == 1
    assert answers.size_bytes == 8
    answers.clear()
    assert (len(answers), answers.size_bytes) == (0, 0)


def test_a_gallery_from_before_has_its_fields_after(tmp_path: Path) -> None:
    """The migration reads what is there, and what it makes is what new items would have made."""
    older = tmp_path / "changes"
    older.mkdir()
    for version, path in migrations.changes_in(migrations.CHANGES).items():
        if version < 4:
            (older / path.name).write_bytes(path.read_bytes())
    given = [make_item(f"i{n}", metadata=some) for n, some in enumerate(METADATA)]
    old = sqlite3.connect(":memory:", isolation_level=None)
    migrations.create(old, directory=older)
    put(old, given)
    migrations.upgrade(old)
    rows = "SELECT name, item_id, position, value FROM field_value JOIN field USING (field_id) ORDER BY 1, 2, 3"
    assert old.execute(rows).fetchall() == database(given).execute(rows).fetchall() != []


def test_a_gallery_from_before_has_its_index_on_values_after(tmp_path: Path) -> None:
    """And what few items match is found by it."""
    older = tmp_path / "changes"
    older.mkdir()
    for version, path in migrations.changes_in(migrations.CHANGES).items():
        if version < 6:
            (older / path.name).write_bytes(path.read_bytes())
    old = sqlite3.connect(":memory:", isolation_level=None)
    migrations.create(old, directory=older)
    put(old, [make_item(f"i{n}", metadata={"n": n % 10}) for n in range(50)])
    with pytest.raises(sqlite3.OperationalError, match="field_value_found"):
        meeting.few(old, parse("n == 3"), 10)
    migrations.upgrade(old)
    found = meeting.few(old, parse("n == 3"), 10)
    assert found is not None
    assert found.tolist() == [4, 14, 24, 34, 44]


def test_the_fields_follow_what_is_written(tmp_path: Path) -> None:
    """Through adding, changing, saving fields and removing, to nothing at all."""
    space = make_space()
    with LocalStore.create(tmp_path / ".ilk") as store:
        with store.writing() as writer:
            writer.add_space(space)
            for shift in range(3):
                items = [make_item(f"i{n}", metadata=METADATA[(n + shift) % len(METADATA)]) for n in range(6)]
                writer.write([Upsert(item=item, vector=unit_rows(1)[0]) for item in items], [], space=space)
                writer.save_fields({"i1": {"kept": f"{shift}"}})
                assert fields_in(tmp_path) == [
                    (name, item.id, position, value)
                    for item in store.fetch(list(store.ids())).values()
                    for name, position, value in sorted(rows_of(item))
                ]
            writer.delete([f"i{n}" for n in range(6)])
        assert fields_in(tmp_path) == []


METADATA: tuple[dict[str, Any], ...] = (
    {"year": 2020, "tags": ["a", True, None, 1.5, "é"], "place": None},
    {},
    {"year": "2020", "tags": [], "draft": False, 'a"b': 1},
    {"tags": [["x"], {}], "object": {"deep": 1}, "big": 2**70, "Ünï 🐟": "\n"},
)


def fields_in(place: Path) -> list[tuple[Any, ...]]:
    """The rows of fields, as the database has them."""
    connection = sqlite3.connect(place / ".ilk" / "gallery.sqlite")
    try:
        return connection.execute(
            "SELECT name, id, position, value FROM field_value JOIN field USING (field_id) JOIN item USING (item_id) "
            "ORDER BY item_id, 1, 3"
        ).fetchall()
    finally:
        connection.close()


def rows_of(item: Item) -> Iterator[tuple[str, int, Any]]:
    """What the rows of an item should be."""
    stored = {True: b"\1", False: b"\0"}
    for name, held in item.metadata.items():
        values = held if isinstance(held, list) and held else [held]
        start = 1 if values is held else 0
        for position, value in enumerate(values, start):
            if isinstance(value, bool):
                yield name, position, stored[value]
            else:
                yield name, position, b"\2" if isinstance(value, list | dict) else value


@pytest.mark.parametrize(("within", "expected"), [("111.2km", [1]), ("111.1km", []), ("20100km", [1, 2])])
def test_places_are_near_along_the_surface(within: str, expected: list[int]) -> None:
    """A degree of latitude is 111.195 km on a sphere of the Earth's mean radius; the antipode is half way round."""
    places = ({"latitude": 1, "longitude": 180}, {"latitude": 0, "longitude": 0.0}, {"latitude": 1}, {"latitude": "1"})
    connection = database([make_item(f"i{n}", metadata=place) for n, place in enumerate(places)])
    where = parse(f"near(0, -180, {within})")
    assert items_matching(connection, where) == items_meeting(connection, where) == expected


def test_sqlite_tells_words_apart_as_the_reference_does() -> None:
    """In the scripts of Europe, letter by letter, whatever its case and accents."""
    codes = (*range(0x20, 0x180), *range(0x386, 0x400), *range(0x400, 0x482), *range(0x1E00, 0x1E9C), 0x301, 0x4E2D)
    texts = [f"x{chr(code)}y z" for code in codes if chr(code).isprintable() or code == 0x301]
    connection = database([make_item(str(n), captions=(text,)) for n, text in enumerate(texts)])
    connection.execute("CREATE VIRTUAL TABLE temp.instance USING fts5vocab (main, caption_words, instance)")
    told = dict[int, list[str]]()
    for term, caption_id in connection.execute('SELECT term, doc FROM temp.instance ORDER BY doc, "offset"'):
        told.setdefault(caption_id, []).append(term)
    assert {text: tuple(told[n]) for n, text in enumerate(texts, start=1)} == {text: words_of(text) for text in texts}
