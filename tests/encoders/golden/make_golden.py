r"""Writes what transformers makes of pictures and texts, for the tests to compare with.

Run once, with the reference installed in an environment of its own::

    python -m venv reference
    reference/bin/pip install transformers==5.23.0 pillow==13.0.0 numpy==2.4.6 tokenizers==0.23.3 \
        torch==2.13.0 sentencepiece==0.2.3
    reference/bin/python tests/encoders/golden/make_golden.py FOLDER_OF_bpe_simple_vocab_16e6.txt.gz

The files beside this script were made so, on 2026-11-21, with Python 3.11. The pictures are drawn by
`drawn_picture`, which the tests call too, so none needs to be kept.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

SIZES = ((53, 37), (37, 53), (16, 16), (9, 7), (200, 31), (33, 10), (129, 97))

CONFIGS: dict[str, dict[str, Any]] = {
    "clip": {
        "image_processor_type": "CLIPImageProcessor",
        "size": {"shortest_edge": 16},
        "crop_size": {"height": 16, "width": 16},
    },
    "clip, as written before 4.22": {"feature_extractor_type": "CLIPFeatureExtractor", "size": 16, "crop_size": 16},
    "clip, cropping more than there is": {
        "image_processor_type": "CLIPImageProcessor",
        "size": {"shortest_edge": 11},
        "crop_size": {"height": 16, "width": 15},
    },
    "clip, squashing": {
        "image_processor_type": "CLIPImageProcessor",
        "size": {"height": 12, "width": 16},
        "do_center_crop": False,
        "resample": 1,
        "image_mean": [0.1, 0.2, 0.3],
        "image_std": [1.0, 0.5, 0.25],
    },
    "clip, not normalised": {
        "image_processor_type": "CLIPImageProcessor",
        "size": {"shortest_edge": 16},
        "crop_size": {"height": 13, "width": 13},
        "do_normalize": False,
        "rescale_factor": 0.5,
    },
    "siglip": {"image_processor_type": "SiglipImageProcessor", "size": {"height": 16, "width": 16}},
    "vit": {"image_processor_type": "ViTImageProcessor", "size": {"height": 16, "width": 16}},
    "deit": {
        "image_processor_type": "DeiTImageProcessor",
        "size": {"height": 19, "width": 19},
        "crop_size": {"height": 16, "width": 16},
    },
    "dinov2": {
        "image_processor_type": "BitImageProcessor",
        "size": {"shortest_edge": 19},
        "crop_size": {"height": 16, "width": 16},
        "image_mean": [0.485, 0.456, 0.406],
        "image_std": [0.229, 0.224, 0.225],
    },
    "convnext": {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 16}, "crop_pct": 0.875},
    "convnext, squashing": {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 384}},
}
EVERY = 24
"""Of the pixels of the large one, one in so many across and down is kept."""

TEXTS = (
    "a photo of a cat",
    "",
    "   two  spaces\tand a tab ",
    "Don't SHOUT: it's 3.14 o'clock!!",
    "caf\u00e9 \u00fcber nai\u0308ve",
    "\u732b\u306e\u5199\u771f",
    "\U0001f984 and \U0001f469\u200d\U0001f680",
    "supercalifragilisticexpialidocious antidisestablishmentarianism",
    "<|endoftext|> in the middle",
    "he'll we've I'd you're 'tis",
    "word " * 200,
)


def drawn_picture(width: int, height: int) -> Image.Image:
    """A picture with edges, slopes and noise, the same for the same size."""
    y, x = np.mgrid[:height, :width]
    noise = ((x * 7919 + y * 104729 + x * y * 31) % 97).astype(np.int64)
    channels = (x * 255 // max(width - 1, 1), (y * 37 + noise) % 256, np.where((x // 5 + y // 3) % 2, 230, noise))
    return Image.fromarray(np.stack(channels, axis=-1).astype(np.uint8))


def _pictures() -> dict[str, Any]:
    # The reference is in an environment of its own, where the types are not checked.
    import transformers

    made = {}
    for name, config in CONFIGS.items():
        kind = (config.get("image_processor_type") or "CLIPImageProcessor") + "Pil"
        values = {key: value for key, value in config.items() if not key.endswith("_type")}
        processor = getattr(transformers, kind)(**values)
        for width, height in SIZES:
            pixels = processor(drawn_picture(width, height), return_tensors="np")["pixel_values"][0]
            step = EVERY if pixels.shape[-1] > 100 else 1  # only the one of 384
            made[f"{name} {width}x{height}"] = np.asarray(pixels, np.float32)[:, ::step, ::step]
    return made


def _texts(vocabulary: Path) -> dict[str, Any]:
    import gzip
    from types import SimpleNamespace

    from transformers import CLIPTokenizer
    from transformers.models.siglip.tokenization_siglip import (
        SiglipTokenizer,
    )

    lines = gzip.decompress((vocabulary / "bpe_simple_vocab_16e6.txt.gz").read_bytes()).decode().split("\n")
    merges = [tuple(line.split()) for line in lines[1 : 49152 - 256 - 2 + 1]]
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    letters = [chr(byte) for byte in printable] + [chr(256 + n) for n in range(len(others))]
    words = [*letters, *(each + "</w>" for each in letters), *("".join(pair) for pair in merges)]
    words += ["<|startoftext|>", "<|endoftext|>"]
    tokenizer = CLIPTokenizer(vocab={word: n for n, word in enumerate(words)}, merges=merges)
    given = tokenizer(list(TEXTS), padding="max_length", truncation=True, max_length=77)
    plain = SimpleNamespace(
        do_lower_case=True, remove_punctuation=lambda text: SiglipTokenizer.remove_punctuation(None, text)
    )
    return {
        "clip": [
            {"text": text, "ids": ids, "mask": mask}
            for text, ids, mask in zip(TEXTS, given["input_ids"], given["attention_mask"], strict=True)
        ],
        "siglip": [{"text": text, "plain": SiglipTokenizer.canonicalize_text(plain, text)} for text in TEXTS],
    }


if __name__ == "__main__":
    here = Path(__file__).parent
    np.savez_compressed(here / "pixels.npz", **_pictures())
    (here / "texts.json").write_text(json.dumps(_texts(Path(sys.argv[1]))) + "\n", encoding="utf-8")
