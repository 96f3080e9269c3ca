"""The trained towers as a folder that any reader of CLIP-like ONNX exports can open."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto
from tokenizers import Tokenizer
from torch import nn

from training.batches import MEAN, STD
from training.graph import Graph, Storage
from training.quantised import Scale, export_quantised_tower
from training.settings import Settings
from training.towers import Block, Gate, PictureTower, TextTower, WordBlock


def export_model(
    folder: Path,
    picture: PictureTower,
    text: TextTower,
    tokenizer: Tokenizer,
    settings: Settings,
    *,
    scales: dict[str, Scale] | None = None,
) -> None:
    """Write weights, tokenizer and configuration.

    Parameters
    ----------
    folder
        Where to; existing files are replaced.
    picture, text
        In evaluation mode.
    tokenizer
        Without dropout.
    settings
        Size, storage and version.
    scales
        Of the numbers in the picture tower, which is then computed in whole numbers; in float32 without.
    """
    e = settings.export
    sees = folder / "onnx" / "vision_model.onnx"
    if scales is None:
        export_picture_tower(sees, picture, e.storage)
    else:
        export_quantised_tower(sees, picture, scales)
    export_text_tower(folder / "onnx" / "text_model.onnx", text, e.storage)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    scale = float(text.logit_scale.detach().exp().clamp(max=100))
    _write(folder / "config.json", _config(scale, settings))
    _write(folder / "preprocessor_config.json", _preprocessor(settings))
    _write(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": settings.text.length,
            "pad_token": "[PAD]",
            "unk_token": "[UNK]",
            "padding_side": "right",
        },
    )


def export_picture_tower(path: Path, tower: PictureTower, storage: Storage) -> None:
    """Write the picture tower in float32: ``pixel_values`` to ``image_embeds``.

    Parameters
    ----------
    path
        Where to.
    tower
        In evaluation mode.
    storage
        Of the weights.
    """
    graph = Graph(storage)
    x = graph.add("Relu", graph.convolution("pixel_values", tower.stem, tower.stem_norm))
    for block in tower.blocks:
        x = _block(graph, x, block)
    x = graph.add("Relu", graph.convolution(x, tower.head, tower.head_norm))
    x = graph.add("Flatten", graph.add("GlobalAveragePool", x), axis=1)
    graph.name_output(graph.linear(x, tower.embedding), "image_embeds")
    graph.save(
        path,
        {"pixel_values": (TensorProto.FLOAT, ["batch", 3, "height", "width"])},
        {"image_embeds": ["batch", tower.embedding.out_features]},
    )


def _block(graph: Graph, x: str, block: Block) -> str:
    y = graph.add("Relu", graph.convolution(x, block.first, block.first_norm))
    y = _gate(graph, graph.convolution(y, block.second, block.second_norm), block.gate)
    shortcut = x
    if isinstance(block.shortcut, nn.Sequential):
        pool, layer, norm = block.shortcut
        if isinstance(pool, nn.AvgPool2d):
            size = [int(pool.kernel_size)] * 2
            shortcut = graph.add("AveragePool", x, kernel_shape=size, strides=size, ceil_mode=1, count_include_pad=0)
        shortcut = graph.convolution(shortcut, layer, norm)
    return graph.add("Relu", graph.add("Add", y, shortcut))


def _gate(graph: Graph, x: str, gate: Gate) -> str:
    pooled = graph.add("Flatten", graph.add("GlobalAveragePool", x), axis=1)
    weight = graph.linear(graph.add("Relu", graph.linear(pooled, gate.squeeze)), gate.excite)
    weight = graph.add("Unsqueeze", graph.add("Sigmoid", weight), graph.constant([2, 3], np.int64))
    return graph.add("Mul", x, weight)


def export_text_tower(path: Path, tower: TextTower, storage: Storage) -> None:
    """Write the text tower: ``input_ids`` and ``attention_mask`` to ``text_embeds``.

    Parameters
    ----------
    path
        Where to.
    tower
        In evaluation mode.
    storage
        Of the weights.
    """
    graph = Graph(storage)
    last, words = graph.constant([-1], np.int64), graph.constant([1], np.int64)
    one = graph.constant(1.0)
    mask = graph.add("Unsqueeze", graph.add("Cast", "attention_mask", to=TensorProto.FLOAT), last)
    x = graph.add("Mul", graph.add("Gather", graph.weight(tower.words.weight), "input_ids"), mask)
    count = graph.add("Max", graph.add("ReduceSum", mask, words, keepdims=0), one)
    bag = graph.add("Div", graph.add("ReduceSum", x, words, keepdims=0), count)
    for block in tower.blocks:
        x = _word_block(graph, x, mask, block)
    hidden = graph.add("Mul", graph.add("Sub", one, mask), graph.constant(1e4))
    strongest = graph.add("ReduceMax", graph.add("Sub", x, hidden), words, keepdims=0)
    average = graph.add("Div", graph.add("ReduceSum", x, words, keepdims=0), count)
    joined = graph.add("Concat", bag, strongest, average, axis=-1)
    graph.name_output(graph.linear(joined, tower.embedding), "text_embeds")
    shape: list[str | int] = ["batch", "sequence"]
    graph.save(
        path,
        {"input_ids": (TensorProto.INT64, shape), "attention_mask": (TensorProto.INT64, shape)},
        {"text_embeds": ["batch", tower.embedding.out_features]},
    )


def _word_block(graph: Graph, x: str, mask: str, block: WordBlock) -> str:
    gain, shift = (graph.constant(p.detach().numpy()) for p in (block.norm.weight, block.norm.bias))
    y = graph.add("LayerNormalization", x, gain, shift, axis=-1, epsilon=block.norm.eps)
    y = graph.add("Mul", y, mask)
    axis = graph.constant([1], np.int64)
    zero, one, minus_one, far = (graph.constant([n], np.int64) for n in (0, 1, -1, np.iinfo(np.int64).max))
    padded = graph.add("Pad", y, graph.constant([0, 1, 0, 0, 1, 0], np.int64))
    before = graph.add("Slice", graph.add("Slice", padded, zero, minus_one, axis), zero, minus_one, axis)
    after = graph.add("Slice", graph.add("Slice", padded, one, far, axis), one, far, axis)
    y = graph.linear(graph.add("Concat", before, y, after, axis=-1), block.mix)
    bell = graph.add("Erf", graph.add("Div", y, graph.constant(2**0.5)))
    y = graph.add("Mul", graph.add("Mul", y, graph.add("Add", bell, graph.constant(1.0))), graph.constant(0.5))
    return graph.add("Mul", graph.add("Add", x, graph.linear(y, block.out)), mask)


def _config(scale: float, settings: Settings) -> dict[str, Any]:
    return {
        "model_type": "ilk-pocket",
        "version": settings.export.version,
        "projection_dim": settings.dimension,
        "logit_scale": round(scale, 4),
        "text_config": {
            "max_position_embeddings": settings.text.length,
            "vocab_size": settings.text.words,
            "pad_token_id": 0,
        },
        "vision_config": {"image_size": settings.export.px},
        "license": "apache-2.0",
        "card": "docs/pocket.md",
    }


def _preprocessor(settings: Settings) -> dict[str, Any]:
    side = {"height": settings.export.px, "width": settings.export.px}
    return {
        "image_processor_type": "CLIPImageProcessor",
        "do_convert_rgb": True,
        "do_resize": True,
        "size": side,
        "resample": 3,
        "do_center_crop": False,
        "crop_size": side,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": list(MEAN),
        "image_std": list(STD),
    }


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
