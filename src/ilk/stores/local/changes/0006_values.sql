-- The values of each field once more, in their order: a filter that few items match reads those, and no others.
CREATE INDEX field_value_found ON field_value (field_id, value);
