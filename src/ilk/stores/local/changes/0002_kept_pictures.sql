-- What is kept of pictures whose source may not give them again: a thumbnail, or the whole file. In a table of its own,
-- so that reading items stays reading narrow rows.
CREATE TABLE kept (
    item_id INTEGER PRIMARY KEY REFERENCES item ON DELETE CASCADE,
    whole INTEGER NOT NULL CHECK (whole IN (0, 1)),
    data BLOB NOT NULL CHECK (typeof(data) = 'blob')
);
