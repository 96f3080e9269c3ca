"""A model small enough to reason about: it sees the mean colour of a picture and reads the names of colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from ilk.encoders.logits import Logits

COLOURS: dict[str, tuple[float, float, float]] = {
    "red": (255, 0, 0),
    "green": (0, 255, 0),
    "blue": (0, 0, 255),
    "yellow": (255, 255, 0),
    "black": (0, 0, 0),
    "white": (255, 255, 255),
}


class ColourEncoder:
    """Vectors are the mean red, green and blue, less a half, with a constant for black: d = 4.

    Attributes
    ----------
    encoded
        How many pictures went through it.
    """

    name = "colour"
    revision = None
    dimension = 4
    image_size = 8
    logits: Logits | None = None
    computed_by: str | None = "arithmetic"
    modalities: frozenset[Literal["image", "text"]] = frozenset({"image", "text"})

    def __init__(self, *, digest: str = "c" * 64, batch_size: int = 4) -> None:
        self.digest = digest
        self.batch_size = batch_size
        self.encoded = 0

    def check(self, modality: str) -> None:
        """Nothing that could be wrong."""

    def load(self, modality: str, *, many: bool = False) -> None:
        """Nothing to load."""

    def prepare_image(self, image: Image.Image) -> npt.NDArray[np.uint8]:
        """Scale to 8 by 8."""
        return np.asarray(image.resize((8, 8), Image.Resampling.BOX))

    def encode_prepared(
        self, batch: npt.NDArray[np.uint8 | np.float32], *, normalise: bool = True
    ) -> npt.NDArray[np.float32]:
        """Average."""
        self.encoded += len(batch)
        return self._rows(batch.reshape(len(batch), 64, 3).mean(axis=1), normalise=normalise)

    def encode_images(self, images: Sequence[Image.Image], *, normalise: bool = True) -> npt.NDArray[np.float32]:
        """Prepare and encode."""
        return self.encode_prepared(np.stack([self.prepare_image(image) for image in images]), normalise=normalise)

    def encode_texts(self, texts: Sequence[str], *, normalise: bool = True) -> npt.NDArray[np.float32]:
        """Average the colours that are named; grey if none is."""
        rows = [[COLOURS[word] for word in text.split() if word in COLOURS] or [(127.5,) * 3] for text in texts]
        return self._rows(np.array([np.mean(row, axis=0) for row in rows]), normalise=normalise)

    @staticmethod
    def _rows(colours: npt.NDArray[np.float64], *, normalise: bool) -> npt.NDArray[np.float32]:
        rows = np.concatenate([colours / 255 - 0.5, np.full((len(colours), 1), 0.1)], axis=1)
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True) if normalise else rows, np.float32)
