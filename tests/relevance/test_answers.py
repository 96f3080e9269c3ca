"""With the built-in model, and real pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ilk
from ilk.gallery import Gallery
from ilk.relevance import Background, nothing_below

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


@pytest.fixture(scope="module")
def few(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    """A sixth of them."""
    place = tmp_path_factory.mktemp("few")
    for path in sorted((shared_data / "flickr8k_train" / "images").iterdir())[: PICTURES // 6]:
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
        assert best(gallery, words) > 1.5 * nothing_below(PICTURES), words


def test_words_without_meaning_find_nothing(gallery: Gallery) -> None:
    """Whatever the cosine of the nearest picture is."""
    for words in ("asdf qwer zxcv", "xkcd lorem blarg", "qpzm wobniar"):
        assert best(gallery, words) < nothing_below(PICTURES), words


def test_words_without_meaning_find_nothing_in_a_small_gallery(few: Gallery) -> None:
    """Of a hundred strings of random letters hardly any is answered, and of what anybody may ask for nearly all is."""
    random = np.random.default_rng(0)
    letters = ["".join(random.choice(list("abcdefghijklmnopqrstuvwxyz "), 12)).strip() for _ in range(100)]
    assert np.mean([best(few, words) < nothing_below(PICTURES // 6) for words in letters]) >= 0.9
    asked = ("a dog", "a dog running", "children", "a man", "people outdoors", "water", "grass", "a street")
    assert sum(best(few, words) >= nothing_below(PICTURES // 6) for words in asked) >= 7


def test_a_copy_is_found_without_doubt(few: Gallery, tmp_path: Path) -> None:
    """The same pixels in another file are as relevant as anything can be; other pictures are less."""
    id_ = next(iter(few.store.ids()))
    Image.open(few.path(id_)).convert("RGB").save(tmp_path / "copy.png")
    first, second = few.search(ilk.image(tmp_path / "copy.png"), k=2)
    assert first.id == id_
    assert (first.relevance or 0) > 0.97 > (second.relevance or 1)
