"""A store that is too simple to be wrong: dictionaries, and every similarity computed for every query."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Self

import numpy as np
import numpy.typing as npt

from ilk.errors import GalleryLockedError, InputError, ModelMismatchError
from ilk.filters import Filter
from ilk.plans import Plan
from ilk.records import Comparing, Failure, GalleryInfo, IndexState, Item, Metadata, Neighbour, Space
from ilk.stores.base import Description, Found, Kept, Known, Upsert

Vector = npt.NDArray[np.float16]


class ReferenceStore:
    """Everything in memory; it is its own writer."""

    def __init__(self, *, default_model: str | None = None) -> None:
        self.default_model = default_model
        self.comparing = Comparing()
        self.items: dict[str, Item] = {}
        self.failed: dict[str, Failure] = {}
        self.stored: dict[Space, dict[str, Vector]] = {}
        self.pictures: dict[str, Kept] = {}
        self.own: dict[str, Metadata] = {}
        self.samples: dict[Space, npt.NDArray[np.float32]] = {}
        self.noted: set[str] | None = None
        self.saved: set[str] = set()
        self.locked = False

    def close(self) -> None:
        """Nothing to let go of."""

    def spaces(self) -> tuple[Space, ...]:
        """As promised."""
        return tuple(self.stored)

    def count(self) -> int:
        """As promised."""
        return len(self.items)

    def lookup(self, ids: Sequence[str], space: Space) -> Mapping[str, Known]:
        """As promised."""
        of_items = {
            id_: Known(
                stamp=self.items[id_].stamp,
                digest=self.items[id_].digest,
                encoded=id_ in self.stored.get(space, {}),
                failed=False,
            )
            for id_ in ids
            if id_ in self.items
        }
        of_failures = {
            id_: Known(
                stamp=self.failed[id_].stamp, digest=None, encoded=False, failed=True, code=self.failed[id_].code
            )
            for id_ in ids
            if id_ in self.failed
        }
        return of_items | of_failures

    def count_vectors(self, space: Space) -> int:
        """As promised."""
        return len(self.stored.get(space, {}))

    def count_lacking(self, space: Space) -> int:
        """As promised."""
        return sum(bool(item.captions) and id_ not in self.stored.get(space, {}) for id_, item in self.items.items())

    def find_digest(self, digest: str, space: Space | None) -> tuple[str, ...]:
        """As promised."""
        if space is None:
            return tuple(item.id for item in self.items.values() if item.digest == digest)
        return tuple(id_ for id_ in self.stored.get(space, {}) if self.items[id_].digest == digest)

    def fetch(self, ids: Sequence[str]) -> Mapping[str, Item]:
        """As promised."""
        return {id_: self.items[id_] for id_ in ids if id_ in self.items}

    def fields(self) -> tuple[str, ...]:
        """As promised."""
        return tuple(sorted({name for item in self.items.values() for name in item.metadata}))

    def saved_fields(self) -> frozenset[str]:
        """As promised."""
        return frozenset(self.saved)

    def kept(self, id: str) -> Kept | None:  # noqa: A002
        """As promised."""
        return self.pictures.get(id)

    def failures(self, *, limit: int | None = None) -> tuple[Failure, ...]:
        """As promised."""
        return tuple(sorted(self.failed.values(), key=lambda failure: (failure.code, failure.id))[:limit])

    def ids(self) -> Iterator[str]:
        """As promised."""
        yield from list(self.items)

    def vectors(self, ids: Sequence[str], space: Space) -> Mapping[str, npt.NDArray[np.float32]]:
        """As promised."""
        stored = self.stored.get(space, {})
        return {id_: stored[id_].astype(np.float32) for id_ in ids if id_ in stored}

    def search(  # noqa: PLR0913 -- as the protocol has it
        self,
        queries: npt.NDArray[np.float32],
        k: int,
        *,
        space: Space,
        exclude: Collection[str] = (),
        where: Filter | None = None,
        parameters: Mapping[str, float] | None = None,
    ) -> Found:
        """Compute everything, sort everything."""
        if queries.ndim != 2 or queries.shape[1] != space.dimension:
            raise InputError("not rows of the space")
        answers = []
        for query in queries:
            near = [
                (-similarity(query, vector), id_)
                for id_, vector in self.stored.get(space, {}).items()
                if id_ not in exclude and (where is None or where.matches(self.items[id_]))
            ]
            answers.append([Neighbour(item=self.items[id_], similarity=-less) for less, id_ in sorted(near)[:k]])
        return Found(rows=answers, plan=Plan(index="exact", way="scan", vectors=self.count_vectors(space)))

    def sample(self, space: Space, count: int) -> npt.NDArray[np.float32]:
        """As promised: every so many, made again only when they are others."""
        stored = [vector.astype(np.float32) for vector in self.stored.get(space, {}).values()]
        m = min(count, len(stored))
        rows = np.array([stored[i * len(stored) // m] for i in range(m)], np.float32).reshape(m, space.dimension)
        known = self.samples.get(space)
        if known is None or not np.array_equal(known, rows):
            self.samples[space] = known = rows
        return known

    def match_words(
        self, queries: Sequence[Sequence[str]], k: int, *, where: Filter | None = None
    ) -> list[list[tuple[str, float]]]:
        """Score every caption for every query, as the formula is printed."""
        texts = [(item.id, tokens(text)) for item in self.items.values() for text in item.captions]
        answers = []
        for query in queries:
            best: dict[str, float] = {}
            for id_, text in texts:
                score = bm25([tokens(word) for word in query], text, [each for _, each in texts])
                if score > 0 and (where is None or where.matches(self.items[id_])):
                    best[id_] = max(score, best.get(id_, 0.0))
            answers.append(sorted(best.items(), key=lambda pair: (-pair[1], pair[0]))[:k])
        return answers

    def has_captions(self) -> bool:
        """As promised."""
        return any(item.captions for item in self.items.values())

    def index_name(self, space: Space) -> str:
        """As promised."""
        return "exact"

    def info(self) -> GalleryInfo:
        """As promised, with nothing on any disk."""
        return GalleryInfo(
            path="",
            items=len(self.items),
            captions=sum(len(item.captions) for item in self.items.values()),
            failures=Counter(failure.code for failure in self.failed.values()),
            spaces=tuple(
                IndexState(space=space, vectors=len(vectors), index="exact", indexed=0, deleted=0, size_bytes=0)
                for space, vectors in self.stored.items()
            ),
            size_bytes=0,
            schema_version=1,
            created_at="",
            updated_at="",
        )

    def check(self) -> tuple[str, ...]:
        """Nothing can go wrong."""
        return ()

    def writing(self) -> Self:
        """Itself."""
        return self

    def __enter__(self) -> Self:
        if self.locked:
            raise GalleryLockedError("locked")
        self.locked = True
        return self

    def __exit__(self, *exc: object) -> None:
        self.locked = False

    def add_space(self, space: Space) -> None:
        """As promised."""
        for old in self.stored:
            if (old.name, old.digest) == (space.name, space.digest) and old.model != space.model:
                renamed = replace(old, model=space.model, revision=space.revision)
                self.stored = {renamed if each == old else each: held for each, held in self.stored.items()}
                self.default_model = space.model if self.default_model == old.model else self.default_model
                return
        self.stored.setdefault(space, {})

    def write(self, upserts: Sequence[Upsert], failures: Sequence[Failure], *, space: Space) -> None:
        """As promised, in the plainest way."""
        if space not in self.stored:
            raise ModelMismatchError("no such space")
        for upsert in upserts:
            _check(upsert, space)
        self._rename({u.moved_from: u.item.id for u in upserts if u.moved_from in self.items and u.moved_from})
        for upsert in upserts:
            self._put(upsert.item)
            self.own |= {} if upsert.own_metadata is None else {upsert.item.id: upsert.own_metadata}
            self.pictures |= {} if upsert.kept is None else {upsert.item.id: upsert.kept}
            if upsert.vector is not None:
                self.stored[space][upsert.item.id] = upsert.vector.astype(np.float16)
        for upsert in upserts:
            id_ = upsert.item.id
            if id_ not in self.stored[space] and space.name == "image":
                same = self.find_digest(upsert.item.digest, space)
                if same:
                    self.stored[space][id_] = self.stored[space][same[0]]
        for failure in failures:
            self._remove(failure.id)
            self.failed[failure.id] = failure

    def describe(self, descriptions: Sequence[Description]) -> frozenset[str]:
        """As promised: an item written again, of the same bytes."""
        done = set[str]()
        for said in descriptions:
            old = self.items.get(said.id)
            if old is None or said.id not in self.own or (old.source != said.source and old.uri != said.uri):
                continue
            metadata = {**self.own[said.id], **said.metadata}
            self._put(
                replace(
                    old, uri=said.uri, source=said.source, stamp=said.stamp, captions=said.captions, metadata=metadata
                )
            )
            done.add(said.id)
        return frozenset(done)

    def save_fields(self, values: Mapping[str, Metadata]) -> int:
        """As promised, field by field."""
        for field in {field for fields in values.values() for field in fields} - self.saved:
            if not field.isidentifier() or any(field in item.metadata for item in self.items.values()):
                raise InputError("no name for a saved field")
            self.saved.add(field)
        there = [id_ for id_ in values if id_ in self.items]
        for id_ in there:
            after = {**self.items[id_].metadata, **values[id_]}
            gone = {field for field, value in values[id_].items() if value is None}
            metadata = {field: value for field, value in after.items() if field not in gone}
            self.items[id_] = replace(self.items[id_], metadata=metadata)
        return len(there)

    def forget_failures(self) -> int:
        """As promised."""
        forgotten = len(self.failed)
        self.failed.clear()
        return forgotten

    def begin_sweep(self) -> None:
        """As promised."""
        self.noted = set()

    def still_there(self, ids: Sequence[str]) -> None:
        """As promised."""
        assert self.noted is not None
        self.noted.update(ids)

    def unnoted(self, *, source: str, scope: str) -> list[tuple[str, str]]:
        """As promised."""
        noted = self.noted
        assert noted is not None
        records: list[Item | Failure] = [*self.items.values(), *self.failed.values()]
        of_kind = [each for each in records if each.source == source and each.id.startswith(scope)]
        return [(each.id, each.uri) for each in of_kind if each.id not in noted]

    def spare(self, *, source: str, scope: str) -> int:
        """As promised."""
        ids = [id_ for id_, _ in self.unnoted(source=source, scope=scope)]
        self.still_there(ids)
        return sum(id_ in self.items for id_ in ids)

    def sweep(self, *, source: str, scope: str) -> int:
        """As promised."""
        ids = [id_ for id_, _ in self.unnoted(source=source, scope=scope)]
        self.failed = {id_: failure for id_, failure in self.failed.items() if id_ not in ids}
        return self.delete(ids)

    def delete(self, ids: Sequence[str]) -> int:
        """As promised."""
        return sum(self._remove(id_) for id_ in ids)

    def drop_space(self, space: Space) -> int:
        """As promised."""
        if space not in self.stored:
            raise ModelMismatchError("no such space")
        removed = len(self.stored.pop(space))
        if not space.modalities:
            bare = [id_ for id_ in self.items if not any(id_ in held for held in self.stored.values())]
            self.delete([id_ for id_ in bare if self.items[id_].source == space.model])
        images = [each.model for each in self.stored if each.name == "image"]
        if images and self.default_model == space.model and space.model not in {each.model for each in self.stored}:
            self.default_model = images[-1]
        return removed

    def compact(self) -> None:
        """There is no disk."""

    def want_index(self, space: Space, factory: str) -> None:
        """There is no index."""

    def wants_probes(self, space: Space) -> bool:
        """There is no index."""
        return False

    def give_probes(self, space: Space, vectors: npt.NDArray[np.float32]) -> None:
        """There is no index."""

    def refresh_index(self) -> None:
        """There is no index."""

    def _rename(self, moves: Mapping[str, str]) -> None:
        moving = {new: (self.items[old], self._vectors_of(old)) for old, new in moves.items()}
        pictures = {new: self.pictures[old] for old, new in moves.items() if old in self.pictures}
        own = {new: self.own[old] for old, new in moves.items() if old in self.own}
        for id_ in {*moves, *moving}:
            self._remove(id_)
        self.pictures |= pictures
        self.own |= own
        for id_, (item, vectors) in moving.items():
            self.items[id_] = replace(item, id=id_)
            for space, vector in vectors.items():
                self.stored[space][id_] = vector

    def _put(self, item: Item) -> None:
        old = self.items.get(item.id)
        if old is not None and old.digest != item.digest:
            self.pictures.pop(item.id, None)
            self.own.pop(item.id, None)
        for space, vectors in self.stored.items():
            seen = old is not None and old.size_bytes > 0
            other_picture = seen and old is not None and old.digest != item.digest and space.name == "image"
            other_texts = old is not None and old.captions != item.captions and space.name == "caption"
            if other_picture or other_texts:
                vectors.pop(item.id, None)
        self.failed.pop(item.id, None)
        if old is not None and old.digest == item.digest:
            kept = {field: value for field, value in old.metadata.items() if field in self.saved}
            item = replace(item, metadata={**item.metadata, **kept})
        self.items[item.id] = item

    def _vectors_of(self, id_: str) -> dict[Space, Vector]:
        return {space: vectors[id_] for space, vectors in self.stored.items() if id_ in vectors}

    def _remove(self, id_: str) -> bool:
        for vectors in self.stored.values():
            vectors.pop(id_, None)
        self.pictures.pop(id_, None)
        self.own.pop(id_, None)
        return self.items.pop(id_, None) is not None


def _check(upsert: Upsert, space: Space) -> None:
    if upsert.vector is None:
        return
    if upsert.vector.shape != (space.dimension,):
        raise ModelMismatchError("another dimension")
    if not abs(float(np.linalg.norm(upsert.vector)) - 1) < 1e-3:
        raise InputError("not unit")


def similarity(query: npt.NDArray[np.float32], vector: Vector) -> float:
    """The inner product, exactly, rounded to float32 once."""
    products = [float(a) * float(b) for a, b in zip(query, vector, strict=True)]
    return float(np.float32(min(1.0, max(-1.0, math.fsum(products)))))


def tokens(text: str) -> list[str]:
    """The words of a text: runs of letters and digits, without case and diacritics."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return re.findall(r"[^\W_]+", "".join(letter for letter in plain if not unicodedata.combining(letter)))


def bm25(phrases: Sequence[Sequence[str]], text: Sequence[str], texts: Sequence[Sequence[str]]) -> float:
    """Robertson and Zaragoza 2009, equation 3.15, with FTS5's k1 and b and its floor under what is in most texts."""
    average = sum(map(len, texts)) / len(texts)
    total = 0.0
    for phrase in phrases:
        times = occurrences(phrase, text)
        having = sum(1 for each in texts if occurrences(phrase, each))
        rarity = max(1e-6, math.log((len(texts) - having + 0.5) / (having + 0.5)))
        total += rarity * times * 2.2 / (times + 1.2 * (0.25 + 0.75 * len(text) / average))
    return total


def occurrences(phrase: Sequence[str], text: Sequence[str]) -> int:
    """How often a phrase stands in a text."""
    return sum(1 for i in range(len(text)) if phrase and list(text[i : i + len(phrase)]) == list(phrase))
