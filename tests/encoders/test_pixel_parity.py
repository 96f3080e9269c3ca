"""What goes into a model is what its reference puts in, on real pictures: transformers, timm and OpenCLIP, run here."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from encoders.golden.make_golden import drawn_picture
from encoders.tiny import noise
from ilk import pictures
from ilk.encoders.families import FAMILIES
from ilk.encoders.preprocess_config import read_preprocessing
from ilk.encoders.processors import ENDINGS, PROCESSORS

pytest.importorskip("transformers", reason="the reference processors are those of transformers")

TOLERANCE = 1e-6
"""Of a normalised pixel, or of a part of it where it is larger than one; a grey level is four thousand times that."""

WITHOUT_PILLOW = ("DINOv3ViT", "Tipsv2")
"""Processors whose reference works on tensors, with torchvision. Its arithmetic is torch's own, and is called below."""

PUBLISHED: dict[str, dict[str, Any]] = {
    "clip-vit-large-patch14-336": {
        "image_processor_type": "CLIPImageProcessor",
        "size": {"shortest_edge": 336},
        "crop_size": {"height": 336, "width": 336},
    },
    "chinese-clip": {
        "image_processor_type": "ChineseCLIPFeatureExtractor",
        "size": {"height": 224, "width": 224},
        "do_center_crop": False,
    },
    "dinov2-base": {
        "image_processor_type": "BitImageProcessor",
        "size": {"shortest_edge": 256},
        "crop_size": {"height": 224, "width": 224},
        "image_mean": [0.485, 0.456, 0.406],
        "image_std": [0.229, 0.224, 0.225],
    },
    "siglip-so400m-patch14-384": {
        "image_processor_type": "SiglipImageProcessor",
        "size": {"height": 384, "width": 384},
    },
    "align-base": {
        "image_processor_type": "EfficientNetImageProcessor",
        "do_center_crop": True,
        "do_normalize": False,
        "include_top": False,
        "resample": 2,
        "rescale_factor": 1 / 127.5,
        "rescale_offset": True,
    },
    "efficientnet, all of it": {
        "image_processor_type": "EfficientNetImageProcessor",
        "image_mean": [0.485, 0.456, 0.406],
        "image_std": [0.229, 0.224, 0.225],
        "rescale_offset": True,
    },
    "efficientnet, rescaled alone": {
        "image_processor_type": "EfficientNetImageProcessor",
        "do_normalize": False,
        "rescale_offset": True,
    },
    "efficientnet, not rescaled": {
        "image_processor_type": "EfficientNetImageProcessor",
        "do_rescale": False,
        "rescale_offset": True,
    },
    "convnext-tiny-224": {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 224}},
    "levit, squashing": {"image_processor_type": "LevitImageProcessor", "size": {"height": 240, "width": 256}},
    "poolformer, a square": {"image_processor_type": "PoolFormerImageProcessor", "size": {"height": 220, "width": 220}},
    "poolformer, no square": {
        "image_processor_type": "PoolFormerImageProcessor",
        "size": {"height": 220, "width": 240},
    },
    "mobilevit, as it is": {"image_processor_type": "MobileViTImageProcessor", "do_flip_channel_order": False},
    "vit, padded to what it is": {
        "image_processor_type": "ViTImageProcessor",
        "do_pad": True,
        "pad_size": {"height": 224, "width": 224},
    },
    "vit, a number": {"feature_extractor_type": "ViTFeatureExtractor", "size": 96},
    "deit, numbers": {"feature_extractor_type": "DeiTFeatureExtractor", "size": 111, "crop_size": 96},
    "flava, odd crop": {"image_processor_type": "FlavaImageProcessor", "crop_size": {"height": 101, "width": 230}},
}
"""As the files of models on the Hub say it, and what else the processors can be told."""

CONFIGS = {
    **{kind: {"image_processor_type": f"{kind}ImageProcessor"} for kind in PROCESSORS if kind not in WITHOUT_PILLOW},
    **PUBLISHED,
}


def encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    """A picture as the bytes of a file."""
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


@cache
def drawn() -> Mapping[str, Image.Image]:
    """Pictures that need no file: odd proportions, lines, and every mode of a file as `ilk.pictures` reads it."""
    clear = drawn_picture(150, 90).convert("RGBA")
    clear.putalpha(drawn_picture(150, 90).convert("L"))
    files = {
        "grey": encoded(drawn_picture(120, 200).convert("L"), "PNG"),
        "black and white": encoded(drawn_picture(81, 80).convert("1"), "PNG"),
        "half transparent": encoded(clear, "PNG"),
        "palette": encoded(drawn_picture(300, 120).convert("P"), "PNG"),
        "palette with a clear colour": encoded(drawn_picture(90, 120).convert("P"), "GIF", transparency=3),
        "four inks": encoded(drawn_picture(140, 222).convert("CMYK"), "JPEG", quality=90),
    }
    shapes = ((640, 427), (427, 641), (224, 224), (223, 225), (1, 1), (1, 37), (41, 1), (400, 11), (13, 400), (6, 5))
    return {
        **{f"drawn {width} x {height}": drawn_picture(width, height) for width, height in shapes},
        "noise": noise(333, 251),
        **{name: pictures.load(data, size=10_000).image for name, data in files.items()},
    }


def normalised(config: Mapping[str, Any], image: Image.Image) -> npt.NDArray[np.float32]:
    """What ilk gives to the model."""
    preprocessing = read_preprocessing(config, processor="none", name="this model")
    pixels: npt.NDArray[np.float32] = preprocessing.normalise(preprocessing.prepare(image)[None])[0]
    return pixels


@cache
def reference_of(name: str) -> Any:
    """The processor of transformers."""
    import transformers

    config = CONFIGS[name]
    kind = (config.get("image_processor_type") or config["feature_extractor_type"]).replace(
        "FeatureExtractor", "ImageProcessor"
    )
    return getattr(transformers, f"{kind}Pil")(**{key: value for key, value in config.items() if key[-5:] != "_type"})


def agree(found: npt.NDArray[np.float32], expected: npt.NDArray[Any], tolerance: float = TOLERANCE) -> None:
    """Hold every pixel to the tolerance."""
    np.testing.assert_allclose(found, np.asarray(expected, np.float32), atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize("picture", drawn())
@pytest.mark.parametrize("name", CONFIGS)
def test_drawn_pictures_are_prepared_as_in_transformers(name: str, picture: str) -> None:
    """Every processor, at its own size: each pixel is the one that transformers gives."""
    image = drawn()[picture]
    agree(normalised(CONFIGS[name], image), reference_of(name)(image, return_tensors="np")["pixel_values"][0])


def photographs(folder: Path, names: list[str]) -> list[Image.Image]:
    """Real pictures, as `ilk.pictures` reads them in full."""
    return [pictures.load((folder / name).read_bytes(), size=10_000).image for name in names]


@pytest.mark.parametrize("name", CONFIGS)
def test_photographs_are_prepared_as_in_transformers(name: str) -> None:
    """A face, a cat, a cup and a rocket: each pixel is the one that transformers gives."""
    data = pytest.importorskip("skimage", reason="these photographs come with scikit-image").__file__
    for image in photographs(
        Path(data).parent / "data", ["astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "camera.png"]
    ):
        agree(normalised(CONFIGS[name], image), reference_of(name)(image, return_tensors="np")["pixel_values"][0])


@pytest.mark.parametrize("name", CONFIGS)
def test_everyday_photographs_are_prepared_as_in_transformers(name: str, shared_data: Path) -> None:
    """Photographs of everyday scenes: each pixel is the one that transformers gives."""
    folder = shared_data / "coco_free" / "images"
    if not folder.is_dir():
        pytest.skip(f"there are no photographs at {folder}")
    names = sorted(path.name for path in folder.iterdir())[:: max(1, len(list(folder.iterdir())) // 5)][:5]
    assert names
    for image in photographs(folder, names):
        agree(normalised(CONFIGS[name], image), reference_of(name)(image, return_tensors="np")["pixel_values"][0])


@pytest.mark.parametrize("model_type", sorted(FAMILIES))
def test_families_name_the_processor_of_the_reference(model_type: str) -> None:
    """A checkpoint whose files name no processor gets the one that transformers would choose for its type."""
    from transformers.models.auto.image_processing_auto import IMAGE_PROCESSOR_MAPPING_NAMES

    family = FAMILIES[model_type]
    if "image" not in family.modalities:
        pytest.skip("reads words alone")
    named = IMAGE_PROCESSOR_MAPPING_NAMES.get(model_type, {}).get("pil") or family.processor
    if model_type in {"dinov3_vit", "tipsv2"}:
        named = IMAGE_PROCESSOR_MAPPING_NAMES[model_type]["torchvision"]
    assert family.processor == named.removesuffix("Pil")
    kind = family.processor
    for ending in ENDINGS:
        kind = kind.removesuffix(ending)
    assert kind in {*PROCESSORS, "TimmWrapper"}


@pytest.mark.parametrize("picture", drawn())
@pytest.mark.parametrize(
    "config",
    [
        {},
        {"size": {"height": 512, "width": 256}},
        {"size": {"shortest_edge": 256}, "crop_size": {"height": 224, "width": 224}, "do_center_crop": True},
        {"size": {"height": 224, "width": 224}, "resample": 3},
    ],
)
def test_dinov3_resizes_floating_point_numbers(config: dict[str, Any], picture: str) -> None:
    """DINOv3's pixels are those of torch's antialiased resizing of floating-point tensors, to 0.02 of a grey level.

    The reference is `DINOv3ViTImageProcessor._preprocess`: rescale, resize, crop, normalise. What torchvision's resize
    does with such tensors is one call of torch, and it is made here.
    """
    import torch

    image = drawn()[picture]
    config = {"image_processor_type": "DINOv3ViTImageProcessorFast", **config}
    size = config.get("size", {"height": 224, "width": 224})
    height, width = image.height, image.width
    if "height" in size:
        target = (size["height"], size["width"])
    elif width <= height:
        target = (int(size["shortest_edge"] * height / width), size["shortest_edge"])
    else:
        target = (size["shortest_edge"], int(size["shortest_edge"] * width / height))
    tensor = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None] * (1 / 255)
    if tensor.shape[-2:] != target:
        mode = "bicubic" if config.get("resample") == 3 else "bilinear"
        tensor = torch.nn.functional.interpolate(tensor, target, mode=mode, antialias=True, align_corners=False)
    if config.get("do_center_crop"):
        top, left = int((tensor.shape[-2] - 224) / 2), int((tensor.shape[-1] - 224) / 2)
        tensor = tensor[..., top : top + 224, left : left + 224]
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    expected = (tensor[0] - mean[:, None, None]) / std[:, None, None]
    agree(normalised(config, image), expected.numpy(), tolerance=3e-4)


@pytest.mark.parametrize("picture", drawn())
def test_tipsv2_is_a_grey_level_from_torch_at_most(picture: str) -> None:
    """TIPSv2's reference resizes bytes with torch, which rounds its weights: no more than a level from Pillow's."""
    import torch

    image = drawn()[picture]
    tensor = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None]
    resized = torch.nn.functional.interpolate(tensor, (448, 448), mode="bilinear", antialias=True, align_corners=False)
    found = normalised({"image_processor_type": "Tipsv2ImageProcessor"}, image)
    assert np.abs(found - resized[0].numpy() / 255).max() <= 1.001 / 255


def in_torchvision(
    image: Image.Image, resized: int | tuple[int, int], crop: tuple[int, int], resample: int
) -> npt.NDArray[np.float64]:
    """Torchvision's ``Resize``, ``CenterCrop`` and ``ToTensor`` on a picture at least as large as the crop, plainly."""
    if isinstance(resized, tuple):
        height, width = resized
    elif image.width <= image.height:
        width, height = resized, int(resized * image.height / image.width)
    else:
        width, height = int(resized * image.width / image.height), resized
    image = image.resize((width, height), resample)
    top, left = round((image.height - crop[0]) / 2.0), round((image.width - crop[1]) / 2.0)
    image = image.crop((left, top, left + crop[1], top + crop[0]))
    return np.asarray(image).transpose(2, 0, 1) / 255.0


@pytest.mark.parametrize("picture", drawn())
@pytest.mark.parametrize(
    ("config", "resized", "crop", "resample"),
    [
        ({}, 256, (224, 224), 3),
        ({"crop_pct": 0.95, "interpolation": "bilinear", "input_size": [3, 288, 288]}, 303, (288, 288), 2),
        ({"crop_pct": 1.0, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}, 224, (224, 224), 3),
        ({"crop_pct": 0.9, "crop_mode": "squash", "interpolation": "lanczos"}, (248, 248), (224, 224), 1),
        ({"crop_pct": 1.0, "crop_mode": "squash", "input_size": [3, 160, 320]}, (160, 320), (160, 320), 3),
    ],
)
def test_timm_checkpoints_are_given_what_timm_gives(
    config: dict[str, Any], resized: int | tuple[int, int], crop: tuple[int, int], resample: int, picture: str
) -> None:
    """By ``pretrained_cfg``, pixels are those of timm's transform for evaluation, written out here."""
    plain = in_torchvision(drawn()[picture], resized, crop, resample).transpose(1, 2, 0)
    expected = (plain - config.get("mean", (0.485, 0.456, 0.406))) / config.get("std", (0.229, 0.224, 0.225))
    whole = {"architecture": "vit_tiny", "pretrained_cfg": {"num_classes": 0, **config}}
    agree(normalised(whole, drawn()[picture]), expected.transpose(2, 0, 1), tolerance=2e-6)


@pytest.mark.parametrize("picture", drawn())
@pytest.mark.parametrize(
    ("config", "resized", "resample"),
    [
        ({"size": [224, 224], "interpolation": "bicubic", "resize_mode": "shortest", "fill_color": 0}, 224, 3),
        ({"size": 256, "interpolation": "bilinear", "resize_mode": "squash"}, (256, 256), 2),
        ({"size": 384, "interpolation": "bicubic"}, 384, 3),
    ],
)
def test_open_clip_files_are_given_what_open_clip_gives(
    config: dict[str, Any], resized: int | tuple[int, int], resample: int, picture: str
) -> None:
    """By ``preprocess_cfg.json``, pixels are those of OpenCLIP's transform for inference, written out here."""
    side = resized if isinstance(resized, int) else resized[0]
    mean, std = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
    plain = in_torchvision(drawn()[picture], resized, (side, side), resample).transpose(1, 2, 0)
    agree(normalised(config, drawn()[picture]), ((plain - mean) / std).transpose(2, 0, 1), tolerance=2e-6)
