"""Which runtime runs an ONNX file, and in which precision.

ONNX Runtime does, in the precision of the file: it comes with ilk and starts at once, which is what a question needs.
Many pictures are worth a runtime that takes a second to start: OpenVINO, where it is installed and the processor
multiplies in bfloat16, runs files in full precision about twice as fast. Weights of eight bits are faster still, in
either, on processors that have instructions for their products: `auto` takes those that lie beside full precision if
they were proven near when they were exported (`ilk.encoders.provenance`). What each does to vectors is measured by
``python -m benchmarks.precision``.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from ilk.encoders import openvino_session
from ilk.encoders.compute import ComputeOptions
from ilk.encoders.instructions import multiplies_bytes
from ilk.encoders.onnxruntime_session import OnnxRuntimeSession
from ilk.encoders.session import Session
from ilk.errors import InputError, ModelFormatError

MANY = 16
"""Pictures or texts in one call from which it is taken for one of many, and worth a runtime that starts slower."""

WORTH_BYTES = 32 << 20
"""Weights of a picture tower from which half the time a picture makes up for the start within some hundred pictures."""

WORTH_MAPPING_BYTES = 32 << 20
"""Weights from which leaving them in the file is felt in the first answer."""

EIGHT_BITS = "int8"
"""The variant that `ilk models export` writes, with a proof of how near it is."""

INT8_VARIANTS = (EIGHT_BITS, "quantized", "uint8")
"""What layouts call weights of eight bits, best first."""

_VARIANTS = {"float16": ("fp16",), "int8": INT8_VARIANTS}
_HERE = {"auto", "cpu"}
_SAYS_EIGHT_BITS = " in eight bits"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """A file of weights that is to be loaded.

    Attributes
    ----------
    file
        The ONNX file.
    name
        What to call the model in messages.
    variant
        Which weights these are; None for those in full precision.
    sees_alone
        Whether the file holds a picture tower and nothing else.
    whole
        Whether all of them are inside of the file.
    near
        Whether these are weights of eight bits that were proven near to full precision.
    """

    file: Path
    name: str
    variant: str | None
    sees_alone: bool
    whole: bool
    near: bool = False

    @property
    def size_bytes(self) -> int:
        """Of the graph, with the weights that lie beside it under its name."""
        return sum(each.stat().st_size for each in self.file.parent.glob(f"{self.file.name}*"))


def open_session(weights: Weights, options: ComputeOptions, *, many: bool, soon: bool = False) -> Session:
    """Load a file of weights into the runtime that suits it.

    Parameters
    ----------
    weights
        Which.
    options
        Device, precision and threads.
    many
        Whether as much as possible a second is wanted, rather than the first answer soon.
    soon
        Whether the first answer may cost the next ones some of their speed.

    Raises
    ------
    InputError
        If the runtime has no such device or precision.
    MissingExtraError
        If what computes that is not installed.
    ModelFormatError
        If it cannot load the file.
    """
    check_options(options, variant=weights.variant, name=weights.name)
    file, name = weights.file, weights.name
    if options.device == "openvino" or options.precision == "bfloat16":
        return openvino_session.OpenVinoSession(file, name=name, options=options, side_by_side=many)
    opened = _open_for_many(weights, options) if many else None
    if opened is not None:
        return opened
    plain = weights.variant is None and weights.whole and weights.size_bytes >= WORTH_MAPPING_BYTES
    if soon and plain and not many and OnnxRuntimeSession.is_for_processors(options):
        with suppress(ModelFormatError):  # what is wrong with a file is said of the file itself, below
            return OnnxRuntimeSession(file, name=name, options=options, hasty=True)
    opened = OnnxRuntimeSession(file, name=name, options=options, side_by_side=many)
    if weights.near:
        opened.computes += _SAYS_EIGHT_BITS
    return opened


def takes_eight_bits(options: ComputeOptions) -> bool:
    """Whether weights of eight bits that were proven near are what to compute with, where nobody said otherwise."""
    free = options.precision == "auto" and options.device in _HERE
    return free and multiplies_bytes() and OnnxRuntimeSession.is_for_processors(options)


def _open_for_many(weights: Weights, options: ComputeOptions) -> Session | None:
    """In OpenVINO, where that is here and gains by it."""
    worth = weights.sees_alone and weights.size_bytes >= WORTH_BYTES and (weights.near or weights.variant is None)
    free = options.precision in {"auto", "int8"} and OnnxRuntimeSession.is_for_processors(options)
    if not (worth and free and openvino_session.is_installed()):
        return None
    if weights.near:
        if not multiplies_bytes():
            return None
        options = replace(options, precision="float32")  # of all but the products, as when it was proven near
    elif not openvino_session.has_bfloat16():
        return None
    try:
        opened = openvino_session.OpenVinoSession(weights.file, name=weights.name, options=options, side_by_side=True)
    except ModelFormatError:  # an operator that it lacks; nobody asked for OpenVINO by name
        return None
    if weights.near:
        opened.computes = f"OpenVINO{_SAYS_EIGHT_BITS}"
    return opened


def check_options(options: ComputeOptions, *, variant: str | None, name: str) -> None:
    """Refuse what no runtime computes of this variant of a model's ONNX files, without loading any of them.

    Raises
    ------
    InputError
        If the files, or the device, have no such precision.
    MissingExtraError
        If OpenVINO would, and is not installed.
    """
    if options.precision == "bfloat16" and options.device not in {*_HERE, "openvino"}:
        raise InputError(
            f"{name} is an ONNX export, which is computed in bfloat16 on the processor only, not on {options.device}: "
            "leave the device or the precision at auto."
        )
    if options.precision == "bfloat16" or options.device == "openvino":
        openvino_session.require_openvino(name)
    variants = _VARIANTS.get(options.precision)
    if variants is not None and variant not in variants:
        raise InputError(
            f"{name} is an ONNX export, whose precision is that of its files: name a variant such as "
            f"{name.partition('#')[0]}#{variants[0]} instead of {options.precision}. `ilk models export` writes them."
        )
