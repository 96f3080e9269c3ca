"""Where pictures come from.

Sources are loaded when they are first asked for: a search needs no more of this room than the names of files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ilk.sources.names import id_of, path_of

if TYPE_CHECKING:
    from ilk.sources.folders import Folder, folder

__all__ = ["Folder", "folder", "id_of", "path_of"]


def __getattr__(name: str) -> Any:
    if name not in {"Folder", "folder"}:
        raise AttributeError(f"module 'ilk.sources' has no attribute {name!r}")
    from ilk.sources import folders

    return getattr(folders, name)
