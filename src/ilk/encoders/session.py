"""One ONNX Runtime session: how it is made, and how a batch goes through it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ilk.encoders.compute import ComputeOptions
from ilk.encoders.families import Pooling, Readout
from ilk.errors import InputError, MissingExtraError, ModelFormatError
from ilk.machine import usable_processors

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

PROVIDERS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "cpu": ("CPUExecutionProvider", "onnxruntime"),
        "cuda": ("CUDAExecutionProvider", "onnxruntime-gpu"),
        "tensorrt": ("TensorrtExecutionProvider", "onnxruntime-gpu"),
        "rocm": ("MIGraphXExecutionProvider", "onnxruntime-migraphx"),
        "coreml": ("CoreMLExecutionProvider", "onnxruntime"),
        "directml": ("DmlExecutionProvider", "onnxruntime-directml"),
        "openvino": ("OpenVINOExecutionProvider", "onnxruntime-openvino"),
    }
)
"""What a device is called here, to ONNX Runtime, and in which of its packages it comes."""

_VARIANT_OF = MappingProxyType({"float16": "fp16", "bfloat16": "fp16", "int8": "int8"})
_ONLY_FATAL = 4
_DTYPES = MappingProxyType({"tensor(float)": "float32", "tensor(float16)": "float16", "tensor(int32)": "int32"})


class Session:
    """A loaded file of weights. Thread-safe.

    Parameters
    ----------
    file
        The ONNX file.
    name
        What to call the model in messages.
    options
        Device and threads.

    Raises
    ------
    ModelFormatError
        If ONNX Runtime cannot load the file.
    MissingExtraError
        If the installed ONNX Runtime does not have the device.
    """

    def __init__(self, file: Path, *, name: str, options: ComputeOptions) -> None:
        import onnxruntime

        device = _device(options.device, onnxruntime.get_available_providers(), name)
        provider, package = PROVIDERS[device]
        if provider not in onnxruntime.get_available_providers():
            raise MissingExtraError(
                f"The installed ONNX Runtime cannot use {device}. Run `pip install {package}` in place of "
                "onnxruntime, or leave the device at cpu."
            )
        if options.precision not in {"auto", "float32"}:
            raise InputError(
                f"{name} is an ONNX export, whose precision is that of its files: name a variant such as "
                f"{name}#{_VARIANT_OF[options.precision]} instead of {options.precision}."
            )
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = options.threads or usable_processors()
        settings.inter_op_num_threads = 1  # towers are chains: there is nothing to run side by side
        settings.log_severity_level = _ONLY_FATAL  # what goes wrong is raised; standard error is the command line's
        # Waiting threads would otherwise burn the processors that decode the next pictures.
        settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session: Any = onnxruntime.InferenceSession(
                str(file), settings, providers=[provider], enable_fallback=0
            )
        except Exception as error:  # the bindings have a class for each status and no common one but this
            raise ModelFormatError(
                f"{name} cannot be loaded by ONNX Runtime from {file}: {_first_line(error)}"
            ) from error
        if provider not in self._session.get_providers():
            raise MissingExtraError(
                f"ONNX Runtime has {provider} but could not start it: its drivers are missing, or of another version."
            )
        self.name = name
        self.inputs: dict[str, Any] = {each.name: each for each in self._session.get_inputs()}
        self.outputs: list[str] = [each.name for each in self._session.get_outputs()]
        self._run_options = onnxruntime.RunOptions()
        self._run_options.log_severity_level = _ONLY_FATAL

    def readout(self, candidates: Sequence[Readout], *, modality: str) -> Readout:
        """The first of these outputs that the model has.

        Raises
        ------
        ModelFormatError
            If it has none; says which it has.
        """
        for candidate in candidates:
            if candidate.output in self.outputs:
                return candidate
        wanted = " or ".join(candidate.output for candidate in candidates) or "none known for its type"
        raise ModelFormatError(
            f"{self.name} gives no {modality} embedding that ilk knows ({wanted}); its outputs are "
            f"{', '.join(self.outputs)}."
        )

    def run(
        self,
        feeds: Mapping[str, npt.NDArray[Any]],
        readout: Readout,
        *,
        beside: Mapping[str, npt.NDArray[Any]] = MappingProxyType({}),
    ) -> npt.NDArray[np.float32]:
        """Encode a batch into rows (n, d), float32, as the model gives them.

        Parameters
        ----------
        feeds
            Everything that may be asked for, each with n rows; what the model has no input for is left out.
        readout
            Which output, and how it becomes rows.
        beside
            What to give to the other tower, one row each, where one file has both: ONNX Runtime computes all of it.
        """
        import numpy as np

        n = len(next(iter(feeds.values())))
        fixed = self._fixed_batch(feeds)
        pieces = [
            self._run_piece(
                {**beside, **{key: _padded(value[start : start + fixed], fixed) for key, value in feeds.items()}},
                readout,
            )
            for start in range(0, n, fixed)
        ]
        return np.concatenate(pieces)[:n]

    def _fixed_batch(self, feeds: Mapping[str, npt.NDArray[Any]]) -> int:
        """How many rows the model takes at once: all of them, unless it was exported for a number of its own."""
        for key in feeds:
            if key in self.inputs and isinstance(self.inputs[key].shape[0], int):
                return int(self.inputs[key].shape[0])
        return max(len(value) for value in feeds.values())

    def _run_piece(self, feeds: Mapping[str, npt.NDArray[Any]], readout: Readout) -> npt.NDArray[np.float32]:
        given = {}
        for key, described in self.inputs.items():
            if key not in feeds:
                raise ModelFormatError(f"{self.name} asks for {key}, which is neither a picture nor a text.")
            rows = described.shape[0] if isinstance(described.shape[0], int) else 1
            given[key] = _padded(feeds[key], rows).astype(_DTYPES.get(described.type, "int64"), copy=False)
        try:
            (found,) = self._session.run([readout.output], given, self._run_options)
        except Exception as error:  # as above
            raise ModelFormatError(f"{self.name} failed on a batch: {_first_line(error)}") from error
        return _pool(found, readout.pooling, feeds.get("attention_mask"), self.name)


def _device(asked: str, available: Sequence[str], name: str) -> str:
    """The device by a name of `PROVIDERS`; ``auto`` is the GPU that the installed ONNX Runtime was built for."""
    if asked == "auto":
        return "cuda" if PROVIDERS["cuda"][0] in available else "cpu"
    kind = asked.partition(":")[0]
    if kind not in PROVIDERS or kind != asked:
        raise InputError(f"{name} runs in ONNX Runtime, which has no device {asked!r}; it has {', '.join(PROVIDERS)}.")
    return kind


def _padded(value: npt.NDArray[Any], rows: int) -> npt.NDArray[Any]:
    """At least so many rows, the first repeated."""
    import numpy as np

    missing = rows - len(value)
    return np.concatenate([value, np.repeat(value[:1], missing, axis=0)]) if missing > 0 else value


def _pool(
    found: npt.NDArray[Any], pooling: Pooling, mask: npt.NDArray[Any] | None, name: str
) -> npt.NDArray[np.float32]:
    import numpy as np

    if found.ndim == 3:  # noqa: PLR2004 -- picture or text, token, channel
        if pooling == "cls":
            found = found[:, 0]
        elif pooling == "mean":
            weights = np.ones(found.shape[:2], np.float32)
            if mask is not None and mask.shape[1] == found.shape[1]:  # of this tower, not of the one beside it
                weights = _padded(mask, len(found)).astype(np.float32)
            found = np.einsum("ntc,nt->nc", found, weights) / weights.sum(axis=1, keepdims=True)
    rows = found.reshape(len(found), -1) if found.shape[2:] == (1, 1) else found
    if rows.ndim != 2:  # noqa: PLR2004 -- rows
        raise ModelFormatError(f"{name} gives an array of shape {found.shape} where rows were expected.")
    return rows.astype(np.float32, copy=False)


def _first_line(error: Exception) -> str:
    """What went wrong, without the stack that some messages carry."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
