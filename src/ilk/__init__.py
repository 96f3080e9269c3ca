"""Image search by meaning.

>>> import ilk
>>> gallery = ilk.create("photos/.ilk", model="pocket")
>>> report = gallery.add(ilk.folder("photos"))
>>> for hit in gallery.search("a snowy day", k=5):
...     print(hit.rank, hit.similarity, hit.uri)

Names are loaded when they are first used: ``import ilk`` alone loads neither numpy nor a model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ilk.analysis.classify import classify
    from ilk.analysis.duplicates import duplicates
    from ilk.analysis.evaluate import evaluate
    from ilk.encoders import load_encoder
    from ilk.errors import IlkError, TextCutWarning
    from ilk.gallery import Gallery
    from ilk.opening import create
    from ilk.opening import open_gallery as open  # noqa: A004 -- read as ilk.open, as one reads gzip.open
    from ilk.query import Query, image, item, text, vector
    from ilk.records import AddReport, GalleryInfo, Hit, Hits, Item
    from ilk.sources import archive, dataset, embeddings, folder, table

__version__ = "0.1.0"

__all__ = [
    "AddReport",
    "Gallery",
    "GalleryInfo",
    "Hit",
    "Hits",
    "IlkError",
    "Item",
    "Query",
    "TextCutWarning",
    "archive",
    "classify",
    "create",
    "dataset",
    "duplicates",
    "embeddings",
    "evaluate",
    "folder",
    "image",
    "item",
    "load_encoder",
    "open",
    "table",
    "text",
    "vector",
]

_HOMES = {
    "AddReport": "records",
    "Gallery": "gallery",
    "GalleryInfo": "records",
    "Hit": "records",
    "Hits": "records",
    "IlkError": "errors",
    "Item": "records",
    "Query": "query",
    "TextCutWarning": "errors",
    "archive": "sources",
    "classify": "analysis.classify",
    "create": "opening",
    "dataset": "sources",
    "duplicates": "analysis.duplicates",
    "embeddings": "sources",
    "evaluate": "analysis.evaluate",
    "folder": "sources",
    "image": "query",
    "item": "query",
    "load_encoder": "encoders",
    "open": "opening",
    "table": "sources",
    "text": "query",
    "vector": "query",
}
_OTHER_NAMES = {"open": "open_gallery"}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'ilk' has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"ilk.{_HOMES[name]}"), _OTHER_NAMES.get(name, name))
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
