"""Captions searched by their words, in every store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ilk.stores.base import Store, Upsert
from ilk.stores.local import LocalStore
from stores.making import make_item, make_space, unit_rows
from stores.reference import ReferenceStore

SPACE = make_space()

MAKERS: dict[str, Callable[[Path], Store]] = {
    "reference": lambda _: ReferenceStore(default_model=SPACE.model),
    "local": lambda path: LocalStore.create(path / ".ilk", default_model=SPACE.model),
}

CAPTIONS = {
    "a": ["A red car", "the dog sleeps"],
    "b": ["a dog in the snow"],
    "c": [],
    "d": ["it's a Café, near the sea"],
    "e": ["a dog and a dog and another dog"],
    "f": ["a boat"],
    "g": ["mountains at night"],
}


def fill(store: Store, captions: dict[str, list[str]]) -> Store:
    rows = unit_rows(len(captions))
    upserts = [
        Upsert(item=make_item(id_, captions=tuple(texts)), vector=row)
        for (id_, texts), row in zip(captions.items(), rows, strict=True)
    ]
    with store.writing() as writer:
        writer.add_space(SPACE)
        writer.write(upserts, [], space=SPACE)
    return store


@pytest.fixture(params=MAKERS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Each store, with some captions."""
    made = fill(MAKERS[request.param](tmp_path), CAPTIONS)
    yield made
    made.close()


def ids_of(store: Store, *words: str, k: int = 10) -> list[str]:
    [row] = store.match_words([words], k)
    return [id_ for id_, _ in row]


def test_an_item_is_as_good_as_its_best_caption(store: Store) -> None:
    """And is answered once, whatever number of its captions has the words."""
    assert set(ids_of(store, "dog")) == {"a", "b", "e"}
    assert ids_of(store, "dog", "snow")[0] == "b"
    assert ids_of(store, "dog", "red", "sleeps")[0] == "a"


def test_case_and_diacritics_make_no_difference(store: Store) -> None:
    """People type as they please."""
    assert ids_of(store, "cafe") == ids_of(store, "CAFÉ") == ["d"]


@pytest.mark.parametrize(
    "word", ['"', "dog*", "NEAR", "AND", "(", "dog)", "text:", "-", "^", "", "\0", "dog\0", "'", "{}"]
)
def test_no_word_is_syntax(store: Store, word: str) -> None:
    """Whatever is asked for is looked up as it stands; nothing raises, and nothing means more than it says."""
    found = ids_of(store, word)
    assert set(found) <= ({"a", "b", "e"} if "dog" in word else {"d"} if word == "NEAR" else {"e"})


def test_a_word_of_two_parts_is_found_in_a_row(store: Store) -> None:
    """``it's`` is where ``it`` is followed by ``s``."""
    assert ids_of(store, "it's") == ["d"]
    assert ids_of(store, "s'it") == []


def test_as_many_as_asked_for(store: Store) -> None:
    """More than there can be, and none for no words."""
    assert len(ids_of(store, "dog", k=2)) == 2
    assert len(ids_of(store, "dog", k=10**30)) == 3
    assert store.match_words([[], ["unheard"]], 5) == [[], []]
    assert store.match_words([], 5) == []


def test_what_changes_is_found_as_it_is_now(store: Store) -> None:
    """A caption that is gone is found no more."""
    with store.writing() as writer:
        writer.write([Upsert(item=make_item("b", captions=("a cat",)), vector=None)], [], space=SPACE)
        writer.delete(["e"])
    assert ids_of(store, "dog") == ["a"]
    assert ids_of(store, "cat") == ["b"]


def test_it_knows_whether_there_are_captions(store: Store) -> None:
    """Down to the last."""
    assert store.has_captions()
    with store.writing() as writer:
        writer.delete(list(CAPTIONS))
    assert not store.has_captions()


WORDS = ["dog", "snow", "a", "red", "Äpfel", "night"]


@settings(max_examples=25, deadline=None)
@given(
    texts=st.lists(st.lists(st.lists(st.sampled_from(WORDS), max_size=6), max_size=3), min_size=1, max_size=6),
    query=st.lists(st.sampled_from(WORDS), min_size=1, max_size=3, unique=True),
)
def test_scores_are_those_of_the_formula(
    texts: list[list[list[str]]], query: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The database and the reference agree on ids, order and BM25."""
    captions = {f"{n}": [" ".join(words) for words in each if words] for n, each in enumerate(texts)}
    stores = [fill(make(tmp_path_factory.mktemp("words")), captions) for make in MAKERS.values()]
    [expected], [found] = (store.match_words([query], 100) for store in stores)
    for store in stores:
        store.close()
    assert dict(found).keys() == dict(expected).keys()
    for id_, score in found:
        assert score == pytest.approx(dict(expected)[id_], rel=1e-9)
    assert np.all(np.diff([score for _, score in found]) <= 0)
