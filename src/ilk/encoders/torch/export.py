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
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from ilk.encoders.base import Modality
from ilk.encoders.checkpoint import PREPROCESSING, SPECIAL_TOKENS, TOKENIZER, TOKENIZER_CONFIG
from ilk.encoders.engines import EIGHT_BITS
from ilk.encoders.layout import HUB, variant_file
from ilk.encoders.provenance import LEAST_COSINE, Parity, Proof, Provenance
from ilk.encoders.torch import eight_bits
from ilk.encoders.torch.comparison import TEXT_INPUTS, Comparison
from ilk.encoders.torch.devices import first_line, import_torch
from ilk.encoders.torch.encoder import TorchEncoder
from ilk.encoders.torch.replica import pool
from ilk.encoders.torch.weights import load_model
from ilk.errors import MissingExtraError, ModelFormatError

Weights: TypeAlias = Literal["auto", "float32", "float16", "int8"]

VARIANTS: dict[Weights, str | None] = {"auto": None, "float32": None, "float16": "fp16", "int8": EIGHT_BITS}
"""What the layout calls files with such weights."""

FAITHFUL: dict[Weights, float] = {"auto": 0.9999, "float32": 0.9999, "float16": LEAST_COSINE, "int8": 0.9}
"""The least cosine to the checkpoint in float32 with which an export is written. Weights of eight bits that were asked
for may be further off; they are then a model of their own."""

LEFT_EXACT = (0.0, 1 / 8, 1 / 4)
"""Which share of the products that err most stays in float32, until a tower is near: beyond that little is gained."""

_FILES: dict[Modality, str] = {"image": "onnx/vision_model.onnx", "text": "onnx/text_model.onnx"}
_WHOLE = "onnx/model.onnx"


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
    eight_bits
        One for each tower with weights of eight bits that lie beside, for `auto`; empty if none do.
    left_out
        Why none do, in a sentence; None if they do, or were not asked for.
    """

    folder: Path
    variant: str | None
    size_bytes: int
    parity: tuple[Parity, ...]
    eight_bits: tuple[Parity, ...] = ()
    left_out: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """As ``ilk models export --json`` prints it."""
        return {**asdict(self), "folder": str(self.folder)}


def export_model(encoder: TorchEncoder, folder: Path, *, weights: Weights = "auto") -> ExportReport:
    """Write a checkpoint as ONNX files.

    Parameters
    ----------
    encoder
        The checkpoint.
    folder
        Where to; made if it is not there. A folder that has another model is left alone.
    weights
        ``"auto"`` is float32 and, beside it, eight bits for products where that proves near (`provenance.LEAST_COSINE`
        for one tower at least): then they are used for many pictures by themselves, on processors that gain by it.
        ``"float16"`` is half as large, ``"int8"`` a quarter; both are written beside what the folder has.

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
    # Written aside and moved when it is proven: a folder never holds half an export.
    with tempfile.TemporaryDirectory(dir=folder, prefix=".export-") as name:
        aside = Path(name)
        report = _write_variants(Comparison(encoder, aside), folder, weights)
        (folder / "onnx").mkdir(exist_ok=True)
        for path in sorted(aside.rglob("*")):
            if path.is_file():
                path.replace(folder / path.relative_to(aside))
    return report


def _write_variants(comparison: Comparison, folder: Path, weights: Weights) -> ExportReport:
    """Write and prove what is asked for, in the folder of the comparison; `folder` is where it is to go."""
    encoder, aside, variant = comparison.encoder, comparison.folder, VARIANTS[weights]
    _write_settings(encoder, aside)
    graphs = _write_graphs(encoder, aside)
    beside: tuple[Parity, ...] = ()
    left_out = None
    if weights in {"auto", "int8"}:
        beside, left_out = _write_eight_bits(comparison, graphs)
    if weights == "auto" and left_out:
        beside = ()
        _remove(variant_file(str(path), EIGHT_BITS) for path in graphs.values())
    if weights == "float16":
        for path in graphs.values():
            _halve(path, Path(variant_file(str(path), variant)))
    parity = beside if weights == "int8" else tuple(comparison.parity(each, variant) for each in sorted(graphs))
    _require_faithful(parity, weights, encoder.name)
    if variant is not None:
        _remove(str(path) for path in graphs.values())
    _vouch(comparison, folder, same=set() if weights == "int8" else {variant}, towers=beside)
    extra = weights == "auto"
    return ExportReport(
        folder=folder.absolute(),
        variant=variant,
        size_bytes=sum(path.stat().st_size for path in (aside / "onnx").iterdir()),
        parity=parity,
        eight_bits=beside if extra else (),
        left_out=left_out if extra else None,
    )


def _require_faithful(parity: Iterable[Parity], weights: Weights, name: str) -> None:
    for each in parity:
        if each.cosine_min < FAITHFUL[weights]:
            raise ModelFormatError(
                f"The export of {name} gives other {each.modality} vectors than the checkpoint (cosine "
                f"{each.cosine_min:.5f} at worst, {FAITHFUL[weights]} wanted): nothing was written."
            )


def _write_eight_bits(comparison: Comparison, graphs: Mapping[Modality, Path]) -> tuple[tuple[Parity, ...], str | None]:
    """Write each tower so, with as few products in float32 as make it near; and why that is of no use, if it is not."""
    plans = {modality: eight_bits.plan(path, comparison.samples(modality)) for modality, path in graphs.items()}
    for modality, path in graphs.items():
        eight_bits.write(path, Path(variant_file(str(path), EIGHT_BITS)), plans[modality])
    found: dict[Modality, Parity] = {}
    for modality, path in graphs.items():
        target, plan = Path(variant_file(str(path), EIGHT_BITS)), plans[modality]
        for share in LEFT_EXACT:
            if share:
                eight_bits.write(path, target, plan[round(share * len(plan)) :])
            found[modality] = comparison.parity(modality, EIGHT_BITS)
            if found[modality].is_near:
                break
        else:
            eight_bits.write(path, target, plan)
            found[modality] = comparison.parity(modality, EIGHT_BITS)
    towers = tuple(found[modality] for modality in sorted(found))
    gaining = [each for each in towers if plans[each.modality]]
    if not gaining:
        return towers, "Eight bits were left out: the model has no products with constant weights, and gains nothing."
    if not any(each.is_near for each in gaining):
        best = max(gaining, key=lambda each: each.cosine_min)
        return towers, (
            f"Eight bits were left out: they change vectors too much (cosine {best.cosine_min:.5f} at worst, "
            f"{LEAST_COSINE} wanted). `--weights int8` writes them all the same, to be asked for."
        )
    return towers, None


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


def _vouch(comparison: Comparison, folder: Path, *, same: set[str | None], towers: tuple[Parity, ...]) -> None:
    """Say beside the files what they are an export of, which of them are the same model, and what was measured."""
    from importlib.metadata import version

    encoder, before = comparison.encoder, Provenance.read(folder)
    exports, proofs = (dict(before.exports), dict(before.proofs)) if before else ({}, {})
    if towers:
        proofs[EIGHT_BITS] = Proof(digest=comparison.opened(EIGHT_BITS).own_digest, towers=towers)
        exports.pop(EIGHT_BITS, None)
        if all(each.is_near for each in towers):
            same = same | {EIGHT_BITS}
    Provenance(
        model=encoder.name,
        revision=encoder.revision,
        digest=encoder.digest,
        pooling=encoder.pooling,
        exports={**exports, **{variant or "": comparison.opened(variant).own_digest for variant in same}},
        logits=encoder.logits.to_dict() if encoder.logits else None,
        proofs=proofs,
        written_by={package: version(package) for package in ("ilk", "torch", "transformers")},
    ).write(comparison.folder)


def _remove(files: Iterable[str]) -> None:
    """Files of weights, with what lies beside them."""
    for file in map(Path, files):
        for path in file.parent.glob(f"{file.name}*"):
            path.unlink()


def _write_graphs(encoder: TorchEncoder, folder: Path) -> dict[Modality, Path]:
    """Each tower in float32."""
    model = load_model(encoder.files, pooling=encoder.pooling, precision="float32")
    (folder / "onnx").mkdir()
    both = encoder.modalities == {"image", "text"}
    written: dict[Modality, Path] = {}
    for modality in sorted(encoder.modalities):
        target = folder / (_FILES[modality] if both else _WHOLE)
        try:
            with _silent():
                _write_graph(model, modality, encoder, target)
        except Exception as error:  # torch.onnx has many classes, and each names a part of the model
            raise ModelFormatError(
                f"torch cannot export the {modality} tower of {encoder.name}: {first_line(error)}"
            ) from error
        written[modality] = target
    return written


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
        names = TEXT_INPUTS
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
    program.save(str(target), external_data=total > eight_bits.LARGEST_FILE_BYTES)


def _halve(source: Path, target: Path) -> None:
    """Write the weights of a graph in float16, with the tool that comes with ONNX Runtime."""
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    graph = convert_float_to_float16(onnx.load(str(source)), keep_io_types=True, disable_shape_infer=True)
    onnx.save(graph, str(target))


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
