"""Which source a name on the command line means.

::

    photos/                          a folder, or one picture
    products.csv  shoes.parquet      a table: .csv .tsv .jsonl .ndjson .json .parquet .arrow .feather, also with .gz
    train-{000..007}.tar  a.zip      an archive, or the shards of one
    dataset:org/name:train           a dataset of the Hugging Face Hub, and its split; or a folder that one was saved to
    vectors.npz  vectors.parquet     embeddings made elsewhere: .npy, .npz, and tables that have them and no pictures
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ilk.sources.base import Source, VectorSource

DATASET = "dataset:"
_SAVED_DATASET = ("dataset_info.json", "dataset_dict.json")
_TABLE = re.compile(r".+\.(csv|tsv|jsonl|ndjson|json|parquet|arrow|feather)(\.gz)?", re.IGNORECASE | re.DOTALL)
_COLUMNS = re.compile(r".+\.(parquet|arrow|feather)", re.IGNORECASE | re.DOTALL)
_ARCHIVE = re.compile(r".+\.(tar|tar\.gz|tgz|zip)", re.IGNORECASE | re.DOTALL)
_VECTORS = re.compile(r".+\.(npy|npz)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked of the sources, whichever they are; each takes what it understands.

    Attributes
    ----------
    hidden, ignore
        As in `ilk.sources.folder`.
    picture, captions, id
        Names of columns, for tables and datasets.
    allow_private
        Whether pictures may be fetched from inside this machine and its network.
    """

    hidden: bool = False
    ignore: tuple[str, ...] = ()
    picture: str | None = None
    captions: tuple[str, ...] = ()
    id: str | None = None
    allow_private: bool = False


def source_of(name: str, asked: Asked) -> Source | VectorSource:
    """The source that a name means.

    Raises
    ------
    ilk.errors.SourceError
        If it cannot be read as one.
    ilk.errors.MissingExtraError
        If what reads it is not installed.
    """
    from ilk import sources

    columns: dict[str, Any] = {"picture": asked.picture, "caption": asked.captions or None, "id": asked.id}
    path = Path(name)
    found: Source | VectorSource
    if name.startswith(DATASET):
        found = sources.dataset(name.removeprefix(DATASET), **columns)
    elif any((path / file).is_file() for file in _SAVED_DATASET):
        found = sources.dataset(path, **columns)
    elif path.is_dir():
        found = sources.folder(path, hidden=asked.hidden, ignore=asked.ignore)
    elif _VECTORS.fullmatch(name) or (asked.picture is None and _has_vectors_alone(path)):
        found = sources.embeddings(path)
    elif _TABLE.fullmatch(name):
        found = sources.table(path, **columns, allow_private=asked.allow_private)
    elif _ARCHIVE.fullmatch(name):
        found = sources.archive(name)
    else:
        found = sources.folder(path, hidden=asked.hidden, ignore=asked.ignore)
    return found


def _has_vectors_alone(path: Path) -> bool:
    if not _COLUMNS.fullmatch(path.name) or not path.is_file():
        return False
    from ilk.sources.vector_columns import holds_vectors_alone

    return holds_vectors_alone(path)
