"""Qdrant Edge: its HNSW graph with int8 codes rescored with the vectors, and an index on the field filtered by."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.engines.base import BATCH, Numbers, Rows, Setting

M, EF_CONSTRUCT, FULL_SCAN_THRESHOLD_KB = 16, 100, 10_000  # the defaults of its server


class Qdrant:
    """One shard, optimised after everything was added."""

    package: ClassVar[str] = "qdrant-edge-py"
    settings: ClassVar[Sequence[Setting]] = tuple(
        {"hnsw_ef": ef, "rescore": rescore}
        for ef, rescore in ((64, 0), (64, 1), (128, 1), (256, 1), (512, 1), (1024, 1))
    )

    def build(self, place: Path, vectors: Rows, rolls: Numbers) -> None:
        """Add everything, index the roll, build the graph."""
        edge: Any = import_module("qdrant_edge")
        place.mkdir(parents=True, exist_ok=True)
        graph = edge.HnswIndexConfig(M, EF_CONSTRUCT, FULL_SCAN_THRESHOLD_KB)
        codes = edge.ScalarQuantizationConfig(edge.ScalarType.Int8, quantile=0.99)
        field = edge.EdgeVectorParams(
            size=vectors.shape[1], distance=edge.Distance.Cosine, hnsw_config=graph, quantization_config=codes
        )
        optimizers = edge.EdgeOptimizersConfig(default_segment_number=1, max_segment_size=10_000_000)
        shard = edge.EdgeShard.create(str(place), edge.EdgeConfig(vectors={"": field}, optimizers=optimizers))
        shard.update(edge.UpdateOperation.create_field_index("roll", edge.PayloadSchemaType.Integer))
        for start in range(0, len(vectors), BATCH):
            rows = vectors[start : start + BATCH]
            points = [
                edge.Point(start + place, row.tolist(), {"roll": int(roll)})
                for place, (row, roll) in enumerate(zip(rows, rolls[start : start + BATCH], strict=True))
            ]
            shard.update(edge.UpdateOperation.upsert_points(points))
        shard.optimize()
        shard.flush()
        shard.close()

    def open(self, place: Path) -> None:
        """Open the shard."""
        self._edge: Any = import_module("qdrant_edge")
        self._shard: Any = self._edge.EdgeShard.load(str(place))

    def search(self, query: Rows, k: int, setting: Setting) -> Sequence[int]:
        """Only the ids."""
        return self._asked(query, k, setting, None)

    def search_below(self, query: Rows, k: int, limit: int, setting: Setting) -> Sequence[int]:
        """With its own filter."""
        edge = self._edge
        condition = edge.FieldCondition("roll", range=edge.RangeFloat(lt=float(limit)))
        return self._asked(query, k, setting, edge.Filter(must=[condition]))

    def _asked(self, query: Rows, k: int, setting: Setting, where: Any) -> Sequence[int]:
        edge = self._edge
        codes = edge.QuantizationSearchParams(rescore=bool(setting["rescore"]), oversampling=2.0)
        params = edge.SearchParams(hnsw_ef=setting["hnsw_ef"], quantization=codes)
        request = edge.SearchRequest(edge.Query.Nearest(query.tolist()), k, filter=where, params=params)
        return [int(point.id) for point in self._shard.search(request)]
