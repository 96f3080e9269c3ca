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


def test_a_picture_has_the_same_numbers_alone_and_among_others() -> None:
    """To the last bit, whichever way it is computed: each processor a share of the batch, or all one picture."""
    encoder = load_encoder("pocket")
    noise = np.random.default_rng(4).integers(0, 256, (37, 120, 160, 3)).astype(np.uint8)
    prepared = np.stack([encoder.prepare_image(Image.fromarray(each)) for each in noise])
    alone = np.concatenate([encoder.encode_prepared(one[np.newaxis]) for one in prepared])
    np.testing.assert_array_equal(encoder.encode_prepared(prepared), alone)
    np.testing.assert_array_equal(encoder.encode_prepared(prepared[:5]), alone[:5])


def test_old_processors_find_the_same_numbers() -> None:
    """Bytes times weights: any two products that a processor without VNNI adds in 16 bits fit there."""
    onnx = pytest.importorskip("onnx")
    graph = onnx.load(FOLDER / "onnx" / "vision_model.onnx").graph
    weights = {each.name: onnx.numpy_helper.to_array(each) for each in graph.initializer}
    stored = {node.output[0]: weights[node.input[0]] for node in graph.node if node.input[0] in weights}
    convolutions = [stored[node.input[1]] for node in graph.node if node.op_type == "Conv"]
    assert len(convolutions) > 10
    for whole in convolutions:
        assert whole.dtype == np.int8
        lying = whole.transpose(0, 2, 3, 1).reshape(len(whole), -1, 2).astype(int)
        for sign in (1, -1):
            assert np.maximum(sign * lying, 0).sum(axis=2).max() * 255 <= np.iinfo(np.int16).max
