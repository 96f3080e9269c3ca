"""What computes a model, and how exactly: devices, precisions, threads and batches, whatever runs it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from ilk.errors import InputError

Precision: TypeAlias = Literal["auto", "float32", "bfloat16", "float16", "int8"]
"""``auto``: the fastest that the device does well and that changes no vector by more than a cosine of about 0.001."""

PRECISIONS: tuple[Precision, ...] = get_args(Precision)

DEVICES = ("auto", "cpu", "cuda", "mps", "tensorrt", "rocm", "coreml", "directml", "openvino")
"""What can be asked to compute. ``cuda:1`` names one of several; ``auto`` is a GPU where one is there, else the CPU."""

_NUMBERED = re.compile(r"(?P<kind>[a-z]+)(?::\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputeOptions:
    """How to run a model.

    Attributes
    ----------
    device
        One of `DEVICES`, with a number after a colon for one of several.
    precision
        Of the arithmetic, where the runtime can choose. An ONNX file has its own.
    threads
        How many compute one batch on the CPU; None for the processors this process may use.
    batch_size
        Pictures or texts that go through a tower at once; None to find out what is fastest.

    Raises
    ------
    InputError
        If there is no such device or precision, or a number is below 1.
    """

    device: str = "auto"
    precision: Precision = "auto"
    threads: int | None = None
    batch_size: int | None = None

    def __post_init__(self) -> None:
        match = _NUMBERED.fullmatch(self.device)
        if match is None or match["kind"] not in DEVICES:
            raise InputError(f"There is no device {self.device!r}; there are {', '.join(DEVICES)}.")
        precision_of(self.precision)
        if self.threads is not None and self.threads < 1:
            raise InputError(f"threads must be at least 1, not {self.threads}.")
        if self.batch_size is not None and self.batch_size < 1:
            raise InputError(f"batch_size must be at least 1, not {self.batch_size}.")


def precision_of(name: str) -> Precision:
    """The precision of that name.

    Raises
    ------
    InputError
        If there is none.
    """
    for precision in PRECISIONS:
        if precision == name:
            return precision
    raise InputError(f"There is no precision {name!r}; there are {', '.join(PRECISIONS)}.")
