"""Small checkpoints of every family, with random weights, saved as the families' own are on the Hugging Face Hub.

Weights come from the configuration's class in transformers and are then drawn anew, wide enough that two inputs differ
by more than any two ways of encoding one: with transformers' own narrow start all rows are nearly one row, and no
comparison could fail. Preprocessor files have the keys of the published ones, with smaller sizes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from encoders.vocabularies import (
    Vocabulary,
    byte_pairs,
    gemma_pairs,
    mpnet_word_pieces,
    siglip_pieces,
    tipsv2_pairs,
    word_pieces,
    xlm_pieces,
)

SIDE = 32
PROJECTED = 24
CONTEXT = 32

_IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
_OPENAI = {
    "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_std": [0.26862954, 0.26130258, 0.27577711],
}
_HALF = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}
_SQUARE = {"height": SIDE, "width": SIDE}
_RESCALED = {"do_rescale": True, "rescale_factor": 0.00392156862745098}

# openai/clip-vit-base-patch16: written before sizes were named
_CLIP = {
    "crop_size": SIDE,
    "do_center_crop": True,
    "do_normalize": True,
    "do_resize": True,
    "feature_extractor_type": "CLIPFeatureExtractor",
    **_OPENAI,
    "resample": 3,
    "size": SIDE,
}
_CLIP_NAMED = {
    **_CLIP,
    **_RESCALED,
    "crop_size": _SQUARE,
    "do_convert_rgb": True,
    "feature_extractor_type": None,
    "image_processor_type": "CLIPImageProcessor",
    "size": {"shortest_edge": SIDE},
}
_SIGLIP = {
    "do_normalize": True,
    "do_resize": True,
    **_RESCALED,
    **_HALF,
    "image_processor_type": "SiglipImageProcessor",
    "processor_class": "SiglipProcessor",
    "resample": 3,
    "size": _SQUARE,
}
# nateraw/vit-base-beans
_VIT = {
    "do_normalize": True,
    "do_resize": True,
    "feature_extractor_type": "ViTFeatureExtractor",
    **_HALF,
    "resample": 2,
    "size": SIDE,
}
_SWIN = {**_VIT, **_IMAGENET, "resample": 3}
# facebook/convnext-tiny-224, microsoft/resnet-50, facebook/regnet-y-040
_CONVNEXT = {**_SWIN, "feature_extractor_type": "ConvNextFeatureExtractor", "crop_pct": 0.875}
_DINOV2 = {
    **_CLIP_NAMED,
    **_IMAGENET,
    "image_processor_type": "BitImageProcessor",
    "size": {"shortest_edge": 36},
}
_DINOV3 = {
    "data_format": "channels_first",
    "default_to_square": True,
    "do_normalize": True,
    "do_resize": True,
    **_RESCALED,
    **_IMAGENET,
    "image_processor_type": "DINOv3ViTImageProcessorFast",
    "resample": 2,
    "size": _SQUARE,
}

_EYE = {
    "hidden_size": 48,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "image_size": SIDE,
    "patch_size": 8,
}
_READER = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
_STAGES = {"hidden_sizes": [16, 32], "depths": [1, 1]}
_SWIN_STAGES = {
    "image_size": SIDE,
    "patch_size": 2,
    "embed_dim": 16,
    "depths": [1, 1],
    "num_heads": [2, 4],
    "window_size": 4,
}


def _bert(positions: int = CONTEXT) -> dict[str, Any]:
    return {**_READER, "vocab_size": word_pieces().size, "max_position_embeddings": positions}


def _clip_text(*, legacy_end: bool = False, context: int = CONTEXT) -> dict[str, Any]:
    """With the end's number as OpenAI's own files have it, which is wrong and works, if `legacy_end`."""
    words = byte_pairs()
    start, end = words.token("<|startoftext|>"), words.token("<|endoftext|>")
    return {
        **_READER,
        "vocab_size": words.size,
        "max_position_embeddings": context,
        "bos_token_id": 0 if legacy_end else start,
        "eos_token_id": 2 if legacy_end else end,
        "pad_token_id": 1 if legacy_end else end,
    }


def _two_towers(text: Mapping[str, Any], vision: Mapping[str, Any] = _EYE) -> dict[str, Any]:
    return {"text_config": dict(text), "vision_config": dict(vision), "projection_dim": PROJECTED}


def _xlm_text() -> dict[str, Any]:
    # RoBERTa counts positions from after the padding token: two more than the context.
    return {**_READER, "vocab_size": xlm_pieces().size, "max_position_embeddings": CONTEXT + 2, "type_vocab_size": 1}


def _metaclip_2() -> dict[str, Any]:
    ends = {"bos_token_id": 0, "eos_token_id": 2, "pad_token_id": 1}
    text = {**_READER, "vocab_size": xlm_pieces().size, "max_position_embeddings": CONTEXT, **ends}
    return _two_towers(text)


def _align() -> dict[str, Any]:
    vision = {
        "image_size": SIDE,
        "width_coefficient": 1.0,
        "depth_coefficient": 1.0,
        "kernel_sizes": [3, 5],
        "in_channels": [32, 16],
        "out_channels": [16, 24],
        "strides": [1, 2],
        "num_block_repeats": [1, 1],
        "expand_ratios": [1, 6],
    }
    return {**_two_towers(_bert(80), vision), "projection_dim": 24}  # the last of the channels, as in the published


def _siglip(vocabulary: Vocabulary, *, start: int, end: int, pad: int) -> dict[str, Any]:
    ends = {"bos_token_id": start, "eos_token_id": end, "pad_token_id": pad}
    text = {**_READER, "hidden_size": 48, "vocab_size": vocabulary.size, "max_position_embeddings": 64, **ends}
    return {"text_config": text, "vision_config": dict(_EYE)}


def _siglip_naflex() -> dict[str, Any]:
    config = _siglip(gemma_pairs(), start=2, end=1, pad=0)
    vision = {key: value for key, value in _EYE.items() if key != "image_size"}
    return {**config, "vision_config": {**vision, "num_patches": 16}}


def _aimv2() -> dict[str, Any]:
    return _two_towers(_clip_text(), {**_EYE, "is_native": False})


def _tipsv2() -> dict[str, Any]:
    text = {**_READER, "hidden_size": 48, "vocab_size": tipsv2_pairs().size, "max_position_embeddings": 64}
    vision = {key: value for key, value in _EYE.items() if key != "intermediate_size"}
    return {"text_config": text, "vision_config": vision}


def _flava() -> dict[str, Any]:
    both = {key: value for key, value in _EYE.items() if key not in {"image_size", "patch_size"}}
    return {
        "image_config": dict(_EYE),
        "text_config": {**both, "vocab_size": word_pieces().size, "max_position_embeddings": CONTEXT},
        "multimodal_config": both,
        "hidden_size": 48,
        "projection_dim": PROJECTED,
    }


def _groupvit() -> dict[str, Any]:
    groups = {"depths": [1, 1, 1], "num_group_tokens": [8, 4, 0], "num_output_groups": [8, 4, 4]}
    vision = {**_EYE, **groups, "num_hidden_layers": 3}
    return {**_two_towers(_clip_text(), vision), "projection_intermediate_dim": 40}


def _dual() -> dict[str, Any]:
    text, vision = {**_bert(), "model_type": "bert"}, {**_EYE, "model_type": "vit"}
    return _two_towers(text, vision)


@dataclass(frozen=True, kw_only=True)
class Builder:
    """How a family's checkpoint is made.

    Attributes
    ----------
    model_type
        As ``config.json`` names it.
    architecture
        The class it is saved as.
    config
        What differs from the class's defaults.
    preprocessor
        ``preprocessor_config.json``; None where there is none.
    vocabulary
        Its tokenizer; None if it does not read.
    context
        ``model_max_length``; None where the published file has none.
    files
        Further JSON files, by name.
    baked
        See `Vocabulary.write`.
    needs
        Modules without which the family cannot be built, beyond torch and transformers.
    sees, reads
        What it must be able to encode.
    """

    model_type: str
    architecture: str
    config: Callable[[], dict[str, Any]]
    preprocessor: Mapping[str, Any] | None = None
    vocabulary: Callable[[], Vocabulary] | None = None
    context: int | None = CONTEXT
    files: Mapping[str, Any] = field(default_factory=dict)
    baked: int | None = None
    needs: tuple[str, ...] = ()
    sees: bool = True
    reads: bool = True

    def __call__(self, folder: Path, *, seed: int = 0) -> Path:
        """Write the checkpoint into a new folder."""
        import torch
        import transformers

        folder.mkdir(parents=True)
        config = transformers.AutoConfig.for_model(self.model_type, **self.config())
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            model = getattr(transformers, self.architecture)(config)
            stir(model)
        model.save_pretrained(folder)
        if self.preprocessor is not None:
            content = {key: value for key, value in self.preprocessor.items() if value is not None}
            _write(folder / "preprocessor_config.json", content)
        if self.vocabulary is not None:
            self.vocabulary().write(folder, context=self.context, baked=self.baked)
        for name, content in self.files.items():
            (folder / name).parent.mkdir(exist_ok=True)
            _write(folder / name, content)
        return folder


def stir(model: Any) -> None:
    """Draw all weights anew, so that what goes in decides what comes out."""
    import torch

    with torch.no_grad():
        for name, weights in model.named_parameters():
            if weights.ndim == 0 or weights.numel() == 1 or "logit_scale" in name:
                continue
            if weights.ndim == 1:  # biases are about nothing, the scales of norms and layers about one
                weights.normal_(0, 0.2).add_(0 if "bias" in name else 1)
            elif "embed" in name or "token" in name:
                weights.normal_(0, 1)
            else:
                weights.normal_(0, 2.5 / weights[0].numel() ** 0.5)
        for name, state in model.named_buffers():
            if name.endswith("running_mean"):
                state.normal_(0, 0.2)
            elif name.endswith("running_var"):
                state.uniform_(0.5, 1.5)


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=2), encoding="utf-8")


def _eye(model_type: str, architecture: str, preprocessor: Mapping[str, Any], config: Mapping[str, Any]) -> Builder:
    return Builder(
        model_type=model_type,
        architecture=architecture,
        config=lambda: dict(config),
        preprocessor=preprocessor,
        reads=False,
    )


def _sentences(*, pooling: str = "mean", longest: int = CONTEXT) -> dict[str, Any]:
    """The files beside a model, as sentence-transformers wrote them before its version 5."""
    modes = ("cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens")
    chosen = {f"pooling_mode_{mode}": mode in {f"{pooling}_token", f"{pooling}_tokens"} for mode in modes}
    steps = (("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize"))
    return {
        "modules.json": [
            {"idx": row, "name": str(row), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for row, (path, kind) in enumerate(steps)
        ],
        "sentence_bert_config.json": {"max_seq_length": longest, "do_lower_case": False},
        "1_Pooling/config.json": {"word_embedding_dimension": 32, **chosen},
        "config_sentence_transformers.json": {"__version__": {"sentence_transformers": "2.0.0"}},
    }


FAMILIES: Mapping[str, Builder] = MappingProxyType(
    {
        "clip": Builder(
            model_type="clip",
            architecture="CLIPModel",
            config=lambda: _two_towers(_clip_text(legacy_end=True)),
            preprocessor=_CLIP,
            vocabulary=byte_pairs,
        ),
        "metaclip": Builder(
            model_type="clip",
            architecture="CLIPModel",
            config=lambda: _two_towers({**_clip_text(), "hidden_act": "gelu"}, {**_EYE, "hidden_act": "gelu"}),
            preprocessor=_CLIP_NAMED,
            vocabulary=byte_pairs,
        ),
        "metaclip_2": Builder(
            model_type="metaclip_2",
            architecture="MetaClip2Model",
            config=_metaclip_2,
            preprocessor=_CLIP_NAMED,
            vocabulary=xlm_pieces,
        ),
        "chinese_clip": Builder(
            model_type="chinese_clip",
            architecture="ChineseCLIPModel",
            config=lambda: _two_towers(_bert()),
            # OFA-Sys/chinese-clip-vit-base-patch16: squashed to a square, unlike CLIP
            preprocessor={
                **_CLIP_NAMED,
                "do_center_crop": False,
                "image_processor_type": "ChineseCLIPImageProcessor",
                "size": _SQUARE,
            },
            vocabulary=word_pieces,
            context=None,
        ),
        "altclip": Builder(
            model_type="altclip",
            architecture="AltCLIPModel",
            config=lambda: _two_towers({**_xlm_text(), "project_dim": PROJECTED}),
            preprocessor=_CLIP,
            vocabulary=xlm_pieces,
        ),
        "align": Builder(
            model_type="align",
            architecture="AlignModel",
            config=_align,
            # https://huggingface.co/kakaobrain/align-base/blob/main/preprocessor_config.json
            preprocessor={
                **_HALF,
                "crop_size": _SQUARE,
                "do_center_crop": True,
                "do_normalize": False,
                "do_rescale": True,
                "do_resize": True,
                "image_processor_type": "EfficientNetImageProcessor",
                "include_top": False,
                "processor_class": "AlignProcessor",
                "resample": 2,
                "rescale_factor": 0.00784313725490196,
                "rescale_offset": True,
                "size": {"height": 38, "width": 38},
            },
            vocabulary=word_pieces,
            context=64,
        ),
        "siglip": Builder(
            model_type="siglip",
            architecture="SiglipModel",
            config=lambda: _siglip(siglip_pieces(), start=0, end=1, pad=1),
            preprocessor=_SIGLIP,
            vocabulary=siglip_pieces,
            context=64,
        ),
        # google/siglip2-base-patch16-224 and its like: SigLIP's model type and pictures, Gemma's words
        "siglip2": Builder(
            model_type="siglip",
            architecture="SiglipModel",
            config=lambda: _siglip(gemma_pairs(), start=2, end=1, pad=0),
            preprocessor={**_SIGLIP, "resample": 2},
            vocabulary=gemma_pairs,
            context=64,
        ),
        # google/siglip2-base-patch16-naflex: pictures of any number of patches, which is another way to prepare them
        "siglip2_naflex": Builder(
            model_type="siglip2",
            architecture="Siglip2Model",
            config=_siglip_naflex,
            preprocessor={
                **_SIGLIP,
                "image_processor_type": "Siglip2ImageProcessor",
                "max_num_patches": 16,
                "patch_size": 8,
                "size": None,
            },
            vocabulary=gemma_pairs,
            context=64,
            sees=False,
        ),
        "aimv2": Builder(
            model_type="aimv2",
            architecture="Aimv2Model",
            config=_aimv2,
            preprocessor=_CLIP_NAMED,
            vocabulary=byte_pairs,
        ),
        "tipsv2": Builder(
            model_type="tipsv2",
            architecture="Tipsv2Model",
            config=_tipsv2,
            preprocessor={
                "do_convert_rgb": True,
                "do_normalize": False,
                "do_resize": True,
                **_RESCALED,
                "image_processor_type": "Tipsv2ImageProcessor",
                "resample": 2,
                "size": _SQUARE,
            },
            vocabulary=tipsv2_pairs,
            context=64,
        ),
        "flava": Builder(
            model_type="flava",
            architecture="FlavaModel",
            config=_flava,
            preprocessor={
                **_CLIP_NAMED,
                "image_processor_type": "FlavaImageProcessor",
                "size": _SQUARE,
            },
            vocabulary=word_pieces,
        ),
        "groupvit": Builder(
            model_type="groupvit",
            architecture="GroupViTModel",
            config=_groupvit,
            preprocessor=_CLIP,
            vocabulary=byte_pairs,
        ),
        "clipseg": Builder(
            model_type="clipseg",
            architecture="CLIPSegForImageSegmentation",
            config=lambda: {**_two_towers(_clip_text()), "extract_layers": [0, 1], "reduce_dim": 16},
            preprocessor={**_SWIN, "size": _SQUARE, "feature_extractor_type": "ViTFeatureExtractor"},
            vocabulary=byte_pairs,
        ),
        "vision_text_dual_encoder": Builder(
            model_type="vision-text-dual-encoder",
            architecture="VisionTextDualEncoderModel",
            config=_dual,
            preprocessor=_VIT,
            vocabulary=word_pieces,
        ),
        # saved for classes, as nateraw/vit-base-beans is: it has no pooler, and one that is loaded would be random
        "vit": _eye("vit", "ViTForImageClassification", _VIT, _EYE),
        "vit_pooled": _eye("vit", "ViTModel", _VIT, _EYE),
        "deit": _eye(
            "deit",
            "DeiTForImageClassificationWithTeacher",
            {
                **_CLIP,
                **_IMAGENET,
                "feature_extractor_type": "DeiTFeatureExtractor",
                "size": 36,
            },
            _EYE,
        ),
        "beit": _eye(
            "beit",
            "BeitForImageClassification",
            {**_VIT, "crop_size": SIDE, "do_center_crop": False, "feature_extractor_type": "BeitFeatureExtractor"},
            {**_EYE, "use_relative_position_bias": True},
        ),
        "swin": _eye("swin", "SwinForImageClassification", _SWIN, _SWIN_STAGES),
        "swinv2": _eye(
            "swinv2",
            "Swinv2ForImageClassification",
            {**_SWIN, **_RESCALED, "feature_extractor_type": None}
            | {"image_processor_type": "ViTImageProcessor", "size": _SQUARE},
            _SWIN_STAGES,
        ),
        "convnext": _eye("convnext", "ConvNextForImageClassification", _CONVNEXT, {**_STAGES, "num_stages": 2}),
        "convnextv2": _eye(
            "convnextv2",
            "ConvNextV2ForImageClassification",
            {**_CONVNEXT, **_RESCALED, "feature_extractor_type": None}
            | {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": SIDE}},
            {**_STAGES, "num_stages": 2},
        ),
        "regnet": _eye(
            "regnet",
            "RegNetForImageClassification",
            _CONVNEXT,
            {**_STAGES, "embedding_size": 8, "groups_width": 8},
        ),
        "resnet": _eye("resnet", "ResNetForImageClassification", _CONVNEXT, {**_STAGES, "embedding_size": 8}),
        # Trained at another size than it is asked at, as the published ones: its positions are interpolated.
        "dinov2": _eye("dinov2", "Dinov2Model", _DINOV2, {**_EYE, "image_size": 56, "mlp_ratio": 2}),
        "dinov2_with_registers": _eye(
            "dinov2_with_registers",
            "Dinov2WithRegistersModel",
            _DINOV2,
            {**_EYE, "image_size": 56, "mlp_ratio": 2, "num_register_tokens": 4},
        ),
        "dinov3_vit": _eye("dinov3_vit", "DINOv3ViTModel", _DINOV3, {**_EYE, "num_register_tokens": 4}),
        "dinov3_convnext": _eye(
            "dinov3_convnext",
            "DINOv3ConvNextModel",
            {**_DINOV3, "size": {"height": 96, "width": 96}},
            {"hidden_sizes": [8, 16, 24, 32], "depths": [1, 1, 1, 1], "image_size": 96},
        ),
        # sentence-transformers/all-MiniLM-L6-v2: the model takes more than the encoder was taught with
        "minilm": Builder(
            model_type="bert",
            architecture="BertModel",
            config=_bert,
            vocabulary=word_pieces,
            files=_sentences(longest=20),
            baked=12,
            sees=False,
        ),
        # BAAI/bge-small-en-v1.5
        "bge": Builder(
            model_type="bert",
            architecture="BertModel",
            config=_bert,
            vocabulary=word_pieces,
            files=_sentences(pooling="cls"),
            sees=False,
        ),
        # sentence-transformers/all-mpnet-base-v2
        "mpnet": Builder(
            model_type="mpnet",
            architecture="MPNetModel",
            config=lambda: {**_READER, "vocab_size": mpnet_word_pieces().size, "max_position_embeddings": CONTEXT + 2},
            vocabulary=mpnet_word_pieces,
            files=_sentences(),
            sees=False,
        ),
        # intfloat/multilingual-e5-base
        "xlm_roberta": Builder(
            model_type="xlm-roberta",
            architecture="XLMRobertaModel",
            config=_xlm_text,
            vocabulary=xlm_pieces,
            files=_sentences(),
            sees=False,
        ),
    }
)
"""By the name that `encoders.references.POOLING` uses too."""
