"""Arrays of vectors: in memory, in ``.npy`` files that need not fit into it, and in ``.npz`` files."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ilk.errors import SourceError
from ilk.sources import names
from ilk.sources.tables import arrow, cells, lines
from ilk.sources.vectors import Rows, Vectors

if TYPE_CHECKING:
    import numpy.typing as npt

VECTOR_KEYS = ("vectors", "embeddings", "vector", "embedding", "image_embeddings", "features", "arr_0")
"""Arrays of a ``.npz`` file that hold the vectors, the first there is."""

NPY = b"\x93NUMPY"
ZIP = b"PK"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What is said of vectors beside their ids, each as `ilk.sources.embeddings` takes it."""

    metadata: Any = None
    captions: Any = None
    uris: Any = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is said."""
        return self.metadata is None and self.captions is None and self.uris is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrays:
    """Vectors in an array; a `ilk.sources.vectors.Vectors`.

    Attributes
    ----------
    vectors
        Of shape (n, d); may be in a file.
    ids
        n of them; None to number them.
    prefix
        What numbers are put behind.
    columns
        n values of metadata each, by name.
    dictionaries
        n of them, or None.
    captions, uris
        n each, or None.
    """

    vectors: npt.NDArray[Any] | StoredArray
    ids: Sequence[Any] | None
    prefix: str
    columns: Mapping[str, Sequence[Any]]
    dictionaries: Sequence[Any] | None
    captions: Sequence[Any] | None
    uris: Sequence[Any] | None

    @property
    def dimension(self) -> int:
        """Numbers in a vector."""
        return int(self.vectors.shape[1])

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.vectors)

    def read(self, size: int) -> Iterator[Rows]:
        """All of them, at most so many at a time.

        Raises
        ------
        ilk.errors.SourceError
            If an id is empty.
        """
        for first in range(0, self.count, size):
            rows = range(first, min(first + size, self.count))
            yield Rows(
                first=first,
                ids=[self._id(row) for row in rows],
                vectors=self.vectors[first : rows.stop],
                captions=[cells.captions([None if self.captions is None else self.captions[row]]) for row in rows],
                uris=[None if self.uris is None else cells.identity(self.uris[row]) for row in rows],
                metadata=[self._metadata(row) for row in rows],
            )

    def _id(self, row: int) -> str:
        if self.ids is None:
            return f"{self.prefix}#{row}"
        id_ = cells.identity(self.ids[row])
        if id_ is None:
            raise SourceError(f"The id of row {row:,}, from 0, is empty. Each vector needs one.")
        return id_

    def _metadata(self, row: int) -> dict[str, Any]:
        said = [(name, values[row]) for name, values in self.columns.items()]
        if self.dictionaries is not None:
            said += (self.dictionaries[row] or {}).items()
        return cells.metadata((str(name), value) for name, value in said)


def from_parts(ids: Any, vectors: Any, said: Said) -> Vectors:
    """Vectors in memory, or in a ``.npy`` file, with their ids.

    Raises
    ------
    ilk.errors.SourceError
        If there are not as many of each, or they are no vectors.
    """
    if vectors is None:
        raise SourceError("There are ids without vectors: ilk.embeddings(ids, vectors).")
    if isinstance(vectors, str | Path):
        path = names.absolute(vectors)
        if lines.first_bytes(path, len(NPY)) != NPY:
            raise SourceError(f'"{path}" is no .npy file; a file with ids of its own is given alone.')
        vectors = _npy(path)
    return _arrays(vectors, ids, said, prefix="")


def from_file(path: Path, key: str | None, said: Said) -> Vectors:
    """Vectors in a file, told by its content.

    Parameters
    ----------
    key
        Which column or array holds them; None to tell it from types and names.

    Raises
    ------
    ilk.errors.SourceError
        If it holds none, or it cannot be told which they are.
    ilk.errors.MissingExtraError
        If it needs pyarrow, which is not installed.
    """
    start = lines.first_bytes(path, len(NPY))
    if start.startswith(arrow.MAGICS):
        if not said.is_empty:
            raise SourceError(f'Metadata, captions and uris of "{path.name}" are columns of it; give them there.')
        from ilk.sources.vector_columns import open_columns

        return open_columns(path, start, key)
    if start.startswith(NPY):
        if key is not None:
            raise SourceError(f'"{path.name}" has one array, without a name: give the path alone.')
        return _arrays(_npy(path), None, said, prefix=path.name)
    if start.startswith(ZIP):
        return _npz(path, key, said)
    raise SourceError(f'"{path.name}" holds no vectors that can be read: .npy, .npz, Parquet and Arrow files do.')


class StoredArray:
    """The rows of a ``.npy`` file, read when they are asked for.

    Not mapped into memory: a file that is overwritten meanwhile would end the process, not the reading.
    """

    def __init__(self, path: Path) -> None:
        import numpy as np

        self._path = path
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)  # only to read and check what it says of itself
        self.shape: tuple[int, ...] = mapped.shape
        self.dtype: np.dtype[Any] = mapped.dtype
        self.ndim = len(self.shape)
        self._start = int(mapped.offset)
        self._mapped = None if mapped.flags.c_contiguous else mapped  # by columns: rows lie all over the file

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> npt.NDArray[Any]:
        """Some rows, of shape (n, d).

        Raises
        ------
        ilk.errors.SourceError
            If they are no longer there.
        """
        import numpy as np

        if self._mapped is not None:
            return np.array(self._mapped[rows])
        start, stop, _ = rows.indices(len(self))
        width = self.shape[1]
        try:
            with self._path.open("rb") as file:
                file.seek(self._start + start * width * self.dtype.itemsize)
                read = np.fromfile(file, self.dtype, (stop - start) * width)
                return read.reshape(stop - start, width)
        except (OSError, ValueError) as error:  # ValueError: too few for that shape
            raise SourceError(f'"{self._path.name}" cannot be read to its end; it has changed meanwhile.') from error


def _npy(path: Path) -> StoredArray:
    try:
        return StoredArray(path)
    except (OSError, ValueError, EOFError) as error:
        raise SourceError(_unreadable(path, error)) from error


def _npz(path: Path, key: str | None, said: Said) -> Arrays:
    import numpy as np

    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            read = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, KeyError) as error:
        raise SourceError(_unreadable(path, error)) from error
    arrays = {name: array for name, array in read.items() if isinstance(array, np.ndarray)}
    flat = [name for name, array in arrays.items() if array.ndim == 2]  # noqa: PLR2004 -- rows and columns
    chosen = key or next((name for name in VECTOR_KEYS if name in arrays), flat[0] if len(flat) == 1 else None)
    if chosen is None or chosen not in arrays:
        asked = f'no array "{key}"' if key else "no array called vectors or embeddings"
        raise SourceError(f'"{path.name}" has {asked}; it has {", ".join(arrays) or "none"}.')
    vectors = arrays.pop(chosen)
    ids = arrays.pop("ids", None)
    given = replace(
        said,
        captions=arrays.pop("captions", None) if said.captions is None else said.captions,
        uris=arrays.pop("uris", None) if said.uris is None else said.uris,
    )
    columns = {name: array.tolist() for name, array in arrays.items() if array.ndim and len(array) == len(vectors)}
    return _arrays(vectors, ids, given, prefix=path.name, columns=columns)


def _arrays(
    vectors: Any, ids: Any, said: Said, *, prefix: str, columns: Mapping[str, Sequence[Any]] | None = None
) -> Arrays:
    """Check that there are as many of each."""
    matrix = _matrix(vectors)
    by_column = isinstance(said.metadata, Mapping) or hasattr(said.metadata, "itertuples")
    given = {str(name): said.metadata[name] for name in said.metadata} if by_column else {}
    found = {**(columns or {}), **given}
    dictionaries = None if by_column else said.metadata
    parts = {"ids": ids, "captions": said.captions, "uris": said.uris, "metadata": dictionaries, **found}
    for name, part in parts.items():
        if isinstance(part, str):
            raise SourceError(f"The {name} are one text, and there should be a list with one for each vector.")
        if part is not None and len(part) != len(matrix):
            raise SourceError(f"There are {len(part):,} {name} and {len(matrix):,} vectors: one is needed for each.")
    if not len(matrix):
        raise SourceError("There are no vectors.")
    if dictionaries is not None and not all(each is None or isinstance(each, Mapping) for each in dictionaries):
        raise SourceError("Metadata is a dictionary for each vector, or a dictionary of columns.")
    listed = {name: None if part is None else _list(part) for name, part in parts.items()}
    return Arrays(
        vectors=matrix,
        ids=listed["ids"],
        prefix=prefix,
        columns={name: _list(part) for name, part in found.items()},
        dictionaries=listed["metadata"],
        captions=listed["captions"],
        uris=listed["uris"],
    )


def _matrix(vectors: Any) -> npt.NDArray[Any] | StoredArray:
    """Numbers of shape (n, d)."""
    import numpy as np

    try:
        matrix = vectors if isinstance(vectors, np.ndarray | StoredArray) else np.asarray(vectors)
    except (ValueError, TypeError, RuntimeError) as error:  # rows of unequal length; a tensor on a GPU
        raise SourceError(f"The vectors make no array: {str(error).rstrip('.')}. All need the same length.") from error
    if matrix.ndim != 2 or not matrix.shape[1]:  # noqa: PLR2004 -- rows and columns
        raise SourceError(f"The vectors have shape {matrix.shape}; a row for each item, (n, d), is needed.")
    if matrix.dtype.kind not in "fiu":
        raise SourceError(f"The vectors are of type {matrix.dtype}; numbers are needed.")
    return matrix


def _list(values: Any) -> Sequence[Any]:
    """Something that is indexed by position; those of numpy and pandas as Python's own objects."""
    listed = values.tolist() if hasattr(values, "tolist") else values
    return listed if isinstance(listed, list | tuple | range) else list(listed)


def _unreadable(path: Path, error: Exception) -> str:
    said = str(error).rstrip(".")
    if "pickle" in said or "Python objects" in said:
        return (
            f'"{path.name}" holds Python objects, which may run code when they are opened, so they are not. Save ids '
            "as text, numpy.array(ids, dtype=str), and vectors as numbers."
        )
    return f'"{path.name}" cannot be read: {said}.'
