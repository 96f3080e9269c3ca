"""The encoder that runs transformers checkpoints with PyTorch.

Pictures and texts are prepared by the same code as for ONNX files, so that both runtimes see the same numbers; what
differs is who computes. Nothing but tensors is taken from a checkpoint: weights as safetensors, no code.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from ilk.encoders.abstract import AbstractEncoder
from ilk.encoders.base import Modality
from ilk.encoders.batching import BatchSize
from ilk.encoders.checkpoint import PREPROCESSING, SPECIAL_TOKENS, TOKENIZER, TOKENIZER_CONFIG, VOCABULARIES, Checkpoint
from ilk.encoders.compute import ComputeOptions
from ilk.encoders.digest import digest_files
from ilk.encoders.families import CheckpointPooling
from ilk.encoders.logits import Logits, logits_of_weights
from ilk.encoders.preprocess import Preprocessing
from ilk.encoders.preprocess_config import read_preprocessing
from ilk.encoders.text import TextReader, TextRules
from ilk.encoders.torch.crew import start_crew
from ilk.encoders.torch.devices import choose_precision
from ilk.encoders.torch.replica import Replica
from ilk.encoders.torch.weights import convert_tokenizer, load_replicas
from ilk.errors import ModelFormatError, ModelMemoryError
from ilk.machine import usable_processors

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ilk.encoders.abstract import Tokens
    from ilk.encoders.base import Pixels

LARGEST_BATCH = {"cpu": 16, "mps": 64}
"""Rows that one replica takes at once at most; 256 on other devices. A processor gains nothing beyond this: what a
batch leaves behind at each layer no longer fits its cache."""

_DEFAULT_OPTIONS = ComputeOptions()


class TorchEncoder(AbstractEncoder):
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
        super().__init__(self.files, name=name, revision=revision, options=options)
        self._pooling = pooling
        self._loading = Lock()

    # -- what it is, without loading it ---------------------------------------------------------------------------

    @cached_property
    def digest(self) -> str:
        """SHA-256 over configuration, preprocessing, tokenizer, weights and the pooling rule, hexadecimal.

        The precision is not part of it: vectors of one checkpoint in several precisions are compared with each other.
        """
        return digest_files(self.files.folder, self.files.decisive(), beside={"pooling": self.pooling})

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
    def computed_by(self) -> str | None:
        """What runs it, and how exactly; None until it is loaded."""
        if "_loaded" not in self.__dict__:
            return None
        device = self._loaded[0].device
        return f"PyTorch on {device.partition(':')[0]} in {choose_precision(self.options.precision, device)}"

    @property
    def batch_size(self) -> int:
        """Pictures it likes to be given at once: as many as keep every replica busy; a guess until it is loaded."""
        if "_loaded" not in self.__dict__:
            return (self.options.batch_size or LARGEST_BATCH["cpu"]) * (self.options.threads or usable_processors())
        return self._batches["image"].largest * len(self._replicas)

    @cached_property
    def dimension(self) -> int:
        """Numbers in a vector, d. The first use loads the model and encodes one empty input."""
        modality: Modality = "text" if "text" in self.modalities else "image"
        if modality == "text":
            rows = self._replicas[0].encode_texts(*self.reader.batch(self.reader.read(["a"])))
        else:
            rows = self._replicas[0].encode_pixels(self._blank())
        return int(rows.shape[1])

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
        return read_preprocessing(config, processor=self.files.family.processor, name=self.name)

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

    # -- computing ------------------------------------------------------------------------------------------------

    def _check(self) -> None:
        _ = self._replicas  # transformers says what it does not run only when it is told to

    def _load(self, modality: Modality, *, many: bool) -> None:  # noqa: ARG002 -- a checkpoint has both towers
        _ = self._replicas

    def _compute(self, modality: Modality, inputs: Pixels | Tokens, rows: npt.NDArray[np.float32]) -> None:
        """All rows, in batches that fit, shared out among the replicas."""
        replicas = self._replicas
        size = self._batches[modality]
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
                self._fill(rows, slice(start, stop), replica, modality, inputs)

        if len(replicas) == 1 or len(inputs) == 1:
            work(replicas[0])  # on this thread, where torch has all of its own
        else:
            list(self._crew.map(work, replicas))

    def _fill(
        self,
        rows: npt.NDArray[np.float32],
        some: slice,
        replica: Replica,
        modality: Modality,
        inputs: Any,
    ) -> None:
        """Compute some rows; in halves, and from then on in halves, where the memory does not suffice."""
        count, size = some.stop - some.start, self._batches[modality]
        began = time.perf_counter()
        try:
            if modality == "image":
                rows[some] = replica.encode_pixels(inputs[some])
            else:
                rows[some] = replica.encode_texts(*self.reader.batch(inputs[some]))
        except ModelMemoryError:
            smaller = size.did_not_fit(count)
            if not smaller:
                raise
        else:
            size.took(count, time.perf_counter() - began)
            return
        replica.free()  # outside the handler, whose traceback holds the tensors that were too much
        for start in range(some.start, some.stop, smaller):
            self._fill(rows, slice(start, min(start + smaller, some.stop)), replica, modality, inputs)

    def _blank(self) -> Pixels:
        from PIL import Image

        return self.prepare_image(Image.new("RGB", (8, 8)))[None]

    # -- loading --------------------------------------------------------------------------------------------------

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
    def _batches(self) -> dict[Modality, BatchSize]:
        return {"image": self._batch(smallest=8), "text": self._batch(smallest=32)}

    def _batch(self, *, smallest: int) -> BatchSize:
        if self.options.batch_size is not None:
            return BatchSize(self.options.batch_size, self.options.batch_size)
        kind = self._replicas[0].device.partition(":")[0]
        return BatchSize(smallest, LARGEST_BATCH.get(kind, 256))
