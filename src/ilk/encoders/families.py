"""What the configuration files leave unsaid, by model type: which output is the embedding, how texts are padded.

Outputs and pooling are those of the modelling code in transformers 5.23 and of the exports that transformers.js runs
(its scripts ``extra/clip.py`` and ``extra/siglip.py``); the text rules are those of each family's tokenizer there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal, TypeAlias

from ilk.encoders.base import Modality

Pooling: TypeAlias = Literal["none", "cls", "mean"]
"""``none``: the output is one row a picture or text. The others have a row for every token: ``cls`` takes the first,
``mean`` the average of those that are no padding."""

CheckpointPooling: TypeAlias = Literal["features", "pooler", "cls", "mean"]
"""How a transformers model gives its embedding. ``features``: by ``get_image_features`` and ``get_text_features``,
projected into one space. ``pooler``: as ``pooler_output``. ``cls`` and ``mean``: of ``last_hidden_state``."""


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
        Where a tower's embedding is in an ONNX export, best first.
    checkpoint
        Where it is in a transformers checkpoint; None if the name must say.
    dimension_keys
        Dotted keys of ``config.json`` that hold the dimension, if the graph does not say it.
    processor
        The image processor to follow when ``preprocessor_config.json`` names none.
    pad_to_context
        Whether texts are always padded to the whole context, because the model was trained so.
    masks_padding
        Whether the model is told what is padding. SigLIP attends to it.
    lower_case, strip_punctuation, single_spaces
        What the tokenizer of the family does to a text before anything else, whatever ``tokenizer.json`` does.
    context, context_holds
        Tokens at most if no file says; and whether also where files say more, because the family's own processor does
        so.
    """

    modalities: frozenset[Modality]
    image: tuple[Readout, ...] = ()
    text: tuple[Readout, ...] = ()
    checkpoint: CheckpointPooling | None = "features"
    dimension_keys: tuple[str, ...] = ()
    processor: str = "CLIPImageProcessor"
    pad_to_context: bool = False
    masks_padding: bool = True
    lower_case: bool = False
    strip_punctuation: bool = False
    single_spaces: bool = False
    context: int = 77
    context_holds: bool = False


_BOTH: frozenset[Modality] = frozenset({"image", "text"})
_SEES: frozenset[Modality] = frozenset({"image"})
_READS: frozenset[Modality] = frozenset({"text"})

_IMAGE, _TEXT = Readout("image_embeds"), Readout("text_embeds")

_PROJECTED = Family(modalities=_BOTH, image=(_IMAGE,), text=(_TEXT,), dimension_keys=("projection_dim",))

# A file with both towers names its outputs as CLIP does, one with a single tower as the tower's class does.
_SIGLIP = Family(
    modalities=_BOTH,
    image=(_IMAGE, Readout("pooler_output")),
    text=(_TEXT, Readout("pooler_output")),
    dimension_keys=("vision_config.hidden_size", "text_config.hidden_size"),
    processor="SiglipImageProcessor",
    pad_to_context=True,
    masks_padding=False,
    lower_case=True,
    strip_punctuation=True,
    context=64,
)

# NaFlex, which cuts each picture into patches of its own number; checkpoints of a fixed size are of type siglip.
_SIGLIP_2 = replace(_SIGLIP, modalities=_READS, strip_punctuation=False)

_ALIGN = replace(_PROJECTED, processor="EfficientNetImageProcessor", context=64, context_holds=True)

# Exports say mean pooling by a name, or leave it to who runs them: sentence-transformers' default is the mean.
_SENTENCES = Family(
    modalities=_READS,
    text=(
        _TEXT,
        Readout("sentence_embedding"),
        Readout("last_hidden_state", "mean"),
        Readout("token_embeddings", "mean"),
    ),
    checkpoint="mean",
    dimension_keys=("hidden_size", "dim"),
    context=512,
)


def _first_token(processor: str) -> Family:
    return Family(
        modalities=_SEES,
        image=(_IMAGE, Readout("last_hidden_state", "cls")),
        checkpoint="cls",
        dimension_keys=("hidden_size",),
        processor=processor,
    )


def _pooled(processor: str) -> Family:
    return Family(modalities=_SEES, image=(_IMAGE, Readout("pooler_output")), checkpoint="pooler", processor=processor)


FAMILIES = MappingProxyType(
    {
        "ilk-pocket": _PROJECTED,
        "clip": _PROJECTED,
        "chinese_clip": replace(_PROJECTED, processor="ChineseCLIPImageProcessor"),
        "metaclip_2": _PROJECTED,
        "altclip": _PROJECTED,
        "aimv2": _PROJECTED,
        "blip": replace(_PROJECTED, processor="BlipImageProcessor"),
        "flava": replace(_PROJECTED, processor="FlavaImageProcessor"),
        "groupvit": _PROJECTED,
        "vision-text-dual-encoder": _PROJECTED,
        "align": _ALIGN,
        "siglip": _SIGLIP,
        "siglip2": _SIGLIP_2,
        # A ViT's pooler is a layer that pretraining for classes leaves random: its first token is what people compare.
        "vit": _first_token("ViTImageProcessor"),
        "deit": _first_token("DeiTImageProcessor"),
        "dinov2": _first_token("BitImageProcessor"),
        "dinov2_with_registers": _first_token("BitImageProcessor"),
        "dinov3_vit": _first_token("DINOv3ViTImageProcessor"),
        "dinov3_convnext": _pooled("DINOv3ViTImageProcessor"),
        # BEiT's pooler is the mean of its patches after a norm, learnt in fine-tuning (Bao et al. 2021, section 2.5).
        "beit": _pooled("BeitImageProcessor"),
        "swin": _pooled("ViTImageProcessor"),
        "swinv2": _pooled("ViTImageProcessor"),
        "convnext": _pooled("ConvNextImageProcessor"),
        "convnextv2": _pooled("ConvNextImageProcessor"),
        "regnet": _pooled("ConvNextImageProcessor"),
        "resnet": _pooled("ConvNextImageProcessor"),
        "timm_wrapper": _pooled("TimmWrapperImageProcessor"),
        **dict.fromkeys(
            (
                "bert",
                "distilbert",
                "roberta",
                "xlm-roberta",
                "mpnet",
                "camembert",
                "electra",
                "modernbert",
                "nomic_bert",
            ),
            _SENTENCES,
        ),
    }
)
"""By ``model_type`` of ``config.json``."""

OPEN_CLIP = Family(
    modalities=_BOTH, dimension_keys=("embed_dim",), pad_to_context=True, single_spaces=True, checkpoint=None
)
"""OpenCLIP's models as Immich exports them. Their configuration has no ``model_type``, and their outputs no fixed name:
each file has one."""

OTHER = Family(modalities=_BOTH, image=(_IMAGE,), text=(_TEXT,), checkpoint=None, dimension_keys=("projection_dim",))
"""A model type not listed: an export must name its embeddings as CLIP does; a checkpoint must have both towers, or the
name must say how to pool."""
