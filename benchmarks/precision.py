"""What a precision costs: how far vectors move, what that does to retrieval, and how much faster it is.

    python -m benchmarks.precision [--checkpoint FOLDER] [--data FOLDER] [--json FILE]

First a checkpoint, by default of the shape of ViT-B/32 with random weights, in every precision that PyTorch has here
and as ONNX files; cosines are to its own vectors in float32. Random weights say what arithmetic does to vectors, not
what a trained model makes of it: name one to know that.

Then `pocket`, whose weights are int8 already, with its arithmetic as shipped, with every number between two operations
rounded to bfloat16, and with activations in int8 too. Given the data that it was taught with, recall is measured on
the pictures of Flickr8k that were kept out (`training.manifest`).
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks.checkpoints import write_clip
from benchmarks.pipeline import machine
from ilk.demo.scenes import KINDS, draw
from ilk.encoders import load_encoder

if TYPE_CHECKING:
    from ilk.encoders.base import Encoder
    from ilk.encoders.compute import Precision

Rows: TypeAlias = npt.NDArray[np.float32]

PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16", "int8")
TOWERS = ("vision_model.onnx", "text_model.onnx")
SPEED_PICTURES = 64
K = 10
_FLOAT, _BFLOAT16 = 1, 16  # onnx.TensorProto


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """One precision of one model.

    Attributes
    ----------
    model, precision
        Which.
    picture_cosine_min, picture_cosine_mean, text_cosine_min, text_cosine_mean
        To the vectors of the first precision of the model.
    pictures_per_s
        Of the model alone; the best of several runs, taken in turn.
    text_to_image, image_to_text
        Recall at 10 in percent; None where there is nothing to measure it on.
    """

    model: str
    precision: str
    picture_cosine_min: float
    picture_cosine_mean: float
    text_cosine_min: float
    text_cosine_mean: float
    pictures_per_s: float
    text_to_image: float | None = None
    image_to_text: float | None = None


@dataclass(frozen=True, slots=True)
class Questions:
    """Pictures, texts, and which picture each text is of."""

    pictures: list[Image.Image]
    texts: list[str]
    owner: npt.NDArray[np.int64]

    @classmethod
    def drawn(cls) -> Questions:
        """Painted scenes and their captions."""
        scenes = [draw(kind, seed) for kind in KINDS for seed in range(2)]
        texts = [scene.caption for scene in scenes]
        return cls([scene.image for scene in scenes], texts, np.arange(len(texts)))

    @classmethod
    def flickr(cls, data: Path) -> Questions:
        """The pictures of Flickr8k that pocket has not seen, and five captions of each."""
        from training.manifest import read_manifest
        from training.settings import Settings

        kept_out = [
            picture
            for picture in read_manifest(data, Settings().splits)
            if picture.source == "flickr8k_train" and picture.split == "test"
        ]
        texts = [(caption, row) for row, picture in enumerate(kept_out) for caption in picture.captions]
        images = [Image.open(data / picture.name).convert("RGB") for picture in kept_out]
        return cls(images, [caption for caption, _ in texts], np.array([row for _, row in texts]))


def costs(model: str, encoders: dict[str, Encoder], asked: Questions, *, repeat: int, recall: bool) -> Iterator[Cost]:
    """What each precision costs beside the first."""
    found = {
        name: (each.encode_images(asked.pictures), each.encode_texts(asked.texts)) for name, each in encoders.items()
    }
    speeds = fastest(encoders, asked.pictures[:SPEED_PICTURES], repeat=repeat)
    pictures, texts = next(iter(found.values()))
    for name, (some_pictures, some_texts) in found.items():
        by_picture, by_text = (pictures * some_pictures).sum(1), (texts * some_texts).sum(1)
        forth, back = recalls(some_pictures, some_texts, asked.owner) if recall else (None, None)
        yield Cost(
            model=model,
            precision=name,
            picture_cosine_min=round(float(by_picture.min()), 6),
            picture_cosine_mean=round(float(by_picture.mean()), 6),
            text_cosine_min=round(float(by_text.min()), 6),
            text_cosine_mean=round(float(by_text.mean()), 6),
            pictures_per_s=round(speeds[name], 1),
            text_to_image=forth,
            image_to_text=back,
        )


def fastest(encoders: dict[str, Encoder], images: Sequence[Image.Image], *, repeat: int) -> dict[str, float]:
    """Pictures a second of each model on pictures that are ready, the best of runs taken in turn."""
    best = dict.fromkeys(encoders, 0.0)
    for _ in range(repeat):
        for name, encoder in encoders.items():
            ready = np.stack([encoder.prepare_image(image) for image in images])
            started = time.perf_counter()
            encoder.encode_prepared(ready)
            best[name] = max(best[name], len(ready) / (time.perf_counter() - started))
    return best


def recalls(pictures: Rows, texts: Rows, owner: npt.NDArray[np.int64]) -> tuple[float, float]:
    """Recall at 10 of texts for pictures and back, as `training.evaluation.measure_retrieval` counts it."""
    similarity = texts @ pictures.T
    forth = (similarity > similarity[np.arange(len(owner)), owner][:, None]).sum(1) < K
    best = np.array([similarity[owner == row, row].max() for row in range(len(pictures))])
    back = (similarity > best).sum(0) < K
    return round(float(forth.mean()) * 100, 2), round(float(back.mean()) * 100, 2)


# -- a checkpoint -----------------------------------------------------------------------------------------------------


def checkpoint_encoders(checkpoint: Path, place: Path) -> dict[str, Encoder]:
    """In PyTorch and exported, each precision that this machine has."""
    from ilk.encoders import openvino_session
    from ilk.encoders.torch import TorchEncoder
    from ilk.encoders.torch.export import Weights, export_model

    kinds: tuple[Weights, ...] = ("float32", "int8")
    found: dict[str, Encoder] = {
        f"torch {precision}": load_encoder(checkpoint, variant="torch", device="cpu", precision=precision)
        for precision in PRECISIONS
    }
    plain = found["torch float32"]
    assert isinstance(plain, TorchEncoder)
    for weights in kinds:
        try:
            report = export_model(plain, place / "onnx export", weights=weights)
        except Exception as error:  # noqa: BLE001 -- what cannot be exported here is left out, and said
            print(f"left out: ONNX {weights}: {error}", file=sys.stderr)
            continue
        found[f"ONNX {weights}"] = load_encoder(report.folder, variant=report.variant, device="cpu", precision=weights)
        if weights == "float32" and openvino_session.is_installed():
            for precision in openvino_session.precisions():
                found[f"OpenVINO {precision}"] = load_encoder(report.folder, device="openvino", precision=precision)
    return found


# -- pocket -----------------------------------------------------------------------------------------------------------


def pocket_encoders(place: Path) -> dict[str, Encoder]:
    """As shipped, and with coarser arithmetic."""
    changes: dict[str, Callable[[Path, Path], None]] = {"bfloat16": round_to_bfloat16, "int8 activations": quantise}
    found: dict[str, Encoder] = {"float32": load_encoder("pocket", device="cpu")}
    import ilk.encoders

    shipped = Path(ilk.encoders.__file__).parent / "pocket"
    for name, change in changes.items():
        folder = place / f"pocket {name}"
        shutil.copytree(shipped, folder)
        try:
            for tower in TOWERS:
                file = folder / "onnx" / tower
                fold(file)
                change(file, file)
            found[name] = load_encoder(folder, device="cpu")
            found[name].encode_texts(["a dog"])
        except Exception as error:  # noqa: BLE001 -- onnxruntime's tools raise the bare class; it is left out, and said
            found.pop(name, None)
            print(f"left out: pocket with {name}: {error}", file=sys.stderr)
    return found


def fold(file: Path) -> None:
    """Write out the weights as float32, which they are before anything is computed with them."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    aside = file.with_suffix(".folded")
    options.optimized_model_filepath = str(aside)
    onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    aside.replace(file)


def round_to_bfloat16(file: Path, target: Path) -> None:
    """Round every weight, and what every operation gives, to bfloat16; sums within an operation are not rounded.

    That is what processors and GPUs with instructions for bfloat16 do: they multiply in it and add up in float32.
    """
    import onnx

    model = onnx.shape_inference.infer_shapes(onnx.load(file))
    for weights in model.graph.initializer:
        if weights.data_type == _FLOAT:
            values = rounded(onnx.numpy_helper.to_array(weights))
            weights.CopyFrom(onnx.numpy_helper.from_array(values, weights.name))
    kinds = {each.name: each.type.tensor_type.elem_type for each in (*model.graph.value_info, *model.graph.output)}
    last = {each.name for each in model.graph.output}
    nodes = []
    for node in model.graph.node:
        nodes.append(node)
        for place, name in enumerate(node.output):
            if kinds.get(name) != _FLOAT or name in last:
                continue
            node.output[place] = f"{name} exact"
            nodes += [
                onnx.helper.make_node("Cast", [f"{name} exact"], [f"{name} rounded"], to=_BFLOAT16),
                onnx.helper.make_node("Cast", [f"{name} rounded"], [name], to=_FLOAT),
            ]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.save(model, target)


def rounded(values: npt.NDArray[np.float32]) -> Rows:
    """The nearest number that has a significand of eight bits; ties go to the even one."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    near = (bits + 0x7FFF + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)
    return near.view(np.float32).reshape(values.shape)


def quantise(file: Path, target: Path) -> None:
    """Have matrix products and convolutions computed in eight bits, with scales taken from each input."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    # ONNX Runtime has no convolution of signed weights with unsigned inputs.
    quantize_dynamic(file, target, per_channel=True, weight_type=QuantType.QUInt8)


# -- the report -------------------------------------------------------------------------------------------------------


def table(found: Sequence[Cost]) -> str:
    """For people."""
    head = ("model", "precision", "pictures/s", "pictures: min", "mean", "texts: min", "mean", "R@10 t→i", "i→t")
    rows = [
        (
            each.model,
            each.precision,
            f"{each.pictures_per_s:.1f}",
            f"{each.picture_cosine_min:.5f}",
            f"{each.picture_cosine_mean:.5f}",
            f"{each.text_cosine_min:.5f}",
            f"{each.text_cosine_mean:.5f}",
            "" if each.text_to_image is None else f"{each.text_to_image:.2f}",
            "" if each.image_to_text is None else f"{each.image_to_text:.2f}",
        )
        for each in found
    ]
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (head, *rows)
    )


def main() -> None:
    """Read the options, run, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, help="a CLIP-like one; else the shape of ViT-B/32 at random")
    parser.add_argument("--data", type=Path, help="the folder that pocket was taught from")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the report here as well")
    parser.add_argument("--note", default="Speeds are the best of runs taken in turn.", help="what else to record")
    options = parser.parse_args()
    measures_recall = options.data is not None and (options.data / "flickr8k_train").is_dir()
    if not measures_recall:
        print("left out: recall of pocket, which needs --data with flickr8k_train in it", file=sys.stderr)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        checkpoint = options.checkpoint or write_clip(place / "ViT-B-32, random")
        encoders = checkpoint_encoders(checkpoint, place)
        found = [*costs(checkpoint.name, encoders, Questions.drawn(), repeat=options.repeat, recall=False)]
        asked = Questions.flickr(options.data) if measures_recall else Questions.drawn()
        found += costs("pocket", pocket_encoders(place), asked, repeat=options.repeat, recall=measures_recall)
    print(table(found))
    if options.json:
        report: dict[str, Any] = {**machine(), "costs": [asdict(each) for each in found], "note": options.note}
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
