"""Checkpoints of the shape of ViT-B/32 with random weights: what they compute is nonsense, but takes as long."""

from __future__ import annotations

import json
from pathlib import Path

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


def write_clip(folder: Path) -> Path:
    """Write a checkpoint with the shape, the files and the layout of ``openai/clip-vit-base-patch32``.

    Weights are drawn twice as wide as transformers draws them: with those, all pictures have nearly one vector, and no
    loss of precision would show.
    """
    import torch
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import CLIPConfig, CLIPModel, CLIPTokenizer

    if (folder / "preprocessor_config.json").exists():  # the last one written
        return folder
    torch.manual_seed(0)
    model = CLIPModel(CLIPConfig())
    with torch.no_grad():
        for weights in model.parameters():
            if weights.ndim > 1:
                weights.mul_(2)
    model.save_pretrained(folder)
    letters = sorted(ByteLevel.alphabet())
    words = {word: number for number, word in enumerate([*letters, *(letter + "</w>" for letter in letters)])}
    vocabulary = {**words, "<|startoftext|>": _START, "<|endoftext|>": _END}
    CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=77).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(_PREPROCESSING, indent=2), encoding="utf-8")
    return folder
