"""Where pictures come from.

Sources are loaded when they are first asked for: a search needs no more of this room than the names of files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ilk.sources.names import id_of, path_of

if TYPE_CHECKING:
    from ilk.sources.archives import Archive, archive, open_member
    from ilk.sources.datasets import Dataset, dataset
    from ilk.sources.folders import Folder, folder
    from ilk.sources.tables import Table, table
    from ilk.sources.vectors import Embeddings, embeddings

__all__ = [
    "Archive",
    "Dataset",
    "Embeddings",
    "Folder",
    "Table",
    "archive",
    "dataset",
    "embeddings",
    "folder",
    "id_of",
    "open_member",
    "path_of",
    "table",
]

_HOMES = {
    "Archive": "archives",
    "Dataset": "datasets",
    "Embeddings": "vectors",
    "Folder": "folders",
    "Table": "tables",
    "archive": "archives",
    "dataset": "datasets",
    "embeddings": "vectors",
    "folder": "folders",
    "open_member": "archives",
    "table": "tables",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'ilk.sources' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"ilk.sources.{_HOMES[name]}"), name)
