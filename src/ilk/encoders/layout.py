"""How a model's files lie in a folder, as data.

`HUB` is the layout of the ONNX exports on the Hugging Face Hub that transformers.js runs::

    config.json  preprocessor_config.json  tokenizer.json  tokenizer_config.json
    onnx/vision_model.onnx  onnx/text_model.onnx      a tower each
    onnx/model.onnx                                   or both towers in one, or a model that only sees
    onnx/vision_model_quantized.onnx ...              variants: _fp16, _quantized, _int8, _uint8, _q4, _q4f16, _bnb4
    onnx/model.onnx_data                              weights beside a file, when they are larger than 2 GB

`IMMICH` is that of the models Immich exports from OpenCLIP and Multilingual-CLIP::

    config.json                                       OpenCLIP's: embed_dim, vision_cfg, text_cfg
    visual/model.onnx  visual/preprocess_cfg.json
    textual/model.onnx  textual/tokenizer.json  textual/tokenizer_config.json  textual/special_tokens_map.json
    visual/<any name>                                 weights beside a file: each tensor has a file of its own
    visual/model.armnn  visual/fp16/  visual/rknpu/   for other runtimes, left alone

(immich-app/immich, ``machine-learning/immich_ml/models/clip`` and its ``immich_model_exporter``, as of 2026.)
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ilk.encoders.base import Modality
from ilk.encoders.families import FAMILIES, OPEN_CLIP, OTHER, Family, Readout
from ilk.encoders.outline import Outline
from ilk.errors import ModelFormatError


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where things are. A file name ends in its variant, with an underscore before it.

    Attributes
    ----------
    image_tower, text_tower, whole
        Weights; a layout may have no place for both towers in one file.
    config, preprocessing, tokenizer, tokenizer_config, special_tokens
        Settings.
    processor
        Where transformers 5 writes what belongs in `preprocessing`, if that is not there.
    family
        How all models in this layout are read; None where ``config.json`` names a ``model_type``.
    by_position
        Whether a tower's inputs and outputs are known by their order, since their names are as the exporter liked:
        a picture goes in; ids go in and, if there is a second input, the attention mask; an embedding comes out.
    """

    image_tower: str
    text_tower: str
    whole: str | None
    config: str
    preprocessing: str
    tokenizer: str
    tokenizer_config: str
    special_tokens: str
    processor: str | None = None
    family: Family | None = None
    by_position: bool = False

    @property
    def settings(self) -> tuple[str, ...]:
        """Everything but weights."""
        own = (self.config, self.preprocessing, self.tokenizer, self.tokenizer_config, self.special_tokens)
        return own if self.processor is None else (*own, self.processor)

    @property
    def weights(self) -> tuple[str, ...]:
        """The weights, without a variant."""
        towers = (self.image_tower, self.text_tower)
        return towers if self.whole is None else (*towers, self.whole)


HUB = Layout(
    image_tower="onnx/vision_model.onnx",
    text_tower="onnx/text_model.onnx",
    whole="onnx/model.onnx",
    config="config.json",
    preprocessing="preprocessor_config.json",
    tokenizer="tokenizer.json",
    tokenizer_config="tokenizer_config.json",
    special_tokens="special_tokens_map.json",
    processor="processor_config.json",
)

IMMICH = Layout(
    image_tower="visual/model.onnx",
    text_tower="textual/model.onnx",
    whole=None,
    config="config.json",
    preprocessing="visual/preprocess_cfg.json",
    tokenizer="textual/tokenizer.json",
    tokenizer_config="textual/tokenizer_config.json",
    special_tokens="textual/special_tokens_map.json",
    family=OPEN_CLIP,
    by_position=True,
)

LAYOUTS = (HUB, IMMICH)
"""Best first, where a folder has the files of several."""

# Beside a tower, what ends otherwise holds weights: OpenCLIP's exports name such files after tensors.
_NO_WEIGHTS = (".armnn", ".rknn", ".json", ".txt", ".md", ".onnx", ".model")


def layout_of(files: Iterable[str]) -> Layout:
    """The layout these files are in; the first if they are in none."""
    files = list(files)
    return next((layout for layout in LAYOUTS if variants_in(files, layout)), HUB)


def variant_file(file: str, variant: str | None) -> str:
    """The name of a variant: ``onnx/model.onnx`` and ``int8`` give ``onnx/model_int8.onnx``."""
    return file if variant is None else f"{file.removesuffix('.onnx')}_{variant}.onnx"


def variants_in(files: Iterable[str], layout: Layout = HUB) -> tuple[str | None, ...]:
    """Which variants there are among these files; None is the one without a name, in full precision."""
    files = list(files)
    found: set[str | None] = set()
    for weights in layout.weights:
        pattern = re.compile(re.escape(weights.removesuffix(".onnx")) + r"(?:_([a-z0-9]+))?\.onnx")
        found.update(match[1] for file in files if (match := pattern.fullmatch(file)))
    return tuple(sorted(found, key=lambda variant: variant or ""))


def choose_weights(
    files: Iterable[str], *, variant: str | None, name: str, layout: Layout = HUB
) -> dict[Modality | None, str]:
    """Which files hold the towers of a variant: by modality, or under None one file with the whole model.

    Towers of their own are preferred to the whole, since one can then be loaded without the other.

    Raises
    ------
    ModelFormatError
        If there are none; says what is there.
    """
    files = set(files)
    towers: dict[Modality | None, str] = {
        "image": variant_file(layout.image_tower, variant),
        "text": variant_file(layout.text_tower, variant),
    }
    whole = variant_file(layout.whole, variant) if layout.whole else None
    found = {modality: file for modality, file in towers.items() if file in files}
    if found and (len(found) == len(towers) or whole not in files):
        return found
    if whole is not None and whole in files:
        return {None: whole}
    wanted = " or ".join([*towers.values(), *([whole] if whole else [])])
    others = ", ".join(
        repr(each) if each else "the plain one, which has no name" for each in variants_in(files, layout)
    )
    if others:
        asked = f"no variant {variant!r}" if variant else "no plain weights"
        raise ModelFormatError(f"{name} has {asked} ({wanted}). The variants there are: {others}.")
    here = ", ".join(sorted(files)[:12]) or "nothing"
    raise ModelFormatError(
        f"{name} has no ONNX weights: ilk looks for {wanted}, or in Immich's layout for "
        f"{' or '.join(IMMICH.weights)}. What is there: {here}."
    )


def choose_files(files: Iterable[str], *, variant: str | None, name: str) -> tuple[str, ...]:
    """Which of a repository's files one variant needs: settings, weights, and what lies beside those.

    Parameters
    ----------
    files
        All of the repository's, relative to its root.
    variant
        Such as ``"quantized"``; None for the one in full precision.
    name
        What to call the model in messages.

    Raises
    ------
    ModelFormatError
        If there are no such ONNX weights, in either layout; says what is there.
    """
    files = list(files)
    layout = layout_of(files)
    weights = choose_weights(files, variant=variant, name=name, layout=layout).values()
    return tuple(
        file for file in files if file in layout.settings or any(_belongs(file, tower, layout) for tower in weights)
    )


def _belongs(file: str, tower: str, layout: Layout) -> bool:
    """Whether it is this file of weights, or may hold some of its tensors."""
    if file.startswith(tower):  # model.onnx_data, model.onnx_data_1, model.onnx.data
        return True
    beside = file.rpartition("/")[0] == tower.rpartition("/")[0]
    return layout is IMMICH and beside and not file.endswith(_NO_WEIGHTS)


class ModelFiles:
    """The files of one variant of a model, found and checked; nothing heavy is loaded.

    Parameters
    ----------
    folder
        Where they are.
    name
        What to call the model in messages.
    variant
        Such as ``"quantized"``; None for the one in full precision.

    Raises
    ------
    ModelFormatError
        If a file is missing or cannot be read.
    """

    def __init__(self, folder: Path, *, name: str, variant: str | None = None) -> None:
        self.folder, self.name = folder, name
        inside = [path.relative_to(folder).as_posix() for path in (*folder.glob("*"), *folder.glob("*/*.onnx"))]
        self.layout = layout = layout_of(inside)
        self.weights = choose_weights(inside, variant=variant, name=name, layout=layout)
        self.config = self.read_json(layout.config)
        self.family = layout.family or FAMILIES.get(str(self.config.get("model_type")), OTHER)
        if "image" in self.modalities:
            _ = self.preprocessing
        if "text" in self.modalities:
            self._require(layout.tokenizer)
            self._refuse_other_tokens()

    def _refuse_other_tokens(self) -> None:
        """Refuse OpenCLIP's models whose tokens depend on more than the text and ``tokenizer.json``."""
        if "nllb" in f"{self.setting('text_cfg.hf_tokenizer_name')} {self.setting('text_cfg.hf_model_name')}".lower():
            raise ModelFormatError(
                f"{self.name} reads texts behind a token for their language (NLLB), which ilk cannot know. Choose a "
                "multilingual model without one, such as immich-app/ViT-B-16-SigLIP2__webli."
            )
        if self.setting("text_cfg.tokenizer_kwargs.strip_sep_token"):
            raise ModelFormatError(
                f"{self.name} blanks the token that ends a text (strip_sep_token), which ilk does not."
            )

    def _require(self, file: str) -> None:
        if not (self.folder / file).is_file():
            here = ", ".join(sorted(path.name for path in self.folder.iterdir()))
            raise ModelFormatError(f"{self.name} lacks {file}. What is in {self.folder}: {here}.")

    def read_json(self, file: str, *, required: bool = True) -> Mapping[str, Any]:
        """One of the settings files; an empty mapping if it is not required and not there."""
        path = self.folder / file
        if not required and not path.is_file():
            return {}
        self._require(file)
        try:
            content = json.loads(path.read_bytes())
        except ValueError as error:
            raise ModelFormatError(f"{path} is not JSON: {error}.") from error
        if not isinstance(content, dict):
            raise ModelFormatError(f"{path} should hold a JSON object.")
        return content

    def setting(self, dotted: str) -> Any:
        """A value of ``config.json`` by its keys joined with dots; None if it is not there."""
        value: Any = self.config
        for key in dotted.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        return value

    @cached_property
    def preprocessing(self) -> Mapping[str, Any]:
        """The file that says how pictures are prepared; for timm's models that is ``config.json``."""
        if not (self.folder / self.layout.preprocessing).is_file():
            if "pretrained_cfg" in self.config:
                return self.config
            if self.layout.processor and (self.folder / self.layout.processor).is_file():
                return self.read_json(self.layout.processor)
        return self.read_json(self.layout.preprocessing)

    def inputs(self, modality: Modality) -> Mapping[str, str]:
        """What the file of a tower calls its inputs, by what transformers calls them; empty if it calls them so."""
        if not self.layout.by_position:
            return {}
        known = ("pixel_values",) if modality == "image" else ("input_ids", "attention_mask")
        return dict(zip(known, self.outlines[modality].inputs, strict=False))

    def readouts(self, modality: Modality) -> tuple[Readout, ...]:
        """Where a tower's embedding is, best first."""
        if self.layout.by_position:
            return tuple(Readout(output) for output in self.outlines[modality].outputs)
        readouts: tuple[Readout, ...] = getattr(self.family, modality)
        return readouts

    @cached_property
    def modalities(self) -> frozenset[Modality]:
        """What the files can encode."""
        if None not in self.weights:
            return frozenset(modality for modality in self.weights if modality)
        inputs = self.outlines[None].inputs
        sees: frozenset[Modality] = frozenset({"image"}) if "pixel_values" in inputs else frozenset()
        reads: frozenset[Modality] = frozenset({"text"}) if "input_ids" in inputs else frozenset()
        return sees | reads

    @cached_property
    def outlines(self) -> Mapping[Modality | None, Outline]:
        """What each file of weights says of itself."""
        outlines = {}
        for modality, file in self.weights.items():
            outlines[modality] = Outline.from_file(self.folder / file)
            for beside in outlines[modality].external:
                self._require((Path(file).parent / beside).as_posix())
        return outlines

    def decisive(self) -> tuple[str, ...]:
        """The files that decide vectors, relative to the folder."""
        files = {file for file in self.layout.settings if (self.folder / file).is_file()}
        if self.layout.preprocessing in files:
            files.discard(str(self.layout.processor))  # which is then not read
        for modality, file in self.weights.items():
            files.add(file)
            files.update((Path(file).parent / beside).as_posix() for beside in self.outlines[modality].external)
        return tuple(sorted(files))
