"""A loaded file of ONNX weights, whatever runs it: what goes in, which output it is, and how that becomes rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ilk.encoders.families import Pooling, Readout
from ilk.errors import ModelFormatError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Port:
    """What a graph takes in at one place: the sides of an array (None: any), and its type, as numpy calls it."""

    shape: tuple[int | None, ...]
    dtype: str

    @property
    def rows(self) -> int | None:
        """How many rows it takes at once; None if any number."""
        return self.shape[0] if self.shape else None


class Session(ABC):
    """A loaded file of weights. Thread-safe.

    Attributes
    ----------
    name
        What to call the model in messages.
    computes
        What runs it, and how exactly.
    inputs, outputs
        By the names that the graph has for them.
    workers
        How many batches it computes side by side at no loss.
    for_many
        Whether another way of running it would not be faster for many rows.
    hasty
        Whether it was loaded for the first answer, and another way would be faster for further ones.
    """

    name: str
    computes: str
    inputs: Mapping[str, Port]
    outputs: Sequence[str]
    workers: int
    for_many: bool
    hasty: bool = False

    @abstractmethod
    def infer(self, output: str, given: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[Any]:
        """One output for these inputs, all of them and as the graph wants them.

        Raises
        ------
        Exception
            Whatever the runtime has for what it cannot compute.
        """

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
            What to give to the other tower, one row each, where one file has both: all of it is computed.
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
            if key in self.inputs and (rows := self.inputs[key].rows):
                return rows
        return max(len(value) for value in feeds.values())

    def _run_piece(self, feeds: Mapping[str, npt.NDArray[Any]], readout: Readout) -> npt.NDArray[np.float32]:
        given = {}
        for key, port in self.inputs.items():
            if key not in feeds:
                raise ModelFormatError(f"{self.name} asks for {key}, which is neither a picture nor a text.")
            given[key] = _padded(feeds[key], port.rows or 1).astype(port.dtype, copy=False)
        try:
            found = self.infer(readout.output, given)
        except Exception as error:  # the runtimes' bindings have a class for each status and no common one but this
            raise ModelFormatError(f"{self.name} failed on a batch: {first_line(error)}") from error
        return _pool(found, readout.pooling, feeds.get("attention_mask"), self.name)


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


def first_line(error: Exception) -> str:
    """What went wrong, without the stack that some messages carry."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
