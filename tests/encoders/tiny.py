"""Models small enough to compute by hand, written as ONNX files, with the same arithmetic in numpy beside them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from ilk.encoders.layout import HUB, Layout, variant_file

SIDE = 8
HIDDEN = 6
DIMENSION = 5
MEAN, STD = (0.2, 0.4, 0.6), (0.5, 0.25, 1.0)
SPECIAL = ("<pad>", "<start>", "<end>", "<unk>")
WORDS = (*SPECIAL, "a", "dog", "cat", "red", "on", "the", "beach", "snow", "two", "and", "of", "photo")

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What differs between the tiny models.

    Attributes
    ----------
    layout
        How the files lie. Where their inputs are known by position, they have names of their own and take int32.
    model_type
        Of ``config.json``.
    split
        Whether each tower has a file.
    image_output, text_output
        Their names; None where there is no such tower.
    tokens
        Whether the picture's output has a row for each of three tokens.
    masked
        Whether the text tower takes an attention mask.
    context, padded
        Tokens at most, and whether texts are always padded to that.
    float_type
        Of inputs and outputs.
    fixed_batch, fixed_length
        Sides that the export was made for, where not for any.
    free_sides
        Whether the export says that it takes pictures of any height and width.
    named_dimension
        Whether the graph hides the dimension behind a name, as older exports do.
    variant, external
        Which variant the files are, and whether the weights lie beside them.
    """

    layout: Layout = HUB
    model_type: str = "clip"
    split: bool = True
    image_output: str | None = "image_embeds"
    text_output: str | None = "text_embeds"
    tokens: bool = False
    masked: bool = True
    context: int = 9
    padded: bool = False
    float_type: int = TensorProto.FLOAT
    fixed_batch: int | None = None
    fixed_length: int | None = None
    free_sides: bool = False
    named_dimension: bool = False
    variant: str | None = None
    external: bool = False


class Tiny:
    """A tiny model in a folder, and what it should answer.

    Parameters
    ----------
    folder
        Where to write it.
    shape
        Which of them.
    seed
        Of its weights.
    """

    def __init__(self, folder: Path, shape: Shape | None = None, *, seed: int = 0) -> None:
        self.folder, self.shape = folder, shape or Shape()
        random = np.random.default_rng(seed)
        rows = 3 if self.shape.tokens else 1
        self.seeing = random.standard_normal((3 * SIDE * SIDE, rows * DIMENSION)) / SIDE
        self.bias = random.standard_normal(rows * DIMENSION)
        self.embedding = random.standard_normal((len(WORDS), HIDDEN))
        self.reading = random.standard_normal((HIDDEN, DIMENSION))
        for file in (*self.shape.layout.settings, *self.shape.layout.weights):
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
        self._write_settings()
        self._write_weights()

    # -- what it should answer ------------------------------------------------------------------------------------

    def expected_images(self, images: Sequence[Image.Image], *, raw: bool = False) -> Floats:
        """Squash, scale, normalise, flatten channel by channel, multiply, bend, normalise."""
        rows = []
        for image in images:
            pixels = np.asarray(image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BICUBIC), np.float64)
            flat = ((pixels / 255 - MEAN) / STD).transpose(2, 0, 1).reshape(-1)
            rows.append(np.tanh(flat @ self.seeing + self.bias)[:DIMENSION])
        return np.array(rows) if raw else _unit(np.array(rows))

    def expected_texts(self, texts: Sequence[str], *, raw: bool = False) -> Floats:
        """Average the embeddings of the words, and of the padding where the model was made so."""
        rows = []
        for text in texts:
            words = text.lower().split()[: self.shape.context - 2]
            ids = [WORDS.index(word) if word in WORDS else WORDS.index("<unk>") for word in words]
            ids = [WORDS.index("<start>"), *ids, WORDS.index("<end>")]
            if not self.shape.masked:
                ids += [WORDS.index("<pad>")] * (self.shape.context - len(ids))
            rows.append(np.tanh(self.embedding[ids].mean(axis=0) @ self.reading))
        return np.array(rows) if raw else _unit(np.array(rows))

    # -- files ----------------------------------------------------------------------------------------------------

    def _write_settings(self) -> None:
        shape, layout = self.shape, self.shape.layout
        if layout is HUB:
            self.write(layout.config, {"model_type": shape.model_type, "projection_dim": DIMENSION})
            preprocessing: dict[str, Any] = {
                "image_processor_type": "SiglipImageProcessor",
                "size": {"height": SIDE, "width": SIDE},
                "image_mean": list(MEAN),
                "image_std": list(STD),
            }
        else:
            text = {"context_length": shape.context, "vocab_size": len(WORDS)}
            self.write(layout.config, {"embed_dim": DIMENSION, "vision_cfg": {"image_size": SIDE}, "text_cfg": text})
            cut = {"size": [SIDE, SIDE], "mode": "RGB", "interpolation": "bicubic", "resize_mode": "squash"}
            preprocessing = {**cut, "mean": list(MEAN), "std": list(STD), "fill_color": 0}
        if shape.image_output:
            self.write(layout.preprocessing, preprocessing)
        if shape.text_output:
            write_tokenizer(self.folder / layout.tokenizer)
            limits = {"model_max_length": shape.context, "pad_token": {"content": "<pad>"}}
            self.write(layout.tokenizer_config, limits)

    def write(self, file: str, content: dict[str, Any]) -> None:
        """Write one of the settings files."""
        (self.folder / file).write_text(json.dumps(content), encoding="utf-8")

    def _write_weights(self) -> None:
        sees = self._image_tower() if self.shape.image_output else None
        reads = self._text_tower() if self.shape.text_output else None
        layout = self.shape.layout
        if self.shape.split:
            self._save(layout.image_tower, [sees])
            self._save(layout.text_tower, [reads])
        else:
            assert layout.whole
            self._save(layout.whole, [sees, reads])

    def _save(self, file: str, towers: Sequence[_Tower | None]) -> None:
        present = [tower for tower in towers if tower is not None]
        if not present:
            return
        graph = helper.make_graph(
            [node for tower in present for node in tower.nodes],
            "tiny",
            [value for tower in present for value in tower.inputs],
            [tower.output for tower in present],
            [weight for tower in present for weight in tower.weights],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        onnx.checker.check_model(model)
        path = self.folder / variant_file(file, self.shape.variant)
        if self.shape.external:
            onnx.save(model, path, save_as_external_data=True, location=f"{path.name}_data", size_threshold=64)
        else:
            onnx.save(model, path)

    def _image_tower(self) -> _Tower:
        shape, batch = self.shape, self.shape.fixed_batch or "batch"
        pixels = "image" if shape.layout.by_position else "pixel_values"
        rows: tuple[Any, ...] = (batch, 3, self._dimension) if shape.tokens else (batch, self._dimension)
        sides = ["height", "width"] if shape.free_sides else [SIDE, SIDE]
        target = [0, 3, DIMENSION] if shape.tokens else [0, DIMENSION]
        return _Tower(
            nodes=[
                helper.make_node("Cast", [pixels], ["pixels"], to=TensorProto.FLOAT),
                helper.make_node("Flatten", ["pixels"], ["flat"], axis=1),
                helper.make_node("MatMul", ["flat", "seeing"], ["seen"]),
                helper.make_node("Add", ["seen", "bias"], ["moved"]),
                helper.make_node("Tanh", ["moved"], ["bent"]),
                helper.make_node("Reshape", ["bent", "target"], ["shaped"]),
                helper.make_node("Cast", ["shaped"], [shape.image_output], to=shape.float_type),
            ],
            inputs=[helper.make_tensor_value_info(pixels, shape.float_type, [batch, 3, *sides])],
            output=helper.make_tensor_value_info(shape.image_output, shape.float_type, rows),
            weights=[
                numpy_helper.from_array(self.seeing.astype(np.float32), "seeing"),
                numpy_helper.from_array(self.bias.astype(np.float32), "bias"),
                numpy_helper.from_array(np.array(target), "target"),
            ],
        )

    def _text_tower(self) -> _Tower:
        shape, sides = self.shape, [self.shape.fixed_batch or "texts", self.shape.fixed_length or "sequence"]
        ids, mask, kind = "input_ids", "attention_mask", TensorProto.INT64
        if shape.layout.by_position:
            ids, mask, kind = "text", "where", TensorProto.INT32
        inputs = [helper.make_tensor_value_info(ids, kind, sides)]
        nodes = [helper.make_node("Gather", ["vectors", ids], ["words"])]
        if shape.masked:
            inputs.append(helper.make_tensor_value_info(mask, kind, sides))
            nodes += [
                helper.make_node("Cast", [mask], ["mask"], to=TensorProto.FLOAT),
                helper.make_node("Unsqueeze", ["mask", "last"], ["weights"]),
                helper.make_node("Mul", ["words", "weights"], ["kept"]),
                helper.make_node("ReduceSum", ["kept", "middle"], ["sum"], keepdims=0),
                helper.make_node("ReduceSum", ["weights", "middle"], ["count"], keepdims=0),
                helper.make_node("Div", ["sum", "count"], ["average"]),
            ]
        else:
            nodes.append(helper.make_node("ReduceMean", ["words"], ["average"], axes=[1], keepdims=0))
        nodes += [
            helper.make_node("MatMul", ["average", "reading"], ["read"]),
            helper.make_node("Tanh", ["read"], ["text_bent"]),
            helper.make_node("Cast", ["text_bent"], [shape.text_output], to=shape.float_type),
        ]
        weights = [
            numpy_helper.from_array(self.embedding.astype(np.float32), "vectors"),
            numpy_helper.from_array(self.reading.astype(np.float32), "reading"),
        ]
        if shape.masked:
            weights += [numpy_helper.from_array(np.array([axis]), n) for n, axis in (("last", 2), ("middle", 1))]
        rows = [sides[0], self._dimension]
        output = helper.make_tensor_value_info(shape.text_output, shape.float_type, rows)
        return _Tower(nodes=nodes, inputs=inputs, output=output, weights=weights)

    @property
    def _dimension(self) -> int | str:
        return "dimension" if self.shape.named_dimension else DIMENSION


@dataclass(frozen=True, kw_only=True)
class _Tower:
    nodes: list[Any]
    inputs: list[Any]
    output: Any
    weights: list[Any]


def write_tokenizer(path: Path) -> None:
    """Words between spaces, lower-cased, with a token at each end."""
    tokenizer = Tokenizer(models.WordLevel({word: row for row, word in enumerate(WORDS)}, unk_token="<unk>"))  # noqa: S106 -- a word, no secret
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    ends = [(word, WORDS.index(word)) for word in ("<start>", "<end>")]
    tokenizer.post_processor = processors.TemplateProcessing(single="<start> $A <end>", special_tokens=ends)
    tokenizer.save(str(path))


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    """A picture of random pixels."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def _unit(rows: Floats) -> Floats:
    unit: Floats = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit
