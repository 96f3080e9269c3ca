"""The reference image processors, as data: what each does where a model's files say nothing.

transformers 5.23, ``models/*/image_processing_pil_*.py``; where a class has no Pillow backend (``DINOv3ViT``,
``Tipsv2``), ``models/*/image_processing_*.py``. Most processors differ in numbers alone. Those that do not name one of
the rules below.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

CLIP_MEAN, CLIP_STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_HALF = (0.5, 0.5, 0.5)

FILTERS: Mapping[str, int] = MappingProxyType(
    {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "box": 4, "hamming": 5}
)
"""Pillow's numbers, which transformers' files use, by the names that the others use."""

ENDINGS = ("ImageProcessorFast", "ImageProcessorPil", "ImageProcessor", "FeatureExtractor")
"""What follows a processor's name in its classes, of all ages and back ends; they mean the same arithmetic."""

CONVNEXT_WARPS_FROM = 384
"""From this size on, ConvNeXt's processor squashes where it cropped below."""


def _square(side: int) -> Mapping[str, int]:
    return MappingProxyType({"height": side, "width": side})


_CLIP: Mapping[str, Any] = MappingProxyType(
    {
        "size": {"shortest_edge": 224},
        "crop_size": _square(224),
        "do_center_crop": True,
        "resample": FILTERS["bicubic"],
        "image_mean": CLIP_MEAN,
        "image_std": CLIP_STD,
        "number_is": "shortest_edge",
    }
)
_SQUASH: Mapping[str, Any] = MappingProxyType(
    {
        "size": _square(224),
        "do_center_crop": False,
        "resample": FILTERS["bilinear"],
        "image_mean": _HALF,
        "image_std": _HALF,
        "number_is": "square",
    }
)
_MOBILENET: Mapping[str, Any] = MappingProxyType(
    {
        **_CLIP,
        "size": {"shortest_edge": 256},
        "resample": FILTERS["bilinear"],
        "image_mean": _HALF,
        "image_std": _HALF,
    }
)
_IMAGENET: Mapping[str, Any] = MappingProxyType({"image_mean": IMAGENET_MEAN, "image_std": IMAGENET_STD})
_SHARP: Mapping[str, Any] = MappingProxyType({**_SQUASH, "resample": FILTERS["bicubic"]})

PROCESSORS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "CLIP": _CLIP,
        "ChineseCLIP": _CLIP,
        "Bit": _CLIP,
        "Siglip": {**_SHARP, "number_is": "shortest_edge"},
        "ViT": _SQUASH,
        "DeiT": {**_SHARP, "size": _square(256), "crop_size": _square(224), "do_center_crop": True},
        "ConvNext": {
            **_CLIP,
            "size": {"shortest_edge": 384},
            "crop_size": None,
            "crop_pct": 224 / 256,
            "do_center_crop": False,
            "image_mean": _HALF,
            "image_std": _HALF,
            "rule": "convnext",
        },
        "Beit": {**_SHARP, "crop_size": _square(224)},
        "Blip": {**_SHARP, "size": _square(384), "image_mean": CLIP_MEAN, "image_std": CLIP_STD},
        "DINOv3ViT": {**_SQUASH, **_IMAGENET, "floating": True},
        "EfficientNet": {
            **_SHARP,
            "size": _square(346),
            "crop_size": _square(289),
            "rescale_offset": False,
            "include_top": True,
        },
        "Flava": {
            **_SHARP,
            "crop_size": _square(224),
            "do_center_crop": True,
            "image_mean": CLIP_MEAN,
            "image_std": CLIP_STD,
        },
        "Levit": {**_CLIP, **_IMAGENET, "rule": "levit"},
        "MobileNetV1": _MOBILENET,
        "MobileNetV2": _MOBILENET,
        "MobileViT": {
            **_CLIP,
            "crop_size": _square(256),
            "do_flip_channel_order": True,
            "rule": "mobilevit",
        },
        "OwlViT": {
            **_SHARP,
            "size": _square(768),
            "crop_size": _square(768),
            "image_mean": CLIP_MEAN,
            "image_std": CLIP_STD,
        },
        "PoolFormer": {**_CLIP, **_IMAGENET, "crop_pct": 0.9, "rule": "poolformer"},
        "Pvt": {**_SHARP, **_IMAGENET},
        "Segformer": {**_SQUASH, **_IMAGENET, "size": _square(512)},
        "Tipsv2": {**_SQUASH, "size": _square(448), "do_normalize": False},
    }
)
"""What a key that the file does not name stands for, by the first part of the processor's class name."""

UNFOLLOWED: Mapping[str, str] = MappingProxyType(
    {
        "Siglip2": "cuts each picture into as many patches as its proportions ask for (NaFlex), so that pictures "
        "make no batch of one size. The SigLIP 2 models of a fixed resolution, such as siglip2-base-patch16-224, "
        "do not, and work",
        "Owlv2": "pads pictures to squares and blurs them, for finding objects rather than for comparing pictures",
        "Vilt": "pads the pictures of a batch to the largest of them",
    }
)
"""Processors that are left out on purpose, and why."""

TIMM: Mapping[str, Any] = MappingProxyType(
    {
        "input_size": (3, 224, 224),
        "interpolation": "bicubic",
        "crop_pct": 0.875,
        "crop_mode": "center",
        "mean": IMAGENET_MEAN,
        "std": IMAGENET_STD,
    }
)
"""What timm's ``pretrained_cfg`` leaves unsaid (timm 1.0, ``data/config.py`` and ``data/constants.py``)."""

OPEN_CLIP: Mapping[str, Any] = MappingProxyType(
    {
        "size": 224,
        "interpolation": "bicubic",
        "resize_mode": "shortest",
        "mean": CLIP_MEAN,
        "std": CLIP_STD,
    }
)
"""What OpenCLIP's ``preprocess_cfg`` leaves unsaid (``open_clip/transform.py`` as of 2026: ``PreprocessCfg``)."""
