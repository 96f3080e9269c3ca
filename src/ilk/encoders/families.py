"""What the configuration files leave unsaid, by model type: which output is the embedding, how texts are padded.

Outputs and pooling are those of the modelling code in transformers 5.23 and of the exports that transformers.js runs
(its scripts ``extra/clip.py`` and ``extra/siglip.py``); the text rules are those of each family's tokenizer there.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

from ilk.encoders.base import Modality

Pooling: TypeAlias = Literal["none", "first"]
"""``none``: the output is one row a picture or text. ``first``: it has a row for every token; take the first (CLS)."""


@dataclass(frozen=True, slots=True)
class Readout:
    """An output that is an embedding, and how it becomes one row."""

    output: str
    pooling: Pooling = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Models whose files are read alike.

    Attributes
    ----------
    modalities
        What a single file with all the weights can encode.
    image, text
        Where a tower's embedding is, best first.
    dimension_keys
        Dotted keys of ``config.json`` that hold the dimension, if the graph does not say it.
    processor
        The image processor to follow when ``preprocessor_config.json`` names none.
    pad_to_context
        Whether texts are always padded to the whole context, because the model was trained so.
    masks_padding
        Whether the model is told what is padding. SigLIP attends to it.
    lower_case, strip_punctuation
        What the tokenizer of the family does to a text before anything else, whatever ``tokenizer.json`` does.
    context
        Tokens at most, if no file says.
    """

    modalities: frozenset[Modality]
    image: tuple[Readout, ...] = ()
    text: tuple[Readout, ...] = ()
    dimension_keys: tuple[str, ...] = ()
    processor: str = "CLIPImageProcessor"
    pad_to_context: bool = False
    masks_padding: bool = True
    lower_case: bool = False
    strip_punctuation: bool = False
    context: int = 77


_BOTH: frozenset[Modality] = frozenset({"image", "text"})
_SEES: frozenset[Modality] = frozenset({"image"})

_PROJECTED = Family(
    modalities=_BOTH,
    image=(Readout("image_embeds"),),
    text=(Readout("text_embeds"),),
    dimension_keys=("projection_dim",),
)

# A file with both towers names its outputs as CLIP does, one with a single tower as the tower's class does.
_SIGLIP = Family(
    modalities=_BOTH,
    image=(Readout("image_embeds"), Readout("pooler_output")),
    text=(Readout("text_embeds"), Readout("pooler_output")),
    dimension_keys=("vision_config.hidden_size", "text_config.hidden_size"),
    processor="SiglipImageProcessor",
    pad_to_context=True,
    masks_padding=False,
    lower_case=True,
    strip_punctuation=True,
    context=64,
)

_SIGLIP_2 = Family(
    modalities=_SIGLIP.modalities,
    image=_SIGLIP.image,
    text=_SIGLIP.text,
    dimension_keys=_SIGLIP.dimension_keys,
    processor=_SIGLIP.processor,
    pad_to_context=True,
    masks_padding=False,
    lower_case=True,
    context=64,
)


def _first_token(processor: str) -> Family:
    return Family(
        modalities=_SEES,
        image=(Readout("last_hidden_state", "first"),),
        dimension_keys=("hidden_size",),
        processor=processor,
    )


def _pooled(processor: str) -> Family:
    return Family(modalities=_SEES, image=(Readout("pooler_output"),), processor=processor)


FAMILIES = MappingProxyType(
    {
        "ilk-pocket": _PROJECTED,
        "clip": _PROJECTED,
        "chinese_clip": _PROJECTED,
        "metaclip_2": _PROJECTED,
        "altclip": _PROJECTED,
        "siglip": _SIGLIP,
        "siglip2": _SIGLIP_2,
        # A ViT's pooler is a layer that pretraining for classes leaves random: its first token is what people compare.
        "vit": _first_token("ViTImageProcessor"),
        "deit": _first_token("DeiTImageProcessor"),
        "dinov2": _first_token("BitImageProcessor"),
        "dinov2_with_registers": _first_token("BitImageProcessor"),
        "swin": _pooled("ViTImageProcessor"),
        "swinv2": _pooled("ViTImageProcessor"),
        "convnext": _pooled("ConvNextImageProcessor"),
        "convnextv2": _pooled("ConvNextImageProcessor"),
        "regnet": _pooled("ConvNextImageProcessor"),
        "resnet": _pooled("ConvNextImageProcessor"),
    }
)
"""By ``model_type`` of ``config.json``."""

OTHER = Family(modalities=_BOTH, image=_PROJECTED.image, text=_PROJECTED.text, dimension_keys=("projection_dim",))
"""A model type not listed: it must name its embeddings as CLIP does."""
