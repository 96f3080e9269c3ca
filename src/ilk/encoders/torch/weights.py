"""From a checkpoint's files to a loaded model. Nothing but tensors is taken from them: no pickle, no code."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ilk.encoders.checkpoint import Checkpoint
from ilk.encoders.compute import ComputeOptions, Precision
from ilk.encoders.families import CheckpointPooling
from ilk.encoders.preprocess import Preprocessing
from ilk.encoders.torch.devices import choose_devices, choose_precision, first_line, import_torch
from ilk.encoders.torch.replica import Replica
from ilk.errors import ModelFormatError, ModelMemoryError

_POOLER = "pooler."
_ATTENTION = {
    # With the default, transformers 5.23 drops the causal mask of texts without padding, and its layers then look
    # ahead (modeling_aimv2.py: `is_causal = False`): a vector would depend on how long the texts beside it are.
    "aimv2": "eager",
}


def load_replicas(
    files: Checkpoint,
    *,
    pooling: CheckpointPooling,
    preprocessing: Preprocessing | None,
    options: ComputeOptions,
) -> tuple[Replica, ...]:
    """Load a checkpoint onto every device that is to compute it.

    The processors of the CPU count as devices: they compute a batch each, with the same weights.

    Raises
    ------
    MissingExtraError
        If torch or transformers is not installed, or torch has no such device.
    ModelFormatError
        If the weights are not those of the model that the configuration describes.
    ModelMemoryError
        If a device has too little memory for it.
    """
    torch = import_torch()
    if options.threads:
        torch.set_num_threads(options.threads)
    devices = choose_devices(options.device)
    precision = choose_precision(options.precision, devices[0])
    replicas = []
    for device in devices:
        model = load_model(files, pooling=pooling, precision=precision)
        try:
            model = model.to(device)
        except torch.OutOfMemoryError as error:
            raise ModelMemoryError(
                f"{files.name} does not fit into the memory of {device}. Choose a smaller model or device cpu."
            ) from error
        replicas.append(Replica(model, name=files.name, device=device, pooling=pooling, preprocessing=preprocessing))
    return tuple(replicas) if devices != ("cpu",) else tuple(replicas * torch.get_num_threads())


def load_model(files: Checkpoint, *, pooling: CheckpointPooling, precision: Precision) -> Any:
    """Load a checkpoint on the CPU, in evaluation mode.

    Raises
    ------
    ModelFormatError
        If its type is unknown to the installed transformers or needs code of its own, or weights are missing.
    """
    torch = import_torch()
    from transformers import AutoConfig, AutoModel
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    if files.model_type not in CONFIG_MAPPING:
        import transformers

        rest = (
            ", and brings code of its own, which ilk never runs. Choose another model, or an ONNX export of this one."
            if "auto_map" in files.config
            else ". A newer transformers may."
        )
        raise ModelFormatError(
            f"{files.name} is of type {files.model_type or '(none)'!r}, which transformers {transformers.__version__} "
            f"does not know{rest}"
        )
    dtype = torch.float32 if precision in {"float32", "int8"} else getattr(torch, precision)
    try:
        with _quiet():
            config = AutoConfig.from_pretrained(files.folder, local_files_only=True, trust_remote_code=False)
            model, loaded = AutoModel.from_pretrained(
                files.folder,
                config=config,
                dtype=dtype,
                use_safetensors=True,
                local_files_only=True,
                trust_remote_code=False,
                output_loading_info=True,
                ignore_mismatched_sizes=True,  # they are named below, and transformers names them only in its log
                **({"attn_implementation": _ATTENTION[files.model_type]} if files.model_type in _ATTENTION else {}),
            )
    except (OSError, ValueError, KeyError, RuntimeError, TypeError, AttributeError, ImportError) as error:
        raise ModelFormatError(
            f"{files.name} cannot be loaded by transformers from {files.folder}: {first_line(error)}"
        ) from error
    missing = sorted(
        key
        for key in (*loaded["missing_keys"], *(each[0] for each in loaded["mismatched_keys"]))
        if pooling == "pooler" or not key.startswith(_POOLER)
    )
    if missing:
        raise ModelFormatError(
            f"{files.name} lacks weights that its configuration needs ({missing[0]} and {len(missing) - 1} more), "
            "which would be random. It may be the checkpoint of another model; fetch it again."
        )
    model.eval().requires_grad_(requires_grad=False)
    return _quantised(model) if precision == "int8" else model


def _quantised(model: Any) -> Any:
    """Linear layers with int8 weights, their inputs quantised as they come (dynamic quantisation)."""
    import warnings

    import torch

    with warnings.catch_warnings():
        # Deprecated for torchao, whose int8 needs compiling on a processor; this runs as it is, and is what torch has.
        warnings.simplefilter("ignore")
        from torch.ao.quantization import quantize_dynamic

        return quantize_dynamic(model, {torch.nn.Linear}, dtype=torch.qint8)


def convert_tokenizer(folder: Path, *, digest: str, name: str) -> Path:
    """Let transformers make ``tokenizer.json`` of an older form, once; it is kept in the user's cache.

    Raises
    ------
    ModelFormatError
        If it cannot.
    """
    from ilk.encoders.digest import cache_file

    target = cache_file().parent / "tokenizers" / digest / "tokenizer.json"
    if target.is_file():
        return target
    import_torch()
    from transformers import AutoTokenizer

    try:
        with _quiet():
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        backend = tokenizer.backend_tokenizer
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = target.with_suffix(".partial")
        backend.save(str(aside))
    except Exception as error:  # tokenizers raise the bare class, transformers many
        raise ModelFormatError(f"{name} has no tokenizer that transformers can read: {first_line(error)}") from error
    aside.replace(target)
    return target


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without transformers' progress bars and remarks, which are not for the command line's stderr."""
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
