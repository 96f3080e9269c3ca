-- Version 1 of a gallery's database. Later versions are made from this one by the numbered files in changes/.
-- It keeps to what SQLite 3.27 can read, so that a gallery opens wherever Python 3.11 runs.

-- What the gallery says of itself: default_model, created_at, updated_at, written_by (a version of ilk), and changes,
-- which grows by one with every transaction and so tells readers whether what they remember still holds.
CREATE TABLE setting (
    key TEXT PRIMARY KEY NOT NULL,
    value NOT NULL
) WITHOUT ROWID;

CREATE TABLE item (
    item_id INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    uri TEXT NOT NULL,
    source TEXT NOT NULL,
    stamp TEXT NOT NULL,
    digest TEXT NOT NULL,
    size_bytes INTEGER NOT NULL CHECK (typeof(size_bytes) = 'integer'),
    width INTEGER NOT NULL CHECK (typeof(width) = 'integer'),
    height INTEGER NOT NULL CHECK (typeof(height) = 'integer'),
    metadata TEXT NOT NULL CHECK (json_valid(metadata)),
    added_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
CREATE INDEX item_digest ON item (digest);

CREATE TABLE caption (
    caption_id INTEGER PRIMARY KEY,
    item_id INTEGER NOT NULL REFERENCES item ON DELETE CASCADE,
    position INTEGER NOT NULL,
    text TEXT NOT NULL,
    UNIQUE (item_id, position)
);

-- Full-text search over the captions. It keeps no second copy of them; the triggers keep it in step.
CREATE VIRTUAL TABLE caption_words USING fts5 (
    text, content = 'caption', content_rowid = 'caption_id', tokenize = 'unicode61 remove_diacritics 2'
);
CREATE TRIGGER caption_inserted AFTER INSERT ON caption BEGIN
    INSERT INTO caption_words (rowid, text) VALUES (new.caption_id, new.text);
END;
CREATE TRIGGER caption_deleted AFTER DELETE ON caption BEGIN
    INSERT INTO caption_words (caption_words, rowid, text) VALUES ('delete', old.caption_id, old.text);
END;
CREATE TRIGGER caption_updated AFTER UPDATE ON caption BEGIN
    INSERT INTO caption_words (caption_words, rowid, text) VALUES ('delete', old.caption_id, old.text);
    INSERT INTO caption_words (rowid, text) VALUES (new.caption_id, new.text);
END;

CREATE TABLE space (
    space_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    model TEXT NOT NULL,
    revision TEXT,
    digest TEXT NOT NULL,
    dimension INTEGER NOT NULL CHECK (dimension > 0),
    modalities TEXT NOT NULL CHECK (json_valid(modalities)),
    UNIQUE (name, digest)
);

-- A vector is d float16 numbers, little-endian. A changed picture gets a new embedding_id, and none is ever used
-- twice: "newer than the index file" is "embedding_id above the file's last".
-- The row is narrow, so that reading every vector is one sequential scan.
CREATE TABLE embedding (
    embedding_id INTEGER PRIMARY KEY AUTOINCREMENT,
    space_id INTEGER NOT NULL REFERENCES space,
    item_id INTEGER NOT NULL REFERENCES item ON DELETE CASCADE,
    part INTEGER NOT NULL DEFAULT 0,
    vector BLOB NOT NULL CHECK (typeof(vector) = 'blob'),
    UNIQUE (item_id, space_id, part)
);

-- Vectors deleted since the space's index was built, in the order they went: an index file, or what a reader has in
-- memory, still has them.
CREATE TABLE tombstone (
    tombstone_id INTEGER PRIMARY KEY,
    space_id INTEGER NOT NULL REFERENCES space,
    embedding_id INTEGER NOT NULL
);
CREATE TRIGGER embedding_deleted AFTER DELETE ON embedding BEGIN
    INSERT INTO tombstone (space_id, embedding_id) VALUES (old.space_id, old.embedding_id);
END;

-- The index of a space: how often it was built anew, and the file that came of it, if it was worth one.
CREATE TABLE vector_index (
    space_id INTEGER PRIMARY KEY REFERENCES space,
    generation INTEGER NOT NULL DEFAULT 0,
    file TEXT,
    last_embedding_id INTEGER NOT NULL DEFAULT 0,
    vectors INTEGER NOT NULL DEFAULT 0,
    size_bytes INTEGER NOT NULL DEFAULT 0,
    checksum TEXT NOT NULL DEFAULT '',
    built_at TEXT
);

CREATE TABLE failure (
    id TEXT PRIMARY KEY NOT NULL,
    uri TEXT NOT NULL,
    source TEXT NOT NULL,
    stamp TEXT NOT NULL,
    code TEXT NOT NULL,
    message TEXT NOT NULL,
    failed_at TEXT NOT NULL
) WITHOUT ROWID;
