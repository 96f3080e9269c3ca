from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import numpy.typing as npt
import pytest

from colour_encoder import ColourEncoder
from ilk.relevance import NOTHING, Background, nothing_below
from ilk.relevance.background import FEWEST, SAMPLE
from ilk.relevance.phrases import MEANINGFUL, MEANINGLESS, NOISE
from ilk.relevance.probes import PHRASES, Probes
from ilk.stores.local import LocalStore
from stores.making import make_space, make_upserts

Rows = npt.NDArray[np.float32]
D = 32


def unit(rows: npt.ArrayLike) -> Rows:
    array = np.asarray(rows, np.float32)
    return np.asarray(array / np.linalg.norm(array, axis=-1, keepdims=True), np.float32)


class Reader(ColourEncoder):
    """Reads each phrase as a direction of its own, and those without meaning as nearly the same one.

    Parameters
    ----------
    move
        What is done to every vector: another model's space.
    """

    dimension = D

    def __init__(self, *, move: Rows | None = None, digest: str = "a") -> None:
        super().__init__(digest=digest.ljust(64, "0"))
        self.move = np.eye(D, dtype=np.float32) if move is None else move
        self.read = 0

    def encode_texts(self, texts: Sequence[str], *, normalise: bool = True) -> Rows:
        """Random, but the same for the same text."""
        self.read += len(texts)
        rows = []
        for text in texts:
            row = np.random.default_rng(list(text.encode())).standard_normal(D)
            row[0] = 12 if text in MEANINGLESS or text in NOISE or text.startswith("zz") else 2
            rows.append(row)
        return unit(unit(rows) @ self.move)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own for each test, and nothing remembered from others."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("ilk.relevance.probes._known", {})
    return tmp_path / "cache" / "ilk" / "phrases"


def pictures(n: int = 400) -> Rows:
    """Some fifty kinds of picture, around the directions of the first phrases."""
    kinds = Reader().encode_texts(MEANINGFUL[:50])
    noise = np.random.default_rng(0).standard_normal((n, D)) * 0.08
    return unit(kinds[np.arange(n) % 50] + noise)


def background(rows: Rows, encoder: Reader | None = None) -> Background:
    made = encoder or Reader()
    return Background(sample=rows, open_encoder=lambda: made)


def best(found: Background, rows: Rows, query: Rows, asked: str = "text") -> float:
    [relevance] = found.relevance(query, [float((rows @ query).max())], asked=asked) or []  # type: ignore[arg-type]
    return relevance


def test_what_is_there_is_relevant_and_what_is_not_is_not() -> None:
    """Of phrases that pictures are of, of others, and of words without meaning, the first stand out."""
    rows, encoder = pictures(), Reader()
    found = background(rows, encoder)
    there = [best(found, rows, query) for query in encoder.encode_texts(MEANINGFUL[:50])]
    elsewhere = [best(found, rows, query) for query in encoder.encode_texts([f"unseen {n}" for n in range(50)])]
    nonsense = [best(found, rows, query) for query in encoder.encode_texts([f"zz {n}" for n in range(50)])]
    assert np.greater.outer(there, elsewhere).mean() > 0.85
    assert np.greater.outer(elsewhere, nonsense).mean() > 0.9
    assert max(nonsense) < NOTHING < min(there)


@pytest.mark.parametrize("asked", ["text", "image", "other"])
def test_a_relevance_is_a_probability_that_rises_with_the_similarity(asked: str) -> None:
    """Between 0 and 1, in the order of the hits, for every kind of query."""
    found = background(pictures())
    relevances = found.relevance(pictures()[0], [1.0, 0.9, 0.5, 0.0, -1.0], asked=asked)  # type: ignore[arg-type]
    assert relevances is not None
    assert relevances == sorted(relevances, reverse=True)
    assert len(set(relevances)) == 5
    assert min(relevances) >= 0
    assert max(relevances) <= 1
    assert max(relevances) > 2 * NOTHING


def test_a_model_turned_and_stretched_says_the_same() -> None:
    """Relevances are of how far hits stand above the rest, not of cosines: a model with others gives them alike."""
    turned = np.linalg.qr(np.random.default_rng(1).standard_normal((D, D)))[0].astype(np.float32)
    rows = pictures()
    plain, moved = background(rows), background(rows @ turned, Reader(move=turned, digest="b"))
    squeezed_rows = unit(np.hstack([rows, np.full((len(rows), 1), 2, np.float32)]))

    class Squeezed(Reader):
        """All that is said is far from all that is seen, and everything seen is near everything."""

        dimension = D + 1

        def encode_texts(self, texts: Sequence[str], *, normalise: bool = True) -> Rows:
            told = super().encode_texts(texts, normalise=normalise)
            return unit(np.hstack([told, np.full((len(told), 1), -1, np.float32)]))

    squeezed = background(squeezed_rows, Squeezed(digest="c"))
    for text in (MEANINGFUL[0], "something else", "zz"):
        expected = best(plain, rows, Reader().encode_texts([text])[0])
        turned_row = Reader(move=turned).encode_texts([text])[0]
        assert best(moved, rows @ turned, turned_row) == pytest.approx(expected, abs=0.005)
        [row] = Squeezed().encode_texts([text])
        assert best(squeezed, squeezed_rows, row) == pytest.approx(expected, abs=0.05)
        assert (squeezed_rows @ row).max() < 0.2


def test_a_few_pictures_have_no_background() -> None:
    """Nobody knows what is common among them, and nothing is made up; no model is opened for it."""
    encoder = Reader()
    assert background(pictures(FEWEST - 1), encoder).relevance(pictures()[0], [0.9], asked="text") is None
    assert encoder.read == 0
    assert background(pictures(FEWEST), encoder).relevance(pictures()[0], [0.9], asked="text")


@pytest.mark.parametrize("asked", ["text", "image", "other"])
def test_copies_of_one_picture_tell_nothing(asked: str) -> None:
    """Where nothing varies nothing stands out, and no number is made up."""
    found = background(np.repeat(pictures(1), 100, axis=0))
    assert found.relevance(pictures(1)[0], [1.0, 0.2], asked=asked) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("asked", ["text", "image", "other"])
def test_what_stands_far_above_all_else_overflows_nothing(asked: str) -> None:
    """In a gallery that hardly varies, a relevance is still a number from 0 to 1."""
    rows = unit(np.eye(D)[:1] + 1e-2 * np.random.default_rng(0).standard_normal((100, D)))
    relevances = background(rows).relevance(rows[0], [1.0, -1.0], asked=asked)  # type: ignore[arg-type]
    assert relevances is not None
    assert relevances[1] < 1e-9


def test_the_background_is_of_the_gallery_as_it_is(tmp_path: Path) -> None:
    """The same for as long as nothing is written, another after; of a sample, however large the gallery is."""
    space = make_space("reader", dimension=D)
    with LocalStore.create(tmp_path / "gallery") as store:
        with store.writing() as writer:
            writer.add_space(space)
            writer.write(make_upserts([f"{n}" for n in range(1500)], pictures(1500)), [], space=space)
        first = Background.of(store, space, open_encoder=Reader)
        assert Background.of(store, space, open_encoder=Reader) is first
        assert first.sample.shape == (SAMPLE, D)
        with store.writing() as writer:
            writer.delete(["0"])
        assert Background.of(store, space, open_encoder=Reader) is not first


def test_the_background_of_a_moment_is_known_without_asking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a search was answered at tells that nothing was written since, and that something was."""
    space = make_space("reader", dimension=D)
    with LocalStore.create(tmp_path / "gallery") as store:
        with store.writing() as writer:
            writer.add_space(space)
            writer.write(make_upserts([f"{n}" for n in range(50)], pictures(50)), [], space=space)
        sample = Mock(side_effect=store.sample)
        monkeypatch.setattr(store, "sample", sample)

        def of_a_search() -> Background:
            moment = store.search(pictures(1), 1, space=space).plan.moment
            return Background.of(store, space, open_encoder=Reader, moment=moment)

        first = of_a_search()
        assert of_a_search() is first
        assert sample.call_count == 1
        with store.writing() as writer:
            writer.delete(["0"])
        second = of_a_search()
        assert len(second.sample) == len(first.sample) - 1
        assert sample.call_count == 2


def test_phrases_are_encoded_once_for_a_model(cache: Path) -> None:
    """Other processes read them from the user's cache, and what is damaged there is made anew."""
    encoder = Reader()
    first = Probes.of(encoder)
    assert encoder.read == len(PHRASES)
    assert Probes.of(encoder) is first
    for spoil in (None, b"", b"no array"):
        Probes.of.__globals__["_known"].clear()
        [kept] = cache.iterdir()
        if spoil is not None:
            kept.write_bytes(spoil)
        again = Probes.of(encoder)
        np.testing.assert_array_equal(again.meaningful, first.meaningful)
        np.testing.assert_array_equal(again.meaningless, first.meaningless)
    assert encoder.read == 3 * (len(PHRASES))


def test_a_cache_that_cannot_be_written_costs_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The phrases are then encoded by every process."""
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert Probes.of(Reader()).meaningless.shape == (len(MEANINGLESS), D)


def test_an_exact_copy_is_what_was_asked_for() -> None:
    """Asked by a picture that is there, it is relevant without doubt, and what is near to it nearly so."""
    rows = pictures()
    found = background(rows).relevance(rows[3], [1.0, 0.999, 0.9], asked="image")
    assert found is not None
    assert found[0] == pytest.approx(1, abs=1e-6)
    assert found[0] > found[1] > 0.95 > found[2]


def test_more_is_wanted_of_the_best_of_many() -> None:
    """The larger a gallery, the more relevant its best hit must be; beyond what was measured it stays as it is."""
    wanted = [nothing_below(count) for count in (30, 50, 1_000, 10_000)]
    assert wanted == sorted(set(wanted))
    assert nothing_below(1_000) == NOTHING
    assert (nothing_below(0), nothing_below(10**9)) == (wanted[0], wanted[-1])
