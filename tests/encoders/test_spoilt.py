"""What is no model, or a spoilt one, is refused in one sentence that says what is wrong and with which model."""

from __future__ import annotations

from pathlib import Path

import pytest

from encoders.spoilt import LACKING, SPOILT
from ilk.encoders.compute import ComputeOptions
from ilk.encoders.torch import TorchEncoder
from ilk.errors import ModelFormatError

pytest.importorskip("torch", reason="the checkpoints are built with torch: pip install 'ilk[torch]'")
pytest.importorskip("transformers", reason="the checkpoints are built with transformers: pip install 'ilk[torch]'")

SAID = {
    "no model": "lacks model.safetensors. What is there: notes.txt",
    "unknown type": "'clip_of_tomorrow', which transformers .* does not know",
    "remote code": "brings code of its own, which ilk never runs",
    "truncated": r"model.safetensors has [\d,]+ bytes where [\d,]+ were expected",
    "truncated header": "model.safetensors is cut short",
    "empty weights": "model.safetensors is cut short",
    "pickle only": "pytorch_model.bin, a pickle",
    "missing layer": f"lacks weights that its configuration needs .{LACKING}",
    "other shape": "lacks weights that its configuration needs .text_projection",
    "no preprocessor": "lacks preprocessor_config.json",
    "no tokenizer": "lacks tokenizer.json",
}


@pytest.mark.parametrize("what", SPOILT)
def test_it_is_refused_in_one_sentence(what: str, tmp_path: Path) -> None:
    """At the latest when it is loaded; the message is a line, names the model or its folder, and nothing has run."""
    folder = SPOILT[what](tmp_path / "spoilt-model")
    with pytest.raises(ModelFormatError, match=SAID[what]) as raised:
        _load(folder)
    said = str(raised.value)
    assert "spoilt-model" in said
    assert "\n" not in said
    assert not (folder / "it_ran").exists()


def test_the_same_whole_is_not_refused(tmp_path: Path) -> None:
    """What the spoilt ones are made from loads, so that it is the spoiling that is refused."""
    from encoders.checkpoints import FAMILIES

    _load(FAMILIES["clip"](tmp_path / "whole"))


def _load(folder: Path) -> None:
    encoder = TorchEncoder(
        folder, name=folder.name, options=ComputeOptions(device="cpu", precision="float32", threads=1)
    )
    for modality in sorted(encoder.modalities):
        encoder.load(modality)
