-- An index of any kind that FAISS makes, beside the exact vectors in the same file.
-- wanted: what people asked for, "auto" or a FAISS factory string. factory: what is in the file. base_bytes: how much of
-- the file FAISS's index takes. seal: proof that this machine wrote the file. facts: how the index was chosen, tuned and
-- measured, as JSON.
ALTER TABLE vector_index ADD COLUMN wanted TEXT NOT NULL DEFAULT 'auto';
ALTER TABLE vector_index ADD COLUMN factory TEXT NOT NULL DEFAULT 'exact';
ALTER TABLE vector_index ADD COLUMN base_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE vector_index ADD COLUMN seal TEXT NOT NULL DEFAULT '';
ALTER TABLE vector_index ADD COLUMN facts TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(facts));

-- How vectors are compared: by "cosine", by inner product ("ip") or by squared distance ("l2"); and whether each has
-- length 1.
ALTER TABLE space ADD COLUMN metric TEXT NOT NULL DEFAULT 'cosine' CHECK (metric IN ('cosine', 'ip', 'l2'));
ALTER TABLE space ADD COLUMN normalised INTEGER NOT NULL DEFAULT 1 CHECK (normalised IN (0, 1));

-- Vectors of texts such as people search for, to measure an index with: queries in words lie elsewhere than pictures.
CREATE TABLE probe (
    space_id INTEGER NOT NULL REFERENCES space,
    position INTEGER NOT NULL,
    vector BLOB NOT NULL CHECK (typeof(vector) = 'blob'),
    PRIMARY KEY (space_id, position)
) WITHOUT ROWID;
