"""What every runtime does alike: refuse, prepare, put in order, and hand out unit rows, or rows as they are.

::

    picture ──▶ prepare_image ──▶ encode_prepared ─┐
                Preprocessing                      ├──▶ _compute ──▶ unit row
    text ─────▶ encode_texts ──────────────────────┘    of the runtime
                TextReader, sorted by length
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from ilk.encoders.base import Modality
from ilk.encoders.compute import ComputeOptions
from ilk.encoders.preprocess import Preprocessing
from ilk.encoders.text import TextReader
from ilk.errors import InputError, ModalityError, ModelFormatError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL.Image import Image

    from ilk.encoders.base import Pixels

Tokens: TypeAlias = Sequence[Sequence[int]]
"""The ids of some texts."""


ALREADY_UNIT = 1e-3
"""How near to 1 every length is where the model itself divides by it: well above what half precision leaves."""


class Files(Protocol):
    """The files of a model, found and checked."""

    @property
    def folder(self) -> Path:
        """Where they are."""
        ...

    @property
    def modalities(self) -> frozenset[Modality]:
        """What they can encode."""
        ...


class AbstractEncoder(ABC):
    """An `ilk.encoders.base.Encoder` but for what computes it. Thread-safe if that is.

    Parameters
    ----------
    files
        The model's.
    name
        What it is called, in galleries and in messages.
    revision
        Which version of it, where the name alone does not say.
    options
        Device, precision, threads and batch size.
    """

    def __init__(self, files: Files, *, name: str, revision: str | None, options: ComputeOptions) -> None:
        self._files, self._name, self._revision, self.options = files, name, revision, options

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} {self.name}: {' and '.join(sorted(self.modalities))}, from {self._files.folder}>"
        )

    # -- what it is, without loading it ---------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """What the model was asked for by."""
        return self._name

    @property
    def revision(self) -> str | None:
        """Which version of it, where the name alone does not say."""
        return self._revision

    @property
    def modalities(self) -> frozenset[Modality]:
        """Which of ``"image"`` and ``"text"`` it can encode."""
        return self._files.modalities

    @property
    def image_size(self) -> int:
        """Pixels of the shorter side it looks at; 0 if it sees nothing."""
        return self.preprocessing.image_size if "image" in self.modalities else 0

    @property
    @abstractmethod
    def digest(self) -> str:
        """SHA-256 over the files that decide its vectors, hexadecimal."""

    @property
    @abstractmethod
    def computed_by(self) -> str | None:
        """What runs it, and how exactly, such as ``"OpenVINO in bfloat16"``; None until it is loaded."""

    @property
    @abstractmethod
    def batch_size(self) -> int:
        """Pictures it likes to be given at once."""

    @property
    @abstractmethod
    def dimension(self) -> int:
        """Numbers in a vector, d."""

    @property
    @abstractmethod
    def preprocessing(self) -> Preprocessing:
        """What happens to a picture first.

        Raises
        ------
        ModalityError
            If the model has no picture tower.
        """

    @property
    @abstractmethod
    def reader(self) -> TextReader:
        """What happens to a text first.

        Raises
        ------
        ModalityError
            If the model has no text tower.
        """

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
        self._require(modality)
        _ = self.reader if modality == "text" else self.preprocessing
        self._check()

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
        self._require(modality)
        _ = self.reader if modality == "text" else self.preprocessing
        self._load(modality, many=many)

    # -- encoding -------------------------------------------------------------------------------------------------

    def prepare_image(self, image: Image) -> Pixels:
        """Resize and crop one upright RGB picture to an array of shape (height, width, 3), as the reference does."""
        return self.preprocessing.prepare(image)

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
        ModalityError
            If the model has no picture tower.
        ModelFormatError
            If the model fails, or gives something that is no direction.
        ModelMemoryError
            If the device has too little memory for even one.
        """
        self._require("image")
        return self._encode("image", batch, normalise=normalise)

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
        import numpy as np

        self._require("image")
        batch = np.empty((len(images), *self.preprocessing.shape), self.preprocessing.dtype)
        for row, image in enumerate(images):
            batch[row] = self.prepare_image(image)
        return self.encode_prepared(batch, normalise=normalise)

    def encode_texts(self, texts: Sequence[str], *, normalise: bool = True) -> npt.NDArray[np.float32]:
        """Encode n texts into unit rows (n, d), float32. A text longer than the context is cut.

        Texts of like length go through the tower together, so that little of a batch is padding.

        Parameters
        ----------
        normalise
            As in `encode_prepared`.

        Raises
        ------
        ModalityError
            If the model has no text tower.
        ModelFormatError
            If the model fails, or gives something that is no direction.
        """
        import numpy as np

        self._require("text")
        sequences = self.reader.read(texts)
        order = sorted(range(len(sequences)), key=lambda row: len(sequences[row]))
        rows = np.empty((len(texts), self.dimension), np.float32)
        rows[order] = self._encode("text", [sequences[row] for row in order], normalise=normalise)
        return rows

    def _encode(self, modality: Modality, inputs: Pixels | Tokens, *, normalise: bool) -> npt.NDArray[np.float32]:
        """Rows as the runtime computes them, or of length one; what has no direction is refused."""
        import numpy as np

        rows = np.empty((len(inputs), self.dimension), np.float32)
        if not len(inputs):
            return rows
        self._compute(modality, inputs, rows)
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        if not np.isfinite(norms).all() or not norms.all():
            said = "a picture" if modality == "image" else "a text"
            if np.isfinite(norms).all():
                raise ModelFormatError(f"{self.name} gave a vector of zeros for {said}: it finds nothing in it.")
            raise ModelFormatError(
                f"{self.name} gave a vector of no finite length for {said}. Another precision, or another variant of "
                "its weights, may do better."
            )
        if normalise:
            unit: npt.NDArray[np.float32] = rows / norms
            return unit
        if (np.abs(norms - 1) < ALREADY_UNIT).all() and self._always_unit(modality):
            raise InputError(
                f"{self.name} gives vectors of length 1 and no others: its files divide by the length themselves. "
                "Leave them normalised, or use a checkpoint whose features are not."
            )
        return rows

    def _always_unit(self, modality: Modality) -> bool:
        """Whether the model divides by the length itself, told by inputs that have little in common."""
        import numpy as np
        from PIL import Image

        if modality == "text":
            inputs: Any = self.reader.read(["a", "a dog on the beach", "0"])
        else:
            shades = [Image.new("RGB", (64, 64), shade) for shade in ("black", "gray", "yellow")]
            inputs = np.stack([self.prepare_image(shade) for shade in shades])
        rows = np.empty((len(inputs), self.dimension), np.float32)
        self._compute(modality, inputs, rows)
        return bool((np.abs(np.linalg.norm(rows, axis=1) - 1) < ALREADY_UNIT).all())

    def _require(self, modality: Modality) -> None:
        if modality in self.modalities:
            return
        if modality == "text":
            raise ModalityError(
                f"{self.name} only sees pictures: it cannot read words. Search with a picture, or use a model that "
                "does both, such as pocket."
            )
        raise ModalityError(f"{self.name} only reads words: it cannot see pictures. Use a model that does both.")

    # -- what computes --------------------------------------------------------------------------------------------

    @abstractmethod
    def _check(self) -> None:
        """Refuse files that are not whole, and options that nothing here computes."""

    @abstractmethod
    def _load(self, modality: Modality, *, many: bool) -> None:
        """Have a tower ready."""

    @abstractmethod
    def _compute(self, modality: Modality, inputs: Any, rows: npt.NDArray[np.float32]) -> None:
        """Fill `rows` (n, d), as the model gives them, for n prepared pictures or the ids of n texts; n is not 0."""
