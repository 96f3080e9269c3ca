"""From a checkpoint to the ONNX layout that runs without torch, with proof that both give the same vectors.

The layout is `ilk.encoders.layout.HUB`, which transformers.js reads as well. Outputs are the finished embeddings,
``image_embeds`` and ``text_embeds``, pooled and projected, so that whoever runs the files needs no rule of ours.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import logging
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from ilk.encoders.base import Modality
from ilk.encoders.checkpoint import PREPROCESSING, SPECIAL_TOKENS, TOKENIZER, TOKENIZER_CONFIG
from ilk.encoders.compute import ComputeOptions
from ilk.encoders.layout import HUB, variant_file
from ilk.encoders.onnx import OnnxEncoder
from ilk.encoders.provenance import Provenance
from ilk.encoders.torch.devices import first_line, import_torch
from ilk.encoders.torch.encoder import TorchEncoder
from ilk.encoders.torch.replica import pool
from ilk.encoders.torch.weights import load_model
from ilk.errors import MissingExtraError, ModelFormatError

if TYPE_CHECKING:
    from PIL.Image import Image

Weights: TypeAlias = Literal["float32", "float16", "int8"]

VARIANTS: dict[Weights, str | None] = {"float32": None, "float16": "fp16", "int8": "int8"}
"""What the layout calls files with such weights."""

FAITHFUL: dict[Weights, float] = {"float32": 0.9999, "float16": 0.999, "int8": 0.9}
"""The least cosine to the checkpoint in float32 with which an export counts as the same model. Weights of eight bits
change vectors visibly; what that costs must be measured on pictures that matter."""

_FILES: dict[Modality, str] = {"image": "onnx/vision_model.onnx", "text": "onnx/text_model.onnx"}
_WHOLE = "onnx/model.onnx"
_LARGEST_FILE_BYTES = 1_900_000_000  # Protocol Buffers end at 2 GB: beyond it weights lie beside the graph
_TEXTS = (
    "a dog",
    "Two people on a beach at sunset, one of them with a red umbrella",
    "un château sous la neige",
    "雪の中の犬",
    "a " * 100,
    "PRICE: 3.99 (per kg)!",
    "snow",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """How close an export's vectors are to the checkpoint's in float32, over pictures or texts of many kinds.

    Attributes
    ----------
    modality
        ``"image"`` or ``"text"``.
    rows
        How many were compared.
    cosine_min, cosine_mean
        Of each vector with the one it should be.
    """

    modality: Modality
    rows: int
    cosine_min: float
    cosine_mean: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportReport:
    """What was written.

    Attributes
    ----------
    folder
        Give it to `load_encoder`; a variant is named after a ``#``.
    variant
        Of the files written, as `load_encoder` takes it.
    size_bytes
        Of the weights.
    parity
        One for each tower.
    """

    folder: Path
    variant: str | None
    size_bytes: int
    parity: tuple[Parity, ...]

    def to_dict(self) -> dict[str, Any]:
        """As ``ilk models export --json`` prints it."""
        return {**asdict(self), "folder": str(self.folder)}


def export_model(encoder: TorchEncoder, folder: Path, *, weights: Weights = "float32") -> ExportReport:
    """Write a checkpoint as ONNX files.

    Parameters
    ----------
    encoder
        The checkpoint.
    folder
        Where to; made if it is not there. A folder that has another model is left alone.
    weights
        ``"float16"`` is half as large, ``"int8"`` a quarter and faster on processors; both are written beside what the
        folder has.

    Raises
    ------
    MissingExtraError
        If torch's exporter lacks its packages.
    ModelFormatError
        If the folder holds something else, the model cannot be exported, or the export gives other vectors.

    Notes
    -----
    Takes some 15 seconds a tower of CLIP B/32's size, and memory for three copies of the weights.
    """
    import_torch()
    _require_exporter()
    _refuse_strangers(folder, encoder)
    folder.mkdir(parents=True, exist_ok=True)
    variant = VARIANTS[weights]
    # Written aside and moved when it is proven: a folder never holds half an export.
    with tempfile.TemporaryDirectory(dir=folder, prefix=".export-") as name:
        aside = Path(name)
        _write_settings(encoder, aside)
        _write_graphs(encoder, aside, weights)
        exported = OnnxEncoder(aside, name=encoder.name, variant=variant)
        parity = measure_parity(encoder, exported)
        for each in parity:
            if each.cosine_min < FAITHFUL[weights]:
                raise ModelFormatError(
                    f"The export of {encoder.name} gives other {each.modality} vectors than the checkpoint (cosine "
                    f"{each.cosine_min:.5f} at worst, {FAITHFUL[weights]} wanted): nothing was written."
                )
        _vouch(encoder, exported, folder, aside, faithful=weights != "int8")
        size = sum(path.stat().st_size for path in (aside / "onnx").iterdir())
        (folder / "onnx").mkdir(exist_ok=True)
        for path in sorted(aside.rglob("*")):
            if path.is_file():
                path.replace(folder / path.relative_to(aside))
    return ExportReport(folder=folder.absolute(), variant=variant, size_bytes=size, parity=parity)


def measure_parity(encoder: TorchEncoder, exported: OnnxEncoder) -> tuple[Parity, ...]:
    """Compare an export with its checkpoint in float32, on pictures of odd shapes and texts of odd kinds."""
    import numpy as np

    options = ComputeOptions(device="cpu", precision="float32")
    reference = TorchEncoder(encoder.files.folder, name=encoder.name, pooling=encoder.pooling, options=options)
    found = []
    for modality in sorted(reference.modalities):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a text that is too long is among them
            rows = [
                each.encode_images(_pictures()) if modality == "image" else each.encode_texts(_TEXTS)
                for each in (reference, exported)
            ]
        cosines = (rows[0] * rows[1]).sum(axis=1)
        found.append(
            Parity(
                modality=modality,
                rows=len(cosines),
                cosine_min=round(float(cosines.min()), 6),
                cosine_mean=round(float(np.mean(cosines)), 6),
            )
        )
    return tuple(found)


def _pictures() -> list[Image]:
    """Gradients with noise, upright, lying, tiny and thin."""
    import numpy as np
    from PIL import Image

    random = np.random.default_rng(0)
    pictures = []
    for width, height in ((640, 480), (480, 640), (224, 224), (37, 11), (1, 90), (500, 333), (256, 256), (300, 299)):
        y, x = np.mgrid[:height, :width]
        ramp = np.stack([x * 255 / width, y * 255 / height, (x + y) * 255 / (width + height)], axis=-1)
        noise = random.normal(0, 40, (height, width, 3))
        pictures.append(Image.fromarray(np.clip(ramp + noise, 0, 255).astype(np.uint8)))
    return pictures


# -- what is written --------------------------------------------------------------------------------------------------


def _require_exporter() -> None:
    missing = [package for package in ("onnx", "onnxscript") if importlib.util.find_spec(package) is None]
    if missing:
        raise MissingExtraError(
            f'Exporting needs {" and ".join(missing)} too: run `pip install "ilk[export]"`. Only exporting does.'
        )


def _refuse_strangers(folder: Path, encoder: TorchEncoder) -> None:
    if not folder.exists() or not any(folder.iterdir()):
        return
    origin = Provenance.read(folder)
    if origin is None or origin.digest != encoder.digest:
        raise ModelFormatError(
            f"{folder} is not empty and not an export of {encoder.name}. Name a new folder, or empty this one."
        )


def _write_settings(encoder: TorchEncoder, folder: Path) -> None:
    files = encoder.files
    for file in (HUB.config, PREPROCESSING, TOKENIZER_CONFIG, SPECIAL_TOKENS):
        if file in files.files:
            shutil.copyfile(files.folder / file, folder / file)
    if "image" in encoder.modalities and PREPROCESSING not in files.files:  # timm's lies in config.json
        shutil.copyfile(files.folder / HUB.config, folder / PREPROCESSING)
    if "text" in encoder.modalities:
        shutil.copyfile(encoder.tokenizer_file, folder / TOKENIZER)
        # The context may be said elsewhere in a checkpoint (sentence_bert_config.json); an export says it here.
        settings = {
            **files.read_json(TOKENIZER_CONFIG, required=False),
            "model_max_length": encoder.reader.rules.context,
        }
        (folder / TOKENIZER_CONFIG).write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")


def _vouch(encoder: TorchEncoder, exported: OnnxEncoder, folder: Path, aside: Path, *, faithful: bool) -> None:
    """Say beside the files what they are an export of, and which of them have the checkpoint's own vectors."""
    from importlib.metadata import version

    before = Provenance.read(folder)
    Provenance(
        model=encoder.name,
        revision=encoder.revision,
        digest=encoder.digest,
        pooling=encoder.pooling,
        exports={
            **(before.exports if before else {}),
            **({exported.variant or "": exported.digest} if faithful else {}),
        },
        logits=encoder.logits.to_dict() if encoder.logits else None,
        written_by={package: version(package) for package in ("ilk", "torch", "transformers")},
    ).write(aside)


def _write_graphs(encoder: TorchEncoder, folder: Path, weights: Weights) -> None:
    model = load_model(encoder.files, pooling=encoder.pooling, precision="float32")
    (folder / "onnx").mkdir()
    both = encoder.modalities == {"image", "text"}
    for modality in sorted(encoder.modalities):
        tower = _FILES[modality] if both else _WHOLE
        target = folder / variant_file(tower, VARIANTS[weights])
        try:
            with _silent():
                _write_graph(model, modality, encoder, target)
        except Exception as error:  # torch.onnx has many classes, and each names a part of the model
            raise ModelFormatError(
                f"torch cannot export the {modality} tower of {encoder.name}: {first_line(error)}"
            ) from error
        if weights != "float32":
            _shrink(target, weights)


def _write_graph(model: Any, modality: Modality, encoder: TorchEncoder, target: Path) -> None:
    import numpy as np
    import torch

    class Tower(torch.nn.Module):  # type: ignore[misc]
        """One modality of a model, from inputs by position to finished rows."""

        def __init__(self, names: tuple[str, ...]) -> None:
            super().__init__()
            self.model, self.names = model, names

        def forward(self, *inputs: Any) -> Any:
            return pool(self.model, modality, dict(zip(self.names, inputs, strict=True)), encoder.pooling)

    rows = torch.export.Dim("batch", min=1)
    if modality == "image":
        names: tuple[str, ...] = ("pixel_values",)
        blank = np.zeros((2, *encoder.preprocessing.shape), encoder.preprocessing.dtype)
        inputs = (torch.from_numpy(encoder.preprocessing.normalise(blank)),)
        shapes: tuple[dict[int, Any], ...] = ({0: rows},)
    else:
        names = ("input_ids", "attention_mask")
        reader = encoder.reader
        sequences = reader.read(["a dog on a beach", "a cat"])
        inputs = tuple(torch.from_numpy(each) for each in reader.batch(sequences))
        fixed = reader.rules.pad_to_context
        length = {} if fixed else {1: torch.export.Dim("sequence", min=1, max=reader.rules.context)}
        shapes = ({0: rows, **length}, {0: rows, **length})
    program = torch.onnx.export(
        Tower(names).eval(),
        inputs,
        dynamo=True,
        input_names=list(names),
        output_names=[f"{modality}_embeds"],
        dynamic_shapes=(shapes,),
        verbose=False,
    )
    total = sum(p.numel() * p.element_size() for p in model.parameters())
    program.save(str(target), external_data=total > _LARGEST_FILE_BYTES)


def _shrink(path: Path, weights: Weights) -> None:
    """Halve or quarter the weights of a file in place, with the tools that come with ONNX Runtime."""
    import onnx

    graph = onnx.load(str(path))
    if weights == "float16":
        from onnxruntime.transformers.float16 import convert_float_to_float16

        onnx.save(convert_float_to_float16(graph, keep_io_types=True, disable_shape_infer=True), str(path))
        return
    from onnxruntime.quantization import QuantType, quantize_dynamic

    del graph.graph.value_info[:]  # the quantiser infers shapes anew, and stumbles over those of transposed weights
    with _silent():
        # A scale for each channel; what is multiplied with the weights is quantised as it comes.
        quantize_dynamic(
            graph, str(path), weight_type=QuantType.QInt8, per_channel=True, op_types_to_quantize=["MatMul", "Gemm"]
        )


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Without the exporter's remarks, which are for its developers."""
    noisy = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir", "root", "")]
    levels = [logger.level for logger in noisy]
    for logger in noisy:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(noisy, levels, strict=True):
            logger.setLevel(level)
