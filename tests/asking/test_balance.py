from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

import ilk
from colour_encoder import ColourEncoder
from galleries import gallery_of, paint
from ilk.asking import Asking
from ilk.asking.balance import combined, sentence, spreads
from ilk.errors import QueryError
from ilk.gallery import Gallery
from ilk.query import Query

Rows = npt.NDArray[np.float32]


def unit(rows: npt.ArrayLike) -> Rows:
    array = np.asarray(rows, np.float32)
    return np.asarray(array / np.linalg.norm(array, axis=-1, keepdims=True), np.float32)


def gallery_rows(n: int = 500, d: int = 16) -> Rows:
    """Pictures that differ much along the first axis and little along the others, all of them near the last."""
    rows = np.random.default_rng(0).standard_normal((n, d)) * 0.1
    rows[:, 0] *= 10
    rows[:, -1] += 2
    return unit(rows)


def sampled(rows: Rows) -> Callable[[], Rows]:
    return lambda: rows


@pytest.fixture
def gallery(tmp_path: Path) -> Iterator[Gallery]:
    folder = tmp_path / "photos"
    for name in ("red", "green", "blue", "yellow", "black", "white"):
        paint(folder / f"{name}.png", name)
    paint(folder / "pink.png", (255, 128, 128))
    with gallery_of(folder, ColourEncoder()) as made:
        made.add(ilk.folder(folder))
        yield made


def vector_of(gallery: Gallery, query: Query) -> Rows:
    space = gallery.models.space()
    asking = Asking(queries=[query], space=space, store=gallery.store, base=gallery.base, open_encoder=gallery.encoder)
    [row] = asking.vectors()
    return np.asarray(row, np.float32)


def test_a_single_term_is_its_own_vector(gallery: Gallery) -> None:
    """Whatever its weight: nothing is balanced where there is nothing to balance with."""
    expected = ColourEncoder().encode_texts(["red"])[0]
    np.testing.assert_array_equal(vector_of(gallery, ilk.text("red")), expected)
    np.testing.assert_array_equal(vector_of(gallery, 5 * ilk.text("red")), expected)


def test_terms_count_alike_whatever_they_vary() -> None:
    """Of a term that tells pictures apart much and one that does so little, each moves the order of hits as much."""
    pictures = gallery_rows()
    rows = unit([np.eye(16)[0], np.eye(16)[1] + 0.1 * np.eye(16)[-1]])
    first, second = (pictures @ rows.T).T
    assert first.std() > 5 * second.std()
    query = ilk.vector(rows[0]) + ilk.vector(rows[1])
    found = pictures @ combined(query, rows, None, sampled(pictures))
    plain = pictures @ (rows[0] + rows[1])
    assert abs(np.corrcoef(found, second)[0, 1] - np.corrcoef(found, first)[0, 1]) < 0.1
    assert np.corrcoef(plain, second)[0, 1] < 0.3
    assert np.corrcoef(found, second)[0, 1] > 0.6


def test_a_gap_between_modalities_changes_no_order() -> None:
    """Words moved away from pictures, all by the same, rank the same pictures as words among them."""
    pictures = gallery_rows()
    rows = unit(np.random.default_rng(1).standard_normal((2, 16)))
    query = ilk.vector(rows[0]) + ilk.vector(rows[1])
    plain = pictures @ combined(query, rows, None, sampled(pictures))
    wide = np.hstack([pictures, np.zeros((len(pictures), 1), np.float32)])
    moved = unit([np.append(rows[0], 0), np.append(rows[1], 3)])
    apart = wide @ combined(query, moved, None, sampled(wide))
    assert np.corrcoef(apart, plain)[0, 1] > 0.999
    naive = wide @ (moved[0] + moved[1])
    assert np.corrcoef(naive, plain)[0, 1] < 0.99


def test_the_sum_is_a_unit_vector_and_its_similarity_a_cosine(gallery: Gallery) -> None:
    """Of the very vector that is searched with and the one that is stored."""
    query = ilk.text("red") + 0.5 * ilk.item("white.png") - ilk.text("green")
    asked = vector_of(gallery, query)
    assert np.linalg.norm(asked) == pytest.approx(1, abs=1e-6)
    stored = gallery.store.vectors(list(gallery.store.ids()), gallery.models.space())
    for hit in gallery.search(query, k=10):
        assert hit.similarity == pytest.approx(float(asked @ stored[hit.id]), abs=1e-5)


def test_a_heavier_term_counts_more(gallery: Gallery) -> None:
    """The nearer the sum is to it."""
    red = ColourEncoder().encode_texts(["red"])[0]
    nearness = [vector_of(gallery, weight * ilk.text("red") + ilk.item("blue.png")) @ red for weight in (0.25, 1, 4)]
    assert nearness == sorted(nearness)
    assert nearness[2] - nearness[0] > 0.2


def test_texts_that_are_added_are_also_read_together() -> None:
    """Those that are taken away are not, nor what is no text, nor what would be too long to be a sentence."""
    assert (
        sentence((ilk.text("a dog") + ilk.text("snow") - ilk.text("people") + ilk.item("x")).terms) == "a dog and snow"
    )
    assert sentence((ilk.text("a dog") - ilk.text("people") + ilk.item("x")).terms) is None
    assert sentence((ilk.text("a" * 150) + ilk.text("b" * 150)).terms) is None


def test_where_nothing_varies_the_terms_are_simply_added() -> None:
    """In a gallery of copies, and in one of which nothing is stored yet."""
    rows = unit(np.random.default_rng(0).standard_normal((3, 16)))
    for sample in (np.repeat(gallery_rows(1), 9, axis=0), np.empty((0, 16), np.float32)):
        np.testing.assert_array_equal(spreads(rows, sample), np.ones(3))


def test_a_small_gallery_says_little_of_its_spread() -> None:
    """With two pictures that happen to be equally like one term, that term does not count a hundredfold."""
    rows = unit(np.eye(16)[:2])
    measured = spreads(rows, unit([[1, 0.5, 1, *[0] * 13], [1, 0.5001, -1, *[0] * 13]]))
    assert max(measured) / min(measured) < 1.5


@pytest.mark.parametrize("written", ["- people", "- people - item:red.png", "- 2:people"])
def test_nothing_but_what_is_not_wanted_is_refused(gallery: Gallery, written: str) -> None:
    """In any number of terms, with what to do."""
    with pytest.raises(QueryError, match="add what to look for"):
        gallery.search(ilk.query.parse(written.split(" ")))


@pytest.mark.parametrize("query", [ilk.text("red") - ilk.text("red"), ilk.text("red") - 0.5 * (2 * ilk.text("red"))])
def test_terms_that_cancel_out_are_refused(gallery: Gallery, query: Query) -> None:
    """Though less is taken away for a minus than is added for a plus."""
    with pytest.raises(QueryError, match="cancel out"):
        gallery.search(query)
