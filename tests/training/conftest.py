"""A miniature of the training: twelve drawn pictures, made-up features, and settings that end in seconds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from training.lesson import Lesson
    from training.settings import Settings

KINDS = ("red square", "green square", "blue square")


@pytest.fixture(scope="session")
def settings() -> Settings:
    from training.settings import Joint, Phase, Picture, Text, tiny

    recipe = tiny()
    text = replace(Text(), words=60, width=16, batch=8, pairs=16, epochs=2, weights={"flickr8k_train": 1.0})
    return replace(
        recipe,
        text=text,
        picture=replace(
            Picture(),
            widths=(8, 8, 16),
            depths=(1, 1, 1),
            head=16,
            phases=(Phase(px=16, epochs=3),),
            samples=16,
            batch=8,
            weights={"": 1.0},
        ),
        joint=replace(
            Joint(), phases=(Phase(px=16, epochs=1), Phase(px=24, epochs=1)), samples=16, batch=8, weights={"": 1.0}
        ),
    )


@pytest.fixture(scope="session")
def lesson(settings: Settings) -> Lesson:
    from training.lesson import Lesson
    from training.manifest import Picture
    from training.pixels import PixelStore

    rng = np.random.default_rng(0)
    pictures, pixels = [], []
    for number in range(12):
        kind = number % len(KINDS)
        square = np.zeros((settings.store_px, settings.store_px, 3), dtype=np.uint8)
        square[..., kind] = 255
        pixels.append(square ^ rng.integers(0, 32, square.shape, dtype=np.uint8))
        split = "choose" if number >= 9 else "train"
        pictures.append(
            Picture(f"flickr8k_train/{number}.png", "flickr8k_train", (f"a {KINDS[kind]}",), KINDS[kind], split)
        )
    rows = np.arange(len(pictures))
    store = PixelStore((np.stack(pixels),) * 2, np.ones_like(rows), rows, np.ones(len(rows), dtype=np.float32))
    centres = rng.normal(size=(len(KINDS), settings.teacher_width)).astype(np.float32)
    return Lesson(pictures, store, centres[rows % len(KINDS)])


@pytest.fixture(scope="session")
def tokenizer(settings: Settings) -> Tokenizer:
    from training.vocabulary import train_tokenizer

    return train_tokenizer([f"a {kind}" for kind in KINDS] * 4, settings.text.words, settings.text.length)
