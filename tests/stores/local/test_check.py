from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from ilk.errors import GalleryDamagedError
from ilk.stores.base import Upsert
from ilk.stores.local import IndexPolicy, LocalStore
from stores.making import make_item, make_space, make_upserts, unit_rows

SPACE = make_space()


@pytest.fixture
def gallery(tmp_path: Path) -> Path:
    """The directory of a closed gallery: 30 captioned items, an index file of the first 20, one of them deleted."""
    with LocalStore.create(tmp_path / ".ilk", policy=IndexPolicy(min_vectors=1)) as store:
        with store.writing() as writer:
            writer.add_space(SPACE)
            rows = unit_rows(30)
            upserts = [Upsert(item=make_item(f"{i:02}", captions=(f"dog {i}",)), vector=rows[i]) for i in range(30)]
            writer.write(upserts[:20], [], space=SPACE)
            writer.refresh_index()
            writer.write(upserts[20:], [], space=SPACE)
            writer.delete(["05"])
        assert store.check() == ()
    return store.directory


def sql(gallery: Path, statement: str, *parameters: object) -> None:
    """Change its database behind its back."""
    connection = sqlite3.connect(gallery / "gallery.sqlite", isolation_level=None)
    connection.execute(statement, parameters)
    connection.close()


def problems(gallery: Path) -> tuple[str, ...]:
    """What a fresh store finds."""
    with LocalStore.open(gallery) as store:
        return store.check()


@pytest.mark.parametrize(
    ("vector", "said"),
    [
        (b"short", "has 5 bytes, not 16, in row 3"),
        (np.full(8, np.nan, np.float16).tobytes(), "has length nan, not 1, in row 3"),
        (np.full(8, np.inf, np.float16).tobytes(), "has length inf"),
        (np.full(8, 0.5, np.float16).tobytes(), "has length 1.414, not 1, in row 3"),
    ],
)
def test_a_wrong_vector_is_found(gallery: Path, vector: bytes, said: str) -> None:
    """Of a wrong length in bytes, not finite, not unit; and that the index has another is told beside it."""
    sql(gallery, "UPDATE embedding SET vector = ? WHERE embedding_id = 3", vector)
    found = problems(gallery)
    assert said in found[0]
    assert "Restore the gallery" in found[0]
    assert ["differs from the database in 1 vectors" in problem for problem in found[1:]] == [True]


def test_a_row_without_its_parent_is_found(gallery: Path) -> None:
    """As when a program without foreign keys deleted an item."""
    sql(gallery, "DELETE FROM item WHERE id = '03'")
    found = "\n".join(problems(gallery))
    assert "Row 4 of caption belongs to a row of item that is not there" in found
    assert "Row 4 of embedding belongs to a row of item that is not there" in found


def test_captions_that_are_out_of_step_with_their_words_are_found(gallery: Path) -> None:
    """As when one was changed without its trigger."""
    sql(gallery, "DROP TRIGGER caption_updated")
    sql(gallery, "UPDATE caption SET text = 'a cat' WHERE caption_id = 1")
    [found] = problems(gallery)
    assert "Full-text search is not in step" in found


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DELETE FROM tombstone", "has 1 vectors that the database does not"),
        (
            "UPDATE embedding SET vector = (SELECT e.vector FROM embedding AS e LIMIT 1) WHERE embedding_id = 9",
            "differs from the database in 1 vectors",
        ),
        ("UPDATE vector_index SET last_embedding_id = 23", "lacks 3 vectors that the database has"),
        ("UPDATE vector_index SET checksum = 'x'", "its checksum is another"),
        ("UPDATE vector_index SET vectors = 19", "its header is not that"),
        ("UPDATE vector_index SET file = '../x'", "its name is not one that ilk gives"),
        ("UPDATE vector_index SET file = 'vectors-1-9.faiss'", "is missing"),
    ],
)
def test_an_index_that_disagrees_is_found(gallery: Path, statement: str, said: str) -> None:
    """And the remedy is to build it anew, which the next refresh does when it may not be believed."""
    sql(gallery, statement)
    found = [problem for problem in problems(gallery) if "The index file" in problem]
    assert any(said in problem and "Run `ilk index`" in problem for problem in found), found


def test_a_damaged_database_is_described_not_raised(gallery: Path) -> None:
    """The examination says what it found; using it raises an error that says what to do."""
    path = gallery / "gallery.sqlite"
    content = bytearray(path.read_bytes())
    for page in range(2, len(content) // 8192):
        content[page * 8192 : page * 8192 + 4000] = b"\xa5" * 4000
    path.write_bytes(content)
    with LocalStore.open(gallery) as store:
        found = store.check()
        assert found
        assert any("damaged" in problem for problem in found)
        with pytest.raises(GalleryDamagedError, match="Restore it from a copy"):
            store.fetch(["00"])


def test_a_vector_of_a_wrong_length_stops_a_search_with_a_sentence(gallery: Path) -> None:
    """Not with an error of arrays."""
    sql(gallery, "UPDATE embedding SET vector = x'00' WHERE embedding_id = 25")
    with LocalStore.open(gallery) as store, pytest.raises(GalleryDamagedError, match="ilk check"):
        store.search(unit_rows(1), 5, space=SPACE)


def test_words_of_captions_stay_in_step(gallery: Path) -> None:
    """Written, changed, deleted with the item, deleted by a failure: the words found are those of the captions."""

    def found(word: str) -> list[str]:
        connection = sqlite3.connect(gallery / "gallery.sqlite")
        rows = connection.execute(
            "SELECT id FROM caption_words JOIN caption ON caption_id = caption_words.rowid JOIN item USING (item_id) "
            "WHERE caption_words MATCH ? ORDER BY id",
            (word,),
        ).fetchall()
        connection.close()
        return [id_ for (id_,) in rows]

    assert len(found("dog")) == 29
    with LocalStore.open(gallery) as store:
        with store.writing() as writer:
            changed = make_item("00", captions=("Éclair de chat", "another"))
            writer.write([Upsert(item=changed, vector=None)], [], space=SPACE)
            writer.delete(["01"])
            writer.write(make_upserts(["02"], unit_rows(1)), [], space=SPACE)
            writer.begin_sweep()
            writer.still_there([f"{i:02}" for i in range(29)])
            writer.sweep(source="folder", scope="")
        assert store.check() == ()
    assert (found("eclair"), found("another")) == (["00"], ["00"])
    assert found("dog") == [f"{i:02}" for i in range(3, 29) if i != 5]


def test_fields_out_of_step_are_found(gallery: Path) -> None:
    """What filters read must be what the items say."""
    sql(gallery, """UPDATE item SET metadata = '{"year": 2020, "tags": ["a", "b"], "no": null}' WHERE item_id < 5""")
    assert problems(gallery) == ()
    sql(gallery, "UPDATE field_value SET value = 'c' WHERE position = 2 AND item_id < 4")
    lacks, has = problems(gallery)
    assert "fields that filters read lacks 3 values" in lacks
    assert "has 3 values too many" in has
