"""Folders that are no checkpoint, or a spoilt one: what ilk must refuse in one clear sentence."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from encoders.checkpoints import FAMILIES

WEIGHTS = "model.safetensors"
LACKING = "vision_model.encoder.layers.1."
"""What the weights lack of which a layer is missing."""


def no_model(folder: Path) -> Path:
    """A folder of somebody's notes."""
    folder.mkdir(parents=True)
    (folder / "notes.txt").write_text("nothing to see here\n", encoding="utf-8")
    return folder


def unknown_type(folder: Path) -> Path:
    """A model newer than the installed transformers, or misspelt."""
    return _with_config(_clip(folder), model_type="clip_of_tomorrow", architectures=["TomorrowModel"])


def remote_code(folder: Path) -> Path:
    """A model that comes with a program of its own; running it would leave a file behind."""
    _with_config(
        _clip(folder),
        model_type="own_code",
        architectures=["OwnModel"],
        auto_map={"AutoConfig": "own.OwnConfig", "AutoModel": "own.OwnModel"},
    )
    program = "from pathlib import Path\n\nPath(__file__).with_name('it_ran').touch()\n"
    (folder / "own.py").write_text(program, encoding="utf-8")
    return folder


def truncated(folder: Path) -> Path:
    """A download that broke off in the middle of the weights."""
    weights = _clip(folder) / WEIGHTS
    weights.write_bytes(weights.read_bytes()[: weights.stat().st_size // 2])
    return folder


def truncated_header(folder: Path) -> Path:
    """A download that broke off before the first weight."""
    weights = _clip(folder) / WEIGHTS
    weights.write_bytes(weights.read_bytes()[:100])
    return folder


def empty_weights(folder: Path) -> Path:
    """A file that was made and never written, as a full disk leaves it."""
    (_clip(folder) / WEIGHTS).write_bytes(b"")
    return folder


def pickle_only(folder: Path) -> Path:
    """Weights as they were saved before safetensors."""
    import torch
    from safetensors.torch import load_file

    weights = _clip(folder) / WEIGHTS
    torch.save(load_file(weights), folder / "pytorch_model.bin")
    weights.unlink()
    return folder


def missing_layer(folder: Path) -> Path:
    """Whole and readable, and without the second layer of what sees, which would be random."""
    from safetensors.torch import load_file, save_file

    weights = _clip(folder) / WEIGHTS
    kept = {name: tensor for name, tensor in load_file(weights).items() if not name.startswith(LACKING)}
    save_file(kept, weights, metadata={"format": "pt"})
    return folder


def other_shape(folder: Path) -> Path:
    """Weights of a larger model than the configuration describes."""
    _clip(folder)
    content = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    content["projection_dim"] *= 2
    return _with_config(folder, **content)


def no_preprocessor(folder: Path) -> Path:
    """Nothing says how pictures are prepared."""
    (_clip(folder) / "preprocessor_config.json").unlink()
    return folder


def no_tokenizer(folder: Path) -> Path:
    """Nothing says how texts are split."""
    _clip(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.json", "merges.txt"):
        (folder / name).unlink()
    return folder


def _clip(folder: Path) -> Path:
    return FAMILIES["clip"](folder)


def _with_config(folder: Path, **changes: Any) -> Path:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **changes}), encoding="utf-8")
    return folder


SPOILT: Mapping[str, Callable[[Path], Path]] = MappingProxyType(
    {
        "no model": no_model,
        "unknown type": unknown_type,
        "remote code": remote_code,
        "truncated": truncated,
        "truncated header": truncated_header,
        "empty weights": empty_weights,
        "pickle only": pickle_only,
        "missing layer": missing_layer,
        "other shape": other_shape,
        "no preprocessor": no_preprocessor,
        "no tokenizer": no_tokenizer,
    }
)
"""By what is wrong with it."""
