"""Pages that continue each other."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import ilk
from colour_encoder import ColourEncoder
from ilk.gallery import Gallery
from ilk.records import Neighbour, Space
from ilk.searching.grouping import NEARLY_SAME
from ilk.stores.base import Found, Upsert
from ilk.stores.local import LocalStore
from stores.making import make_item

COUNT = 180


class Careless:
    """A store whose index overlooks a third of what it could find, and always something else for another depth."""

    def __init__(self, store: LocalStore) -> None:
        self.store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def search(  # noqa: PLR0913
        self,
        queries: npt.NDArray[np.float32],
        k: int,
        *,
        space: Space,
        exclude: Collection[str] = (),
        where: Any = None,
        parameters: Mapping[str, float] | None = None,
    ) -> Found:
        found = self.store.search(queries, COUNT, space=space, exclude=exclude, where=where, parameters=parameters)

        def overlooked(near: Neighbour) -> bool:
            return zlib.crc32(f"{near.item.id} {k}".encode()) % 3 == 0

        # What is overlooked is only found where there is nothing else to make up the number.
        rows = [sorted(sorted(row, key=overlooked)[:k], key=lambda near: -near.similarity) for row in found.rows]
        return Found(rows=rows, plan=replace(found.plan, way="index"))


def filled(path: Path) -> LocalStore:
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((COUNT, 4))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    space = Space(
        name="image", model="colour", revision=None, digest="c" * 64, dimension=4, modalities=frozenset({"text"})
    )
    store = LocalStore.create(path / ".ilk", default_model="colour")
    upserts = [
        Upsert(item=make_item(f"{n:03}", captions=("red",) if n % 3 else ()), vector=row.astype(np.float32))
        for n, row in enumerate(rows)
    ]
    with store.writing() as writer:
        writer.add_space(space)
        writer.write(upserts, [], space=space)
    return store


@pytest.fixture(params=["exact", "careless"])
def gallery(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Gallery]:
    """Many vectors in every direction, in a store that finds the nearest, or in one that does not always."""
    store = filled(tmp_path)
    kept: Any = store if request.param == "exact" else Careless(store)
    with Gallery(kept, directory=tmp_path / ".ilk") as made:
        made.models.opened["colour"] = ColourEncoder()
        yield made


def pages(gallery: Gallery, k: int, **options: Any) -> list[ilk.Hits]:
    """All of them, one after the other."""
    found = [gallery.search("red", k=k, **options)]
    while (after := found[-1].next_offset) is not None:
        found.append(gallery.search("red", k=k, offset=after, **options))
    return found


WAYS: list[dict[str, Any]] = [
    {},
    {"diverse": 0.5},
    {"group_duplicates": True},
    {"space": "both"},
    {"space": "both", "diverse": 0.3, "group_duplicates": True},
]


@pytest.mark.parametrize("options", WAYS, ids=str)
@pytest.mark.parametrize("k", [14, 70])
def test_pages_have_everything_once(gallery: Gallery, k: int, options: dict[str, Any]) -> None:
    """No hit comes twice and none is left out between two pages, also where the index overlooks some."""
    found = pages(gallery, k, **options)
    ids = [hit.id for hits in found for hit in hits]
    assert len(set(ids)) == len(ids)
    vectors = gallery.store.vectors(list(gallery.store.ids()), gallery.store.spaces()[0])
    for id_ in set(vectors) - set(ids):  # a leader's page may have been read before this one was found
        assert options.get("group_duplicates")
        assert max(float(vectors[id_] @ vectors[other]) for other in ids) >= NEARLY_SAME
    assert [hit.rank for hits in found for hit in hits] == list(range(1, sum(map(len, found)) + 1))
    assert all(len(hits) == k for hits in found[:-1])


@pytest.mark.parametrize("options", WAYS, ids=str)
def test_a_page_is_the_same_whenever_it_is_asked_for(gallery: Gallery, options: dict[str, Any]) -> None:
    """Whoever begins with the third gets what whoever read the first two gets."""
    third = pages(gallery, 7, **options)[2]
    assert [hit.id for hit in gallery.search("red", k=7, offset=14, **options)] == [hit.id for hit in third]


def test_exact_pages_are_parts_of_one_long_answer(tmp_path: Path) -> None:
    """Whatever the length of the pages."""
    with Gallery(filled(tmp_path), directory=tmp_path / ".ilk") as gallery:
        gallery.models.opened["colour"] = ColourEncoder()
        every = [hit.id for hit in gallery.search("red", k=COUNT)]
        for offset, k in ((0, 10), (13, 29), (170, 20), (179, 1)):
            assert [hit.id for hit in gallery.search("red", k=k, offset=offset)] == every[offset : offset + k]


def test_more_than_there_are_costs_no_more(gallery: Gallery) -> None:
    """A k of a thousand million is as many as there are."""
    hits = gallery.search("red", k=10**9)
    assert (len(hits), hits.next_offset) == (COUNT, None)
    assert len(gallery.search("red", k=10**9, space="both")) == COUNT
    assert len(gallery.search("red", k=10**30)) == COUNT


@pytest.mark.parametrize("options", WAYS, ids=str)
def test_beyond_the_end_there_is_nothing_and_it_is_said(gallery: Gallery, options: dict[str, Any]) -> None:
    """How many there are stands in the note."""
    hits = gallery.search("red", k=5, offset=10**6, **options)
    assert (len(hits), hits.next_offset) == (0, None)
    assert hits.note is not None
    assert "1,000,000 were to be passed over" in hits.note


def test_a_floor_cuts_pages_off_where_it_should(gallery: Gallery) -> None:
    """The hits that pass are the same with and without pages."""
    every = {hit.id for hit in gallery.search("red", k=COUNT, min_similarity=0.5)}
    paged = {hit.id for hits in pages(gallery, 11, min_similarity=0.5) for hit in hits}
    assert every
    assert paged == every
