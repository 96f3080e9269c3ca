"""A dataset of Hugging Face's library, as a source."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ilk.errors import InputError, SourceError
from ilk.sources import names
from ilk.sources.datasets import opening
from ilk.sources.datasets.listing import DatasetListing
from ilk.sources.datasets.readers import ROW_ID, RowsReader, StreamReader
from ilk.sources.tables.columns import Columns, choose
from ilk.sources.tables.fetching import Fetching
from ilk.sources.tables.listing import Opened
from ilk.sources.tables.rows import Head

if TYPE_CHECKING:
    from ilk.sources.fetch import FetchLimits

FINGERPRINT = 8
"""Characters of a fingerprint that an object is called by, if it has no other name."""


class Dataset:
    """The pictures in a dataset; make one with `dataset`.

    Attributes
    ----------
    path
        The folder that it was saved to; None for any other.
    split, picture, captions, id, name, streaming
        As in `dataset`, where they were given.
    """

    def __init__(  # noqa: PLR0913 -- made by `dataset`, whose options these are
        self,
        data: Any,
        *,
        split: str | None,
        picture: str | None,
        captions: tuple[str, ...] | None,
        id: str | None,  # noqa: A002 -- the field's word
        name: str | None,
        streaming: bool,
        fetching: Fetching,
    ) -> None:
        self.path = _saved(data)
        self.split = split
        self.picture = picture
        self.captions = captions
        self.id = id
        self.name = name
        self.streaming = streaming
        self._given = data
        self._fetching = fetching
        self._data: Any = None

    @property
    def top(self) -> Path:
        """The folder that the saved dataset is in, absolute; for any other, the working directory."""
        return Path.cwd() if self.path is None else self.path.parent

    def columns(self) -> Columns:
        """Which column is what; as text, one line to show.

        Raises
        ------
        ilk.errors.SourceError
            If there is no such dataset, or it cannot be told which column holds the pictures.
        ilk.errors.MissingExtraError
            If the library is not installed.
        """
        columns = self._open(self.top)[1].columns
        return replace(columns, id=None) if columns.id == ROW_ID else columns

    def listing(self, base: Path) -> DatasetListing:
        """List it for a gallery whose pictures' paths are relative to `base`, an absolute directory.

        Raises
        ------
        ilk.errors.SourceError, ilk.errors.MissingExtraError
            As `columns`.
        ilk.errors.InputError
            If it is a stream without a name.
        """
        name, opened = self._open(base)
        return DatasetListing(opened, name=name, base=base, fetching=self._fetching)

    def _open(self, base: Path) -> tuple[str, Opened]:
        """Its name in the gallery, and what has been told of it."""
        if self._data is None:
            self._data = self._load()
        has_numbers = isinstance(self._data, opening.library().Dataset)
        name = self._name(base)
        label = f'The dataset "{name}"'
        reader = (RowsReader if has_numbers else StreamReader)(self._data, label, name)
        head = reader.head()
        if not head.rows:
            raise SourceError(f"{label} has no rows: there is no picture in it.")
        columns = self._choose(head, label, labels=reader.words)
        folder = Path.cwd() if self.path is None else self.path
        return name, Opened(reader=reader, head=head, columns=columns, folder=folder)

    def _load(self) -> Any:
        """The one split that is meant."""
        given = self._given
        if self.path is not None:
            return opening.from_folder(self.path, self._split)
        if not isinstance(given, str | Path):
            return opening.one_split(given, self.split, "The dataset")
        if names.absolute(given).exists():
            raise SourceError(
                f'"{given}" is here, but no folder that a dataset was saved to with save_to_disk. Pictures in a folder '
                "are for ilk.folder, and files of rows for ilk.table."
            )
        return opening.from_hub(self._parts[0], self._split, streaming=self.streaming)

    def _name(self, base: Path) -> str:
        """What it is called in the gallery."""
        if self.name is not None:
            return self.name
        if self.path is not None:
            return names.id_of(self.path, base) + (f":{self._split}" if self._split else "")
        if isinstance(self._given, str):
            return f"{self._parts[0]}:{self._split or self._data.split}"
        fingerprint = opening.fingerprint_of(self._data)
        if fingerprint is None:
            raise InputError('A stream of rows has no name of its own. Give it one, such as name="birds".')
        return fingerprint[:FINGERPRINT]

    @property
    def _parts(self) -> tuple[str, str | None]:
        """The name and the split in ``"org/name:train"``."""
        name, _, split = str(self._given).partition(":")
        return name, split or None

    @property
    def _split(self) -> str | None:
        if self.split is not None or not isinstance(self._given, str) or opening.is_saved(Path(self._given)):
            return self.split
        return self._given.rpartition(":")[2] if self.path is not None else self._parts[1]

    def _choose(self, head: Head, label: str, *, labels: frozenset[str]) -> Columns:
        """Which column is what. Labels are no captions, unless they are named as such."""
        chosen = choose(head, label=label, picture=self.picture, captions=self.captions, id=self.id)
        captions = chosen.captions
        if self.captions is None:
            captions = tuple(name for name in captions if name not in labels) or _only_sentences(
                head, apart={chosen.picture, chosen.id, *labels}
            )
        metadata = tuple(name for name in head.names if name not in {chosen.picture, chosen.id, *captions})
        return replace(chosen, id=chosen.id or ROW_ID, captions=captions, metadata=metadata)


def dataset(  # noqa: PLR0913 -- all by keyword, and each says one thing of the dataset
    name_or_object: Any,
    *,
    split: str | None = None,
    picture: str | None = None,
    caption: str | Sequence[str] | None = None,
    id: str | None = None,  # noqa: A002 -- the field's word
    name: str | None = None,
    streaming: bool = False,
    allow_private: bool = False,
    limits: FetchLimits | None = None,
) -> Dataset:
    """A dataset of pictures to add to a gallery: one split of it, a row for each picture.

    Parameters
    ----------
    name_or_object
        A name on the Hugging Face Hub, such as ``"org/name"`` or ``"org/name:train"``; a folder that ``save_to_disk``
        wrote; or a ``Dataset``, an ``IterableDataset``, or a dictionary of these by split. Datasets that are programs
        are refused.
    split
        Which split, if there are several.
    picture
        The column with the pictures. By default the one that is declared to hold them; else one with paths, URLs or
        bytes, told from names and contents.
    caption
        The column with captions, or several; ``()`` for none. By default those that are called so, or else the only
        one that has sentences.
    id
        The column with what to call the pictures in the gallery; ``""`` for none. By default one called ``id``,
        ``key`` or the like. Without one, pictures are called ``NAME#ROW``, the first row being 0.
    name
        What to call the dataset in the gallery: adding one of the same name again removes the items that it no longer
        has. By default the Hub's name or the folder, with the split. An object is called by the first eight
        characters of its fingerprint, so give it a name if you are going to add it again with other rows.
    streaming
        Fetch a dataset of the Hub row by row, and keep nothing of it. Every run then reads all of it again. Its
        pictures must be in its rows, as in Parquet: those in files of their own are only had without streaming.
    allow_private
        Whether to fetch from addresses in this machine and the private network.
    limits
        On fetching URLs.

    Notes
    -----
    Every other column becomes metadata with its type; of labels, their words.
    """
    return Dataset(
        name_or_object,
        split=split,
        picture=picture,
        captions=None if caption is None else (caption,) if isinstance(caption, str) else tuple(caption),
        id=id,
        name=name,
        streaming=streaming,
        fetching=Fetching(limits, allow_private=allow_private),
    )


def _saved(data: object) -> Path | None:
    """The folder that a dataset was saved to, if that is what was given; it may have a split after a colon."""
    if not isinstance(data, str | Path):
        return None
    written = str(data)
    for each in (written, written.rpartition(":")[0]):
        if each and opening.is_saved(Path(each).expanduser()):
            return names.absolute(each)
    return None


def _only_sentences(head: Head, *, apart: set[str | None]) -> tuple[str, ...]:
    """The only column of text, if most of it is more than one word."""
    texts = [name for name in head.names if name not in apart and _are_texts(row.get(name) for row in head.rows)]
    said = [row.get(texts[0]) for row in head.rows] if len(texts) == 1 else []
    longer = sum(" " in str(each).strip() for each in said)
    return (texts[0],) if 2 * longer > len(said) else ()


def _are_texts(values: Iterable[object]) -> bool:
    return all(
        value is None or isinstance(value, str) or (isinstance(value, list) and all(isinstance(v, str) for v in value))
        for value in values
    )
