"""Pictures become a model's input pixel for pixel as the reference processors do it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from encoders.golden.make_golden import CONFIGS, EVERY, SIZES, drawn_picture
from encoders.tiny import noise
from ilk.encoders.preprocess import Preprocessing
from ilk.encoders.preprocess_config import read_preprocessing
from ilk.encoders.processors import PROCESSORS
from ilk.errors import ModelFormatError

GOLDEN = Path(__file__).parent / "golden" / "pixels.npz"
CLIP = {"image_processor_type": "CLIPImageProcessor"}


def read(config: dict[str, Any]) -> Preprocessing:
    """Read a configuration."""
    return read_preprocessing(config, processor="CLIPImageProcessor", name="this model")


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("size", SIZES)
def test_pixels_are_those_of_transformers(name: str, size: tuple[int, int]) -> None:
    """Every pixel is the one that transformers gives; one grey level off would be a thousand times the tolerance."""
    preprocessing = read(CONFIGS[name])
    found = preprocessing.normalise(preprocessing.prepare(drawn_picture(*size))[None])[0]
    with np.load(GOLDEN) as golden:
        expected = golden[f"{name} {size[0]}x{size[1]}"]
    if found.shape != expected.shape:
        found = found[:, ::EVERY, ::EVERY]
    np.testing.assert_allclose(found, expected, atol=2e-6, rtol=2e-6)


@given(width=st.integers(1, 90), height=st.integers(1, 90), edge=st.integers(1, 40), crop=st.integers(1, 40))
@settings(deadline=None)
def test_every_picture_gets_one_size(width: int, height: int, edge: int, crop: int) -> None:
    """Whatever its size, a picture becomes bytes of the model's height, width and three channels."""
    preprocessing = read({**CLIP, "size": {"shortest_edge": edge}, "crop_size": {"height": crop, "width": crop + 1}})
    prepared = preprocessing.prepare(Image.new("RGB", (width, height)))
    assert prepared.shape == (crop, crop + 1, 3)
    assert prepared.dtype == np.uint8


def plainly(preprocessing: Preprocessing, image: Image.Image) -> npt.NDArray[np.uint8]:
    """Resize the whole picture, whatever that takes, and crop it: the reference."""
    image = image.resize(preprocessing._size_of(image), preprocessing.resample)
    left, top = (image.width - preprocessing.width) // 2, (image.height - preprocessing.height) // 2
    return np.asarray(image.crop((left, top, left + preprocessing.width, top + preprocessing.height)))


@pytest.mark.parametrize("config", ["clip", "siglip"])
@pytest.mark.parametrize("size", [(60_000, 1), (1, 60_000), (2_000_000, 1), (1, 2_000_000), (40_000, 3)])
def test_thin_pictures_take_little_memory(config: str, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """However long a picture is, neither what it becomes on the way nor what Pillow holds between is large."""
    preprocessing = read({"clip": CLIP, "siglip": {"image_processor_type": "SiglipImageProcessor"}}[config])
    held: list[int] = []
    resize = Image.Image.resize

    def spying(image: Image.Image, size: tuple[int, int], *args: Any, **others: Any) -> Image.Image:
        # Pillow makes a picture of the new width and the old height first.
        held.append(4 * size[0] * max(size[1], image.height))
        return resize(image, size, *args, **others)

    monkeypatch.setattr(Image.Image, "resize", spying)
    prepared = preprocessing.prepare(Image.new("RGB", size, (10, 200, 90)))
    assert (prepared == (10, 200, 90)).all()
    assert held
    assert max(held) <= 32 * 2**20


@pytest.mark.parametrize("size", [(700, 3), (3, 700), (2_000, 11), (11, 2_000), (901, 1)])
@pytest.mark.parametrize("edges", [(224, 224), (256, 224), (200, 224)])
def test_the_middle_of_a_thin_picture_is_that_of_the_whole(size: tuple[int, int], edges: tuple[int, int]) -> None:
    """Resizing only what the crop keeps gives what resizing everything gives, to a grey level."""
    edge, crop = edges
    config = {**CLIP, "size": {"shortest_edge": edge}, "crop_size": {"height": crop, "width": crop}}
    preprocessing, image = read(config), noise(*size)
    found = preprocessing.prepare(image).astype(int)
    assert found.std() > 10
    assert np.abs(found - plainly(preprocessing, image)).max() <= 1


@pytest.mark.parametrize("size", [(300, 200), (200, 300), (640, 80), (80, 640), (1_500, 10), (10, 1_500)])
def test_ordinary_pictures_are_resized_whole(size: tuple[int, int]) -> None:
    """Up to a hundred times as long as wide and beyond, not a grey level differs from the reference."""
    preprocessing, image = read(CLIP), noise(*size)
    np.testing.assert_array_equal(preprocessing.prepare(image), plainly(preprocessing, image))


@given(
    scale=st.floats(1e-4, 2),
    mean=st.lists(st.floats(-2, 2), min_size=3, max_size=3),
    std=st.lists(st.floats(0.01, 4), min_size=3, max_size=3),
)
def test_the_fused_arithmetic_is_the_plain_one(scale: float, mean: list[float], std: list[float]) -> None:
    """One multiplication and one addition a channel give what rescaling, then normalising, gives."""
    config = {**CLIP, "rescale_factor": scale, "image_mean": mean, "image_std": std}
    batch = np.stack([np.asarray(noise(7, 5, seed)) for seed in range(3)])
    expected = ((batch.astype(np.float64) * scale - mean) / std).transpose(0, 3, 1, 2)
    # Where the two terms nearly cancel, what is left is as exact as the terms were.
    slack = 1e-6 * (1 + (255 * scale + np.abs(mean).max()) / min(std))
    np.testing.assert_allclose(read(config).normalise(batch), expected, atol=slack)


def test_a_batch_of_none_is_normalised() -> None:
    """No pictures give an input of none."""
    assert read(CLIP).normalise(np.empty((0, 224, 224, 3), np.uint8)).shape == (0, 3, 224, 224)


def test_other_modes_become_rgb() -> None:
    """A grey picture has its grey in all three channels."""
    prepared = read(CLIP).prepare(Image.new("L", (300, 300), 77))
    assert (prepared == 77).all()


def test_the_file_may_hold_more_than_pictures() -> None:
    """A processor's own file, as transformers 5 writes it, has what is done to pictures in a part of its own."""
    whole = {"processor_class": "CLIPProcessor", "image_processor": {**CLIP, "size": {"shortest_edge": 256}}}
    assert read(whole) == read({**CLIP, "size": {"shortest_edge": 256}})
    assert read(whole).image_size == 256


def test_what_is_prepared_says_its_shape_and_type() -> None:
    """Bytes, or single-precision numbers from 0 to 255 where the reference resizes such; both as they say."""
    for kind, dtype in (("CLIP", "uint8"), ("DINOv3ViT", "float32")):
        preprocessing = read({"image_processor_type": f"{kind}ImageProcessor"})
        prepared = preprocessing.prepare(noise(300, 250))
        assert prepared.dtype.name == preprocessing.dtype == dtype
        assert prepared.shape == preprocessing.shape == (224, 224, 3)
        assert 200 < prepared.max() <= 255
        assert prepared.flags.c_contiguous


def test_channels_may_be_turned_round() -> None:
    """MobileViT takes blue before green before red."""
    config = {"image_processor_type": "MobileViTImageProcessor", "crop_size": {"height": 200, "width": 200}}
    prepared = read(config).prepare(Image.new("RGB", (300, 300), (1, 2, 3)))
    assert (prepared == (3, 2, 1)).all()


def test_the_size_looked_at_is_the_one_before_cropping() -> None:
    """A decoder may not scale a picture below what is resized to, though less is cropped from it."""
    assert read({**CLIP, "size": {"shortest_edge": 256}}).image_size == 256
    assert read({**CLIP, "size": {"height": 30, "width": 20}, "do_center_crop": False}).image_size == 20
    assert read({**CONFIGS["convnext"], "size": {"shortest_edge": 224}}).image_size == 256


@pytest.mark.parametrize("kind", PROCESSORS)
def test_what_is_not_written_is_the_default(kind: str) -> None:
    """A file that only names its processor means that processor's own values, for fast and slow classes alike."""
    for ending in ("ImageProcessor", "ImageProcessorFast", "FeatureExtractor"):
        read_in = read({"image_processor_type": kind + ending})
        assert read_in.height == read_in.width in {224, 256, 346, 384, 448, 512, 768}


def test_a_file_that_names_no_processor_follows_the_family() -> None:
    """Without a class in the file, the one of the model's type holds."""
    found = read_preprocessing({"size": 32}, processor="ViTImageProcessor", name="this model")
    assert (found.resized, found.resample, found.mean) == ((32, 32), 2, (0.5, 0.5, 0.5))


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"image_processor_type": "DetrImageProcessor"}, "DetrImageProcessor, which ilk cannot reproduce"),
        ({"image_processor_type": "Siglip2ImageProcessorFast"}, r"cuts each picture into .* patches .*NaFlex"),
        ({"image_processor_type": "TimmWrapperImageProcessor"}, r"as timm does, by the pretrained_cfg"),
        ({"architectures": ["ViTModel"], "hidden_size": 768}, "lacks preprocessor_config.json"),
        ({"image_processor_type": "SiglipImageProcessor", "size": 224}, "neither crops pictures nor resizes"),
        (
            {"image_processor_type": "ConvNextImageProcessor", "size": 224, "do_center_crop": True, "crop_size": 200},
            "and then again",
        ),
        ({**CLIP, "do_pad": True, "pad_size": {"height": 256, "width": 256}}, "pads pictures of"),
        ({**CLIP, "resample": 9}, "resizes pictures with 9; ilk knows nearest"),
        ({"pretrained_cfg": {"input_size": [1, 28, 28]}}, "takes pictures of 1 channels"),
        ({"pretrained_cfg": {"crop_mode": "border"}}, "crop_mode 'border'"),
        ({"pretrained_cfg": {"crop_pct": 1.1}}, "crop_pct 1.1"),
        ({"pretrained_cfg": {"input_size": [3, 224, 448]}}, "224 x 448 pixels with crop_mode 'center'"),
        ({"pretrained_cfg": {"interpolation": "cubic"}}, "resizes pictures with 'cubic'"),
        ({"size": 224, "interpolation": "bicubic", "resize_mode": "longest"}, "resize_mode 'longest'"),
        ({"size": [224, 448], "interpolation": "bicubic"}, "224 x 448 pixels with resize_mode 'shortest'"),
        ({"size": "large", "interpolation": "bicubic"}, "has a size"),
        ({**CLIP, "do_center_crop": False}, "neither crops pictures nor resizes"),
        ({**CLIP, "do_resize": False, "do_center_crop": False}, "neither crops pictures nor resizes"),
        ({**CLIP, "size": {"longest_edge": 99}}, "has a size"),
        ({**CLIP, "size": {"shortest_edge": 9, "longest_edge": 99}}, "has a size"),
        ({**CLIP, "crop_size": "large"}, "has a crop_size"),
        ({**CLIP, "image_mean": [0.5, 0.5]}, "image_mean"),
        ({**CLIP, "image_std": ["a", "b", "c"]}, "image_std"),
    ],
)
def test_what_cannot_be_followed_is_refused(config: dict[str, Any], reason: str) -> None:
    """A configuration that ilk cannot follow exactly is refused, naming the model and the key."""
    with pytest.raises(ModelFormatError, match=f"this model.*{reason}"):
        read(config)
