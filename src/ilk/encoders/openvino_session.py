"""OpenVINO, from the extra ``ilk[openvino]``: the same ONNX files, in bfloat16 where a processor multiplies in it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Literal

from ilk.encoders.compute import ComputeOptions
from ilk.encoders.session import Port, Session, first_line
from ilk.errors import InputError, MissingExtraError, ModelFormatError
from ilk.machine import usable_processors

if TYPE_CHECKING:
    import numpy.typing as npt


def is_installed() -> bool:
    """Whether OpenVINO is here. Nothing is imported to find out."""
    return find_spec("openvino") is not None


def require_openvino(name: str) -> None:
    """Refuse what only OpenVINO computes where it is not.

    Raises
    ------
    MissingExtraError
        If it is not installed.
    """
    if not is_installed():
        raise MissingExtraError(
            f'{name} in bfloat16, as ONNX files, is computed by OpenVINO: run `pip install "ilk[openvino]"`, or leave '
            "the precision and the device at auto."
        )


def has_bfloat16() -> bool:
    """Whether this processor multiplies in bfloat16, so that OpenVINO gains by it."""
    import openvino

    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def precisions() -> tuple[Literal["float32", "bfloat16"], ...]:
    """What OpenVINO computes in on this processor."""
    return ("float32", "bfloat16") if has_bfloat16() else ("float32",)


class OpenVinoSession(Session):
    """A file loaded by OpenVINO, on the processor.

    Parameters
    ----------
    file
        The ONNX file.
    name
        What to call the model in messages.
    options
        Precision and threads; ``auto`` is bfloat16 where the processor has it, else float32.
    side_by_side
        Whether each processor computes batches of its own, rather than all of them one batch.

    Raises
    ------
    MissingExtraError
        If OpenVINO is not installed.
    InputError
        If the processor has no such precision.
    ModelFormatError
        If OpenVINO cannot load the file.
    """

    def __init__(self, file: Path, *, name: str, options: ComputeOptions, side_by_side: bool = False) -> None:
        require_openvino(name)
        import openvino

        precision = _precision(options.precision, name)
        threads = options.threads or usable_processors()
        self.workers = threads if side_by_side else 1
        self.for_many = side_by_side
        settings = {
            "INFERENCE_PRECISION_HINT": "bf16" if precision == "bfloat16" else "f32",
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": self.workers,
            "ENABLE_CPU_PINNING": False,  # pictures are decoded on the same processors
        }
        core = openvino.Core()
        try:
            self._compiled: Any = core.compile_model(core.read_model(str(file)), "CPU", settings)
        except Exception as error:  # the bindings raise RuntimeError and others, without a class in common
            raise ModelFormatError(f"{name} cannot be loaded by OpenVINO from {file}: {first_line(error)}") from error
        self.name, self.computes = name, f"OpenVINO in {precision}"
        self.inputs = {each.get_any_name(): _port(each) for each in self._compiled.inputs}
        self.outputs = [each for output in self._compiled.outputs for each in sorted(output.get_names())]
        self._idle: SimpleQueue[Any] = SimpleQueue()  # of places to compute in, each with the memory that it takes
        for _ in range(self.workers):
            self._idle.put(self._compiled.create_infer_request())

    def infer(self, output: str, given: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[Any]:
        """One output for these inputs."""
        request = self._idle.get()
        try:
            request.infer(dict(given))
            found: npt.NDArray[Any] = request.get_tensor(output).data.copy()
        finally:
            self._idle.put(request)
        return found


def _precision(asked: str, name: str) -> Literal["float32", "bfloat16"]:
    if asked == "auto":
        return "bfloat16" if has_bfloat16() else "float32"
    if asked == "bfloat16" and not has_bfloat16():
        raise InputError(f"{name} cannot be computed in bfloat16: this processor has no instructions for it.")
    return "bfloat16" if asked == "bfloat16" else "float32"


def _port(described: Any) -> Port:
    sides = tuple(side.get_length() if side.is_static else None for side in described.get_partial_shape())
    return Port(sides, described.get_element_type().to_dtype().name)
