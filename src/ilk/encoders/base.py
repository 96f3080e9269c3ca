"""What every model looks like from outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL.Image import Image

    from ilk.encoders.logits import Logits

    Pixels: TypeAlias = npt.NDArray[np.uint8 | np.float32]
    """Prepared pictures, from 0 to 255: bytes, unless the model's reference resizes in floating point."""

Modality: TypeAlias = Literal["image", "text"]


class Encoder(Protocol):
    """A model with one or two towers into one space. Batches in, unit rows out, or rows as the model gives them.

    Encoding a picture has two halves, so that the first can run on other threads while the model computes:
    `prepare_image` (resize and crop, a few milliseconds, holds no lock) and `encode_prepared`.
    """

    @property
    def name(self) -> str:
        """What the model was asked for by."""
        ...

    @property
    def revision(self) -> str | None:
        """Which version of it, where the name alone does not say."""
        ...

    @property
    def digest(self) -> str:
        """SHA-256 over the files that decide its vectors, hexadecimal."""
        ...

    @property
    def dimension(self) -> int:
        """Numbers in a vector, d."""
        ...

    @property
    def modalities(self) -> frozenset[Modality]:
        """Which of ``"image"`` and ``"text"`` it can encode."""
        ...

    @property
    def computed_by(self) -> str | None:
        """What runs it, and how exactly, such as ``"OpenVINO in bfloat16"``; None until it is loaded."""
        ...

    @property
    def image_size(self) -> int:
        """Pixels of the shorter side it looks at; a decoder may scale down to twice this at no loss that matters."""
        ...

    @property
    def logits(self) -> Logits | None:
        """How its cosines become probabilities; None if its files do not say, or if it has one tower."""
        ...

    @property
    def batch_size(self) -> int:
        """Pictures it likes to be given at once."""
        ...

    def check(self, modality: Modality) -> None:
        """Refuse what could not be loaded, so far as that can be told soon; at most what `load` takes.

        Raises
        ------
        ModalityError
            If the model has no such tower.
        ModelFormatError
            If its files are not whole.
        MissingExtraError, InputError
            If what would compute it as asked is not here, or nowhere.
        """
        ...

    def load(self, modality: Modality, *, many: bool = False) -> None:
        """Load one tower now rather than when it is first used. Doing it again costs nothing.

        Parameters
        ----------
        modality
            ``"image"`` or ``"text"``.
        many
            Whether as much as possible a second is wanted afterwards, rather than the first answer soon.

        Raises
        ------
        ModalityError
            If the model has no such tower.
        """
        ...

    def prepare_image(self, image: Image) -> Pixels:
        """Resize and crop one upright RGB picture to the model's input.

        Returns
        -------
        uint8 or float32 array of shape (height, width, 3), the same for every picture. Thread-safe.
        """
        ...

    def encode_prepared(self, batch: Pixels, *, normalise: bool = True) -> npt.NDArray[np.float32]:
        """Encode n prepared pictures, an array of shape (n, height, width, 3), into unit rows (n, d), float32.

        Parameters
        ----------
        normalise
            Whether to divide each row by its length; else they are as the model gives them.

        Raises
        ------
        InputError
            If rows are wanted as they are, and the model gives none but of length 1.
        """
        ...

    def encode_images(self, images: Sequence[Image], *, normalise: bool = True) -> npt.NDArray[np.float32]:
        """Encode n pictures into unit rows (n, d), float32. The same as preparing and encoding them.

        Parameters
        ----------
        normalise
            As in `encode_prepared`.

        Raises
        ------
        ModalityError
            If the model has no picture tower.
        """
        ...

    def encode_texts(self, texts: Sequence[str], *, normalise: bool = True) -> npt.NDArray[np.float32]:
        """Encode n texts into unit rows (n, d), float32. A text longer than the context is cut.

        Parameters
        ----------
        normalise
            As in `encode_prepared`.

        Raises
        ------
        ModalityError
            If the model has no text tower.
        """
        ...
