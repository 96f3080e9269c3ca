-- What a picture itself says of it, such as EXIF, where its source says something as well: what the source says can then
-- be renewed without reading the picture again. NULL where it was not kept apart.
ALTER TABLE item ADD COLUMN own_metadata TEXT CHECK (own_metadata IS NULL OR json_valid(own_metadata));
