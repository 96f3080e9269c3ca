"""Galleries with very many items that were never pictures: vectors in clusters, written the way `ilk index` writes.

What an index does depends on how vectors lie, not on what they show, so that these do for the time and memory of
opening and searching. What is found is measured elsewhere (`benchmarks.indexes`).
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

import ilk
from ilk.records import Item, Space
from ilk.stores.base import Upsert

BATCH = 8_192
CLUSTER = 500
"""Vectors around one centre."""

SPREAD = 0.9
"""Length of what is added to a centre of length 1: neighbours then have a cosine around .55."""

YEARS = range(2000, 2025)

MADE_UP = "made up"


def clustered(count: int, dimension: int, *, seed: int = 0) -> Iterator[npt.NDArray[np.float32]]:
    """Unit rows in blocks of shape (m, d), `count` in all."""
    rng = np.random.default_rng(seed)
    centres = _unit(rng.standard_normal((max(1, count // CLUSTER), dimension), np.float32))
    for start in range(0, count, BATCH):
        size = min(BATCH, count - start)
        noise = rng.standard_normal((size, dimension), np.float32) * (SPREAD / np.sqrt(dimension))
        yield _unit(centres[rng.integers(len(centres), size=size)] + noise)


def made_up_space(dimension: int) -> Space:
    """A space of no model: it can be asked with vectors and items alone."""
    return Space(
        name="image",
        model=MADE_UP,
        revision=None,
        digest="0" * 64,
        dimension=dimension,
        modalities=frozenset({"image"}),
    )


def write_gallery(directory: Path, count: int, space: Space, *, index: bool = True, seed: int = 0) -> Path:
    """Make a gallery of so many items with vectors of a space; one that is there already is kept.

    Each item has a caption and a year, a camera and a place in its metadata, as a photograph's has.

    Parameters
    ----------
    directory
        The gallery's own.
    index
        Whether the index is made too.
    """
    if directory.exists():
        return directory
    beside = directory.with_name(f"part-{directory.name}")
    model = None if space.model == MADE_UP else space.model
    with contextlib.closing(ilk.create(beside, model=model)) as gallery, gallery.store.writing() as writer:
        writer.add_space(space)
        number = 0
        for rows in clustered(count, space.dimension, seed=seed):
            writer.write(
                [
                    Upsert(item=_item(place), vector=row)
                    for place, row in zip(range(number, number + len(rows)), rows, strict=True)
                ],
                (),
                space=space,
            )
            number += len(rows)
        if index:
            writer.refresh_index()
    return beside.rename(directory)


def write_rclip_index(database: Path, folder: Path, count: int, dimension: int, *, seed: int = 0) -> None:
    """Fill the index of rclip 3.3 (``rclip/db.py``, version 4 of its tables) with as many rows below a folder."""
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "CREATE TABLE images (id INTEGER PRIMARY KEY, deleted BOOLEAN, filepath TEXT NOT NULL UNIQUE, "
            "modified_at DATETIME NOT NULL, size INTEGER NOT NULL, vector BLOB NOT NULL, indexing BOOLEAN, hash TEXT)"
        )
        connection.execute("CREATE UNIQUE INDEX existing_images ON images(filepath) WHERE deleted IS NULL")
        connection.execute("CREATE TABLE db_version (version INTEGER)")
        connection.execute("INSERT INTO db_version VALUES (4)")
        number = 0
        for rows in clustered(count, dimension, seed=seed):
            connection.executemany(
                "INSERT INTO images (filepath, modified_at, size, vector) VALUES (?, 0, 1, ?)",
                [(str(folder / _name(number + place)), row.tobytes()) for place, row in enumerate(rows)],
            )
            number += len(rows)


def _item(number: int) -> Item:
    name = _name(number)
    return Item(
        id=name,
        uri=name,
        source="folder",
        stamp="1-1",
        digest=f"{number:064x}",
        size_bytes=100_000 + number % 900_000,
        width=640,
        height=480,
        captions=(f"photograph number {number}",),
        metadata={"year": YEARS[number % len(YEARS)], "camera": f"camera {number % 10}", "roll": number % 1000},
    )


def _name(number: int) -> str:
    return f"{number // 1000:04}/{number:07}.jpg"


def _unit(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)
