"""The towers: what they promise about padding, batches and export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training needs torch: pip install 'ilk[training]'")
pytest.importorskip("onnx")

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from training.settings import Settings
    from training.towers import PictureTower, TextTower


def _towers(settings: Settings, words: int) -> tuple[PictureTower, TextTower]:
    from training.joint_stage import Towers

    towers = Towers(words, settings)
    with torch.no_grad():  # Running statistics as training leaves them, not the zeros and ones of a fresh batch norm.
        for _ in range(3):
            towers.picture(torch.randn(8, 3, 24, 24))
    towers.eval()
    return towers.picture, towers.space.text


def test_padding_changes_no_text(settings: Settings) -> None:
    """A text's embedding is the same beside a longer text as alone."""
    _, text = _towers(settings, 40)
    short = torch.tensor([[3, 4, 5]])
    padded = torch.tensor([[3, 4, 5, 0, 0, 0, 0]])
    alone = text(short, short > 0)
    beside = text(padded, padded > 0)
    assert torch.allclose(alone, beside, atol=1e-6)


def test_words_in_another_order_are_another_text(settings: Settings) -> None:
    """The tower hears order, not only which words there are."""
    _, text = _towers(settings, 40)
    tokens = torch.tensor([[3, 4, 5, 6], [6, 5, 4, 3]])
    one, two = text(tokens, tokens > 0)
    assert not torch.allclose(one, two, atol=1e-3)


@pytest.mark.parametrize(("storage", "nearest"), [("float32", 0.99999), ("float16", 0.9999), ("int8", 0.999)])
def test_exported_towers_say_what_the_trained_ones_say(
    settings: Settings, tokenizer: Tokenizer, tmp_path: Path, storage: str, nearest: float
) -> None:
    """ONNX Runtime on the exported files agrees with torch, up to how weights are stored."""
    from dataclasses import replace

    from training.export import export_model
    from training.shipped import ShippedModel

    picture, text = _towers(settings, tokenizer.get_vocab_size())
    stored = replace(settings, export=replace(settings.export, storage=storage))  # type: ignore[arg-type]
    export_model(tmp_path, picture, text, tokenizer, stored)
    model = ShippedModel(tmp_path)

    pixels = np.random.default_rng(1).normal(size=(3, 3, 40, 24)).astype(np.float32)
    shipped = model.vision.run(None, {"pixel_values": pixels})[0]
    trained = picture(torch.from_numpy(pixels))[0].detach().numpy()
    assert _cosine(shipped, trained).min() > nearest

    tokens = np.array([[3, 4, 5, 6], [7, 8, 0, 0]], dtype=np.int64)
    shipped = model.text.run(None, {"input_ids": tokens, "attention_mask": (tokens > 0).astype(np.int64)})[0]
    trained = text(torch.from_numpy(tokens), torch.from_numpy(tokens > 0)).detach().numpy()
    assert _cosine(shipped, trained).min() > nearest


def test_exported_towers_do_not_mind_the_batch(settings: Settings, tokenizer: Tokenizer, tmp_path: Path) -> None:
    """One picture, and one text, has the same embedding alone and among others."""
    from training.export import export_model
    from training.shipped import ShippedModel

    picture, text = _towers(settings, tokenizer.get_vocab_size())
    export_model(tmp_path, picture, text, tokenizer, settings)
    model = ShippedModel(tmp_path)
    texts = ["red", "a green square", "blue square a red square"]
    alone = np.concatenate([model.embed_texts([t]) for t in texts])
    assert np.allclose(alone, model.embed_texts(texts), atol=1e-6)

    pixels = np.random.default_rng(2).normal(size=(5, 3, 24, 24)).astype(np.float32)
    together = model.vision.run(None, {"pixel_values": pixels})[0]
    single = np.concatenate([model.vision.run(None, {"pixel_values": p[None]})[0] for p in pixels])
    assert np.allclose(together, single, atol=1e-5)


def _cosine(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(one, axis=1) * np.linalg.norm(two, axis=1)
    cosine: np.ndarray = (one * two).sum(1) / length
    return cosine
