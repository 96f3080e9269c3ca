"""The encoder that runs ONNX files, without torch.

::

    prepared pictures, or ids ──▶ _feeds ──▶ Session ──▶ rows
                                  what the graph asks for    ONNX Runtime or OpenVINO, as `engines` chooses

A tower is loaded when it is first used, and without the other: a search in words never loads what sees. Only where
one file has both are both loaded, and each batch then costs the other tower one row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from ilk.encoders.abstract import AbstractEncoder
from ilk.encoders.base import Modality
from ilk.encoders.compute import ComputeOptions
from ilk.encoders.digest import digest_files
from ilk.encoders.engines import EIGHT_BITS, MANY, Weights, check_options, open_session, takes_eight_bits
from ilk.encoders.layout import ModelFiles
from ilk.encoders.logits import Logits, logits_from_dict, logits_of_config
from ilk.encoders.preprocess import Preprocessing
from ilk.encoders.preprocess_config import read_preprocessing
from ilk.encoders.provenance import Provenance, digest_known_by, near_towers
from ilk.encoders.session import Session
from ilk.encoders.text import TextReader, TextRules
from ilk.errors import ModelFormatError
from ilk.machine import usable_processors

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ilk.encoders.abstract import Tokens
    from ilk.encoders.base import Pixels

BATCH_SIZE = 32
"""Unless told otherwise: from there on ONNX Runtime gains nothing on a processor."""

SHARE = 8
"""Rows of a batch that a processor computes at once, where each has its own: more no longer fit its cache."""

TOKENS = 256
"""Of short texts as many are computed at once as have so many tokens together: fewer leave a processor idle."""

SETTLED = 16
"""Calls from which a tower that was loaded for the first answer has lost what loading it anew takes."""

_DEFAULT_OPTIONS = ComputeOptions()


class OnnxEncoder(AbstractEncoder):
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
        Which weights, such as ``"quantized"``; None for full precision, and for many rows at once what
        `ilk models export` left beside it and proved near, where that is faster and no precision is asked for.
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
        super().__init__(self.files, name=name, revision=revision, options=options)
        self.variant = variant
        self._sessions: dict[str, Session] = {}
        self._loading = {file: Lock() for file in self.files.weights.values()}
        self._calls = dict.fromkeys(self._loading, 0)
        self._hired: ThreadPoolExecutor | None = None
        self._hiring = Lock()

    # -- what it is, without loading it ---------------------------------------------------------------------------

    @cached_property
    def digest(self) -> str:
        """SHA-256 over configuration, preprocessing, tokenizer and the weights of this variant, hexadecimal.

        An export that ilk made of a checkpoint, and proved faithful, has the checkpoint's.
        """
        return digest_known_by(self.files.folder, self.variant, self.own_digest)

    @cached_property
    def own_digest(self) -> str:
        """The same over these very files, whatever they are an export of."""
        return digest_files(self.files.folder, self.files.decisive())

    @cached_property
    def logits(self) -> Logits | None:
        """How its cosines become probabilities: as its configuration says, or the checkpoint that it was made of."""
        origin = Provenance.read(self.files.folder)
        said = logits_of_config(self.files.config, name=self.name)
        return said or (logits_from_dict(origin.logits) if origin is not None else None)

    @property
    def computed_by(self) -> str | None:
        """What runs it, and how exactly; None until something was encoded."""
        loaded = self._sessions.get(self.files.weights.get("image", ""), next(iter(self._sessions.values()), None))
        return None if loaded is None else loaded.computes

    @property
    def batch_size(self) -> int:
        """Pictures it likes to be given at once."""
        return self.options.batch_size or max(BATCH_SIZE, SHARE * usable_processors())

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
        return read_preprocessing(config, processor=processor, name=self.name)

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

    # -- computing ------------------------------------------------------------------------------------------------

    def _check(self) -> None:
        check_options(self.options, variant=self.variant, name=self.name)
        _ = self.files.outlines

    def _load(self, modality: Modality, *, many: bool) -> None:
        self._session(modality, many=many)

    def _compute(self, modality: Modality, inputs: Pixels | Tokens, rows: npt.NDArray[np.float32]) -> None:
        session = self._session(modality, many=len(inputs) >= MANY)
        size = self.batch_size if session.workers == 1 else self._share(modality, inputs, session.workers)

        def fill(start: int) -> None:
            some = slice(start, start + size)
            found = self._run(session, modality, self._feeds(modality, inputs[some]))
            if found.shape[1] != self.dimension:
                raise ModelFormatError(
                    f"{self.name} gives {modality} vectors of {found.shape[1]} numbers where {self.dimension} were "
                    "expected."
                )
            rows[some] = found

        starts = range(0, len(inputs), size)
        if session.workers == 1 or len(starts) == 1:
            for start in starts:
                fill(start)
        else:
            list(self._crew(session.workers).map(fill, starts))

    def _share(self, modality: Modality, inputs: Any, workers: int) -> int:
        """How many of some rows a worker takes at once."""
        if self.options.batch_size:
            return self.options.batch_size
        share = SHARE if None not in self.files.weights else BATCH_SIZE  # else each costs the other tower a row
        if modality == "text":
            longest = self.reader.rules.context if self.reader.rules.pad_to_context else max(map(len, inputs))
            share = max(share, TOKENS // max(1, longest))
        return min(share, -(-len(inputs) // workers))

    def _feeds(self, modality: Modality, inputs: Any) -> dict[str, npt.NDArray[np.generic]]:
        if modality == "text":
            return self._text_feeds(inputs)
        return {"pixel_values": self.preprocessing.normalise(inputs)}

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

    def _run(
        self, session: Session, modality: Modality, feeds: dict[str, npt.NDArray[np.generic]]
    ) -> npt.NDArray[np.float32]:
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

    # -- loading --------------------------------------------------------------------------------------------------

    def _file_key(self, modality: Modality) -> Modality | None:
        return modality if modality in self.files.weights else None

    def _session(self, modality: Modality, *, many: bool = False) -> Session:
        file = self.files.weights[self._file_key(modality)]
        with self._loading[file]:
            held = self._sessions.get(file)
            self._calls[file] += 1
            settled = self._calls[file] > SETTLED
            if held is None or (many and not held.for_many) or (settled and held.hasty):
                outline = self.files.outlines[self._file_key(modality)]  # refuses weights from outside the folder
                alone = modality == "image" and (modality in self.files.weights or len(self.modalities) == 1)
                bytewise = self._in_eight_bits.get(file) if many or self.variant else None
                weights = Weights(
                    file=self.files.folder / (bytewise or file),
                    name=self.name,
                    variant=EIGHT_BITS if bytewise else self.variant,
                    sees_alone=alone,
                    whole=not outline.external,
                    near=bytewise is not None,
                )
                self._sessions[file] = open_session(weights, self.options, many=many, soon=not settled)
            return self._sessions[file]

    @cached_property
    def _in_eight_bits(self) -> Mapping[str, str]:
        """Which files with weights of eight bits, proven near, are to be loaded in place of which for many rows."""
        asked = self.variant == EIGHT_BITS
        if not asked and (self.variant is not None or not takes_eight_bits(self.options)):
            return {}
        try:
            files = self.files if asked else ModelFiles(self.files.folder, name=self.name, variant=EIGHT_BITS)
            near = near_towers(files.folder, EIGHT_BITS, digest_files(files.folder, files.decisive()))
        except ModelFormatError:  # they are not there, or in part
            return {}
        return {
            file: files.weights[tower]
            for tower, file in self.files.weights.items()
            if tower in files.weights and (self.modalities if tower is None else {tower}) <= near
        }

    def _crew(self, size: int) -> ThreadPoolExecutor:
        with self._hiring:
            if self._hired is None:
                self._hired = ThreadPoolExecutor(size, thread_name_prefix="ilk-encode")
            return self._hired

    def _probe(self) -> int:
        if "text" in self.modalities:
            return int(self._run(self._session("text"), "text", self._text_feeds(self.reader.read(["a"]))).shape[1])
        return int(
            self._run(
                self._session("image"), "image", {"pixel_values": self.preprocessing.normalise(self._blank())}
            ).shape[1]
        )
