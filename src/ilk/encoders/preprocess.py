"""From an upright RGB picture to a model's input, pixel for pixel as the reference processors do it.

The reference is transformers 5.23, ``image_processing_backends.PilBackend`` and the processors named in `PROCESSORS`:
resize with Pillow on 8-bit pixels, crop from the middle (with black around where the picture is smaller), rescale,
normalise. The first two happen for each picture, the last two for a batch, folded into one multiplication and one
addition a channel. Processors that resize floating-point tensors, such as DINOv3's, are another arithmetic and refused.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from ilk.errors import ModelFormatError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL.Image import Image

_CLIP_MEAN, _CLIP_STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
_HALF = (0.5, 0.5, 0.5)
_BILINEAR, _BICUBIC = 2, 3  # Pillow's numbers, which the files use

_CLIP: Mapping[str, Any] = MappingProxyType(
    {
        "size": {"shortest_edge": 224},
        "crop_size": {"height": 224, "width": 224},
        "do_center_crop": True,
        "resample": _BICUBIC,
        "image_mean": _CLIP_MEAN,
        "image_std": _CLIP_STD,
        "number_is": "shortest_edge",
    }
)
_SQUASH: Mapping[str, Any] = MappingProxyType(
    {
        "size": {"height": 224, "width": 224},
        "do_center_crop": False,
        "resample": _BILINEAR,
        "image_mean": _HALF,
        "image_std": _HALF,
        "number_is": "square",
    }
)

PROCESSORS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "CLIP": _CLIP,
        "ChineseCLIP": _CLIP,
        "Bit": _CLIP,
        "Siglip": {**_SQUASH, "resample": _BICUBIC},
        "ViT": _SQUASH,
        "DeiT": {
            **_SQUASH,
            "size": {"height": 256, "width": 256},
            "crop_size": {"height": 224, "width": 224},
            "do_center_crop": True,
            "resample": _BICUBIC,
        },
        "ConvNext": {
            **_CLIP,
            "size": {"shortest_edge": 384},
            "crop_pct": 224 / 256,
            "do_center_crop": False,
            "image_mean": _HALF,
            "image_std": _HALF,
        },
    }
)
"""What a key that the file does not name stands for, by the first part of the processor's class name."""

_ENDINGS = ("ImageProcessorFast", "ImageProcessorPil", "ImageProcessor", "FeatureExtractor")
_LARGEST_WHOLE_BYTES = 32 * 2**20  # at 224 pixels reached by pictures 167 times as long as wide
_PIXEL_BYTES = 4  # Pillow gives three channels the room of four
_WIDEST_FILTER = 3  # Lanczos looks at three pixels on either side, or at as many times the scale
_CONVNEXT_WARPS_FROM = 384  # from this size on, ConvNeXt's processor squashes where it cropped below


@dataclass(frozen=True, slots=True, kw_only=True)
class Preprocessing:
    """What happens to a picture before a model sees it.

    Attributes
    ----------
    shortest_edge
        The shorter side after resizing, with the other in proportion; None to take `resized` as it is.
    resized
        Height and width after resizing, whatever the proportions; None where `shortest_edge` holds.
    height, width
        Of the model's input.
    resample
        Pillow's number of the filter.
    scale, mean, std
        A pixel p of channel c becomes ``(p * scale - mean[c]) / std[c]``.
    """

    shortest_edge: int | None
    resized: tuple[int, int] | None
    height: int
    width: int
    resample: int
    scale: float
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    @classmethod
    def from_config(cls, config: Mapping[str, Any], *, processor: str, name: str) -> Preprocessing:
        """Read ``preprocessor_config.json``.

        Parameters
        ----------
        config
            The content of the file.
        processor
            The class to follow if the file names none.
        name
            What to call the model in messages.

        Raises
        ------
        ModelFormatError
            If the processor is not one of `PROCESSORS`, or does not give pictures of one size.
        """
        named = config.get("image_processor_type") or config.get("feature_extractor_type") or processor
        kind = str(named)
        for ending in _ENDINGS:
            kind = kind.removesuffix(ending)
        if kind not in PROCESSORS:
            raise ModelFormatError(
                f"{name} prepares pictures with {named}, which ilk cannot reproduce. It knows those of "
                f"{', '.join(PROCESSORS)}."
            )
        values = {**PROCESSORS[kind], **{key: value for key, value in config.items() if value is not None}}
        edge, resized = _resizing(values, name)
        crop = _pair(values.get("crop_size"), name, "crop_size") if values["do_center_crop"] else None
        if kind == "ConvNext" and edge is not None:
            if edge < _CONVNEXT_WARPS_FROM:
                crop, edge = crop or (edge, edge), int(edge / float(values["crop_pct"]))
            else:
                resized = (edge, edge)
                edge = None
        final = crop or resized
        if final is None:
            raise ModelFormatError(
                f"{name} neither crops pictures nor resizes them to one size, so they make no batch: its "
                "preprocessor_config.json needs do_center_crop, or a size with a height and a width."
            )
        normalises = values.get("do_normalize", True)
        return cls(
            shortest_edge=edge,
            resized=resized,
            height=final[0],
            width=final[1],
            resample=int(values["resample"]),
            scale=float(values.get("rescale_factor", 1 / 255)) if values.get("do_rescale", True) else 1.0,
            mean=_triple(values["image_mean"], name, "image_mean") if normalises else (0.0, 0.0, 0.0),
            std=_triple(values["image_std"], name, "image_std") if normalises else (1.0, 1.0, 1.0),
        )

    @property
    def image_size(self) -> int:
        """The shorter side in pixels before cropping: all that is looked at of a picture."""
        return self.shortest_edge or min(self.resized or (self.height, self.width))

    def prepare(self, image: Image) -> npt.NDArray[np.uint8]:
        """Resize and crop one picture to uint8 of shape (height, width, 3)."""
        import numpy as np

        if image.mode != "RGB":
            image = image.convert("RGB")
        size = self._size_of(image)
        if image.size != size:
            image = self._resize(image, size)
        across, down = image.width - self.width, image.height - self.height
        if across or down:
            left, top = across // 2, down // 2  # below zero where there is too little: Pillow fills in black
            image = image.crop((left, top, left + self.width, top + self.height))
        return np.asarray(image)

    def _resize(self, image: Image, size: tuple[int, int]) -> Image:
        """Resize all of a picture to `size`; of a long thin one only the middle, which the crop will keep.

        Resized whole, a line of 20,000 pixels would take 4 GB at 224 to a side. What is left out is never looked at:
        the pixels kept are those that the reference gives, but for rounding.
        """
        width, height = size
        if self.shortest_edge is not None and width * height * _PIXEL_BYTES > _LARGEST_WHOLE_BYTES:
            across, down = _middle(image.width, width, self.width), _middle(image.height, height, self.height)
            region = image.crop((across.first, down.first, across.last, down.last))
            box = (across.begin, down.begin, across.end, down.end)
            return region.resize((across.length, down.length), self.resample, box=box)
        # Pillow widens before it shortens, and holds what lies between: a thin upright picture is shortened first.
        if width > image.width and width * image.height * _PIXEL_BYTES > _LARGEST_WHOLE_BYTES:
            image = image.resize((image.width, height), self.resample)
        return image.resize(size, self.resample)

    def _size_of(self, image: Image) -> tuple[int, int]:
        """Width and height after resizing; the longer side in proportion, rounded down."""
        if self.shortest_edge is None:
            height, width = self.resized or (image.height, image.width)
            return width, height
        if image.width <= image.height:
            return self.shortest_edge, int(self.shortest_edge * image.height / image.width)
        return int(self.shortest_edge * image.width / image.height), self.shortest_edge

    def normalise(self, batch: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Turn n pictures of shape (n, height, width, 3) into a model's input of shape (n, 3, height, width)."""
        import numpy as np

        mean, std = np.array(self.mean), np.array(self.std)
        gain = (self.scale / std).astype(np.float32)[:, None, None]
        shift = (-mean / std).astype(np.float32)[:, None, None]
        # Bringing the channels to the front while they are bytes moves a quarter of the memory.
        channels_first = np.ascontiguousarray(batch.transpose(0, 3, 1, 2))
        pixels: npt.NDArray[np.float32] = np.multiply(channels_first, gain, dtype=np.float32)
        pixels += shift
        return pixels


class _Middle(NamedTuple):
    """What to resize of one side, to have only its middle.

    Attributes
    ----------
    first, last
        Source pixels that the middle, and the filter around it, are made of.
    begin, end
        Where between them the middle lies; Pillow keeps these numbers in single precision, so they must be small.
    length
        Of the middle after resizing.
    """

    first: int
    last: int
    begin: float
    end: float
    length: int


def _middle(source: int, resized: int, wanted: int) -> _Middle:
    """The `wanted` pixels in the middle of a side of `source` pixels once it is `resized`; all if there are fewer."""
    length = min(resized, wanted)
    start = (resized - length) // 2
    scale = source / resized
    margin = math.ceil(_WIDEST_FILTER * max(scale, 1)) + 1
    first = max(math.floor(start * scale) - margin, 0)
    last = min(math.ceil((start + length) * scale) + margin, source)
    return _Middle(first, last, start * scale - first, min((start + length) * scale, last) - first, length)


def _resizing(values: Mapping[str, Any], name: str) -> tuple[int | None, tuple[int, int] | None]:
    """The shorter side, or height and width; neither where pictures are taken as they are."""
    if not values.get("do_resize", True):
        return None, None
    size = values["size"]
    if isinstance(size, int):  # as files written before transformers 4.22 say it
        return (size, None) if values["number_is"] == "shortest_edge" else (None, (size, size))
    if isinstance(size, Mapping) and "longest_edge" not in size and isinstance(size.get("shortest_edge"), int):
        return size["shortest_edge"], None
    return None, _pair(size, name, "size")


def _pair(size: Any, name: str, key: str) -> tuple[int, int]:
    if isinstance(size, int):
        return size, size
    if isinstance(size, Mapping) and isinstance(size.get("height"), int) and isinstance(size.get("width"), int):
        return size["height"], size["width"]
    raise ModelFormatError(f"{name} has a {key} in its preprocessor_config.json that ilk cannot follow: {size!r}.")


def _triple(values: Any, name: str, key: str) -> tuple[float, float, float]:
    if isinstance(values, int | float):
        return float(values), float(values), float(values)
    numbers = tuple(values) if isinstance(values, list | tuple) else ()
    if len(numbers) != 3 or not all(isinstance(number, int | float) for number in numbers):  # noqa: PLR2004 -- channels
        raise ModelFormatError(f"{name} has an {key} in its preprocessor_config.json that is not three numbers.")
    return float(numbers[0]), float(numbers[1]), float(numbers[2])
