"""Which devices compute a checkpoint, and in which precision.

``auto`` is every CUDA GPU there is, else an Apple GPU, else the CPU; bfloat16 on GPUs and on processors with
instructions for it (AVX-512 BF16 or AMX), float16 on Apple GPUs, else float32. What a precision costs is measured by
``python -m benchmarks.precision``.
"""

from __future__ import annotations

from typing import Any

from ilk.encoders.compute import Precision
from ilk.errors import InputError, MissingExtraError


def import_torch() -> Any:
    """The torch module, with transformers beside it.

    Raises
    ------
    MissingExtraError
        If they are not installed, or do not fit each other.
    """
    try:
        import torch
        from transformers import AutoModel  # noqa: F401 -- a mismatched torchvision shows only here
    except (ImportError, RuntimeError) as error:
        absent = isinstance(error, ModuleNotFoundError) and error.name in {"torch", "transformers"}
        reason = "" if absent else f" They are here, but cannot be loaded: {first_line(error)}"
        raise MissingExtraError(
            "This model runs with PyTorch and transformers, which are not part of the core. Run "
            f'`pip install "ilk[torch]"`, or name an ONNX export.{reason}'
        ) from error
    return torch


def choose_devices(asked: str) -> tuple[str, ...]:
    """The devices to compute on, as torch names them; several only for GPUs of one machine.

    Raises
    ------
    MissingExtraError
        If torch has no such device here.
    InputError
        If torch cannot compute on such a device at all.
    """
    torch = import_torch()
    gpus = tuple(f"cuda:{number}" for number in range(torch.cuda.device_count())) if torch.cuda.is_available() else ()
    apple = torch.backends.mps.is_available()
    if asked == "auto":
        return gpus or (("mps",) if apple else ("cpu",))
    kind = "cuda" if asked.startswith("rocm") else asked.partition(":")[0]  # torch calls AMD's GPUs cuda as well
    if kind == "cpu":
        return ("cpu",)
    if kind not in {"cuda", "mps"}:
        raise InputError(f"PyTorch has no device {asked!r} for ilk: it has auto, cpu, cuda (or cuda:1) and mps.")
    found = gpus if kind == "cuda" else (("mps",) if apple else ())
    wanted = (
        found
        if asked in {"cuda", "rocm", "mps"}
        else tuple(gpu for gpu in found if gpu == f"cuda:{asked.partition(':')[2]}")
    )
    if not wanted:
        have = ", ".join((*gpus, *(("mps",) if apple else ()), "cpu"))
        raise MissingExtraError(
            f"PyTorch finds no {asked} here, only {have}. Install its driver and the torch built for it, or choose "
            "another device."
        )
    return wanted


def choose_precision(asked: Precision, device: str) -> Precision:
    """The precision to compute in; see the top of this file for what ``auto`` is.

    Raises
    ------
    InputError
        If int8 is asked of a GPU.
    """
    import torch

    if asked == "int8" and device != "cpu":
        raise InputError(f"int8 computes on the CPU only, not on {device}: choose the device cpu, or float16.")
    if asked != "auto":
        return asked
    if device.startswith("cuda"):
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float16"
    if device == "mps":
        return "float16"
    able = torch.cpu.get_capabilities()
    return "bfloat16" if able.get("avx512_bf16") or able.get("amx_bf16") else "float32"


def first_line(error: BaseException) -> str:
    """What went wrong, without the stack that some messages carry."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
