"""One copy of a checkpoint on one device: batches in, rows out."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ilk.encoders.families import CheckpointPooling
from ilk.encoders.preprocess import Preprocessing
from ilk.encoders.torch.devices import first_line
from ilk.errors import ModelFormatError, ModelMemoryError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ilk.encoders.base import Pixels

_SPATIAL, _TOKENS = 4, 3


class Replica:
    """A loaded model on one device.

    Parameters
    ----------
    model
        In evaluation mode, on the device, in its precision.
    name
        What to call it in messages.
    device
        As torch names it.
    pooling
        How its outputs become one vector.
    preprocessing
        What is left to do to prepared pictures; None if it sees nothing.
    """

    def __init__(
        self,
        model: Any,
        *,
        name: str,
        device: str,
        pooling: CheckpointPooling,
        preprocessing: Preprocessing | None,
    ) -> None:
        import torch

        self.model, self.name, self.device, self.pooling = model, name, device, pooling
        self._dtype = next((p.dtype for p in model.parameters() if p.is_floating_point()), torch.float32)
        if preprocessing is not None:
            gain, shift = preprocessing.gain_and_shift()
            self._gain, self._shift = (torch.from_numpy(each).to(device) for each in (gain, shift))

    def encode_pixels(self, batch: Pixels) -> npt.NDArray[np.float32]:
        """Rows (n, d) of n prepared pictures of shape (n, height, width, 3), not normalised."""
        import numpy as np
        import torch

        with self._computing():
            # Pillow's arrays may not be written to, and torch warns of every such array.
            pixels = torch.from_numpy(np.require(batch, requirements="W")).to(self.device)
            # The numbers of `Preprocessing.normalise`; bytes are a quarter of what would have to be sent to a GPU.
            pixels = pixels.permute(0, 3, 1, 2).float().mul_(self._gain).add_(self._shift)
            return self._rows("image", pixel_values=pixels.to(self._dtype))

    def encode_texts(self, ids: npt.NDArray[np.int64], mask: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Rows (n, d) of n texts of the same number of tokens, not normalised."""
        import torch

        with self._computing():
            tokens, attention = (torch.from_numpy(each).to(self.device) for each in (ids, mask))
            return self._rows("text", input_ids=tokens, attention_mask=attention)

    def _rows(self, modality: str, **inputs: Any) -> npt.NDArray[np.float32]:
        pooled = pool(self.model, modality, inputs, self.pooling)
        if pooled is None:
            raise ModelFormatError(
                f"{self.name} gives no {modality} embedding by {self.pooling!r}. Name another way: {self.name}#cls or "
                f"{self.name}#mean."
            )
        rows: npt.NDArray[np.float32] = pooled.float().cpu().numpy()
        return rows

    @contextlib.contextmanager
    def _computing(self) -> Iterator[None]:
        import torch

        try:
            with torch.inference_mode():
                yield
        except torch.OutOfMemoryError as error:
            raise self._too_little() from error
        except (RuntimeError, ValueError, IndexError) as error:
            if "not enough memory" in str(error) or "can't allocate memory" in str(error):
                raise self._too_little() from error
            raise ModelFormatError(f"{self.name} failed on a batch: {first_line(error)}") from error

    def _too_little(self) -> ModelMemoryError:
        return ModelMemoryError(
            f"{self.name} needs more memory than {self.device} has free, even for one picture or text. "
            "Choose a smaller model or another device, or close what else uses it."
        )

    def free(self) -> None:
        """Give back what is held for later batches."""
        import torch

        if self.device.startswith("cuda"):
            torch.cuda.empty_cache()


def pool(model: Any, modality: str, inputs: dict[str, Any], pooling: CheckpointPooling) -> Any:
    """The rows (n, d) that a transformers model gives, as a tensor; None if it has none by this rule."""
    if pooling == "features":
        found = getattr(model, f"get_{modality}_features")(**inputs)
        rows = found if hasattr(found, "shape") else found.pooler_output  # transformers 4 gave the tensor itself
        return rows[:, 0] if rows is not None and rows.ndim == _TOKENS else rows  # FLAVA projects every token
    found = model(**inputs)
    if pooling == "pooler":
        rows = getattr(found, "pooler_output", None)
        return None if rows is None else rows.flatten(1)
    hidden = getattr(found, "last_hidden_state", None)
    if hidden is None or (hidden.ndim == _SPATIAL and pooling == "cls"):
        return None
    return hidden[:, 0] if pooling == "cls" else _mean(hidden, inputs.get("attention_mask"))


def _mean(hidden: Any, mask: Any) -> Any:
    """The average over tokens that are no padding, or over the places of a convolutional network."""
    if hidden.ndim == _SPATIAL:
        return hidden.mean((2, 3))
    if mask is None:
        return hidden.mean(1)
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(1) / weights.sum(1).clamp(min=1)
