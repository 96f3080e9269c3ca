"""The picture tower in whole numbers: bytes between its convolutions, and sums of 32 bits within.

A processor multiplies bytes about four times as fast as float32. Every number between two layers is a byte times a
step, and the steps are measured once, on training pictures, so that a picture's embedding depends on no other picture.
The graph says so in standard ONNX (``QuantizeLinear`` and ``DequantizeLinear`` around each layer, after Jacob et al.
2018), which ONNX Runtime fuses into layers of whole numbers when it loads.

Processors before 2019 (AVX2 without VNNI) multiply a byte by a signed byte and add two such products in 16 bits, where
they are cut off beyond 32,767. So weights are rounded to steps as small as that allows: two that are added
there are never more than 128 together, and 128 * 255 = 32,640. Such processors then find the very numbers of others.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from onnx import TensorProto
from torch import Tensor, nn

from training.batches import MEAN, STD
from training.graph import Graph, fold
from training.towers import Block, Gate, PictureTower

Rounding = Literal["pairs", "eight", "seven"]
_BYTE = 255
_WITHIN = 0.999  # Of the pictures that scales are measured on.
_WIDEST_PAIR = 128  # 128 * 255 still fits 16 bits, 129 * 255 does not.
_LEVELS: dict[Rounding, int] = {"pairs": 127, "eight": 127, "seven": 64}


class Scale(NamedTuple):
    """A byte ``b`` stands for ``(b - zero) * step``."""

    step: float
    zero: int

    @classmethod
    def between(cls, least: float, most: float) -> Scale:
        """Spread 256 bytes from the least number to the most; zero is always one of them."""
        least, most = min(least, 0.0), max(most, 1e-6)
        step = (most - least) / _BYTE
        return cls(step, round(-least / step))


def measure_scales(tower: PictureTower, batches: Iterable[Tensor]) -> dict[str, Scale]:
    """Find how far the numbers behind each layer reach, over some pictures.

    Of a layer, all numbers of 999 pictures in a thousand are within reach. Cutting off more would bring most pictures
    a little nearer to float32, and the few that have such numbers, as lines on white do, much farther from it.

    Parameters
    ----------
    tower
        In evaluation mode.
    batches
        What ``normalise`` returned, of training pictures.

    Returns
    -------
    dict[str, Scale]
        By the name of the module whose output it is, or whose input for a gate's ``squeeze``.
    """
    reach: dict[str, list[Tensor]] = {}

    def note(name: str, x: Tensor) -> None:
        reach.setdefault(name, []).append(torch.stack([x.flatten(1).amin(1), x.flatten(1).amax(1)]))

    hooks = []
    for name, module in tower.named_modules():
        if isinstance(module, nn.BatchNorm2d | Gate | Block):
            hooks.append(module.register_forward_hook(lambda _, __, y, name=name: note(name, y)))
        elif name.endswith(".squeeze"):
            hooks.append(module.register_forward_pre_hook(lambda _, x, name=name: note(name, x[0])))
    with torch.inference_mode():
        for batch in batches:
            tower(batch)
    for hook in hooks:
        hook.remove()
    rectified = ("stem_norm", "first_norm", "head_norm")
    scales = {}
    for name, ends in reach.items():
        least, most = torch.cat(ends, dim=1).numpy()
        lower = 0.0 if name.endswith(rectified) else float(np.quantile(least, 1 - _WITHIN))
        scales[name] = Scale.between(lower, float(np.quantile(most, _WITHIN)))
    darkest = min(-mean / std for mean, std in zip(MEAN, STD, strict=True))
    brightest = max((1 - mean) / std for mean, std in zip(MEAN, STD, strict=True))
    return {**scales, "pixels": Scale.between(darkest, brightest)}


def round_weight(weight: Tensor, rounding: Rounding) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Round a convolution's weight to steps, one size for each channel it makes.

    Parameters
    ----------
    weight
        ``(channels, channels before, height, width)``.
    rounding
        ``eight`` or ``seven`` bits, evenly around zero; or eight with two neighbours never above 128 together
        (``pairs``). Neighbours are two channels before, at one pixel, as they lie in memory where channels come last.

    Returns
    -------
    tuple
        Whole numbers of the same shape, and the size of a step for each channel.
    """
    step = weight.abs().flatten(1).amax(1) / _LEVELS[rounding]
    if rounding == "pairs":
        # A half more for each of the two, since both may be rounded up.
        step = torch.maximum(step, heaviest_pairs(weight) / (_WIDEST_PAIR - 1))
    step = step.clamp(min=1e-12)
    whole = torch.round(weight / step[:, None, None, None])
    return whole.numpy().astype(np.int8), step.numpy().astype(np.float32)


def heaviest_pairs(weight: Tensor) -> Tensor:
    """Return the largest sum of two neighbours of one sign, for each channel.

    Parameters
    ----------
    weight
        As for ``round_weight``.

    Returns
    -------
    Tensor
        ``(channels,)``, the magnitude.
    """
    lying = weight.permute(0, 2, 3, 1).flatten(1)
    lying = nn.functional.pad(lying, (0, lying.shape[1] % 2)).unflatten(1, (-1, 2))
    return torch.maximum(lying.clamp(min=0).sum(2).amax(1), (-lying).clamp(min=0).sum(2).amax(1))


def export_quantised_tower(
    path: Path, tower: PictureTower, scales: dict[str, Scale], rounding: Rounding = "pairs"
) -> None:
    """Write the picture tower: ``pixel_values``, with sides that 16 divides, to ``image_embeds``, both float32.

    Parameters
    ----------
    path
        Where to.
    tower
        In evaluation mode.
    scales
        What ``measure_scales`` found.
    rounding
        Of weights.
    """
    graph = WholeGraph(scales, rounding)
    x = graph.as_bytes("pixel_values", "pixels")
    x = graph.whole_convolution(x, "pixels", tower.stem, tower.stem_norm, "stem_norm")
    before = "stem_norm"
    for number, block in enumerate(tower.blocks):
        x = _block(graph, x, block, before, f"blocks.{number}")
        before = f"blocks.{number}"
    x = graph.whole_convolution(x, before, tower.head, tower.head_norm, "head_norm")
    x = graph.add("Flatten", graph.add("GlobalAveragePool", x), axis=1)
    graph.name_output(graph.linear(x, tower.embedding), "image_embeds")
    graph.save(
        path,
        {"pixel_values": (TensorProto.FLOAT, ["batch", 3, "height", "width"])},
        {"image_embeds": ["batch", tower.embedding.out_features]},
    )


def _block(graph: WholeGraph, x: str, block: Block, before: str, name: str) -> str:
    y = graph.whole_convolution(x, before, block.first, block.first_norm, f"{name}.first_norm")
    y = graph.whole_convolution(y, f"{name}.first_norm", block.second, block.second_norm, f"{name}.second_norm")
    y = _gate(graph, y, block.gate, f"{name}.gate")
    shortcut = x
    if isinstance(block.shortcut, nn.Sequential):
        pool, layer, norm = block.shortcut
        size = int(pool.kernel_size) if isinstance(pool, nn.AvgPool2d) else 1
        shortcut = graph.whole_convolution(x, before, layer, norm, f"{name}.shortcut.2", average=size)
    return graph.as_bytes(graph.add("Add", y, shortcut), name)


def _gate(graph: WholeGraph, x: str, gate: Gate, name: str) -> str:
    pooled = graph.as_bytes(graph.add("GlobalAveragePool", x), f"{name}.squeeze")
    pooled = graph.add("Flatten", pooled, axis=1)
    weight = graph.linear(graph.add("Relu", graph.linear(pooled, gate.squeeze)), gate.excite)
    weight = graph.add("Unsqueeze", graph.add("Sigmoid", weight), graph.constant([2, 3], np.int64))
    return graph.as_bytes(graph.add("Mul", x, graph.as_bytes(weight, Scale.between(0, 1))), name)


class WholeGraph(Graph):
    """A graph whose numbers are bytes between layers."""

    def __init__(self, scales: dict[str, Scale], rounding: Rounding) -> None:
        super().__init__("int8")
        self.scales, self.rounding = scales, rounding

    def as_bytes(self, x: str, scale: Scale | str) -> str:
        """Bring a value to bytes and back. Below the least byte all is cut off, which is what makes a ``Relu``."""
        step, zero = self.scales[scale] if isinstance(scale, str) else scale
        constants = self.constant(step), self.constant(zero, np.uint8)
        return self.add("DequantizeLinear", self.add("QuantizeLinear", x, *constants), *constants)

    def whole_convolution(
        self, x: str, before: str, layer: nn.Conv2d, norm: nn.BatchNorm2d, after: str, *, average: int = 1
    ) -> str:
        """Add a convolution of bytes to bytes, its batch norm folded in.

        One of 1x1 pixels may read averages of squares of ``average`` pixels: both together convolve squares.
        """
        weight, bias = fold(layer, norm)
        whole, step = round_weight(weight, self.rounding)
        step = (step / average**2).astype(np.float32)
        whole = np.tile(whole, (1, 1, average, average))
        sums = step * np.float32(self.scales[before].step)
        attributes: dict[str, Any] = {
            "strides": [s * average for s in layer.stride],
            "pads": [int(p) for p in layer.padding] * 2,
            "kernel_shape": list(whole.shape[2:]),
        }
        y = self.add(
            "Conv",
            x,
            self._stepped(whole, step, np.int8),
            self._stepped(np.rint(bias.numpy() / sums), sums, np.int32),
            **attributes,
        )
        return self.as_bytes(y, after)

    def _stepped(self, whole: npt.NDArray[np.generic], step: npt.NDArray[np.float32], kind: type[np.generic]) -> str:
        nothing = self.constant(np.zeros(len(step)), kind)
        return self.add("DequantizeLinear", self.constant(whole, kind), self.constant(step), nothing, axis=0)
