"""How a model's cosines become probabilities: a scale, and for some a bias, that were learnt with its weights.

They are two numbers among millions, and are read from their place in the file without loading any of the others.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeGuard

_LENGTH_BYTES = 8
_FORMATS = {"F64": "<d", "F32": "<f", "F16": "<e", "BF16": "<f"}
_LARGEST_SCALE = 1e4


@dataclass(frozen=True, slots=True, kw_only=True)
class Logits:
    """What a cosine is multiplied with, and what is added, before it is made a probability.

    Attributes
    ----------
    scale
        The inverse of a temperature.
    bias
        None where texts compete for a picture, by softmax (CLIP: Radford et al. 2021, section 2.3). Else each text is
        true of a picture or not, on its own, by a sigmoid (SigLIP: Zhai et al. 2023, section 3.2).
    source
        Where the numbers are from.
    """

    scale: float
    bias: float | None = None
    source: str

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def logits_from_dict(said: object) -> Logits | None:
    """What `Logits.to_dict` wrote; None if it is nothing of the kind."""
    if not isinstance(said, dict):
        return None
    scale, bias = said.get("scale"), said.get("bias")
    if not _sound(scale) or not (bias is None or isinstance(bias, int | float)):
        return None
    return Logits(scale=float(scale), bias=bias, source=str(said.get("source", "")))


def logits_of_config(config: Mapping[str, Any], *, name: str) -> Logits | None:
    """What ilk's own models say in ``config.json``; of others it says what training began with, which is no use."""
    scale = config.get("logit_scale")
    if config.get("model_type") != "ilk-pocket" or not _sound(scale):
        return None
    return Logits(scale=float(scale), source=f"config.json of {name}")


def logits_of_weights(folder: Path, files: Sequence[str], *, name: str) -> Logits | None:
    """What is in the safetensors of a checkpoint with two towers; None if nothing is.

    ``logit_scale`` is a logarithm (CLIP and all that follow it), ``temperature`` divides (ALIGN).
    """
    found = dict[str, float]()
    for file in files:
        found |= _numbers(folder / file, {"logit_scale", "logit_bias", "temperature"})
    if "logit_scale" in found:
        scale = math.exp(min(found["logit_scale"], math.log(_LARGEST_SCALE)))
    elif found.get("temperature", 0) > 0:
        scale = 1 / found["temperature"]
    else:
        return None
    bias = found.get("logit_bias")
    return Logits(scale=scale, bias=bias, source=f"weights of {name}") if _sound(scale) else None


def _sound(scale: object) -> TypeGuard[float]:
    return isinstance(scale, int | float) and 0 < scale <= _LARGEST_SCALE


def _numbers(path: Path, wanted: set[str]) -> dict[str, float]:
    """Those tensors of a safetensors file that are one number, by the last part of their names."""
    found = dict[str, float]()
    with path.open("rb") as file:
        length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
        header = json.loads(file.read(length))
        for key, tensor in header.items():
            name = key.rpartition(".")[2]
            if name not in wanted or math.prod(tensor["shape"]) != 1 or tensor["dtype"] not in _FORMATS:
                continue
            start, end = tensor["data_offsets"]
            file.seek(_LENGTH_BYTES + length + start)
            data = file.read(end - start)
            if tensor["dtype"] == "BF16":  # the upper half of a float32
                data = b"\0\0" + data
            (found[name],) = struct.unpack(_FORMATS[tensor["dtype"]], data)
    return found
