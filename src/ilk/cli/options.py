"""Options that several verbs share, said once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from ilk.encoders.compute import ComputeOptions

_Verb = TypeVar("_Verb", bound=Callable[..., Any])

gallery_option = click.option(
    "--gallery",
    "-g",
    metavar="DIR",
    envvar="ILK_GALLERY",
    type=click.Path(path_type=Path),
    help="The gallery, or the folder that has it; also the variable ILK_GALLERY. "
    "By default the nearest .ilk, from here upwards.",
)

model_option = click.option(
    "--model",
    "-m",
    metavar="NAME",
    help="The model: `pocket`, a folder with its files, a name on the Hugging Face Hub, or one of OpenAI's such as "
    "ViT-B/32. See `ilk models list`.",
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def compute_options(verb: _Verb) -> _Verb:
    """``--device`` and ``--precision``, which `compute_of` reads."""
    device = click.option(
        "--device",
        metavar="NAME",
        envvar="ILK_DEVICE",
        help="What computes: cpu, cuda, cuda:1, mps ...; also the variable ILK_DEVICE. By default a GPU if there is "
        "one, else the CPU.",
    )
    precision = click.option(
        "--precision",
        metavar="NAME",
        envvar="ILK_PRECISION",
        help="float32, bfloat16, float16 or int8; also the variable ILK_PRECISION. By default the fastest that the "
        "device does well. ONNX files: bfloat16 needs ilk[openvino], int8 weights of eight bits beside them.",
    )
    return device(precision(verb))


def compute_of(device: str | None, precision: str | None) -> ComputeOptions | None:
    """How to open models; None if nothing was asked for.

    Raises
    ------
    InputError
        If there is no such device or precision.
    """
    if device is None and precision is None:
        return None
    from ilk.encoders.compute import ComputeOptions, precision_of

    return ComputeOptions(device=device or "auto", precision=precision_of(precision or "auto"))
