"""A table of pictures, as a source."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ilk.sources import names
from ilk.sources.tables import readers
from ilk.sources.tables.columns import Columns, choose
from ilk.sources.tables.fetching import Fetching
from ilk.sources.tables.listing import Opened, TableListing
from ilk.sources.tables.rows import Reader

if TYPE_CHECKING:
    from ilk.sources.fetch import FetchLimits


class Table:
    """The pictures that the rows of a table name or hold; make one with `table`.

    Attributes
    ----------
    path
        Where it is; None for a table in memory.
    picture, captions, id, name
        As in `table`, where they were given.
    """

    def __init__(  # noqa: PLR0913 -- made by `table`, whose options these are
        self,
        data: Any,
        *,
        picture: str | None,
        captions: tuple[str, ...] | None,
        id: str | None,  # noqa: A002 -- the field's word
        name: str | None,
        fetching: Fetching,
    ) -> None:
        self.path = Path(data) if isinstance(data, str | Path) else None
        self.picture = picture
        self.captions = captions
        self.id = id
        self.name = name
        self._data = data
        self._fetching = fetching
        self._reader: Reader | None = None

    @property
    def top(self) -> Path:
        """The folder that it is in, absolute; for a table in memory, the working directory.

        Paths of pictures in the table are relative to it.
        """
        return Path.cwd() if self.path is None else names.absolute(self.path).parent

    def columns(self) -> Columns:
        """Which column is what; as text, one line to show.

        Raises
        ------
        ilk.errors.SourceError
            If it is no table that can be read, or it cannot be told which column holds the pictures.
        ilk.errors.MissingExtraError
            If it needs pyarrow, which is not installed.
        """
        return self._open().columns

    def listing(self, base: Path) -> TableListing:
        """List it for a gallery whose pictures' paths are relative to `base`, an absolute directory.

        Raises
        ------
        ilk.errors.SourceError, ilk.errors.MissingExtraError
            As `columns`.
        """
        path = None if self.path is None else names.absolute(self.path)
        name = self.name or ("table" if path is None else names.id_of(path, base))
        return TableListing(self._open(), name=name, base=base, fetching=self._fetching)

    def _open(self) -> Opened:
        """The table as it is now: a file may have changed since."""
        if self.path is not None:
            reader = readers.open_path(names.absolute(self.path))
        else:  # rows that can be had only once are looked at without being taken
            reader = self._reader = self._reader or readers.open_object(self._data)
        head = reader.head()
        chosen = choose(head, label=reader.label, picture=self.picture, captions=self.captions, id=self.id)
        return Opened(reader=reader, head=head, columns=chosen, folder=self.top)


def table(  # noqa: PLR0913 -- all by keyword, and each says one thing of the table
    path_or_frame: Any,
    *,
    picture: str | None = None,
    caption: str | Sequence[str] | None = None,
    id: str | None = None,  # noqa: A002 -- the field's word
    name: str | None = None,
    allow_private: bool = False,
    heed_opt_out: bool = True,
    limits: FetchLimits | None = None,
) -> Table:
    """A table of pictures to add to a gallery: a row for each, with their captions and what else is known of them.

    It is streamed, so it may be much larger than memory. A row without a usable picture, or one that cannot be read,
    is a failure with its reason; the others go on. Where there is no column of ids, rows that stand together and
    have further captions of the same picture are one picture with all of them.

    Parameters
    ----------
    path_or_frame
        A file of CSV, TSV, JSON Lines, a JSON array, Parquet or Arrow (the first four also compressed by gzip), told
        by its content; or a pandas or Arrow table, or rows as dictionaries. An iterator of these is read once.
    picture
        The column with the pictures: paths (relative to the table's folder), URLs, bytes, base64 or ``data:`` URIs.
        By default it is told from names and contents.
    caption
        The column with captions, or several; cells may be lists of texts. ``()`` for none.
    id
        The column with what to call the pictures in the gallery; ``""`` for none. By default one called ``id``,
        ``key`` or the like, if each row has its own. Without one, pictures are called by their path or URL.
    name
        What to call the table in the gallery: adding a table of the same name again removes the items that it no
        longer has. By default where it is; ``"table"`` for one in memory.
    allow_private
        Whether to fetch from addresses in this machine and the private network.
    heed_opt_out
        Whether pictures whose server says ``X-Robots-Tag: noai`` or ``noimageai`` are left alone, and counted.
    limits
        On fetching URLs.

    Notes
    -----
    Every other column becomes metadata with its type. In CSV that is told from the first 1,000 rows: a column of
    numbers is one in which nothing looks like a code, such as a leading zero or more than 10 digits.
    """
    return Table(
        path_or_frame,
        picture=picture,
        captions=None if caption is None else (caption,) if isinstance(caption, str) else tuple(caption),
        id=id,
        name=name,
        fetching=Fetching(limits, allow_private=allow_private, heed_opt_out=heed_opt_out),
    )
