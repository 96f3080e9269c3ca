"""Chroma: an HNSW graph beside SQLite, with its default width and a growing search list."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.engines.base import BATCH, Numbers, Rows, Setting


class Chroma:
    """A persistent collection. The width of its search belongs to the collection, not to a query."""

    package: ClassVar[str] = "chromadb"
    settings: ClassVar[Sequence[Setting]] = tuple({"ef_search": ef} for ef in (100, 200, 400, 800))

    def build(self, place: Path, vectors: Rows, rolls: Numbers) -> None:
        """Add everything."""
        chroma: Any = import_module("chromadb")
        collection = chroma.PersistentClient(str(place)).create_collection(
            "pictures", embedding_function=None, configuration={"hnsw": {"space": "cosine", "ef_search": 100}}
        )
        for start in range(0, len(vectors), BATCH):
            rows = vectors[start : start + BATCH]
            numbers = range(start, start + len(rows))
            rolls_of_rows = [{"roll": int(roll)} for roll in rolls[start : start + BATCH]]
            collection.add(ids=[str(n) for n in numbers], embeddings=rows, metadatas=rolls_of_rows)

    def open(self, place: Path) -> None:
        """Open the collection."""
        client: Any = import_module("chromadb").PersistentClient(str(place))
        self._collection: Any = client.get_collection("pictures", embedding_function=None)
        self._ef = 0

    def search(self, query: Rows, k: int, setting: Setting) -> Sequence[int]:
        """Only the ids."""
        return self._asked(query, k, setting, None)

    def search_below(self, query: Rows, k: int, limit: int, setting: Setting) -> Sequence[int]:
        """With its own filter."""
        return self._asked(query, k, setting, {"roll": {"$lt": limit}})

    def _asked(self, query: Rows, k: int, setting: Setting, where: dict[str, Any] | None) -> Sequence[int]:
        if setting["ef_search"] != self._ef:
            self._ef = setting["ef_search"]
            self._collection.modify(configuration={"hnsw": {"ef_search": self._ef}})
        found = self._collection.query(query_embeddings=[query], n_results=k, where=where, include=[])
        return [int(number) for number in found["ids"][0]]
