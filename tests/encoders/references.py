"""What a user of transformers would write for each family, plainly: the vectors that ilk's are held against.

In float32 on the CPU, with the family's own tokenizer class and image processor, pooled as the family's documentation
or paper says (`POOLING`), each row divided by its length. Nothing here is shared with ilk.
"""

from __future__ import annotations

import json
import re
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL.Image import Image

Rows: TypeAlias = npt.NDArray[np.float32]
Rule: TypeAlias = Literal["features", "pooler", "cls", "mean"]


@dataclass(frozen=True)
class Pooled:
    """How a family's embedding comes about, and who says so.

    Attributes
    ----------
    rule
        ``features``: ``get_image_features`` and ``get_text_features``, whose ``pooler_output`` is the projected vector
        since transformers 5. ``pooler``: ``pooler_output`` of the model. ``cls``, ``mean``: of ``last_hidden_state``.
    source
        The documentation, paper or code.
    """

    rule: Rule
    source: str


_DOCUMENTED = "transformers 5.23, the examples of get_image_features and get_text_features"
_AVERAGED = "transformers 5.23, modeling file of the family: pooler_output is the average over positions, and what its "
_AVERAGED += "ForImageClassification reads"

POOLING: Mapping[str, Pooled] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                "clip",
                "metaclip",
                "metaclip_2",
                "chinese_clip",
                "altclip",
                "align",
                "siglip",
                "siglip2",
                "siglip2_naflex",
                "aimv2",
                "tipsv2",
                "groupvit",
                "clipseg",
                "vision_text_dual_encoder",
            ),
            Pooled("features", _DOCUMENTED),
        ),
        "flava": Pooled(
            "features",
            "FlavaForPreTraining of transformers 5.23 compares the projected first tokens; the features have them all",
        ),
        **dict.fromkeys(
            ("vit", "vit_pooled"),
            Pooled("cls", "Dosovitskiy et al. 2020, equation 4; ViTForImageClassification reads the first token"),
        ),
        "deit": Pooled("cls", "Touvron et al. 2020; DeiTForImageClassification reads the first token"),
        "beit": Pooled(
            "pooler", "Bao et al. 2021, section 2.5: the average of the patches, which BeitForImageClassification reads"
        ),
        **dict.fromkeys(
            ("swin", "swinv2", "convnext", "convnextv2", "regnet", "resnet"),
            Pooled("pooler", _AVERAGED),
        ),
        **dict.fromkeys(
            ("dinov2", "dinov2_with_registers"),
            Pooled(
                "cls", "Oquab et al. 2023, section 7: the [CLS] token is the image feature; it is pooler_output too"
            ),
        ),
        "dinov3_vit": Pooled(
            "cls",
            "Siméoni et al. 2025: the [CLS] token is the global descriptor; it is the pooler_output of model cards",
        ),
        "dinov3_convnext": Pooled("pooler", "model cards of facebook/dinov3-*: `outputs.pooler_output`"),
        **dict.fromkeys(
            ("minilm", "mpnet"),
            Pooled("mean", "model cards of sentence-transformers/all-*: mean_pooling over what is no padding"),
        ),
        "xlm_roberta": Pooled("mean", "model card of intfloat/multilingual-e5-base: average_pool"),
        "bge": Pooled("cls", "model card of BAAI/bge-small-en-v1.5: `model_output[0][:, 0]`"),
    }
)
"""By the name that `encoders.checkpoints.FAMILIES` uses too."""

_TO_CONTEXT: Mapping[str, int] = MappingProxyType(
    {
        "align": 64,  # AlignProcessor's defaults
        "siglip": 64,  # "make sure to pass padding='max_length' as that's how the model was trained" (SigLIP's page)
        "siglip2": 64,  # the same, on SigLIP 2's page
        "siglip2_naflex": 64,
        "tipsv2": 64,  # Tipsv2Processor's defaults
    }
)
"""Texts are padded to this length; of other families to the longest of the batch, and no further than the context."""

_LONGEST = 32  # tokens, where neither the tokenizer's files nor the encoder's say


def _canonical(text: str) -> str:
    """SiglipTokenizer.canonicalize_text, which the class does outside ``tokenizer.json``."""
    return re.sub(r"\s+", " ", text.lower().translate(str.maketrans("", "", string.punctuation))).strip()


_TIDIED: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "siglip": _canonical,
        # "Model was trained with lowercased text, make sure you make the same preprocessing" (SigLIP 2's page)
        "siglip2": str.lower,
        "siglip2_naflex": str.lower,
    }
)
_TOKENIZERS: Mapping[str, str] = MappingProxyType(
    {
        # SiglipTokenizer itself needs the sentencepiece package and a file that only it can write.
        "siglip": "PreTrainedTokenizerFast",
        "siglip2": "GemmaTokenizer",
        "siglip2_naflex": "GemmaTokenizer",
        "tipsv2": "Tipsv2Tokenizer",
    }
)

_ATTENTION: Mapping[str, str] = MappingProxyType(
    {
        # With the default, transformers 5.23 leaves out the causal mask of a text that has no padding, and the layer
        # then looks ahead (modeling_aimv2.py: `is_causal = False`): a vector depends on how long its neighbours are.
        "aimv2": "eager",
    }
)


class Reference:
    """A family's model as transformers loads it.

    Parameters
    ----------
    name
        Of the family.
    folder
        Where its checkpoint is.
    raw
        Whether rows are left as they are.
    """

    def __init__(self, name: str, folder: Path, *, raw: bool = False) -> None:
        import torch
        from transformers import AutoModel

        self.name, self.folder, self.raw = name, folder, raw
        how = {"attn_implementation": _ATTENTION[name]} if name in _ATTENTION else {}
        self.model: Any = AutoModel.from_pretrained(folder, dtype=torch.float32, **how).eval()

    def images(self, pictures: Sequence[Image], *, rule: Rule | None = None) -> Rows:
        """Encode pictures one at a time."""
        return np.concatenate([self._image(picture, rule or POOLING[self.name].rule) for picture in pictures])

    def texts(self, texts: Sequence[str], *, rule: Rule | None = None) -> Rows:
        """Encode texts one at a time."""
        return np.concatenate([self._text(text, rule or POOLING[self.name].rule) for text in texts])

    # -- pictures -------------------------------------------------------------------------------------------------

    def pixels(self, picture: Image) -> Any:
        """What the model is given, a tensor of shape (1, 3, height, width)."""
        if self.name.startswith("dinov3"):
            return self._rescale_first(picture)
        if self.name == "tipsv2":
            return self._resize_bytes(picture)
        return self._processor(images=picture, return_tensors="pt")["pixel_values"]

    @cached_property
    def _processor(self) -> Any:
        from transformers import AutoImageProcessor

        return AutoImageProcessor.from_pretrained(self.folder, backend="pil")

    def _rescale_first(self, picture: Image) -> Any:
        """DINOv3ViTImageProcessor, which needs torchvision: rescale, resize in floating point, normalise.

        Its resize is torchvision's, and that is `torch.nn.functional.interpolate` with ``antialias``
        (torchvision 0.28, ``transforms/v2/functional/_geometry.py``).
        """
        import torch

        settings = self._preprocessor()
        whole = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].float() * settings["rescale_factor"]
        small = torch.nn.functional.interpolate(whole, self._size(settings), mode="bilinear", antialias=True)
        mean, std = (torch.tensor(settings[key]).view(1, 3, 1, 1) for key in ("image_mean", "image_std"))
        return (small - mean) / std

    def _resize_bytes(self, picture: Image) -> Any:
        """Tipsv2ImageProcessor, which needs torchvision: resize 8-bit pixels, rescale."""
        import torch

        settings = self._preprocessor()
        whole = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].contiguous()
        small = torch.nn.functional.interpolate(whole, self._size(settings), mode="bilinear", antialias=True)
        return small.float() * settings["rescale_factor"]

    def _preprocessor(self) -> dict[str, Any]:
        settings: dict[str, Any] = json.loads((self.folder / "preprocessor_config.json").read_text(encoding="utf-8"))
        return settings

    @staticmethod
    def _size(settings: Mapping[str, Any]) -> tuple[int, int]:
        return settings["size"]["height"], settings["size"]["width"]

    def _image(self, picture: Image, rule: Rule) -> Rows:
        import torch

        with torch.inference_mode():
            pixels = self.pixels(picture)
            if rule == "features":
                return self._unit(self._first(self.model.get_image_features(pixel_values=pixels).pooler_output))
            output = self.model(pixel_values=pixels)
            if rule == "pooler":
                return self._unit(output.pooler_output.flatten(1))
            tokens = output.last_hidden_state
            if tokens.ndim == 4:  # picture, channel, row, column
                tokens = tokens.flatten(2).transpose(1, 2)
            return self._unit(tokens[:, 0] if rule == "cls" else tokens.mean(1))

    # -- texts ----------------------------------------------------------------------------------------------------

    def tokens(self, text: str) -> Mapping[str, Any]:
        """What the model is given for a text."""
        context = _TO_CONTEXT.get(self.name)
        given: Mapping[str, Any] = self._tokenizer(
            [_TIDIED.get(self.name, str)(text)],
            padding="max_length" if context else True,
            max_length=context or self._longest,
            truncation=True,
            return_tensors="pt",
        )
        return given

    @cached_property
    def _tokenizer(self) -> Any:
        import transformers

        return getattr(transformers, _TOKENIZERS.get(self.name, "AutoTokenizer")).from_pretrained(self.folder)

    @property
    def _longest(self) -> int:
        """Tokens at most: sentence encoders have a file that says it, and what they say holds."""
        taught = self.folder / "sentence_bert_config.json"
        if taught.is_file():
            return int(json.loads(taught.read_text(encoding="utf-8"))["max_seq_length"])
        return min(int(self._tokenizer.model_max_length), _LONGEST)

    def _text(self, text: str, rule: Rule) -> Rows:
        import torch

        with torch.inference_mode():
            given = self.tokens(text)
            if rule == "features":
                return self._unit(self._first(self.model.get_text_features(**given).pooler_output))
            output = self.model(**given)
            if rule == "pooler":
                return self._unit(output.pooler_output)
            tokens, mask = output.last_hidden_state, given["attention_mask"][..., None]
            return self._unit(tokens[:, 0] if rule == "cls" else (tokens * mask).sum(1) / mask.sum(1))

    def _first(self, features: Any) -> Any:
        return features[:, 0] if self.name == "flava" else features

    def _unit(self, rows: Any) -> Rows:
        array = rows.numpy().astype(np.float64)
        lengths = 1 if self.raw else np.linalg.norm(array, axis=1, keepdims=True)
        unit: Rows = (array / lengths).astype(np.float32)
        return unit
