"""A gallery on a plane."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import ilk
from ilk.analysis.projection import project
from ilk.errors import InputError, MissingExtraError
from ilk.gallery import Gallery


def gallery_of(folder: Path, vectors: np.ndarray, fields: list[dict[str, str]] | None = None) -> Gallery:
    """A gallery of these vectors, with ids in order."""
    gallery = ilk.create(folder / ".ilk")
    gallery.add(ilk.embeddings([f"a/{n:04d}" for n in range(len(vectors))], vectors, fields))
    return gallery


def unit(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def two_groups(count: int = 40, dimension: int = 24) -> np.ndarray:
    """Rows around two directions: the even ones around one, the odd ones around the other."""
    random = np.random.default_rng(3)
    rows = random.normal(size=(count, dimension)) * 0.1
    rows[::2, 0] += 1
    rows[1::2, 1] += 1
    return unit(rows)


def test_places_are_the_principal_components(tmp_path: Path) -> None:
    """As numpy's singular value decomposition of the centred vectors gives them, up to scale and sign."""
    vectors = unit(np.random.default_rng(0).normal(size=(300, 16)) * np.linspace(1, 3, 16))
    with gallery_of(tmp_path, vectors) as gallery:
        found = project(gallery)
    centred = vectors.astype(np.float64) - vectors.mean(axis=0)
    _, singular, axes = np.linalg.svd(centred, full_matrices=False)
    wanted = centred @ axes[:2].T
    for column in range(2):
        assert abs(np.corrcoef(found.places[:, column], wanted[:, column])[0, 1]) > 0.9999
    shares = singular**2 / (singular**2).sum()
    assert found.explained == pytest.approx(tuple(shares[:2]), abs=1e-3)
    ratio = np.ptp(found.places[:, 0]) / np.ptp(found.places[:, 1])
    assert ratio == pytest.approx(np.ptp(wanted[:, 0]) / np.ptp(wanted[:, 1]), rel=1e-2), "both axes to one scale"
    assert np.abs(found.places).max() == pytest.approx(1)


def test_what_is_alike_lies_together(tmp_path: Path) -> None:
    """Two groups are apart, and the same gallery gives the same map."""
    with gallery_of(tmp_path, two_groups()) as gallery:
        first, again = project(gallery), project(gallery)
    assert (first.places == again.places).all()
    even, odd = first.places[::2, 0], first.places[1::2, 0]
    assert even.max() < odd.min() or odd.max() < even.min()
    assert [item.id for item in first.items] == [f"a/{n:04d}" for n in range(40)]


def test_a_sample_is_drawn_by_lot_and_said_to_be(tmp_path: Path) -> None:
    """The same each time, in the order of the gallery, from all of it."""
    with gallery_of(tmp_path, two_groups(200)) as gallery:
        found = project(gallery, n=20)
        ids = [item.id for item in found.items]
        assert ids == [item.id for item in project(gallery, n=20).items]
        assert (len(found), found.total) == (20, 200)
        assert ids == sorted(ids)
        assert ids[0] < "a/0100" < ids[-1]
        assert len(project(gallery, n=None)) == 200


def test_a_filter_says_what_is_on_the_map(tmp_path: Path) -> None:
    """And the sample is of what matches."""
    fields = [{"kind": "even" if n % 2 == 0 else "odd"} for n in range(40)]
    with gallery_of(tmp_path, two_groups(), fields) as gallery:
        found = project(gallery, where='kind = "odd"', n=5)
        assert (len(found), found.total) == (5, 20)
        assert found.values("kind") == ["odd"] * 5
        assert len(project(gallery, where='kind = "none"')) == 0


def test_fields_are_read_and_missing_ones_named(tmp_path: Path) -> None:
    """The folder is one; a field that nothing has is refused with those there are."""
    fields: list[dict[str, str]] = [{"kind": "x"}, {}, {}]
    with gallery_of(tmp_path, two_groups(3), fields) as gallery:
        found = project(gallery)
    assert found.values("kind") == ["x", None, None]
    assert found.values("folder") == ["a", "a", "a"]
    with pytest.raises(InputError, match=r'No item has a field "colour"\. There are: folder, kind'):
        found.values("colour")
    assert found.to_dict("kind")["items"][0] == {
        "id": "a/0000",
        "x": pytest.approx(float(found.places[0, 0]), abs=1e-4),
        "y": pytest.approx(float(found.places[0, 1]), abs=1e-4),
        "kind": "x",
    }


@pytest.mark.parametrize(("count", "dimension"), [(1, 8), (2, 8), (3, 1), (5, 2)])
def test_few_items_and_few_dimensions_have_places_too(tmp_path: Path, count: int, dimension: int) -> None:
    """All finite, within the square."""
    vectors = unit(np.random.default_rng(1).normal(size=(count, dimension)))
    with gallery_of(tmp_path, vectors) as gallery:
        found = project(gallery)
    assert found.places.shape == (count, 2)
    assert np.isfinite(found.places).all()
    assert np.abs(found.places).max() <= 1.0001


def test_items_all_alike_lie_in_the_middle(tmp_path: Path) -> None:
    """Rather than being torn apart by rounding."""
    with gallery_of(tmp_path, unit(np.ones((6, 12)))) as gallery:
        found = project(gallery)
    assert not found.places.any()
    assert found.explained == (0, 0)


@pytest.mark.parametrize(
    ("arguments", "said"), [({"method": "tsne"}, '"pca" or "umap"'), ({"n": 0}, "at least one item")]
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, arguments: dict[str, object], said: str) -> None:
    """In one sentence."""
    with gallery_of(tmp_path, two_groups(6)) as gallery, pytest.raises(InputError, match=said):
        project(gallery, **arguments)  # type: ignore[arg-type]


def test_without_umap_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to install."""
    monkeypatch.setitem(sys.modules, "umap", None)
    with (
        gallery_of(tmp_path, two_groups(6)) as gallery,
        pytest.raises(MissingExtraError, match=r'pip install "ilk\[map\]"'),
    ):
        project(gallery, method="umap")


class Stub(ModuleType):
    """A library of the name that umap-learn has, which notes how it is used."""

    def __init__(self) -> None:
        super().__init__("umap")
        self.settings: dict[str, Any] = {}
        self.UMAP = self._make

    def _make(self, **settings: Any) -> Stub:
        self.settings = settings
        return self

    def fit_transform(self, vectors: np.ndarray) -> np.ndarray:
        return 10 + 3 * vectors[:, :2]


def test_umap_is_given_the_vectors_and_a_seed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it answers is centred and scaled; its axes explain nothing. Too few items for it are refused."""
    stub = Stub()
    monkeypatch.setitem(sys.modules, "umap", stub)
    vectors = two_groups(10)
    with gallery_of(tmp_path, vectors) as gallery:
        found = project(gallery, method="umap")
        with pytest.raises(InputError, match="arranges 5 items or more, and there are 4"):
            project(gallery, method="umap", n=4)
    assert stub.settings["random_state"] is not None
    assert (stub.settings["metric"], stub.settings["n_neighbors"]) == ("cosine", 9)
    assert np.corrcoef(found.places[:, 0], vectors[:, 0])[0, 1] == pytest.approx(1, abs=1e-3)
    assert np.abs(found.places).max() == pytest.approx(1)
    assert found.explained is None


@pytest.mark.skipif("ILK_TEST_UMAP" not in os.environ, reason="it compiles for half a minute: ILK_TEST_UMAP=1 runs it")
def test_umap_keeps_neighbours_together(tmp_path: Path) -> None:
    """Of each item of two groups, the nearest on the map is of its own, and a second map is the same."""
    with gallery_of(tmp_path, two_groups(60)) as gallery:
        found, again = project(gallery, method="umap"), project(gallery, method="umap")
    assert (found.places == again.places).all()
    apart = np.linalg.norm(found.places[:, None] - found.places[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    assert (apart.argmin(axis=1) % 2 == np.arange(60) % 2).mean() > 0.9
