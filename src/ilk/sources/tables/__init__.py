"""Tables of pictures: CSV, TSV, JSON Lines, JSON, Parquet, Arrow, pandas, and rows as dictionaries.

::

    readers ──▶ rows ──▶ columns: which is what ──▶ listing ──▶ entries
    delimited, json_rows,    told from names and     places: where a picture is
    arrow, frames            the first rows          cells: captions, ids, metadata
"""

from __future__ import annotations

from ilk.sources.tables.columns import Columns
from ilk.sources.tables.source import Table, table

__all__ = ["Columns", "Table", "table"]
