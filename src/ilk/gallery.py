"""The gallery: what people hold in their hands.

It joins a store, an encoder and a base directory, and adds no mechanism of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ilk.errors import InputError, ItemNotFoundError
from ilk.models import Models
from ilk.query import Query, text
from ilk.records import AddReport, Failure, GalleryInfo, Hits, IndexState, Item, SearchedIn, SpaceName
from ilk.searching.options import SearchOptions
from ilk.upkeep import Upkeep

if TYPE_CHECKING:
    from PIL.Image import Image

    from ilk.encoders.base import Encoder
    from ilk.encoders.compute import ComputeOptions
    from ilk.ingest import Progress
    from ilk.searching.options import FilterLike
    from ilk.sources.base import Source, VectorSource
    from ilk.stores.base import Store

PAGE = 512
"""Items read at once while streaming them."""

QUERIES = 1_024
"""Queries encoded and searched at once: as fast as all at once, in the memory of these."""


class Gallery:
    """Pictures that can be searched by meaning. Make one with `create`, open one with `open_gallery`.

    Reading is safe from many threads at once. A gallery is a context manager; leaving it closes it.

    Parameters
    ----------
    store
        Where it is kept.
    directory
        Its own directory, absolute. Paths of pictures are relative to the one that has it, `base`.
    model
        The name of the model to use where a call does not say; None for the one the gallery was made with.
    compute
        Device, precision, threads and batch size of models; None for what is best here.

    Attributes
    ----------
    models
        Which models' vectors it has, and what opens them.
    """

    def __init__(
        self, store: Store, *, directory: Path, model: str | None = None, compute: ComputeOptions | None = None
    ) -> None:
        self.store = store
        self.directory = directory
        self.base = directory.parent
        self.models = Models(store, chosen=model, compute=compute)
        self._upkeep = Upkeep(store=store, models=self.models, base=self.base)

    # -- what is in it --------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return self.store.count()

    def __contains__(self, id: object) -> bool:  # noqa: A002 -- the field's word
        return isinstance(id, str) and id in self.store.fetch([id])

    def __iter__(self) -> Iterator[Item]:
        """Every item, streamed, in the order they were added."""
        ids = iter(self.store.ids())
        while page := list(islice(ids, PAGE)):
            yield from self.store.fetch(page).values()

    def get(self, id: str) -> Item:  # noqa: A002 -- the field's word
        """One item.

        Raises
        ------
        ItemNotFoundError
            If there is none with this id.
        """
        found = self.store.fetch([id])
        if id not in found:
            from ilk.asking import unknown_item

            raise ItemNotFoundError(unknown_item(id))
        return found[id]

    def path(self, uri: str) -> Path:
        """Where the file with this uri is on this machine; it need not be there any more.

        Raises
        ------
        InputError
            If the picture is no file of its own but a URL, a member of an archive, or a row of a table. `picture` and
            `open_picture` have those, too.
        """
        from ilk.originals import file_of

        path = file_of(uri, self.base)
        if path is None:
            raise InputError(
                f'"{uri}" is no file of its own on this machine. gallery.picture(hit.id) gives the bytes of its '
                "picture, and gallery.open_picture(hit.id) the picture, wherever they are."
            )
        return path

    def picture(self, id: str) -> bytes:  # noqa: A002 -- the field's word
        """The bytes of an item's picture, whatever source it is of. Nothing is fetched.

        They are what was kept whole; else those of the file, or of the member of an archive, as it is now; else a
        thumbnail that was kept: of URLs, of bytes in tables and datasets, of archives that gzip packed.

        Raises
        ------
        ItemNotFoundError
            If there is no such item.
        PictureError
            If nothing of its picture is here.
        """
        from ilk.originals import read_original

        return read_original(self.get(id), store=self.store, base=self.base)

    def open_picture(self, id: str, *, size: int | None = None) -> Image:  # noqa: A002 -- as above
        """An item's picture, upright and in RGB, whatever source it is of. Nothing is fetched; see `picture`.

        Parameters
        ----------
        size
            Pixels of the shorter side that it is wanted for; it may then be decoded smaller, though no less than that,
            in a fraction of the time.

        Raises
        ------
        ItemNotFoundError, PictureError
            As `picture`; the latter also if the bytes are no picture any more.
        """
        from ilk import pictures

        return pictures.load(self.picture(id), size=size, name=f'The picture of "{id}"').image

    def info(self) -> GalleryInfo:
        """Counts, models, size on disk, and the state of the indexes."""
        return self.store.info()

    def failures(self) -> tuple[Failure, ...]:
        """The pictures that could not be read, by reason."""
        return self.store.failures()

    def check(self) -> tuple[str, ...]:
        """Read everything and name each inconsistency; empty when all is well."""
        return self.store.check()

    # -- putting in and taking out --------------------------------------------------------------------------------

    def add(  # noqa: PLR0913 -- what people may set, one by one
        self,
        source: Source | VectorSource,
        *,
        model: str | None = None,
        retry_failed: bool = False,
        progress: Progress | None = None,
        stop: threading.Event | None = None,
        keep: bool = False,
        remove_missing: bool = False,
    ) -> AddReport:
        """Bring the gallery up to date with a source: add, update, follow moves, remove what is gone.

        What is in the gallery and unchanged is not encoded again. A picture that cannot be read is recorded with its
        reason; the others go on. Each batch is committed as it is done.

        Parameters
        ----------
        source
            Such as ``ilk.folder("photos")``, or vectors made elsewhere, ``ilk.embeddings(ids, vectors)``.
        model
            Encode with this model, into a space of its own beside those of other models.
        retry_failed
            Try pictures again that could not be read before, though they have not changed since.
        progress, stop, keep, remove_missing
            As in `ilk.ingest.Ingest`. Items whose folder is there but empty stay unless ``remove_missing`` is said.

        Raises
        ------
        SourceError
            If the source cannot be listed, or has no picture.
        ModelError
            If there is no such model, or it cannot see pictures.
        GalleryLockedError
            If another process is writing.
        """
        from ilk.sources.base import VectorSource

        stop = stop or threading.Event()
        if isinstance(source, VectorSource):
            return self._upkeep.take(source, progress=progress, stop=stop)
        return self._upkeep.add(
            source,
            model=model,
            retry_failed=retry_failed,
            progress=progress,
            stop=stop,
            keep=keep,
            remove_missing=remove_missing,
        )

    def embed_captions(self, *, model: str | None = None, stop: threading.Event | None = None) -> int:
        """Give every item that has captions a vector of them, to be searched with ``space="caption"``.

        What has one is passed over, so that doing it again costs only what is new. From then on `add` does it for what
        it brings, as long as the model is here.

        Parameters
        ----------
        model
            What reads them: any that reads words, such as a sentence encoder; by default the gallery's own.
        stop
            Set it from elsewhere to stop early; what is done is kept.

        Returns
        -------
        How many items were given one.

        Raises
        ------
        ModelError
            If there is no such model, or it cannot read.
        GalleryLockedError
            If another process is writing.
        """
        return self._upkeep.embed_captions(model=model, stop=stop or threading.Event())

    def build_index(self, spec: str = "auto", *, model: str | None = None, space: SpaceName = "image") -> IndexState:
        """Choose how a space is searched, and make its index now; adding keeps it up to date from then on.

        Parameters
        ----------
        spec
            ``"auto"``, by how many vectors there are and what is measured; ``"exact"``, comparing with each; or any
            index of FAISS by its factory string, such as ``"IVF1024,PQ32"``. Whichever it is, the similarities of hits
            are those of the stored vectors.
        model
            Whose vectors, where the gallery has several models'.
        space
            Those of pictures, or those of captions.

        Returns
        -------
        How the space is searched now, with the recall that was measured.

        Raises
        ------
        InputError
            If FAISS has no such index, or none of vectors of this dimension.
        GalleryLockedError
            If another process is writing.
        """
        return self._upkeep.build_index(self.models.space(model, kind=space), spec)

    def remove(self, ids: Sequence[str]) -> int:
        """Take items out of the gallery; the pictures themselves are left alone.

        Returns how many were in it. A picture that is still in its folder comes back when that is added again.
        """
        with self.store.writing() as writer:
            return writer.delete(ids)

    def remove_model(self, name: str) -> int:
        """Take a model's vectors out of the gallery, with their index, and give their disk space back.

        Pictures, captions and the vectors of other models stay. If it was the gallery's model, the newest of the others
        takes its place.

        Parameters
        ----------
        name
            The model's name, or the beginning of its digest, as ``info`` has it.

        Returns
        -------
        How many vectors went, of pictures and of captions.

        Raises
        ------
        ModelMismatchError
            If there are no vectors of it, or those of several versions of it.
        InputError
            If it is the only model of pictures.
        GalleryStorageError
            If the vectors went and there is too little free disk to make the file smaller.
        GalleryLockedError
            If another process is writing.

        Notes
        -----
        The gallery is written anew: that takes as much free disk as it will have, and as long as copying it twice.
        """
        return self._upkeep.remove_model(name)

    # -- asking ---------------------------------------------------------------------------------------------------

    def search(  # noqa: PLR0913 -- what people may set, one by one
        self,
        query: str | Query,
        *,
        k: int = 10,
        offset: int = 0,
        where: FilterLike | None = None,
        min_similarity: float | None = None,
        min_relevance: float | None = None,
        model: str | None = None,
        space: SearchedIn = "image",
        diverse: float | None = None,
        group_duplicates: bool = False,
        more: Sequence[str] = (),
        less: Sequence[str] = (),
        parameters: Mapping[str, float] | None = None,
    ) -> Hits:
        """The items nearest in meaning to a query, nearest first.

        Parameters
        ----------
        query
            Words, or terms made with `ilk.text`, `ilk.image`, `ilk.item` and `ilk.vector` and joined by ``+`` and
            ``-``. An item named in the query, or whose own file is given as the example, is not among the hits.
        k
            At most this many hits.
        offset
            Pass over so many better ones: with k = 10 the second page begins at 10. Pages of the same k continue
            each other, without a gap or a hit twice, as long as the gallery is not changed.
        where
            Answer only items that this filter matches: an expression such as ``"year >= 2020"``, JSON, or a filter.
        min_similarity
            Leave out hits below this cosine, in [-1, 1]; where the gallery compares otherwise, below this similarity.
        min_relevance
            Leave out hits below this relevance, in [0, 1]; see `Hit.relevance`. Unlike a cosine it means the same for
            every model and query, so that a search may rightly find nothing.
        model
            Whose vectors to compare, where the gallery has several models'.
        space
            ``"image"`` compares with the pictures; ``"caption"`` with what is said of them, by meaning (see
            `embed_captions`) and by words; ``"both"`` with either. Several rankings are fused by reciprocal rank, and
            each hit's `Hit.parts` says its place in each.
        diverse
            From 0, by nearness alone, to 1, as unlike each other as can be: maximal marginal relevance.
        group_duplicates
            Answer items nearly the same as one hit, whose `Hit.duplicates` names the others.
        more, less
            Ids of items that are like what is wanted, and unlike it: Rocchio's feedback.
        parameters
            Of the index, by name, such as ``nprobe``; they hold for this search alone.

        Raises
        ------
        InputError
            If what was asked makes no sense as it stands.
        ModelMismatchError
            If the gallery has no vectors of the model.
        """
        options = SearchOptions(
            k=k,
            offset=offset,
            where=where,
            min_similarity=min_similarity,
            min_relevance=min_relevance,
            model=model,
            space=space,
            diverse=diverse,
            group_duplicates=group_duplicates,
            more=more,
            less=less,
            parameters=parameters,
        )
        return self._answers([query], options)[0]

    def search_many(  # noqa: PLR0913 -- as above
        self,
        queries: Sequence[str | Query],
        *,
        k: int = 10,
        offset: int = 0,
        where: FilterLike | None = None,
        min_similarity: float | None = None,
        min_relevance: float | None = None,
        model: str | None = None,
        space: SearchedIn = "image",
        diverse: float | None = None,
        group_duplicates: bool = False,
        more: Sequence[str] = (),
        less: Sequence[str] = (),
        parameters: Mapping[str, float] | None = None,
    ) -> list[Hits]:
        """As `search` for each query, with the texts and pictures of all of them encoded and searched in batches."""
        if isinstance(queries, str | Query):
            raise InputError("search_many takes a list of queries; for one there is search.")
        options = SearchOptions(
            k=k,
            offset=offset,
            where=where,
            min_similarity=min_similarity,
            min_relevance=min_relevance,
            model=model,
            space=space,
            diverse=diverse,
            group_duplicates=group_duplicates,
            more=more,
            less=less,
            parameters=parameters,
        )
        return self._answers(queries, options)

    def _answers(self, queries: Sequence[str | Query], options: SearchOptions) -> list[Hits]:
        from ilk.searching.searching import Searching

        hits = list[Hits]()
        for begin in range(0, len(queries), QUERIES):
            searching = Searching(
                queries=[each if isinstance(each, Query) else text(each) for each in queries[begin : begin + QUERIES]],
                options=options,
                store=self.store,
                directory=self.directory,
                models=self.models,
            )
            hits += searching.run()
        return hits

    def encoder(self, model: str | None = None) -> Encoder:
        """The model of that name, opened once; by default the one the gallery was made with."""
        return self.models.encoder(model)

    def unencoded(self, model: str | None = None) -> int:
        """How many pictures a search cannot find, because the model has not encoded them yet."""
        return self.store.count() - self.store.count_vectors(self.models.space(model))

    def to_dataset(self, model: str | None = None, *, space: SpaceName = "image") -> Any:
        """The items as a ``datasets.Dataset`` with a column ``embeddings``, as `ilk.share.dataset.to_dataset` says.

        Parameters
        ----------
        model
            Whose vectors, where the gallery has several models'. Items without one are left out.
        space
            Those of pictures, or those of captions.
        """
        from ilk.share.dataset import to_dataset

        return to_dataset(self.store, self.models.space(model, kind=space))

    # -- letting go -----------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Let go of the files. The gallery cannot be used after."""
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Gallery of {self.base}>"
