"""Many queries in one call, beside each in its own."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import ilk
from colour_encoder import COLOURS, ColourEncoder
from galleries import gallery_of, paint
from ilk.gallery import Gallery
from ilk.originals import Originals
from ilk.records import Hits
from stores.making import unit_rows

N, D = 120, 12

OPTIONS: list[dict[str, Any]] = [
    {},
    {"k": 1},
    {"k": 500},
    {"offset": 7},
    {"k": 4, "offset": 118},
    {"offset": 500},
    {"min_similarity": 0.2},
    {"min_similarity": 0.99},
    {"min_relevance": 0.05},
    {"min_relevance": 0.9, "offset": 1},
    {"diverse": 0.5},
    {"group_duplicates": True},
    {"diverse": 0.3, "group_duplicates": True, "offset": 3},
    {"where": "id < '050'"},
    {"where": "nowhere = 1"},
    {"where": "id = '003'", "min_relevance": 0.01},
    {"more": ["001"], "less": ["002", "003"]},
]


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    """Vectors in every direction, some of them twice: enough to tell relevance."""
    rows = unit_rows(N, D)
    rows[60:80] = rows[:20]
    with ilk.create(tmp_path_factory.mktemp("together") / ".ilk") as made:
        made.add(ilk.embeddings([f"{number:03}" for number in range(N)], rows))
        yield made


@pytest.fixture(scope="module")
def queries() -> list[ilk.Query]:
    """Vectors, items, and sums of them."""
    vectors = [ilk.vector(row) for row in unit_rows(40, D, seed=1)]
    items = [ilk.item(f"{number:03}") for number in (0, 5, 65, 119)]
    return [*vectors, *items, items[0] + vectors[0], items[1] - items[3]]


def assert_same(together: Hits, alone: Hits) -> None:
    """Everything that is said of an answer but how long it took; relevances to the digits that a product has."""
    assert len(together) == len(alone)
    for one, other in zip(together, alone, strict=True):
        left, right = one.to_dict(), other.to_dict()
        assert left.pop("relevance") == pytest.approx(right.pop("relevance"), abs=1e-5)
        assert left == right
    for name in ("query", "model", "space", "index", "offset", "next_offset", "note"):
        assert getattr(together, name) == getattr(alone, name)
    assert together.plan is not None
    assert alone.plan is not None
    assert together.plan.steps == alone.plan.steps
    assert [each.way for each in together.plan.stores.values()] == [each.way for each in alone.plan.stores.values()]
    assert isinstance(together.originals, Originals)
    assert str(together.originals.query) == together.query


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_every_option_means_the_same_for_many(
    gallery: Gallery, queries: list[ilk.Query], options: dict[str, Any]
) -> None:
    """The same hits, pages, notes and plans."""
    together = gallery.search_many(queries, **options)
    assert len(together) == len(queries)
    for hits, query in zip(together, queries, strict=True):
        assert_same(hits, gallery.search(query, **options))


@pytest.mark.parametrize("options", [{}, {"k": 2, "offset": 1}, {"min_similarity": 0.3}, {"diverse": 0.4}], ids=str)
@pytest.mark.parametrize("space", ["image", "caption", "both"])
def test_every_space_means_the_same_for_many(tmp_path: Path, space: Any, options: dict[str, Any]) -> None:
    """Texts, items and vectors in one call, of pictures and of what their captions say."""
    for colour in COLOURS:
        paint(tmp_path / f"{colour}.png", colour)
        (tmp_path / f"{colour}.txt").write_text(f"a {colour} thing\n")
    with gallery_of(tmp_path, ColourEncoder()) as made:
        made.add(ilk.folder(tmp_path))
        made.embed_captions()
        asked: list[str | ilk.Query] = [*COLOURS, ilk.item("red.png"), ilk.text("red") + ilk.item("blue.png")]
        for hits, query in zip(made.search_many(asked, space=space, **options), asked, strict=True):
            assert_same(hits, made.search(query, space=space, **options))


def test_many_threads_ask_many_queries_at_once(gallery: Gallery, queries: list[ilk.Query]) -> None:
    """Each gets the answers to its own."""
    shares = [queries[start:] + queries[:start] for start in range(12)]
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(gallery.search_many, shares))
    for share, answers in zip(shares, found, strict=True):
        for query, hits in zip(share, answers, strict=True):
            assert_same(hits, gallery.search(query))
