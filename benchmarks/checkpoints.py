"""Checkpoints of the shape of ViT-B/32 with random weights: what they compute is nonsense, but takes as long."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

SIDE = 224

_BYTES = 256
_START, _END = 49406, 49407  # as in OpenAI's vocabulary; what is between the bytes and these is never used

_PREPROCESSING = {  # https://huggingface.co/openai/clip-vit-base-patch32/blob/main/preprocessor_config.json
    "image_processor_type": "CLIPImageProcessor",
    "do_resize": True,
    "size": {"shortest_edge": 224},
    "resample": 3,
    "do_center_crop": True,
    "crop_size": {"height": 224, "width": 224},
    "do_rescale": True,
    "rescale_factor": 1 / 255,
    "do_normalize": True,
    "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_std": [0.26862954, 0.26130258, 0.27577711],
    "do_convert_rgb": True,
}


def write_clip(folder: Path, *, side: int = SIDE, activation: str = "quick_gelu", merges: Path | None = None) -> Path:
    """Write a checkpoint with the shape, the files and the layout of ``openai/clip-vit-base-patch32``.

    Weights are drawn twice as wide as transformers draws them: with those, all pictures have nearly one vector, and no
    loss of precision would show.

    Parameters
    ----------
    folder
        Where to. One that is there already is kept.
    side
        Of the pictures it looks at, in pixels.
    activation
        Between the layers of a block: OpenAI's are of ``"quick_gelu"``, later ones of ``"gelu"``.
    merges
        OpenAI's vocabulary, as its package has it; None for one of single bytes.
    """
    import torch
    from transformers import CLIPConfig, CLIPModel

    if (folder / "preprocessor_config.json").exists():  # the last one written
        return folder
    torch.manual_seed(0)
    towers = {
        "vision_config": {"image_size": side, "hidden_act": activation},
        "text_config": {"hidden_act": activation},
    }
    model = CLIPModel(CLIPConfig(**towers))
    with torch.no_grad():
        for weights in model.parameters():
            if weights.ndim > 1:
                weights.mul_(2)
    model.save_pretrained(folder)
    _write_tokenizer(folder, merges)
    sizes = {"size": {"shortest_edge": side}, "crop_size": {"height": side, "width": side}}
    settings = json.dumps(_PREPROCESSING | sizes, indent=2)
    (folder / "preprocessor_config.json").write_text(settings, encoding="utf-8")
    return folder


def write_exports(checkpoint: Path, folder: Path) -> Path:
    """Write the checkpoint as ONNX files too, as `ilk models export` does when nothing else is said.

    Parameters
    ----------
    checkpoint
        As `write_clip` left it.
    folder
        Where to. What is there already is kept, unless an earlier release wrote it.
    """
    from ilk.encoders.models import open_checkpoint
    from ilk.encoders.provenance import Provenance
    from ilk.encoders.torch.export import export_model

    origin = Provenance.read(folder)
    if origin is None or not origin.proofs:
        export_model(open_checkpoint(str(checkpoint)), folder)
    return folder


def _write_tokenizer(folder: Path, merges: Path | None) -> None:
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import CLIPTokenizer

    pairs: list[tuple[str, str]] = []
    if merges is not None:
        lines = gzip.decompress(merges.read_bytes()).decode("utf-8").split("\n")
        pairs = [(first, second) for first, second in map(str.split, lines[1 : _START - 2 * _BYTES + 1])]
    letters = sorted(ByteLevel.alphabet())
    pieces = [*letters, *(letter + "</w>" for letter in letters), *map("".join, pairs)]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    vocabulary |= {"<|startoftext|>": _START, "<|endoftext|>": _END}
    CLIPTokenizer(vocab=vocabulary, merges=pairs, model_max_length=77).save_pretrained(folder)
