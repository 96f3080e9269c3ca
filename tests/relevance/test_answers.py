"""With the built-in model, and real pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import ilk
from ilk.gallery import Gallery
from ilk.relevance import NOTHING, Background

PICTURES = 300


@pytest.fixture(scope="module")
def gallery(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    """Some photographs of everyday scenes."""
    place = tmp_path_factory.mktemp("everyday")
    for path in sorted((shared_data / "flickr8k_train" / "images").iterdir())[:PICTURES]:
        (place / path.name).symlink_to(path)
    with ilk.create(place, model="pocket") as made:
        made.add(ilk.folder(place))
        yield made


def best(gallery: Gallery, words: str) -> float:
    """The relevance of the best hit."""
    space = gallery.models.space()
    found = Background.of(gallery.store, space, open_encoder=gallery.encoder)
    [row] = gallery.encoder().encode_texts([words])
    [relevance] = found.relevance(row, [gallery.search(words, k=1)[0].similarity], asked="text") or []
    return relevance


def test_everyday_things_are_found_in_everyday_pictures(gallery: Gallery) -> None:
    """What such pictures are full of is said to be there."""
    for words in ("a dog", "a dog in the snow", "children playing in water", "a man riding a bicycle"):
        assert best(gallery, words) > 2 * NOTHING, words


def test_words_without_meaning_find_nothing(gallery: Gallery) -> None:
    """Whatever the cosine of the nearest picture is."""
    for words in ("asdf qwer zxcv", "xkcd lorem blarg", "qpzm wobniar"):
        assert best(gallery, words) < NOTHING, words
