"""The encoder that runs ONNX files, without torch.

::

    picture ──▶ prepare_image ──▶ encode_prepared ──▶ unit row          text ──▶ encode_texts ──▶ unit row
                Preprocessing      normalise, Session                            TextReader, Session

A tower is loaded when it is first used, and without the other: a search in words never loads what sees. Only where
one file has both are both loaded, and each batch then costs the other tower one row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from ilk.encoders.base import Modality
from ilk.encoders.compute import ComputeOptions
from ilk.encoders.digest import digest_files
from ilk.encoders.layout import ModelFiles
from ilk.encoders.logits import Logits, logits_from_dict, logits_of_config
from ilk.encoders.preprocess import Preprocessing
from ilk.encoders.provenance import Provenance, digest_known_by
from ilk.encoders.session import Session
from ilk.encoders.text import TextReader, TextRules
from ilk.errors import ModalityError, ModelFormatError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL.Image import Image

    from ilk.encoders.base import Pixels

BATCH_SIZE = 32
"""Unless told otherwise: from there on ONNX Runtime gains nothing on a processor."""

_DEFAULT_OPTIONS = ComputeOptions()


class OnnxEncoder:
    """A model in a folder of ONNX files; an `ilk.encoders.base.Encoder`. Thread-safe.

    Parameters
    ----------
    folder
        In the layout of `ilk.encoders.layout`.
    name
        What the model is called, in galleries and in messages.
    revision
        Which version of it, where the name alone does not say.
    variant
        Which weights, such as ``"quantized"``; None for full precision.
    options
        Device, threads and batch size.

    Raises
    ------
    ModelFormatError
        If a file is missing or cannot be followed.
    """

    def __init__(
        self,
        folder: Path,
        *,
        name: str,
        revision: str | None = None,
        variant: str | None = None,
        options: ComputeOptions = _DEFAULT_OPTIONS,
    ) -> None:
        self.files = ModelFiles(folder, name=name, variant=variant)
        self.options = options
        self._name, self._revision, self.variant = name, revision, variant
        self._sessions: dict[str, Session] = {}
        self._loading = {file: Lock() for file in self.files.weights.values()}

    def __repr__(self) -> str:
        return f"<OnnxEncoder {self.name}: {' and '.join(sorted(self.modalities))}, from {self.files.folder}>"

    # -- what it is, without loading it ---------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """What the model was asked for by."""
        return self._name

    @property
    def revision(self) -> str | None:
        """Which version of it, where the name alone does not say."""
        return self._revision

    @cached_property
    def digest(self) -> str:
        """SHA-256 over configuration, preprocessing, tokenizer and the weights of this variant, hexadecimal.

        An export that ilk made of a checkpoint, and proved faithful, has the checkpoint's.
        """
        own = digest_files(self.files.folder, self.files.decisive())
        return digest_known_by(self.files.folder, self.variant, own)

    @property
    def modalities(self) -> frozenset[Modality]:
        """Which of ``"image"`` and ``"text"`` it can encode."""
        return self.files.modalities

    @cached_property
    def logits(self) -> Logits | None:
        """How its cosines become probabilities: as its configuration says, or the checkpoint that it was made of."""
        origin = Provenance.read(self.files.folder)
        said = logits_of_config(self.files.config, name=self.name)
        return said or (logits_from_dict(origin.logits) if origin is not None else None)

    @property
    def batch_size(self) -> int:
        """Pictures it likes to be given at once."""
        return self.options.batch_size or BATCH_SIZE

    @cached_property
    def dimension(self) -> int:
        """Numbers in a vector, d: as the graph says, else the configuration; else one empty input is encoded."""
        for modality in sorted(self.modalities):
            outputs = self.files.outlines[self._file_key(modality)].outputs
            for readout in self.files.readouts(modality):
                shape = outputs.get(readout.output, (None,))
                side = shape[1] if readout.pooling == "none" and len(shape) > 1 else shape[-1]
                if side:
                    return side
        for key in self.files.family.dimension_keys:
            if isinstance(value := self.files.setting(key), int):
                return value
        return self._probe()

    @property
    def image_size(self) -> int:
        """Pixels of the shorter side it looks at; 0 if it sees nothing."""
        return self.preprocessing.image_size if "image" in self.modalities else 0

    @cached_property
    def preprocessing(self) -> Preprocessing:
        """What happens to a picture first.

        Raises
        ------
        ModalityError
            If the model has no picture tower.
        """
        self._require("image")
        config, processor = self.files.preprocessing, self.files.family.processor
        return Preprocessing.from_config(config, processor=processor, name=self.name)

    @cached_property
    def reader(self) -> TextReader:
        """What happens to a text first.

        Raises
        ------
        ModalityError
            If the model has no text tower.
        """
        self._require("text")
        files, layout = self.files, self.files.layout
        rules = TextRules.from_configs(
            files.config,
            files.read_json(layout.tokenizer_config, required=False),
            files.read_json(layout.special_tokens, required=False),
            family=files.family,
            name=self.name,
        )
        ids = files.inputs("text").get("input_ids", "input_ids")
        shape = files.outlines[self._file_key("text")].inputs.get(ids, ())
        if len(shape) > 1 and shape[1]:  # exported for texts of one length
            rules = replace(rules, context=min(rules.context, shape[1]), pad_to_context=True)
        return TextReader(files.folder / layout.tokenizer, rules)

    def load(self, modality: Modality) -> None:
        """Load one tower now rather than when it is first used. Doing it again costs nothing.

        Raises
        ------
        ModalityError
            If the model has no such tower.
        """
        self._require(modality)
        self._session(modality)
        _ = self.reader if modality == "text" else self.preprocessing

    # -- encoding -------------------------------------------------------------------------------------------------

    def prepare_image(self, image: Image) -> Pixels:
        """Resize and crop one upright RGB picture to an array of shape (height, width, 3), as the reference does."""
        return self.preprocessing.prepare(image)

    def encode_prepared(self, batch: Pixels) -> npt.NDArray[np.float32]:
        """Encode n prepared pictures, an array of shape (n, height, width, 3), into unit rows (n, d), float32.

        Raises
        ------
        ModalityError
            If the model has no picture tower.
        ModelFormatError
            If the model fails, or gives something that is no direction.
        """
        import numpy as np

        self._require("image")
        rows = np.empty((len(batch), self.dimension), np.float32)
        for start in range(0, len(batch), self.batch_size):
            some = slice(start, start + self.batch_size)
            rows[some] = self._encode("image", {"pixel_values": self.preprocessing.normalise(batch[some])})
        return rows

    def encode_images(self, images: Sequence[Image]) -> npt.NDArray[np.float32]:
        """Encode n pictures into unit rows (n, d), float32. The same as preparing and encoding them.

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
        return self.encode_prepared(batch)

    def encode_texts(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Encode n texts into unit rows (n, d), float32. A text longer than the context is cut.

        Texts of like length go through the tower together, so that little of a batch is padding.

        Raises
        ------
        ModalityError
            If the model has no text tower.
        ModelFormatError
            If the model fails, or gives something that is no direction.
        """
        import numpy as np

        self._require("text")
        rows = np.empty((len(texts), self.dimension), np.float32)
        sequences = self.reader.read(texts)
        order = sorted(range(len(sequences)), key=lambda row: len(sequences[row]))
        for start in range(0, len(order), self.batch_size):
            some = order[start : start + self.batch_size]
            rows[some] = self._encode("text", self._text_feeds([sequences[row] for row in some]))
        return rows

    def _text_feeds(self, sequences: Sequence[Sequence[int]]) -> dict[str, npt.NDArray[np.generic]]:
        """Everything that some export asks for; `Session.run` leaves out what this one does not."""
        import numpy as np

        ids, mask = self.reader.batch(sequences)
        return {
            "input_ids": ids,
            "attention_mask": mask,
            "position_ids": np.broadcast_to(np.arange(ids.shape[1]), ids.shape),
            "token_type_ids": np.zeros_like(ids),
        }

    def _run(self, modality: Modality, feeds: dict[str, npt.NDArray[np.generic]]) -> npt.NDArray[np.float32]:
        session = self._session(modality)
        readout = session.readout(self.files.readouts(modality), modality=modality)
        names = self.files.inputs(modality)
        called = {names.get(key, key): value for key, value in feeds.items()}
        return session.run(called, readout, beside=self._beside(modality))

    def _beside(self, modality: Modality) -> dict[str, npt.NDArray[np.generic]]:
        """The least that the other tower can be given, where one file has both."""
        if len(self.modalities) == 1 or modality in self.files.weights:
            return {}
        if modality == "image":
            return self._text_feeds([[self.reader.pad_id]])
        return {"pixel_values": self.preprocessing.normalise(self._blank())}

    def _blank(self) -> Pixels:
        import numpy as np

        return np.zeros((1, *self.preprocessing.shape), self.preprocessing.dtype)

    def _encode(self, modality: Modality, feeds: dict[str, npt.NDArray[np.generic]]) -> npt.NDArray[np.float32]:
        import numpy as np

        rows = self._run(modality, feeds)
        if rows.shape[1] != self.dimension:
            raise ModelFormatError(
                f"{self.name} gives {modality} vectors of {rows.shape[1]} numbers where {self.dimension} were expected."
            )
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        if not np.isfinite(norms).all() or not norms.all():
            raise ModelFormatError(
                f"{self.name} gave a vector of {'zeros' if np.isfinite(norms).all() else 'no finite length'} for "
                f"{'a picture' if modality == 'image' else 'a text'}. Weights of another variant may do better."
            )
        unit: npt.NDArray[np.float32] = rows / norms
        return unit

    # -- loading --------------------------------------------------------------------------------------------------

    def _require(self, modality: Modality) -> None:
        if modality in self.modalities:
            return
        if modality == "text":
            raise ModalityError(
                f"{self.name} only sees pictures: it cannot read words. Search with a picture, or use a model that "
                "does both, such as pocket."
            )
        raise ModalityError(f"{self.name} only reads words: it cannot see pictures. Use a model that does both.")

    def _file_key(self, modality: Modality) -> Modality | None:
        return modality if modality in self.files.weights else None

    def _session(self, modality: Modality) -> Session:
        file = self.files.weights[self._file_key(modality)]
        with self._loading[file]:
            if file not in self._sessions:
                _ = self.files.outlines  # refuses weights from outside the folder before anything is loaded
                self._sessions[file] = Session(self.files.folder / file, name=self.name, options=self.options)
            return self._sessions[file]

    def _probe(self) -> int:
        if "text" in self.modalities:
            return int(self._run("text", self._text_feeds(self.reader.read(["a"]))).shape[1])
        return int(self._run("image", {"pixel_values": self.preprocessing.normalise(self._blank())}).shape[1])
