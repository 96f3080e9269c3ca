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

from ilk.errors import SourceError

if TYPE_CHECKING:
    from ilk.sources.base import Source, VectorSource

DATASET = "dataset:"
_SAVED_DATASET = ("dataset_info.json", "dataset_dict.json")
_TABLE = re.compile(r".+\.(csv|tsv|jsonl|ndjson|json|parquet|arrow|feather)(\.gz)?", re.IGNORECASE | re.DOTALL)
_COLUMNS = re.compile(r".+\.(parquet|arrow|feather)", re.IGNORECASE | re.DOTALL)
_ARCHIVE = re.compile(r".+\.(tar(\.(gz|bz2|xz|zst|lz4))?|tgz|tbz2?|txz|tzst|zip|7z|rar)", re.IGNORECASE | re.DOTALL)
"""Those that cannot be read, too: what reads archives says so best."""
_VECTORS = re.compile(r".+\.(npy|npz)", re.IGNORECASE | re.DOTALL)
_INSTEAD = {
    r"xlsx?|xlsm|ods|numbers|gsheet|docx?|odt|pdf": "Save it as CSV or Parquet, with a column of paths or URLs",
    r"db|sqlite3?|duckdb|mdb": "Export the table of pictures as CSV or Parquet",
    r"pkl|pickle|pt|pth|ckpt|h5|hdf5|mat|bin|safetensors|faiss|index|fvecs|bvecs": (
        "Vectors are read from .npy, .npz and Parquet, tables of pictures from CSV, JSON Lines and Parquet"
    ),
    r"txt|md|html?|xml|ya?ml|url": (
        'If it lists pictures, one a line, write "url" or "path" above them and call it .csv'
    ),
}
"""What people may try to index, by its ending, and what to do with it."""


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
        _refuse_others(path)
        found = sources.folder(path, hidden=asked.hidden, ignore=asked.ignore)
    return found


def _refuse_others(path: Path) -> None:
    from ilk.sources.tables.places import looks_like_a_picture

    for endings, instead in _INSTEAD.items():
        if re.fullmatch(endings, path.suffix.removeprefix("."), re.IGNORECASE) and path.is_file():
            with path.open("rb") as file:
                if looks_like_a_picture(file.read(16)):  # whatever its name
                    return
            raise SourceError(f'"{path}" is neither a picture, nor a table or an archive that is read here. {instead}.')


def _has_vectors_alone(path: Path) -> bool:
    if not _COLUMNS.fullmatch(path.name) or not path.is_file():
        return False
    from ilk.sources.vector_columns import holds_vectors_alone

    return holds_vectors_alone(path)
