"""Vectors made elsewhere, in some forms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

import ilk
from ilk.records import Item
from ilk.sources import Embeddings

N, D = 50, 6
IDS = [f"picture-{number}" for number in range(N)]
VECTORS: npt.NDArray[np.float32] = np.random.default_rng(7).normal(size=(N, D)).astype(np.float32)
UNITS = VECTORS / np.linalg.norm(VECTORS, axis=1, keepdims=True)


def rows(source: Embeddings, size: int = 16) -> tuple[list[Item], npt.NDArray[np.float32]]:
    """Everything in a source, whose batches have the size that was asked for."""
    batches = list(source.batches(size))
    assert all(len(batch) <= size for batch in batches)
    pairs = [pair for batch in batches for pair in batch]
    return [item for item, _ in pairs], np.stack([vector for _, vector in pairs])


def npy(folder: Path, vectors: npt.NDArray[np.float32] = VECTORS) -> Embeddings:
    np.save(folder / "v.npy", vectors)
    return ilk.embeddings(IDS, folder / "v.npy")


def npz(folder: Path) -> Embeddings:
    np.savez(folder / "v.npz", ids=np.array(IDS), embeddings=VECTORS)
    return ilk.embeddings(folder / "v.npz")


def parquet(folder: Path, vectors: pa.Array | None = None) -> Embeddings:
    column = pa.array(list(VECTORS)) if vectors is None else vectors
    pq.write_table(pa.table({"id": IDS, "embedding": column}), folder / "v.parquet", row_group_size=7)
    return ilk.embeddings(folder / "v.parquet")


def feather(folder: Path) -> Embeddings:
    table = pa.table({"id": IDS, "embedding": pa.FixedSizeListArray.from_arrays(VECTORS.ravel(), D)})
    with pa.ipc.new_file(str(folder / "v.arrow"), table.schema) as writer:
        writer.write_table(table, max_chunksize=9)
    return ilk.embeddings(folder / "v.arrow")
