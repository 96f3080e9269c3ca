"""Vectors made elsewhere, as a source: arrays in memory, ``.npy``, ``.npz``, and columns of Parquet or Arrow files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ilk.errors import SourceError
from ilk.records import Comparing, Item, Metadata, Metric
from ilk.sources import names
from ilk.sources.tables.seen import Seen

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

DEFAULT_NAME = "embeddings"

CHECKED_ROWS = 4_096
"""Vectors checked at once before any is used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Some vectors, and what is said of each. All have the same length n.

    Attributes
    ----------
    first
        The number of the first row, from 0.
    ids
        Texts.
    vectors
        Numbers of shape (n, d), as they were given.
    captions, uris, metadata
        As in `ilk.records.Item`; a uri that is None is the id.
    """

    first: int
    ids: Sequence[str]
    vectors: npt.NDArray[Any]
    captions: Sequence[tuple[str, ...]]
    uris: Sequence[str | None]
    metadata: Sequence[Metadata]


class Vectors(Protocol):
    """Where vectors come from: `ilk.sources.arrays` has arrays, `ilk.sources.vector_columns` columns."""

    @property
    def dimension(self) -> int:
        """Numbers in a vector."""
        ...

    @property
    def count(self) -> int | None:
        """How many there are, if that is known."""
        ...

    def read(self, size: int) -> Iterator[Rows]:
        """All of them, at most so many at a time."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Embeddings:
    """Vectors with ids, to add to a gallery as they are; make one with `embeddings`.

    Attributes
    ----------
    name
        What they are called in the gallery.
    model
        The name of the model that made them, if that is known.
    top
        The folder of the file they are in, absolute; for arrays the working directory.
    metric, normalise
        How they are compared, and whether each is divided by its length; None for as the gallery has it.
    vectors
        Where they come from.
    """

    name: str
    model: str | None
    top: Path
    metric: Metric | None = None
    normalise: bool | None = None
    vectors: Vectors = field(repr=False)

    @property
    def kind(self) -> str:
        """``"embeddings:"`` and the name."""
        return f"embeddings:{self.name}"

    @property
    def dimension(self) -> int:
        """Numbers in a vector, d."""
        return self.vectors.dimension

    @property
    def count(self) -> int | None:
        """How many there are."""
        return self.vectors.count

    def batches(self, size: int, *, normalise: bool = True) -> Iterator[list[tuple[Item, npt.NDArray[np.float32]]]]:
        """The items with their unit rows of shape (d,), or the rows as they are, so many at a time.

        Raises
        ------
        ilk.errors.SourceError
            If a vector has numbers that are not finite, or none but zeros and is to have a direction; if an id comes
            twice, or the rest of a file cannot be read.
        """
        for rows, units in self._checked(size, normalise=normalise):
            yield [
                (_item(self.kind, id_, uri or id_, captions, metadata, unit), unit)
                for id_, uri, captions, metadata, unit in zip(
                    rows.ids, rows.uris, rows.captions, rows.metadata, units, strict=True
                )
            ]

    def check(self) -> None:
        """Look at every vector and id, as `batches` does.

        Raises
        ------
        ilk.errors.SourceError
            As `batches`.
        """
        for _ in self._checked(CHECKED_ROWS, normalise=self.normalise is not False):
            pass

    def _checked(self, size: int, *, normalise: bool) -> Iterator[tuple[Rows, npt.NDArray[np.float32]]]:
        seen = Seen()
        for rows in self.vectors.read(size):
            for number, id_ in enumerate(rows.ids, start=rows.first):
                if not seen.add(id_):
                    raise SourceError(f'The id "{id_}" of row {number:,} has come before. Each vector needs its own.')
            yield rows, unit_rows(rows) if normalise else raw_rows(rows)
        if not seen:
            raise SourceError(f'There are no vectors in "{self.name}".')


def embeddings(  # noqa: PLR0913 -- what is said of each vector, each by its own name
    ids: Any,
    vectors: Any = None,
    metadata: Any = None,
    *,
    captions: Sequence[Any] | None = None,
    uris: Sequence[Any] | None = None,
    name: str | None = None,
    model: str | None = None,
    metric: Metric | None = None,
    normalise: bool | None = None,
) -> Embeddings:
    """Vectors made elsewhere to add to a gallery, where they are searched without any model.

    ::

        ilk.embeddings(ids, vectors)                      # lists, arrays, tensors
        ilk.embeddings(ids, "vectors.npy")                # an array that need not fit into memory
        ilk.embeddings("vectors.npz")                     # arrays called ids, and vectors or embeddings
        ilk.embeddings("rows.parquet", "image_embedding") # or without the column, if there is only one of vectors

    Parameters
    ----------
    ids
        What each vector's item is called, each once; or a file. An item of that id in the gallery, such as a picture of
        a folder, gets the vector beside those that it has. Vectors in a file without ids are called by the
        file's name and their number from 0, such as ``vectors.npy#0``.
    vectors
        Numbers of shape (n, d), of any length above zero, which becomes 1 unless `normalise` is False; or a ``.npy``
        file. If `ids` is a file,
        the column or array in it.
    metadata
        A dictionary for each vector, or a dictionary or data frame of columns.
    captions
        A text for each vector, or a list of texts, or None.
    uris
        Where each picture is: a path relative to the gallery's place, or a URL. By default the id.
    name
        What to call them in the gallery: adding others of the same name removes the items that these do not have.
        By default the file's name, or ``"embeddings"``.
    model
        The name of the model that made them, so that words and pictures can be compared with them.
    metric
        How they are compared: ``"cosine"``, ``"ip"`` or ``"l2"``; by default as the gallery compares.
    normalise
        Whether each is divided by its length; by default as the gallery has it. As they are, they are kept in float16,
        which ends at 65,504.

    Raises
    ------
    ilk.errors.InputError
        If there is no such metric, or cosines are wanted of vectors as they are.
    ilk.errors.SourceError
        If there are not as many of each, an id comes twice, or a vector has no direction: zeros alone, or numbers that
        are not finite. Vectors in files are looked at when they are added.
    ilk.errors.MissingExtraError
        If a Parquet or Arrow file is given and pyarrow is not installed.
    """
    from ilk.sources import arrays

    if metric is not None:
        Comparing(metric=metric, normalised=normalise is not False)
    said = arrays.Said(metadata=metadata, captions=captions, uris=uris)
    if not isinstance(ids, str | Path):
        given = arrays.from_parts(ids, vectors, said)
        path = Path(vectors) if isinstance(vectors, str | Path) else None
        called = name or DEFAULT_NAME
        top = Path.cwd() if path is None else names.absolute(path).parent
        made = Embeddings(name=called, model=model, top=top, metric=metric, normalise=normalise, vectors=given)
        if path is None:  # what is in memory can be refused before anything is written
            made.check()
        return made
    path = names.absolute(ids)
    if not (vectors is None or isinstance(vectors, str)):
        raise SourceError(f'"{ids}" is read as a file. For one vector, give a list of one id.')
    return Embeddings(
        name=name or path.name,
        model=model,
        top=path.parent,
        metric=metric,
        normalise=normalise,
        vectors=arrays.from_file(path, vectors, said),
    )


def unit_rows(rows: Rows) -> npt.NDArray[np.float32]:
    """The vectors at length 1, of shape (n, d).

    Raises
    ------
    ilk.errors.SourceError
        If one has no direction; says which.
    """
    import numpy as np

    wide, largest = _finite(rows)
    if not largest.all():
        raise _faulty(rows, int(largest.argmin()), "has only zeros, and so no direction")
    wide = wide / largest[:, np.newaxis]  # so that squaring neither overflows nor vanishes
    unit: npt.NDArray[np.float32] = (wide / np.linalg.norm(wide, axis=1, keepdims=True)).astype(np.float32)
    return unit


def raw_rows(rows: Rows) -> npt.NDArray[np.float32]:
    """The vectors as they are, of shape (n, d).

    Raises
    ------
    ilk.errors.SourceError
        If one has numbers that are not finite, in float32; says which.
    """
    import numpy as np

    wide, largest = _finite(rows)
    if largest.max() > np.finfo(np.float32).max:
        raise _faulty(rows, int(largest.argmax()), "has numbers that are too large")
    return wide.astype(np.float32)


def _finite(rows: Rows) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The vectors, of shape (n, d), and of each the largest number regardless of sign."""
    import numpy as np

    wide: npt.NDArray[np.float64] = np.asarray(rows.vectors, np.float64)
    largest: npt.NDArray[np.float64] = np.abs(wide).max(axis=1)
    wrong = ~np.isfinite(largest)
    if wrong.any():
        raise _faulty(rows, int(wrong.argmax()), "has numbers that are not finite")
    return wide, largest


def _faulty(rows: Rows, row: int, what: str) -> SourceError:
    said = f'The vector of "{rows.ids[row]}" (row {rows.first + row:,}, from 0) {what}.'
    return SourceError(f"{said} Leave it out, or make it again.")


def _item(  # noqa: PLR0913, PLR0917 -- the parts of an item
    kind: str, id_: str, uri: str, captions: tuple[str, ...], metadata: Metadata, unit: npt.NDArray[np.float32]
) -> Item:
    """An item whose picture nobody has seen: the digest is that of its vector, and so is what its stamp covers."""
    data = unit.astype("<f4").tobytes()
    said = hashlib.blake2b(digest_size=16)
    said.update(json.dumps([uri, captions, dict(metadata)]).encode())
    said.update(data)
    return Item(
        id=id_,
        uri=uri,
        source=kind,
        stamp=said.hexdigest(),
        digest=hashlib.sha256(data).hexdigest(),
        size_bytes=0,
        width=0,
        height=0,
        captions=captions,
        metadata=metadata,
    )
