"""The facade: a gallery in a directory on this machine."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Self, cast

import numpy as np

from ilk.errors import GalleryExistsError, GalleryNotFoundError, GalleryStorageError, InputError
from ilk.place import DATABASE
from ilk.plans import Plan
from ilk.records import Comparing, Failure, GalleryInfo, Item, Space
from ilk.stores.base import Found, Kept, Known
from ilk.stores.local import catalog, migrations, saved, words
from ilk.stores.local.answers import answers
from ilk.stores.local.database import Database, connect, explained
from ilk.stores.local.index import IndexPolicy, IndexRefusedError
from ilk.stores.local.info import gallery_info
from ilk.stores.local.kinds import EXACT
from ilk.stores.local.lock import WriterLock
from ilk.stores.local.sample import Samples
from ilk.stores.local.search import Asked, Outcome, nearest
from ilk.stores.local.view import View, Views

if TYPE_CHECKING:
    import numpy.typing as npt

    from ilk.filters.tree import Filter
    from ilk.records import Metric
    from ilk.stores.local.filtering import Answers
    from ilk.stores.local.writer import LocalWriter

PAGE_OF_IDS = 4_096
"""Ids read at once while streaming them; no transaction stays open between two pages."""


class LocalStore:
    """A gallery in one directory. Make it with `create` or `open`; it is a `ilk.stores.base.Store`.

    Nothing absolute is kept, so the directory can be moved or copied while no one writes to it.

    Parameters
    ----------
    directory
        The gallery's.
    lock_timeout_s
        How long `writing` waits for another writer.
    policy
        When an index file pays.
    """

    def __init__(self, directory: Path, *, lock_timeout_s: float, policy: IndexPolicy) -> None:
        self.directory = directory
        self._lock_timeout_s = lock_timeout_s
        self._policy = policy
        self._database = Database(directory, directory / DATABASE)
        self._views = Views(directory)
        self._filtered: Answers | None = None
        self._lock = threading.Lock()
        self._samples = Samples()
        self._spaces: tuple[int | None, tuple[Space, ...]] = (None, ())  # and the moment that they were read at

    @classmethod
    def create(
        cls,
        path: str | Path,
        *,
        default_model: str | None = None,
        comparing: Comparing | None = None,
        lock_timeout_s: float = 0.0,
        policy: IndexPolicy | None = None,
    ) -> LocalStore:
        """Make an empty gallery in a directory, which is made too.

        Parameters
        ----------
        default_model
            The name of the model to use where none is named.
        comparing
            How vectors are compared; by cosine if it is not said.

        Raises
        ------
        GalleryExistsError
            If there is one.
        GalleryStorageError
            If the place cannot be written.
        """
        directory = Path(path).absolute()
        database = directory / DATABASE
        try:
            fresh = not directory.exists()
            directory.mkdir(parents=True, exist_ok=True)
            if fresh:  # a gallery is no part of the project that its pictures may be in
                (directory / ".gitignore").write_text("*\n", encoding="utf-8")
        except OSError as error:
            raise GalleryStorageError(
                f"No gallery can be made at {directory} ({error.strerror or error}). Choose a place that can be "
                "written with --gallery."
            ) from error
        lock = WriterLock(directory, timeout_s=lock_timeout_s)
        lock.acquire()
        try:
            if database.exists():
                raise GalleryExistsError(
                    f"There is a gallery at {directory} already: open it, or choose another place."
                )
            _make(directory, database, default_model, comparing or Comparing())
        finally:
            lock.release()
        return cls.open(directory, lock_timeout_s=lock_timeout_s, policy=policy)

    @classmethod
    def open(cls, path: str | Path, *, lock_timeout_s: float = 0.0, policy: IndexPolicy | None = None) -> LocalStore:
        """Open a gallery; one that an older ilk made is brought up to date first.

        Raises
        ------
        GalleryNotFoundError
            If there is none.
        GalleryVersionError
            If a newer ilk wrote it.
        GalleryDamagedError
            If its database is none, or not ilk's.
        """
        directory = Path(path).absolute()
        if not (directory / DATABASE).is_file():
            raise GalleryNotFoundError(f"There is no gallery at {directory}. Make one with `ilk index FOLDER`.")
        store = cls(directory, lock_timeout_s=lock_timeout_s, policy=policy or IndexPolicy())
        with store._database.reading() as connection:
            migrations.refuse_newer(connection, directory)
            current = migrations.found_version(connection, directory) == migrations.newest_version()
        if not current:
            store._upgrade()
        return store

    def close(self) -> None:
        """Let go of files. Calling it twice is fine."""
        self._views.close()
        self._filtered = None
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # -- reading --------------------------------------------------------------------------------------------------

    @property
    def default_model(self) -> str | None:
        """The name of the model to use where none is named; None if the gallery does not say."""
        with self._database.reading() as connection:
            model = catalog.setting(connection, "default_model")
        return None if model is None else str(model)

    @property
    def comparing(self) -> Comparing:
        """How vectors are compared in spaces that are yet to be made."""
        with self._database.reading() as connection:
            metric = catalog.setting(connection, "metric")
            normalised = catalog.setting(connection, "normalised")
        if metric is None:  # made without saying so
            return Comparing()
        return Comparing(metric=cast("Metric", metric), normalised=bool(normalised))

    def spaces(self) -> tuple[Space, ...]:
        """Every space, in the order they were made."""
        with self._database.reading() as connection:
            moment = catalog.changes(connection)
            known, spaces = self._spaces
            if known != moment:
                spaces = tuple(catalog.spaces(connection).values())
                self._spaces = moment, spaces
            return spaces

    def count(self) -> int:
        """How many items there are."""
        with self._database.reading() as connection:
            return catalog.count_items(connection)

    def lookup(self, ids: Sequence[str], space: Space) -> Mapping[str, Known]:
        """What is known of each id, items and failures alike; unknown ids are left out."""
        with self._database.reading() as connection:
            return catalog.known(connection, ids, catalog.space_id(connection, space))

    def count_vectors(self, space: Space) -> int:
        """How many items have a vector in this space; 0 if the gallery does not have it."""
        with self._database.reading() as connection:
            return catalog.count_vectors(connection, catalog.space_id(connection, space))

    def count_lacking(self, space: Space) -> int:
        """How many items have captions and no vector in this space."""
        with self._database.reading() as connection:
            return catalog.count_lacking(connection, catalog.space_id(connection, space))

    def find_digest(self, digest: str, space: Space | None) -> tuple[str, ...]:
        """The ids of the items with these bytes that have a vector in this space; with None, of all of them."""
        with self._database.reading() as connection:
            if space is None:
                return catalog.all_with_digest(connection, digest)
            return catalog.with_digest(connection, digest, catalog.space_id(connection, space))

    def fetch(self, ids: Sequence[str]) -> Mapping[str, Item]:
        """The items with these ids, in this order; unknown ids are left out."""
        with self._database.reading() as connection:
            return catalog.items(connection, ids)

    def fields(self) -> tuple[str, ...]:
        """The names of the metadata fields that any item has, sorted."""
        from ilk.stores.local import filtering  # only where there is a filter

        with self._database.reading() as connection:
            return filtering.fields(connection)

    def saved_fields(self) -> frozenset[str]:
        """The fields of metadata that were saved here and that no source speaks for."""
        with self._database.reading() as connection:
            return saved.names(connection)

    def kept(self, id: str) -> Kept | None:  # noqa: A002 -- the field's word
        """What is kept of an item's picture; None if nothing is, because its source has it."""
        with self._database.reading() as connection:
            return catalog.kept(connection, id)

    def failures(self, *, limit: int | None = None) -> tuple[Failure, ...]:
        """The pictures that could not be read, at most so many, ordered by code, then id."""
        with self._database.reading() as connection:
            return catalog.failures(connection, limit)

    def ids(self) -> Iterator[str]:
        """Every id, streamed, oldest item first. What is written meanwhile may or may not be among them."""
        last = 0
        while True:
            with self._database.reading() as connection:
                page = catalog.page_of_ids(connection, last, PAGE_OF_IDS)
            if not page:
                return
            yield from (id_ for _, id_ in page)
            last = page[-1][0]

    def vectors(self, ids: Sequence[str], space: Space) -> Mapping[str, npt.NDArray[np.float32]]:
        """The vectors of these items, each of shape (d,), as stored; items without one are left out."""
        with self._database.reading() as connection:
            number = catalog.space_id(connection, space)
            found = {id_: blob for id_, _, blob in catalog.vectors_of_ids(connection, ids, number)}
        return {id_: np.frombuffer(found[id_], "<f2").astype(np.float32) for id_ in ids if id_ in found}

    def sample(self, space: Space, count: int) -> npt.NDArray[np.float32]:
        """Some vectors of a space, drawn at random and kept for as long as nothing is written; see the protocol."""
        with self._database.reading() as connection:
            return self._samples.at(connection, space, count)

    def search(  # noqa: PLR0913 -- what a search may say, one by one
        self,
        queries: npt.NDArray[np.float32],
        k: int,
        *,
        space: Space,
        exclude: Collection[str] = (),
        where: Filter | None = None,
        parameters: Mapping[str, float] | None = None,
    ) -> Found:
        """The k items nearest to each query, nearest first; see `ilk.stores.base.Store.search`.

        Cost: one scan of the space's vectors for each query.
        """
        queries = np.ascontiguousarray(queries, np.float32)
        if queries.ndim != 2 or queries.shape[1] != space.dimension or not np.isfinite(queries).all():  # noqa: PLR2004 -- rows
            raise InputError(
                f"Queries are rows of {space.dimension} finite numbers; an array of shape {queries.shape} was given."
            )
        while True:  # again only after refusing an index file, which happens once for each
            try:
                return self._search(queries, k, space, exclude, where, parameters or {})
            except IndexRefusedError:
                continue

    def match_words(
        self, queries: Sequence[Sequence[str]], k: int, *, where: Filter | None = None
    ) -> list[list[tuple[str, float]]]:
        """For each list of words the k items whose captions have most of them; see `ilk.stores.base.Store`."""
        with self._database.reading() as connection:
            if where is None:
                return words.matches(connection, queries, k)
            from ilk.stores.local import filtering  # only where there is a filter

            filtering.prepare(connection)
            return words.matches(connection, queries, k, condition=filtering.compile(where))

    def has_captions(self) -> bool:
        """Whether any item has one."""
        with self._database.reading() as connection:
            return words.any_captions(connection)

    def index_name(self, space: Space) -> str:  # noqa: ARG002 -- there will be others
        """How this space is searched: always exactly, for now."""
        return EXACT

    def info(self) -> GalleryInfo:
        """Counts, models, sizes, the state of the indexes."""
        with self._database.reading() as connection:
            return gallery_info(connection, self.directory, self._views)

    def check(self) -> tuple[str, ...]:
        """Every inconsistency found, as sentences; empty when all is well. Reads the whole database."""
        from ilk.stores.local.check import problems

        return problems(self._database)

    # -- writing --------------------------------------------------------------------------------------------------

    def writing(self) -> LocalWriter:
        """Become the one writer, until the context is left; see `ilk.stores.base.Store.writing`."""
        from ilk.stores.local.writer import LocalWriter

        lock = WriterLock(self.directory, timeout_s=self._lock_timeout_s)
        return LocalWriter(self._database, lock, self._views, self._policy)

    # -- inside ---------------------------------------------------------------------------------------------------

    def _search(  # noqa: PLR0913, PLR0917 -- what a search may say, one by one
        self,
        queries: npt.NDArray[np.float32],
        k: int,
        space: Space,
        exclude: Collection[str],
        where: Filter | None,
        parameters: Mapping[str, float],
    ) -> Found:
        begun = perf_counter()
        with self._database.reading() as connection:
            view = self._views.at(connection, space)
            if view is None:
                return Found(rows=[[] for _ in queries], plan=Plan(index=EXACT, way="scan", vectors=0))
            opened = perf_counter()
            without = catalog.embedding_ids(connection, exclude, view.space_id)
            found = self._nearest(connection, view, queries, Asked(k=k, without=without, parameters=parameters), where)
            searched = perf_counter()
            try:
                rows = answers(connection, view, found.best, k)
            except IndexRefusedError as error:
                self._views.refuse(view.space_id, view.generation, str(error))
                raise
        took_ms = {"open the index": 1000 * (opened - begun)}
        if where is not None:
            took_ms["filter"] = 1000 * found.filter_s
        took_ms["search"] = 1000 * (searched - opened - found.filter_s)
        took_ms["read"] = 1000 * (perf_counter() - searched)
        plan = Plan(
            index=view.tuning.factory,
            way=found.course.way,
            vectors=view.count,
            matching=found.matching,
            looked_at=found.looked_at,
            met=found.met,
            tail=view.tail if view.tail < view.count else 0,
            parameters=found.course.parameters,
            took_ms=took_ms,
            metric=view.metric,
            moment=view.changes,
        )
        return Found(rows=rows, plan=plan)

    def _nearest(
        self,
        connection: sqlite3.Connection,
        view: View,
        queries: npt.NDArray[np.float32],
        asked: Asked,
        where: Filter | None,
    ) -> Outcome:
        """The nearest, of what a filter leaves if there is one."""
        if where is None:
            best, course = nearest(view, queries, asked)
            return Outcome(best=best, course=course)
        from ilk.stores.local import filtering, verifying  # only where there is a filter

        with self._lock:
            if self._filtered is None:
                self._filtered = filtering.Answers()
            kept = self._filtered
        filtered = verifying.Filtered(connection=connection, view=view, where=where, answers=kept)
        return filtered.nearest(queries, asked)

    def _upgrade(self) -> None:
        """Bring the database of an older ilk up to date."""
        lock = WriterLock(self.directory, timeout_s=self._lock_timeout_s)
        lock.acquire()
        try:
            with explained(self.directory):
                connection = self._database.writing()
                try:
                    migrations.upgrade(connection)
                finally:
                    connection.close()
        finally:
            lock.release()


def _make(directory: Path, database: Path, default_model: str | None, comparing: Comparing) -> None:
    """Make the database beside its place, whole, and rename it into it."""
    beside = database.with_name(f"{database.name}.new")
    beside.unlink(missing_ok=True)
    with explained(directory):
        connection = connect(beside, "rwc")
        try:
            migrations.create(connection)
            if default_model is not None:
                connection.execute("INSERT INTO setting VALUES ('default_model', ?)", (default_model,))
            if comparing != Comparing():
                said = [("metric", comparing.metric), ("normalised", int(comparing.normalised))]
                connection.executemany("INSERT INTO setting VALUES (?, ?)", said)
        finally:
            connection.close()
    beside.replace(database)
