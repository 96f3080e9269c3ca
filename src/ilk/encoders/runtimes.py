"""Which runtime opens a model, and with which of its files, by what there is.

::

    onnx/model.onnx, visual/model.onnx ...   ONNX Runtime, which comes with ilk; taken where both are there
    model.safetensors                        PyTorch, from the extra ilk[torch]; also where the variant asks for it

A variant says which weights to take, or that PyTorch is to run the checkpoint, and then how its outputs become one
vector: ``#torch`` as its family does, ``#cls``, ``#pooler`` and ``#mean`` otherwise.
"""

from __future__ import annotations

from collections.abc import Collection
from importlib.util import find_spec
from types import MappingProxyType

from ilk.encoders.card import Runtime
from ilk.encoders.cards import export_of
from ilk.encoders.checkpoint import checkpoint_files
from ilk.encoders.families import CheckpointPooling
from ilk.encoders.layout import LAYOUTS, choose_files, variants_in
from ilk.errors import MissingExtraError

TORCH_VARIANTS: MappingProxyType[str, CheckpointPooling | None] = MappingProxyType(
    {"torch": None, "cls": "cls", "pooler": "pooler", "mean": "mean"}
)
"""The variants that mean the checkpoint, and how each pools; None as the family does."""

TORCH_PACKAGES = ("torch", "transformers", "safetensors")

_CHECKPOINT_ENDINGS = (".safetensors", ".bin", ".pt", ".pth", ".ckpt")


def runtime_of(files: Collection[str], variant: str | None) -> Runtime:
    """What opens a model that has these files, relative to its folder."""
    if variant in TORCH_VARIANTS:
        return "torch"
    exported = any(variants_in(files, layout) for layout in LAYOUTS)
    trained = any(file.endswith(_CHECKPOINT_ENDINGS) for file in files if "/" not in file)
    return "torch" if trained and not exported and variant is None else "onnx"


def needed_files(files: Collection[str], variant: str | None, *, name: str) -> tuple[str, ...]:
    """Which of a model's files its runtime reads.

    Raises
    ------
    ModelFormatError
        If there are no weights that it could.
    """
    if runtime_of(files, variant) == "torch":
        return checkpoint_files(files, name=name)
    return choose_files(files, variant=variant, name=name)


def missing_packages() -> tuple[str, ...]:
    """What `ilk[torch]` would install and is not there. Nothing is imported to find out."""
    return tuple(package for package in TORCH_PACKAGES if find_spec(package) is None)


def require_torch(name: str, *, checkpoint: str | None = None) -> None:
    """Refuse a checkpoint where there is nothing to run it.

    Parameters
    ----------
    name
        What to call the model in the message.
    checkpoint
        Its name on the Hub, for which an ONNX export may be known.

    Raises
    ------
    MissingExtraError
        If a part of the extra is missing; names an export of the same weights if there is one.
    """
    missing = missing_packages()
    if not missing:
        return
    export = export_of(checkpoint) if checkpoint else None
    *others, last = missing
    named = f"{', '.join(others)} and {last} are" if others else f"{last} is"
    instead = f", or name {export.name}, which has the same weights for ONNX Runtime" if export else ""
    raise MissingExtraError(
        f'{name} is a PyTorch checkpoint, and {named} not installed: run `pip install "ilk[torch]"`{instead}.'
    )
