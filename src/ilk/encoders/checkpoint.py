"""The files of a transformers checkpoint, found and checked without loading any of it.

::

    config.json  preprocessor_config.json  tokenizer.json (or vocab.txt, spiece.model ...)  tokenizer_config.json
    model.safetensors                     or model-00001-of-00003.safetensors ... with an index
    modules.json  1_Pooling/config.json   sentence encoders: how tokens become one vector

Weights are read from safetensors only, which hold numbers and nothing that runs; ``pytorch_model.bin`` is a pickle,
and a pickle is a program. The layout of a safetensors file is that of its README (safetensors 0.8, "Format").
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from ilk.encoders.base import Modality
from ilk.encoders.families import FAMILIES, OTHER, CheckpointPooling, Family
from ilk.errors import ModelFormatError

CONFIG = "config.json"
PREPROCESSING = "preprocessor_config.json"
TOKENIZER = "tokenizer.json"
TOKENIZER_CONFIG = "tokenizer_config.json"
SPECIAL_TOKENS = "special_tokens_map.json"
VOCABULARIES = ("vocab.txt", "vocab.json", "merges.txt", "spiece.model", "sentencepiece.bpe.model", "tokenizer.model")
"""What tokenizers were saved as before ``tokenizer.json``."""

MODULES, POOLING = "modules.json", "1_Pooling/config.json"
SENTENCES = "sentence_bert_config.json"
WEIGHTS_INDEX = "model.safetensors.index.json"

SETTINGS = (
    CONFIG,
    PREPROCESSING,
    "processor_config.json",
    TOKENIZER,
    TOKENIZER_CONFIG,
    SPECIAL_TOKENS,
    "added_tokens.json",
    *VOCABULARIES,
    MODULES,
    POOLING,
    SENTENCES,
    WEIGHTS_INDEX,
)
"""Everything but weights."""

_WEIGHTS = re.compile(r"model(?:-\d{5}-of-\d{5})?\.safetensors")
_PICKLES = (".bin", ".pt", ".pth", ".ckpt")
_LENGTH_BYTES = 8
_LARGEST_HEADER_BYTES = 100_000_000  # what the format itself allows
_LFS_POINTER = b"version https://git-lfs"


def checkpoint_files(files: Iterable[str], *, name: str) -> tuple[str, ...]:
    """Which files of a listing are needed to run a checkpoint.

    Raises
    ------
    ModelFormatError
        If there are no safetensors, or no configuration.
    """
    files = list(files)
    weights = [file for file in files if _WEIGHTS.fullmatch(file)]
    if not weights or CONFIG not in files:
        raise ModelFormatError(_without(files, name))
    return tuple(sorted({*weights, *(file for file in files if file in SETTINGS)}))


def _without(files: Iterable[str], name: str) -> str:
    files = list(files)
    if pickles := sorted(file for file in files if file.endswith(_PICKLES)):
        return (
            f"{name} has its weights only in {pickles[0]}, a pickle, which can run any program: ilk reads safetensors. "
            "Ask its author to add model.safetensors, or convert it where you trust it: "
            "`AutoModel.from_pretrained(...).save_pretrained(...)` in transformers."
        )
    here = ", ".join(sorted(files)[:12]) or "nothing"
    lacking = CONFIG if any(_WEIGHTS.fullmatch(file) for file in files) else "model.safetensors"
    return f"{name} is no checkpoint: it lacks {lacking}. What is there: {here}."


def is_checkpoint(folder: Path) -> bool:
    """Whether a folder has weights as safetensors."""
    return any(_WEIGHTS.fullmatch(path.name) for path in folder.glob("model*.safetensors"))


class Checkpoint:
    """A checkpoint in a folder, found and checked; nothing heavy is loaded.

    Parameters
    ----------
    folder
        Where it is.
    name
        What to call the model in messages.

    Raises
    ------
    ModelFormatError
        If a file is missing, cut short or cannot be followed.
    """

    def __init__(self, folder: Path, *, name: str) -> None:
        self.folder, self.name = folder, name
        inside = [path.relative_to(folder).as_posix() for path in (*folder.glob("*"), *folder.glob("1_Pooling/*"))]
        self.files = checkpoint_files(inside, name=name)
        self.config = self.read_json(CONFIG)
        self.model_type = str(self.config.get("model_type") or ("timm_wrapper" if self._is_timm else ""))
        self.family: Family = FAMILIES.get(self.model_type, OTHER)
        for file in self.weights:
            _check_whole(folder / file)

    @property
    def _is_timm(self) -> bool:
        return "architecture" in self.config and "pretrained_cfg" in self.config

    @cached_property
    def weights(self) -> tuple[str, ...]:
        """The files of weights: those that the index names, if there is one.

        Raises
        ------
        ModelFormatError
            If one that the index names is missing.
        """
        present = tuple(file for file in self.files if _WEIGHTS.fullmatch(file))
        if WEIGHTS_INDEX not in self.files or "model.safetensors" in present:
            return present
        named = self.read_json(WEIGHTS_INDEX).get("weight_map")
        wanted = sorted({str(file) for file in named.values()}) if isinstance(named, dict) else []
        if missing := [file for file in wanted if file not in present]:
            raise ModelFormatError(f"{self.name} lacks {missing[0]}, which {WEIGHTS_INDEX} names. Fetch it again.")
        return tuple(wanted)

    @cached_property
    def modalities(self) -> frozenset[Modality]:
        """What it can encode: as its family does, else as its files suggest."""
        if self.family is not OTHER:
            return self.family.modalities
        if "vision_config" in self.config and "text_config" in self.config:
            return frozenset({"image", "text"})
        return frozenset({"image"}) if PREPROCESSING in self.files else frozenset({"text"})

    @cached_property
    def pooling(self) -> CheckpointPooling | None:
        """How the model's outputs become one vector: as its files say, else its family; None if neither does.

        Raises
        ------
        ModelFormatError
            If it pools in a way that ilk does not follow.
        """
        if MODULES not in self.files:
            return self.family.checkpoint
        for module in self._modules():
            kind = str(module.get("type", "")).rpartition(".")[2]
            if kind not in {"Transformer", "Pooling", "Normalize"}:
                raise ModelFormatError(
                    f"{self.name} ends in a layer of kind {kind} ({MODULES}), which ilk does not run. "
                    "Choose a sentence encoder that ends in pooling, such as sentence-transformers/all-MiniLM-L6-v2."
                )
        modes = self.read_json(POOLING) if POOLING in self.files else {}
        chosen = {
            key.removeprefix("pooling_mode_") for key, on in modes.items() if key.startswith("pooling_mode_") and on
        }
        if mode := modes.get("pooling_mode"):  # as sentence-transformers 5 writes it
            chosen = set(mode) if isinstance(mode, list) else {str(mode)}
        known: dict[frozenset[str], CheckpointPooling] = {
            frozenset({"mean_tokens"}): "mean",
            frozenset({"mean"}): "mean",
            frozenset({"cls_token"}): "cls",
            frozenset({"cls"}): "cls",
        }
        if frozenset(chosen) not in known:
            raise ModelFormatError(
                f"{self.name} pools by {', '.join(sorted(chosen)) or 'nothing'} ({POOLING}); ilk knows mean and cls. "
                f"Say {self.name}#mean or {self.name}#cls to choose one yourself."
            )
        return known[frozenset(chosen)]

    @cached_property
    def taught_context(self) -> int | None:
        """Tokens at most that a sentence encoder was taught with, often fewer than its model takes; None if unsaid."""
        longest = self.read_json(SENTENCES, required=False).get("max_seq_length") if SENTENCES in self.files else None
        return longest if isinstance(longest, int) and longest > 0 else None

    def _modules(self) -> list[Mapping[str, Any]]:
        path = self.folder / MODULES
        try:
            content = json.loads(path.read_bytes())
        except ValueError as error:
            raise ModelFormatError(f"{path} is not JSON: {error}.") from error
        return [each for each in content if isinstance(each, dict)] if isinstance(content, list) else []

    def read_json(self, file: str, *, required: bool = True) -> Mapping[str, Any]:
        """One of the settings files; an empty mapping if it is not required and not there."""
        path = self.folder / file
        if not required and not path.is_file():
            return {}
        try:
            content = json.loads(path.read_bytes())
        except OSError as error:
            raise ModelFormatError(f"{path} cannot be read: {error.strerror or error}.") from error
        except ValueError as error:
            raise ModelFormatError(f"{path} is not JSON: {error}.") from error
        if not isinstance(content, dict):
            raise ModelFormatError(f"{path} should hold a JSON object.")
        return content

    def decisive(self) -> tuple[str, ...]:
        """The files that decide vectors, relative to the folder."""
        settings = (file for file in self.files if file in SETTINGS)
        return tuple(sorted({*settings, *self.weights}))


def _check_whole(path: Path) -> None:
    """Refuse a safetensors file that ends before its last tensor.

    Raises
    ------
    ModelFormatError
        If it is cut short, or no safetensors at all.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(len(_LFS_POINTER))
            length = int.from_bytes(start[:_LENGTH_BYTES], "little")
            file.seek(_LENGTH_BYTES)
            header = file.read(length) if length <= min(size, _LARGEST_HEADER_BYTES) else b""
    except OSError as error:
        raise ModelFormatError(f"{path} cannot be read: {error.strerror or error}.") from error
    if start == _LFS_POINTER:
        raise ModelFormatError(
            f"{path} is a Git LFS pointer, not the weights themselves. Run `git lfs pull` in its folder, "
            "or download the file."
        )
    try:
        ends = [tensor["data_offsets"][1] for key, tensor in json.loads(header).items() if key != "__metadata__"]
        whole = _LENGTH_BYTES + length + max(ends, default=0)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise ModelFormatError(f"{path} is cut short or no safetensors file. Fetch it again.") from error
    if size != whole:
        raise ModelFormatError(f"{path} has {size:,} bytes where {whole:,} were expected: fetch it again.")
