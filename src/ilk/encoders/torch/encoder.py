"""The encoder that runs transformers checkpoints with PyTorch.

Pictures and texts are prepared by the same code as for ONNX files, so that both runtimes see the same numbers; what
differs is who computes. Nothing but tensors is taken from a checkpoint: weights as safetensors, no code.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from ilk.encoders.base import Modality
from ilk.encoders.batching import BatchSize
from ilk.encoders.checkpoint import PREPROCESSING, SPECIAL_TOKENS, TOKENIZER, TOKENIZER_CONFIG, VOCABULARIES, Checkpoint
from ilk.encoders.compute import ComputeOptions
from ilk.encoders.digest import digest_files
from ilk.encoders.families import CheckpointPooling
from ilk.encoders.logits import Logits, logits_of_weights
from ilk.encoders.preprocess import Preprocessing
from ilk.encoders.text import TextReader, TextRules
from ilk.encoders.torch.crew import start_crew
from ilk.encoders.torch.replica import Replica
from ilk.encoders.torch.weights import convert_tokenizer, load_replicas
from ilk.errors import ModalityError, ModelFormatError, ModelMemoryError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL.Image import Image

    from ilk.encoders.base import Pixels

LARGEST_BATCH = {"cpu": 16, "mps": 64}
"""Rows that one replica takes at once at most; 256 on other devices. A processor gains nothing beyond this: what a
batch leaves behind at each layer no longer fits its cache."""

_DEFAULT_OPTIONS = ComputeOptions()


class TorchEncoder:
    """A transformers checkpoint in a folder; an `ilk.encoders.base.Encoder`. Thread-safe.

    Parameters
    ----------
    folder
        In the layout of `ilk.encoders.checkpoint`.
    name
        What the model is called, in galleries and in messages.
    revision
        Which version of it, where the name alone does not say.
    pooling
        How its outputs become one vector, where not as its family does.
    options
        Device, precision, threads and batch size.

    Raises
    ------
    ModelFormatError
        If a file is missing, cut short, or cannot be followed.
    MissingExtraError
        If torch or transformers is not installed. Only loading needs them.
    """

    def __init__(
        self,
        folder: Path,
        *,
        name: str,
        revision: str | None = None,
        pooling: CheckpointPooling | None = None,
        options: ComputeOptions = _DEFAULT_OPTIONS,
    ) -> None:
        self.files = Checkpoint(folder, name=name)
        self.options = options
        self._name, self._revision, self._pooling = name, revision, pooling
        self._loading = Lock()

    def __repr__(self) -> str:
        return f"<TorchEncoder {self.name}: {' and '.join(sorted(self.modalities))}, from {self.files.folder}>"

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
        """SHA-256 over configuration, preprocessing, tokenizer, weights and the pooling rule, hexadecimal.

        The precision is not part of it: vectors of one checkpoint in several precisions are compared with each other.
        """
        return digest_files(self.files.folder, self.files.decisive(), beside={"pooling": self.pooling})

    @property
    def modalities(self) -> frozenset[Modality]:
        """Which of ``"image"`` and ``"text"`` it can encode."""
        return self.files.modalities

    @cached_property
    def pooling(self) -> CheckpointPooling:
        """How the model's outputs become one vector.

        Raises
        ------
        ModelFormatError
            If neither the caller, the files nor the family says.
        """
        pooling = self._pooling or self.files.pooling
        if self.modalities == {"image", "text"}:
            if pooling not in {None, "features"}:
                raise ModelFormatError(
                    f"{self.name}: pictures and texts of this model meet only in the features it projects them to, so "
                    "its pooling cannot be chosen. Leave it away."
                )
            return "features"
        if pooling is None:
            raise ModelFormatError(
                f"{self.name} is of a type that ilk does not know ({self.files.model_type or 'none'}), so how its "
                f"outputs become one vector must be said: {self.name}#cls, {self.name}#mean or {self.name}#pooler."
            )
        return pooling

    @cached_property
    def logits(self) -> Logits | None:
        """How its cosines become probabilities, as its weights have it; None if it has one tower."""
        if self.modalities != {"image", "text"}:
            return None
        return logits_of_weights(self.files.folder, self.files.weights, name=self.name)

    @property
    def batch_size(self) -> int:
        """Pictures it likes to be given at once: as many as keep every replica busy."""
        return self._image_batch.largest * len(self._replicas)

    @cached_property
    def dimension(self) -> int:
        """Numbers in a vector, d. The first use loads the model and encodes one empty input."""
        modality: Modality = "text" if "text" in self.modalities else "image"
        if modality == "text":
            rows = self._replicas[0].encode_texts(*self.reader.batch(self.reader.read(["a"])))
        else:
            rows = self._replicas[0].encode_pixels(self._blank())
        return int(rows.shape[1])

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
        # In a file of its own; since transformers 5 also beside the tokenizer's; for timm's models in config.json.
        files = (PREPROCESSING, "processor_config.json")
        found = (self.files.read_json(file, required=False) for file in files)
        config = next(filter(None, found), self.files.config)
        return Preprocessing.from_config(config, processor=self.files.family.processor, name=self.name)

    @cached_property
    def reader(self) -> TextReader:
        """What happens to a text first.

        Raises
        ------
        ModalityError
            If the model has no text tower.
        """
        self._require("text")
        rules = TextRules.from_configs(
            self.files.config,
            self.files.read_json(TOKENIZER_CONFIG, required=False),
            self.files.read_json(SPECIAL_TOKENS, required=False),
            family=self.files.family,
            name=self.name,
        )
        if self.files.taught_context is not None:
            rules = replace(rules, context=min(rules.context, self.files.taught_context))
        return TextReader(self.tokenizer_file, rules)

    @property
    def tokenizer_file(self) -> Path:
        """``tokenizer.json``, made by transformers from an older form where the checkpoint has only that."""
        if TOKENIZER in self.files.files:
            return self.files.folder / TOKENIZER
        if not any(file in VOCABULARIES for file in self.files.files):  # transformers would make up an empty one
            raise ModelFormatError(f"{self.name} lacks {TOKENIZER}, and any older list of its words.")
        return convert_tokenizer(self.files.folder, digest=self.digest, name=self.name)

    def load(self, modality: Modality) -> None:
        """Load the model now rather than when it is first used. Doing it again costs nothing.

        Raises
        ------
        ModalityError
            If the model has no such tower.
        """
        self._require(modality)
        _ = self.reader if modality == "text" else self.preprocessing
        _ = self._replicas

    # -- encoding -------------------------------------------------------------------------------------------------

    def prepare_image(self, image: Image) -> Pixels:
        """Resize and crop one upright RGB picture to (height, width, 3), as the reference does."""
        return self.preprocessing.prepare(image)

    def encode_prepared(self, batch: Pixels) -> npt.NDArray[np.float32]:
        """Encode n prepared pictures of shape (n, height, width, 3) into unit rows (n, d), float32.

        Raises
        ------
        ModalityError
            If the model has no picture tower.
        ModelFormatError
            If the model fails, or gives something that is no direction.
        ModelMemoryError
            If the device has too little memory for even one.
        """
        self._require("image")
        return self._encode("image", batch, lambda replica, rows: replica.encode_pixels(batch[rows]), self._image_batch)

    def encode_images(self, images: Sequence[Image]) -> npt.NDArray[np.float32]:
        """Encode n pictures into unit rows (n, d), float32. The same as preparing and encoding them.

        Raises
        ------
        ModalityError
            If the model has no picture tower.
        """
        import numpy as np

        self._require("image")
        blank = self._blank()
        batch = np.empty((len(images), *blank.shape[1:]), blank.dtype)
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
        sequences = self.reader.read(texts)
        order = sorted(range(len(sequences)), key=lambda row: len(sequences[row]))
        ordered = [sequences[row] for row in order]
        rows = np.empty((len(texts), self.dimension), np.float32)
        rows[order] = self._encode(
            "text",
            ordered,
            lambda replica, some: replica.encode_texts(*self.reader.batch(ordered[some])),
            self._text_batch,
        )
        return rows

    def _encode(
        self,
        modality: Modality,
        inputs: Sequence[Any] | npt.NDArray[Any],
        compute: Callable[[Replica, slice], npt.NDArray[np.float32]],
        size: BatchSize,
    ) -> npt.NDArray[np.float32]:
        """All rows, in batches that fit, shared out among the replicas."""
        import numpy as np

        rows = np.empty((len(inputs), self.dimension), np.float32)
        replicas = self._replicas
        lock, position = Lock(), 0
        share = -(-len(inputs) // len(replicas))

        def work(replica: Replica) -> None:
            nonlocal position
            while True:
                with lock:
                    start, position = position, min(position + min(size.chosen, share), len(inputs))
                    stop = position
                if start >= stop:
                    return
                self._fill(rows, slice(start, stop), replica, compute, size)

        if len(replicas) == 1 or len(inputs) == 1:
            work(replicas[0])  # on this thread, where torch has all of its own
        else:
            list(self._crew.map(work, replicas))
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        if not np.isfinite(norms).all() or not norms.all():
            said = "a picture" if modality == "image" else "a text"
            if np.isfinite(norms).all():
                raise ModelFormatError(f"{self.name} gave a vector of zeros for {said}: it finds nothing in it.")
            raise ModelFormatError(
                f"{self.name} gave a vector of no finite length for {said}. Another precision may do better."
            )
        unit: npt.NDArray[np.float32] = rows / norms
        return unit

    def _fill(
        self,
        rows: npt.NDArray[np.float32],
        some: slice,
        replica: Replica,
        compute: Callable[[Replica, slice], npt.NDArray[np.float32]],
        size: BatchSize,
    ) -> None:
        """Compute some rows; in halves, and from then on in halves, where the memory does not suffice."""
        count = some.stop - some.start
        began = time.perf_counter()
        try:
            rows[some] = compute(replica, some)
        except ModelMemoryError:
            smaller = size.did_not_fit(count)
            if not smaller:
                raise
        else:
            size.took(count, time.perf_counter() - began)
            return
        replica.free()  # outside the handler, whose traceback holds the tensors that were too much
        for start in range(some.start, some.stop, smaller):
            self._fill(rows, slice(start, min(start + smaller, some.stop)), replica, compute, size)

    def _blank(self) -> Pixels:
        from PIL import Image

        return self.prepare_image(Image.new("RGB", (8, 8)))[None]

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

    @property
    def _replicas(self) -> tuple[Replica, ...]:
        with self._loading:
            return self._loaded

    @cached_property
    def _loaded(self) -> tuple[Replica, ...]:
        mean = self.preprocessing if "image" in self.modalities else None
        return load_replicas(self.files, pooling=self.pooling, preprocessing=mean, options=self.options)

    @property
    def _crew(self) -> ThreadPoolExecutor:
        with self._loading:
            return self._hired

    @cached_property
    def _hired(self) -> ThreadPoolExecutor:
        return start_crew(len(self._loaded))

    @cached_property
    def _image_batch(self) -> BatchSize:
        return self._batch(smallest=8)

    @cached_property
    def _text_batch(self) -> BatchSize:
        return self._batch(smallest=32)

    def _batch(self, *, smallest: int) -> BatchSize:
        if self.options.batch_size is not None:
            return BatchSize(self.options.batch_size, self.options.batch_size)
        kind = self._replicas[0].device.partition(":")[0]
        return BatchSize(smallest, LARGEST_BATCH.get(kind, 256))
