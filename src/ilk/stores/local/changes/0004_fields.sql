-- The metadata once more, one field after another: a filter on a field reads that field of every item, and nothing
-- else, in one scan. Within a field the rows lie in the order of the items, so that new items add to few pages.
CREATE TABLE field (
    field_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

-- Numbers, texts and NULL are themselves; true is x'01' and false x'00', so that no value of one kind is taken for one
-- of another; x'02' stands for an object, an empty list, and a list in a list. A plain value has position 0, the values
-- of a list count from 1.
CREATE TABLE field_value (
    field_id INTEGER NOT NULL,
    item_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    value,
    PRIMARY KEY (field_id, item_id, position)
) WITHOUT ROWID;

CREATE TRIGGER item_fields_inserted AFTER INSERT ON item WHEN new.metadata <> '{}' BEGIN
    INSERT OR IGNORE INTO field (name) SELECT key FROM json_each(new.metadata);
    INSERT OR REPLACE INTO field_value
        SELECT field_id, new.item_id, ifnull(part.key + 1, 0),
            CASE ifnull(part.type, whole.type) WHEN 'true' THEN x'01' WHEN 'false' THEN x'00' WHEN 'object' THEN x'02'
                WHEN 'array' THEN x'02' WHEN 'null' THEN NULL ELSE ifnull(part.value, whole.value) END
        FROM json_each(new.metadata) AS whole JOIN field ON name = whole.key
        LEFT JOIN json_each(CASE whole.type WHEN 'array' THEN whole.value END) AS part;
END;

CREATE TRIGGER item_fields_deleted AFTER DELETE ON item WHEN old.metadata <> '{}' BEGIN
    DELETE FROM field_value WHERE item_id = old.item_id
        AND field_id IN (SELECT field_id FROM json_each(old.metadata) JOIN field ON name = key);
END;

CREATE TRIGGER item_fields_updated AFTER UPDATE OF metadata ON item WHEN new.metadata <> old.metadata BEGIN
    DELETE FROM field_value WHERE item_id = old.item_id
        AND field_id IN (SELECT field_id FROM json_each(old.metadata) JOIN field ON name = key);
    INSERT OR IGNORE INTO field (name) SELECT key FROM json_each(new.metadata);
    INSERT OR REPLACE INTO field_value
        SELECT field_id, new.item_id, ifnull(part.key + 1, 0),
            CASE ifnull(part.type, whole.type) WHEN 'true' THEN x'01' WHEN 'false' THEN x'00' WHEN 'object' THEN x'02'
                WHEN 'array' THEN x'02' WHEN 'null' THEN NULL ELSE ifnull(part.value, whole.value) END
        FROM json_each(new.metadata) AS whole JOIN field ON name = whole.key
        LEFT JOIN json_each(CASE whole.type WHEN 'array' THEN whole.value END) AS part;
END;

-- What is there already, in the order in which it will lie.
INSERT INTO field (name) SELECT DISTINCT key FROM item, json_each(item.metadata);
INSERT OR REPLACE INTO field_value
    SELECT field_id, item_id, ifnull(part.key + 1, 0),
        CASE ifnull(part.type, whole.type) WHEN 'true' THEN x'01' WHEN 'false' THEN x'00' WHEN 'object' THEN x'02'
            WHEN 'array' THEN x'02' WHEN 'null' THEN NULL ELSE ifnull(part.value, whole.value) END
    FROM item JOIN json_each(item.metadata) AS whole JOIN field ON name = whole.key
    LEFT JOIN json_each(CASE whole.type WHEN 'array' THEN whole.value END) AS part
    ORDER BY 1, 2, 3;
