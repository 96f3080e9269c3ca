"""Fields of metadata that were saved into the gallery itself, such as labels, and that no source speaks for.

An item's metadata is one JSON object, so that filters need not know which of its fields came from where. What is kept
apart is only the names of the saved ones, in a setting: when a source writes an item again, their values stay.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence

from ilk.errors import InputError
from ilk.records import Metadata, MetadataValue
from ilk.stores.local import catalog

SETTING = "saved_fields"


def names(connection: sqlite3.Connection) -> frozenset[str]:
    """Which fields were saved here."""
    found = catalog.setting(connection, SETTING)
    return frozenset() if found is None else frozenset(json.loads(str(found)))


def claim(connection: sqlite3.Connection, fields: Collection[str]) -> None:
    """Make these fields the gallery's own.

    Raises
    ------
    InputError
        If one is no name that a filter can say, or a source has given it to an item. Cost: a scan of the items for each
        new field.
    """
    known = names(connection)
    for field in sorted(set(fields) - known):
        if not field.isidentifier():
            raise InputError(
                f'"{field}" is no name for a field: use letters, digits and underscores, such as "kind", so that '
                "filters can say it."
            )
        row = connection.execute(
            "SELECT id FROM item WHERE json_type(metadata, ?) IS NOT NULL LIMIT 1", (f'$."{field}"',)
        ).fetchone()
        if row is not None:
            raise InputError(
                f'The field "{field}" cannot be saved: "{row[0]}" has one of that name from where it came. Choose '
                "another name."
            )
    if not known.issuperset(fields):
        written = json.dumps(sorted(known.union(fields)), ensure_ascii=False)
        connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (SETTING, written))


def put(connection: sqlite3.Connection, values: Mapping[str, Metadata], packed: Sequence[str]) -> int:
    """Write fields, given as JSON objects in the order of the values, into items; how many of them there are.

    A null takes a field away, as in RFC 7396.
    """
    return sum(
        connection.execute("UPDATE item SET metadata = json_patch(metadata, ?) WHERE id = ?", (patch, id_)).rowcount
        for id_, patch in zip(values, packed, strict=True)
    )


def carried(fields: Collection[str], before: str, metadata: Metadata) -> dict[str, MetadataValue]:
    """The metadata that a source gives now, with the saved fields of what the item had before, a JSON object."""
    old = json.loads(before)
    return {**metadata, **{field: old[field] for field in fields if field in old}}
