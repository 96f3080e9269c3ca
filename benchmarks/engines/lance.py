"""LanceDB: IVF with RaBitQ codes refined with the vectors, as its documentation recommends for many dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.engines.base import Numbers, Rows, Setting

ROWS = 100_000


class Lance:
    """LanceDB with an index of type IVF_RQ, as many partitions as it chooses itself, and one on the roll."""

    package: ClassVar[str] = "lancedb"
    settings: ClassVar[Sequence[Setting]] = tuple(
        {"nprobes": nprobes, "refine_factor": refine}
        for nprobes, refine in ((10, 10), (20, 10), (20, 30), (40, 30), (80, 30), (160, 50))
    )

    def build(self, place: Path, vectors: Rows, rolls: Numbers) -> None:
        """Write a table, then both indexes."""
        lancedb: Any = import_module("lancedb")
        arrow: Any = import_module("pyarrow")
        dimension = vectors.shape[1]
        kinds = [
            ("number", arrow.int64()),
            ("roll", arrow.int64()),
            ("vector", arrow.list_(arrow.float32(), dimension)),
        ]
        schema = arrow.schema(kinds)

        def batches() -> Any:
            for start in range(0, len(vectors), ROWS):
                rows = vectors[start : start + ROWS]
                flat = arrow.array(rows.reshape(-1), arrow.float32())
                columns = [
                    arrow.array(range(start, start + len(rows))),
                    arrow.array(rolls[start : start + ROWS]),
                    arrow.FixedSizeListArray.from_arrays(flat, dimension),
                ]
                yield arrow.RecordBatch.from_arrays(columns, schema=schema)

        table = lancedb.connect(str(place)).create_table("pictures", batches(), schema=schema)
        table.create_index(metric="cosine", index_type="IVF_RQ", vector_column_name="vector")
        table.create_scalar_index("roll")

    def open(self, place: Path) -> None:
        """Open the table."""
        self._table: Any = import_module("lancedb").connect(str(place)).open_table("pictures")

    def search(self, query: Rows, k: int, setting: Setting) -> Sequence[int]:
        """Without reading the vectors back."""
        return self._numbers(self._asked(query, k, setting))

    def search_below(self, query: Rows, k: int, limit: int, setting: Setting) -> Sequence[int]:
        """Filtered before the search, which is its default."""
        return self._numbers(self._asked(query, k, setting).where(f"roll < {limit}", prefilter=True))

    def _asked(self, query: Rows, k: int, setting: Setting) -> Any:
        asked = self._table.search(query).distance_type("cosine").select(["number"]).limit(k)
        return asked.nprobes(setting["nprobes"]).refine_factor(setting["refine_factor"])

    @staticmethod
    def _numbers(asked: Any) -> Sequence[int]:
        found: list[int] = asked.to_arrow()["number"].to_pylist()
        return found
