"""ONNX Runtime, which comes with ilk and starts fast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ilk.encoders.compute import ComputeOptions
from ilk.encoders.session import Port, Session, first_line
from ilk.errors import InputError, MissingExtraError, ModelFormatError
from ilk.machine import usable_processors

if TYPE_CHECKING:
    import numpy.typing as npt

PROVIDERS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "cpu": ("CPUExecutionProvider", "onnxruntime"),
        "cuda": ("CUDAExecutionProvider", "onnxruntime-gpu"),
        "tensorrt": ("TensorrtExecutionProvider", "onnxruntime-gpu"),
        "rocm": ("MIGraphXExecutionProvider", "onnxruntime-migraphx"),
        "coreml": ("CoreMLExecutionProvider", "onnxruntime"),
        "directml": ("DmlExecutionProvider", "onnxruntime-directml"),
    }
)
"""What a device is called here, to ONNX Runtime, and in which of its packages it comes."""

_ONLY_FATAL = 4
_DTYPES = MappingProxyType({"tensor(float)": "float32", "tensor(float16)": "float16", "tensor(int32)": "int32"})


class OnnxRuntimeSession(Session):
    """A file loaded by ONNX Runtime.

    Parameters
    ----------
    file
        The ONNX file.
    name
        What to call the model in messages.
    options
        Device and threads.
    side_by_side
        Whether each processor computes batches of its own, which is most a second, rather than all of them one batch,
        which is soonest. A layer that is shared out is finished when its slowest part is, and another program, or the
        decoding of the next pictures, makes one of them slow.
    hasty
        Whether the first answer is wanted soon, and few more: weights inside of the file are left there, of which a
        question touches some, and are not laid out anew for the processor. The first answer of a large model comes
        several times sooner so (``python -m benchmarks.cold_million``), each further one later.

    Raises
    ------
    ModelFormatError
        If ONNX Runtime cannot load the file.
    MissingExtraError
        If the installed ONNX Runtime does not have the device.
    """

    def __init__(
        self, file: Path, *, name: str, options: ComputeOptions, side_by_side: bool = False, hasty: bool = False
    ) -> None:
        import onnxruntime

        device = _device(options.device, onnxruntime.get_available_providers(), name)
        provider, package = PROVIDERS[device]
        if provider not in onnxruntime.get_available_providers():
            raise MissingExtraError(
                f"The installed ONNX Runtime cannot use {device}. Run `pip install {package}` in place of "
                "onnxruntime, or leave the device at cpu."
            )
        threads = options.threads or usable_processors()
        self.workers = threads if side_by_side and device == "cpu" else 1
        self.for_many = side_by_side or device != "cpu"
        self.hasty = hasty
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = threads if self.workers == 1 else 1
        settings.inter_op_num_threads = 1  # towers are chains: there is nothing to run side by side
        settings.log_severity_level = _ONLY_FATAL  # what goes wrong is raised; standard error is the command line's
        # Waiting threads would otherwise burn the processors that decode the next pictures.
        settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session: Any = onnxruntime.InferenceSession(
                _hastened(file, settings) if hasty else str(file), settings, providers=[provider], enable_fallback=0
            )
        except Exception as error:  # the bindings have a class for each status and no common one but this
            raise ModelFormatError(
                f"{name} cannot be loaded by ONNX Runtime from {file}: {first_line(error)}"
            ) from error
        if provider not in self._session.get_providers():
            raise MissingExtraError(
                f"ONNX Runtime has {provider} but could not start it: its drivers are missing, or of another version."
            )
        self.name, self.computes = name, f"ONNX Runtime on {device}"
        self.inputs = {each.name: _port(each) for each in self._session.get_inputs()}
        self.outputs = [each.name for each in self._session.get_outputs()]
        self._run_options = onnxruntime.RunOptions()
        self._run_options.log_severity_level = _ONLY_FATAL

    @staticmethod
    def is_for_processors(options: ComputeOptions) -> bool:
        """Whether it would run on the processor."""
        import onnxruntime

        return _device(options.device, onnxruntime.get_available_providers(), "it") == "cpu"

    def infer(self, output: str, given: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[Any]:
        """One output for these inputs."""
        (found,) = self._session.run([output], given, self._run_options)
        array: npt.NDArray[Any] = found
        return array


def _hastened(file: Path, settings: Any) -> bytes:
    """What to load in place of a file, so that its weights are mapped; settings that do as little as can be first."""
    from onnxruntime import GraphOptimizationLevel

    from ilk.encoders.skeleton import skeleton_of

    settings.graph_optimization_level = GraphOptimizationLevel.ORT_ENABLE_BASIC
    settings.add_session_config_entry("session.disable_prepacking", "1")
    place = file.resolve()  # the Hub's cache is made of links, and weights are looked for where the graph is
    settings.add_session_config_entry("session.model_external_initializers_file_folder_path", str(place.parent))
    return skeleton_of(place)


def _port(described: Any) -> Port:
    shape = tuple(side if isinstance(side, int) else None for side in described.shape)
    return Port(shape, _DTYPES.get(described.type, "int64"))


def _device(asked: str, available: Sequence[str], name: str) -> str:
    """The device by a name of `PROVIDERS`; ``auto`` is the GPU that the installed ONNX Runtime was built for."""
    if asked == "auto":
        return "cuda" if PROVIDERS["cuda"][0] in available else "cpu"
    kind = asked.partition(":")[0]
    if kind not in PROVIDERS or kind != asked:
        raise InputError(f"{name} runs in ONNX Runtime, which has no device {asked!r}; it has {', '.join(PROVIDERS)}.")
    return kind
