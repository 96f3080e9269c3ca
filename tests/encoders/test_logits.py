"""How cosines become probabilities: what ilk reads of a model's files is what the model computes with."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from encoders.cases import Case, pictures
from ilk import load_encoder
from ilk.encoders.compute import ComputeOptions
from ilk.encoders.logits import Logits, logits_from_dict, logits_of_config
from ilk.encoders.onnx import OnnxEncoder

TEXTS = ("a dog", "two people on a beach", "snow")


def reference_logits(case: Case) -> Any:
    """What transformers computes of pictures and texts, once through the whole model: shape (pictures, texts)."""
    import torch
    from transformers import AutoModel

    encoder = case.encoder
    pixels = encoder.preprocessing.normalise(np.stack([encoder.prepare_image(each) for each in pictures()]))
    ids, mask = encoder.reader.batch(encoder.reader.read(TEXTS))
    model = AutoModel.from_pretrained(case.folder, dtype=torch.float32).eval()
    with torch.no_grad():
        inputs = {"pixel_values": torch.from_numpy(pixels), "input_ids": torch.from_numpy(ids)}
        masks = {"attention_mask": torch.from_numpy(mask)} if encoder.files.family.masks_padding else {}
        return model(**inputs, **masks).logits_per_image.numpy()


@pytest.mark.parametrize("name", ["clip", "siglip", "align", "altclip", "chinese_clip"])
def test_logits_are_those_of_the_reference(name: str, built: Callable[[str], Case]) -> None:
    """Scale and bias turn ilk's cosines into the numbers that transformers makes probabilities of."""
    pytest.importorskip("torch")
    case = built(name)
    said = case.encoder.logits
    assert said is not None
    assert (said.bias is not None) == (name == "siglip")
    found = case.encoder.encode_images(pictures()) @ case.encoder.encode_texts(TEXTS).T * said.scale + (said.bias or 0)
    np.testing.assert_allclose(found, reference_logits(case), atol=2e-3 * said.scale, rtol=1e-3)


def test_an_export_knows_those_of_its_checkpoint(built: Callable[[str], Case], tmp_path: Path) -> None:
    """They are written beside it; an export from elsewhere, or from before they were, does not know them."""
    pytest.importorskip("onnxscript", reason="torch exports with onnxscript")
    from ilk.encoders.torch.export import export_model

    encoder = built("clip").encoder
    folder = export_model(encoder, tmp_path / "export").folder
    options = ComputeOptions(device="cpu")
    assert OnnxEncoder(folder, name="clip", options=options).logits == encoder.logits
    written = json.loads((folder / "ilk.json").read_bytes())
    del written["logits"]
    (folder / "ilk.json").write_text(json.dumps(written), encoding="utf-8")
    again = OnnxEncoder(folder, name="clip", options=options)
    assert again.logits is None
    assert again.digest == encoder.digest  # and is otherwise as good as before


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_they_are_read_in_any_precision(dtype: str, built: Callable[[str], Case], tmp_path: Path) -> None:
    """A checkpoint in halves has its scale in a half too."""
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file, save_file

    case = built("clip")
    folder = tmp_path / "model"
    shutil.copytree(case.folder, folder)
    weights = {name: each.to(getattr(torch, dtype)) for name, each in load_file(folder / "model.safetensors").items()}
    weights["logit_scale"].fill_(4.6)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    said = Case("clip", folder).encoder.logits
    assert said is not None
    assert said.scale == pytest.approx(np.exp(4.6), rel=0.02)


def test_a_single_tower_has_none(built: Callable[[str], Case]) -> None:
    """What only sees compares nothing with words."""
    assert built("vit").encoder.logits is None


def test_pocket_says_what_it_was_trained_with() -> None:
    """In its configuration, and says where that is from."""
    said = load_encoder("pocket").logits
    assert said is not None
    assert 10 < said.scale < 100
    assert said.bias is None
    assert "config.json" in said.source


@pytest.mark.parametrize(
    "said", [None, [], {}, {"scale": 0}, {"scale": "x"}, {"scale": 1.0, "bias": "x"}, {"scale": -1}]
)
def test_nonsense_is_not_known(said: object) -> None:
    """A file that another program wrote says nothing, rather than something wrong."""
    assert logits_from_dict(said) is None


def test_what_training_began_with_is_not_taken_for_what_it_ended_with() -> None:
    """A configuration of transformers has the scale of the first step only."""
    assert (
        logits_of_config({"model_type": "clip", "logit_scale_init_value": 2.6592, "logit_scale": 5.0}, name="x") is None
    )
    assert logits_from_dict(Logits(scale=2.0, bias=-1.0, source="x").to_dict()) == Logits(
        scale=2.0, bias=-1.0, source="x"
    )
