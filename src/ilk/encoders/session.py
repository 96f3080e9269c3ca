"""One ONNX Runtime session: how it is made, and how a batch goes through it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ilk.encoders.families import Pooling, Readout
from ilk.errors import InputError, MissingExtraError, ModelFormatError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

DEVICES: Mapping[str, tuple[str, str]] = MappingProxyType(
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

_ONLY_FATAL = 4
_DTYPES = MappingProxyType({"tensor(float)": "float32", "tensor(float16)": "float16", "tensor(int32)": "int32"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputeOptions:
    """How to run a model.

    Attributes
    ----------
    device
        One of `DEVICES`.
    threads
        How many compute one batch; None for the processors this process may use.
    batch_size
        Pictures or texts that go through a tower at once.
    """

    device: str = "cpu"
    threads: int | None = None
    batch_size: int = 32

    def __post_init__(self) -> None:
        if self.device not in DEVICES:
            raise InputError(f"There is no device {self.device!r}; there are {', '.join(DEVICES)}.")
        if self.threads is not None and self.threads < 1:
            raise InputError(f"threads must be at least 1, not {self.threads}.")
        if self.batch_size < 1:
            raise InputError(f"batch_size must be at least 1, not {self.batch_size}.")


def usable_processors() -> int:
    """How many processors this process may use, which can be fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


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

        provider, package = DEVICES[options.device]
        if provider not in onnxruntime.get_available_providers():
            raise MissingExtraError(
                f"The installed ONNX Runtime cannot use {options.device}. Run `pip install {package}` in place of "
                "onnxruntime, or leave the device at cpu."
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
        return _pool(found, readout.pooling, self.name)


def _padded(value: npt.NDArray[Any], rows: int) -> npt.NDArray[Any]:
    """At least so many rows, the first repeated."""
    import numpy as np

    missing = rows - len(value)
    return np.concatenate([value, np.repeat(value[:1], missing, axis=0)]) if missing > 0 else value


def _pool(found: npt.NDArray[Any], pooling: Pooling, name: str) -> npt.NDArray[np.float32]:
    import numpy as np

    if pooling == "first" and found.ndim == 3:  # noqa: PLR2004 -- picture, token, channel
        found = found[:, 0]
    rows = found.reshape(len(found), -1) if found.shape[2:] == (1, 1) else found
    if rows.ndim != 2:  # noqa: PLR2004 -- rows
        raise ModelFormatError(f"{name} gives an array of shape {found.shape} where rows were expected.")
    return rows.astype(np.float32, copy=False)


def _first_line(error: Exception) -> str:
    """What went wrong, without the stack that some messages carry."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
