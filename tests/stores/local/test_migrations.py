from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from ilk.errors import GalleryDamagedError, GalleryExistsError, GalleryNotFoundError, GalleryVersionError
from ilk.stores.base import Description, Kept, Upsert
from ilk.stores.local import LocalStore, migrations
from ilk.stores.local.database import APPLICATION_ID
from stores.making import make_item, make_space, unit_rows


@pytest.fixture
def changes(tmp_path: Path) -> Path:
    """Made-up migrations to versions 2 and 3."""
    directory = tmp_path / "changes"
    directory.mkdir()
    (directory / "0002_add_colour.sql").write_text("ALTER TABLE item ADD COLUMN colour TEXT;\n")
    (directory / "0003_note_it.sql").write_text(
        "CREATE TABLE note (text TEXT);\n"
        "CREATE TRIGGER noted AFTER INSERT ON note BEGIN UPDATE note SET text = upper(text); END;\n"
        "INSERT INTO note VALUES ('made by; a migration');\n"
    )
    (directory / "README.txt").write_text("not one")
    return directory


def version_of(path: Path) -> int:
    """The user_version of a database, read by hand."""
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])
    finally:
        connection.close()


def sql(path: Path, script: str) -> None:
    """Change a database by hand."""
    connection = sqlite3.connect(path)
    connection.executescript(script)
    connection.close()


def create_first_version(directory: Path) -> None:
    """A gallery as the first ilk made it, before there were changes."""
    none = directory / "no changes"
    none.mkdir()
    (directory / ".ilk").mkdir()
    path = directory / ".ilk" / "gallery.sqlite"
    connection = sqlite3.connect(path, isolation_level=None)
    migrations.create(connection, directory=none)
    connection.close()
    assert version_of(path) == 1


def test_a_new_gallery_has_the_newest_version(tmp_path: Path) -> None:
    """And says that it is ilk's."""
    LocalStore.create(tmp_path / ".ilk").close()
    path = tmp_path / ".ilk" / "gallery.sqlite"
    assert version_of(path) == migrations.newest_version()
    assert int.from_bytes(path.read_bytes()[68:72], "big") == APPLICATION_ID


def test_an_old_gallery_is_brought_up_to_date_when_opened(
    tmp_path: Path, changes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Step by step, statement by statement, triggers and all."""
    create_first_version(tmp_path)
    monkeypatch.setattr(migrations, "CHANGES", changes)
    monkeypatch.setattr(migrations.newest_version, "__defaults__", (changes,))
    monkeypatch.setattr(migrations.upgrade, "__kwdefaults__", {"directory": changes})
    LocalStore.open(tmp_path / ".ilk").close()
    assert version_of(tmp_path / ".ilk" / "gallery.sqlite") == 3  # by hand: made-up changes lack the real ones' columns
    connection = sqlite3.connect(tmp_path / ".ilk" / "gallery.sqlite")
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("SELECT text FROM note").fetchall() == [("MADE BY; A MIGRATION",)]
    assert connection.execute("SELECT colour FROM item").fetchall() == []
    connection.close()


def test_a_gallery_of_the_first_version_opens_as_it_is_now(tmp_path: Path) -> None:
    """With what it held, and with room for what came later."""
    create_first_version(tmp_path)
    space = make_space()
    with LocalStore.open(tmp_path / ".ilk") as store, store.writing() as writer:
        assert store.info().schema_version == migrations.newest_version()
        writer.add_space(space)
        kept = Kept(data=b"small", whole=False)
        writer.write([Upsert(item=make_item("a"), vector=unit_rows(1)[0], kept=kept)], [], space=space)
        assert store.kept("a") == kept
        assert store.check() == ()


def test_what_is_said_of_pictures_of_an_older_gallery_is_renewed_once_they_were_read(tmp_path: Path) -> None:
    """Before that it is not known which of their metadata is their own, and nothing of it is lost."""
    old = tmp_path / "changes"
    old.mkdir()
    for version, path in migrations.changes_in(migrations.CHANGES).items():
        if version < 5:
            (old / path.name).write_text(path.read_text())
    (tmp_path / ".ilk").mkdir()
    connection = sqlite3.connect(tmp_path / ".ilk" / "gallery.sqlite", isolation_level=None)
    migrations.create(connection, directory=old)
    connection.execute(
        "INSERT INTO item (id, uri, source, stamp, digest, size_bytes, width, height, metadata, added_at, updated_at) "
        """VALUES ('a', 'a', 'folder', '1', 'bytes of a', 1, 2, 3, '{"camera":"a Leica"}', '', '')"""
    )
    connection.close()
    said = Description(id="a", uri="a", source="folder", stamp="2", captions=(), metadata={"price": 5})
    with LocalStore.open(tmp_path / ".ilk") as store, store.writing() as writer:
        assert store.info().schema_version == migrations.newest_version()
        writer.add_space(make_space())
        assert writer.describe([said]) == frozenset()
        item = store.fetch(["a"])["a"]
        assert item.metadata == {"camera": "a Leica"}
        own = Upsert(item=item, vector=unit_rows(1)[0], own_metadata=item.metadata)
        writer.write([own], [], space=make_space())
        assert writer.describe([said]) == {"a"}
        assert store.fetch(["a"])["a"].metadata == {"camera": "a Leica", "price": 5}
        assert store.check() == ()


def test_a_migration_that_fails_changes_nothing(tmp_path: Path, changes: Path) -> None:
    """The steps before it stay."""
    (changes / "0003_note_it.sql").write_text("CREATE TABLE note (text TEXT);\nINSERT INTO nowhere VALUES (1);\n")
    path = tmp_path / "x.sqlite"
    connection = sqlite3.connect(path, isolation_level=None)
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        migrations.create(connection, directory=changes)
    assert not connection.in_transaction
    assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'note'").fetchone() == (0,)
    connection.close()
    assert version_of(path) == 2


def test_migrations_are_numbered_without_a_gap(changes: Path) -> None:
    """A missing step is a mistake in the package, and found at once."""
    (changes / "0002_add_colour.sql").unlink()
    with pytest.raises(ValueError, match="0002"):
        migrations.changes_in(changes)


@pytest.mark.parametrize(
    "note", ["", "UPDATE setting SET value = '7.1' WHERE key = 'written_by';", "DROP TABLE setting;"]
)
def test_a_newer_gallery_is_not_opened(tmp_path: Path, note: str) -> None:
    """The message names the ilk that wrote it, where that can be read, and says to upgrade."""
    LocalStore.create(tmp_path / ".ilk").close()
    sql(tmp_path / ".ilk" / "gallery.sqlite", f"PRAGMA user_version = 99; {note}")
    with pytest.raises(GalleryVersionError, match=r"version 99.*pip install --upgrade ilk") as caught:
        LocalStore.open(tmp_path / ".ilk")
    assert ("ilk 7.1" in str(caught.value)) == ("7.1" in note)
    assert ("a newer ilk" in str(caught.value)) == ("DROP" in note)


def test_another_programs_database_is_not_opened(tmp_path: Path) -> None:
    """Nor is it changed."""
    sql(tmp_path / "gallery.sqlite", "CREATE TABLE theirs (x); PRAGMA user_version = 1;")
    before = (tmp_path / "gallery.sqlite").read_bytes()
    with pytest.raises(GalleryDamagedError, match="not made by ilk"):
        LocalStore.open(tmp_path)
    assert (tmp_path / "gallery.sqlite").read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"garbage " * 1000, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    """Whatever is in it."""
    (tmp_path / "gallery.sqlite").write_bytes(content)
    with pytest.raises(GalleryDamagedError, match=r"damaged|not made by ilk"):
        LocalStore.open(tmp_path)


def test_no_gallery_is_opened_where_there_is_none(tmp_path: Path) -> None:
    """And none is made."""
    with pytest.raises(GalleryNotFoundError, match="ilk index"):
        LocalStore.open(tmp_path / ".ilk")
    assert not (tmp_path / ".ilk").exists()


def test_no_gallery_is_made_where_there_is_one(tmp_path: Path) -> None:
    """The one that is there stays as it is."""
    LocalStore.create(tmp_path / ".ilk", default_model="mine").close()
    with pytest.raises(GalleryExistsError):
        LocalStore.create(tmp_path / ".ilk")
    with LocalStore.open(tmp_path / ".ilk") as store:
        assert store.default_model == "mine"


def test_what_a_killed_creation_left_does_not_matter(tmp_path: Path) -> None:
    """It is made whole beside its place, or not at all."""
    (tmp_path / "gallery.sqlite.new").write_bytes(b"half")
    LocalStore.create(tmp_path).close()
    assert not (tmp_path / "gallery.sqlite.new").exists()


def test_the_model_to_use_is_remembered(tmp_path: Path) -> None:
    """None until it is said."""
    with LocalStore.create(tmp_path / ".ilk") as store:
        assert store.default_model is None
        with store.writing() as writer:
            writer.set_default_model("pocket")
        assert store.default_model == "pocket"


def test_version_control_passes_a_gallery_by(tmp_path: Path) -> None:
    """A new directory ignores itself; one that was there is left alone."""
    LocalStore.create(tmp_path / ".ilk").close()
    assert (tmp_path / ".ilk" / ".gitignore").read_text() == "*\n"
    (tmp_path / "mine.ilk").mkdir()
    LocalStore.create(tmp_path / "mine.ilk").close()
    assert not (tmp_path / "mine.ilk" / ".gitignore").exists()
