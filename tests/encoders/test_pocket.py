"""The built-in model is there, small, and what its card says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

import ilk.encoders
from ilk.encoders import load_encoder, models_available
from ilk.errors import TextCutWarning

FOLDER = Path(ilk.encoders.__file__).parent / "pocket"

pytestmark = pytest.mark.skipif(
    not (FOLDER / "onnx" / "text_model.onnx").is_file(), reason="the built-in model has not been trained yet"
)


def test_it_is_what_its_card_says() -> None:
    """Name, dimension and modalities are those of its card."""
    (card,) = (card for card in models_available() if card.name == "pocket")
    encoder = load_encoder("pocket")
    assert (encoder.name, encoder.revision) == ("pocket", None)
    assert (encoder.dimension, encoder.modalities) == (card.dimension, card.modalities)


def test_it_is_small() -> None:
    """All its files together are at most 10 MB."""
    assert sum(file.stat().st_size for file in FOLDER.rglob("*") if file.is_file()) <= 10_000_000


def test_both_towers_answer_with_unit_rows() -> None:
    """Pictures and texts, odd ones too, become rows of length one in one space; a text that is cut is spoken of."""
    encoder = load_encoder("pocket")
    circle = Image.new("RGB", (200, 150), "white")
    ImageDraw.Draw(circle).ellipse((50, 25, 150, 125), fill="red")
    images = encoder.encode_images([circle, Image.new("RGB", (1, 1)), Image.new("RGB", (3000, 20), "white")])
    with pytest.warns(TextCutWarning, match="has 500 tokens, of which the model reads 48"):
        texts = encoder.encode_texts(["a red circle", "", "!?", "\u732b", "word " * 500, "A RED CIRCLE"])
    assert images.shape == (3, encoder.dimension)
    assert texts.shape == (6, encoder.dimension)
    np.testing.assert_allclose(np.linalg.norm(np.concatenate([images, texts]), axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(texts[0], texts[5], atol=1e-6)
