"""Speed and size of the shipped files, beside a model of ViT-B/32's shape in the same run."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from onnx import TensorProto
from torch import nn

from training.graph import Graph
from training.shipped import ShippedModel

_PX = 224
_PATCH = 32
_WIDTH = 768
_HEADS = 12
_LAYERS = 12
_TOKENS = (_PX // _PATCH) ** 2 + 1


def measure_speed(folder: Path, *, batch: int = 32, rounds: int = 5) -> dict[str, Any]:
    """Measure both towers, and a vision transformer of CLIP B/32's shape with random weights.

    Rounds of the two take turns, so that whatever else the machine does falls on both; the median counts. With one
    thread it is the processor's own time, which other programs disturb little; with two it is the clock's.

    Parameters
    ----------
    folder
        Of the shipped files.
    batch
        Pictures at a time.
    rounds
        Of each measurement.

    Returns
    -------
    dict
        For one thread and two: pictures a second of both and their ratio, milliseconds a text; cold load in
        seconds; size in bytes.
    """
    measured: dict[str, Any] = {
        "size_bytes": sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()),
    }
    with tempfile.TemporaryDirectory() as scratch:
        rival = Path(scratch) / "vit_b32.onnx"
        write_vit_b32(rival)
        for threads in (1, 2):
            measured[f"threads_{threads}"] = _measure_threads(folder, rival, threads, batch, rounds)
    loads = [ShippedModel(folder) for _ in range(rounds)]
    measured["vision_load_s"] = round(statistics.median(m.vision_load_s for m in loads), 4)
    measured["text_load_s"] = round(statistics.median(m.text_load_s for m in loads), 4)
    return measured


def _measure_threads(folder: Path, rival: Path, threads: int, batch: int, rounds: int) -> dict[str, float]:
    import onnxruntime

    model = ShippedModel(folder, threads=threads)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    vit = onnxruntime.InferenceSession(str(rival), options)
    px = model.config["vision_config"]["image_size"]
    rng = np.random.default_rng(0)
    ours = rng.normal(size=(batch, 3, px, px)).astype(np.float32)
    theirs = rng.normal(size=(batch, 3, _PX, _PX)).astype(np.float32)
    text = ["a brown dog runs through the snow"]
    clock = time.process_time if threads == 1 else time.perf_counter
    took: dict[str, list[float]] = {"pocket": [], "vit_b32": [], "text": []}
    for _ in range(rounds + 1):  # The first round warms up and is dropped.
        took["pocket"].append(_time(clock, lambda: model.vision.run(None, {"pixel_values": ours})))
        took["vit_b32"].append(_time(clock, lambda: vit.run(None, {"pixel_values": theirs})))
        took["text"].append(_time(clock, lambda: [model.embed_texts(text) for _ in range(20)]) / 20)
    median = {name: statistics.median(times[1:]) for name, times in took.items()}
    return {
        "pocket_pictures_per_s": round(batch / median["pocket"], 1),
        "vit_b32_pictures_per_s": round(batch / median["vit_b32"], 1),
        "times_vit_b32": round(median["vit_b32"] / median["pocket"], 2),
        "text_ms": round(median["text"] * 1000, 3),
    }


def _time(clock: Callable[[], float], work: Callable[[], object]) -> float:
    began = clock()
    work()
    return clock() - began


def write_vit_b32(path: Path) -> None:
    """Write a vision transformer of the shape of CLIP B/32 (Radford et al. 2021, table 20) with random weights.

    Parameters
    ----------
    path
        Where to; some 350 MB.
    """
    torch.manual_seed(0)
    graph = Graph("float32")
    patches = graph.add(
        "Conv",
        "pixel_values",
        graph.constant(np.random.default_rng(0).normal(0, 0.02, (_WIDTH, 3, _PATCH, _PATCH))),
        kernel_shape=[_PATCH, _PATCH],
        strides=[_PATCH, _PATCH],
    )
    x = graph.add("Reshape", patches, graph.constant([0, _WIDTH, _TOKENS - 1], np.int64))
    x = graph.add("Transpose", x, perm=[0, 2, 1])
    x = graph.add("Pad", x, graph.constant([0, 1, 0, 0, 0, 0], np.int64))  # Room for the class token.
    for _ in range(_LAYERS):
        x = graph.add("Add", x, _attention(graph, _norm(graph, x)))
        hidden = graph.linear(_norm(graph, x), nn.Linear(_WIDTH, 4 * _WIDTH))
        gate = graph.add("Sigmoid", graph.add("Mul", hidden, graph.constant(1.702)))
        x = graph.add("Add", x, graph.linear(graph.add("Mul", hidden, gate), nn.Linear(4 * _WIDTH, _WIDTH)))
    first = graph.add("Gather", x, graph.constant(0, np.int64), axis=1)
    graph.name_output(graph.linear(_norm(graph, first), nn.Linear(_WIDTH, 512)), "image_embeds")
    graph.save(path, {"pixel_values": (TensorProto.FLOAT, ["batch", 3, _PX, _PX])}, {"image_embeds": ["batch", 512]})


def _norm(graph: Graph, x: str) -> str:
    return graph.add(
        "LayerNormalization", x, graph.constant(np.ones(_WIDTH)), graph.constant(np.zeros(_WIDTH)), axis=-1
    )


def _attention(graph: Graph, x: str) -> str:
    shape = graph.constant([0, _TOKENS, _HEADS, _WIDTH // _HEADS], np.int64)

    def heads(perm: list[int]) -> str:
        projected = graph.linear(x, nn.Linear(_WIDTH, _WIDTH))
        return graph.add("Transpose", graph.add("Reshape", projected, shape), perm=perm)

    query, key, value = heads([0, 2, 1, 3]), heads([0, 2, 3, 1]), heads([0, 2, 1, 3])
    weight = graph.add("Mul", graph.add("MatMul", query, key), graph.constant((_WIDTH // _HEADS) ** -0.5))
    seen = graph.add("MatMul", graph.add("Softmax", weight, axis=-1), value)
    joined = graph.add("Transpose", seen, perm=[0, 2, 1, 3])
    joined = graph.add("Reshape", joined, graph.constant([0, _TOKENS, _WIDTH], np.int64))
    return graph.linear(joined, nn.Linear(_WIDTH, _WIDTH))
