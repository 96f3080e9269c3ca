"""From an upright RGB picture to a model's input, pixel for pixel as the reference processors do it.

The references are transformers 5.23 (``image_processing_backends.PilBackend`` and the processors of `PROCESSORS`),
timm 1.0 (``data.create_transform`` for evaluation) and OpenCLIP (``transform.image_transform``): resize with Pillow on
8-bit pixels, crop from the middle (with black around where the picture is smaller), rescale, normalise. The first two
happen for each picture, the last two for a batch, folded into one multiplication and one addition a channel.

DINOv3's processor resizes floating-point tensors instead, with torch's antialiasing. Pillow resizes floating-point
channels with the same filters, and agrees to five digits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ilk.encoders.processors import CONVNEXT_WARPS_FROM, ENDINGS, FILTERS, OPEN_CLIP, PROCESSORS, TIMM, UNFOLLOWED
from ilk.encoders.resizing import resize
from ilk.errors import ModelFormatError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL.Image import Image

    from ilk.encoders.base import Pixels

_CHANNELS = 3
_Triple = tuple[float, float, float]


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
    floating
        Whether pictures are resized, and so prepared, as float32 rather than uint8.
    blue_first
        Whether the model takes its channels in the order blue, green, red.
    rounds_to_even
        Whether a crop that cannot be in the middle begins at the nearest even pixel, as torchvision's does, rather
        than at the lower one.
    """

    shortest_edge: int | None
    resized: tuple[int, int] | None
    height: int
    width: int
    resample: int
    scale: float
    mean: _Triple
    std: _Triple
    floating: bool = False
    blue_first: bool = False
    rounds_to_even: bool = False

    @classmethod
    def from_config(cls, config: Mapping[str, Any], *, processor: str, name: str) -> Preprocessing:
        """Read the file that says how pictures are prepared.

        Parameters
        ----------
        config
            The content of ``preprocessor_config.json``; of ``processor_config.json``, which has it under
            ``image_processor``; of timm's ``config.json``, which has it under ``pretrained_cfg``; or of OpenCLIP's
            ``preprocess_cfg.json``.
        processor
            The class to follow if the file names none.
        name
            What to call the model in messages.

        Raises
        ------
        ModelFormatError
            If the processor is not one of `PROCESSORS`, or does not give pictures of one size.
        """
        if isinstance(inner := config.get("image_processor"), Mapping):
            config = inner
        if isinstance(inner := config.get("pretrained_cfg"), Mapping):
            return cls._from_timm(inner, name)
        if "architectures" in config:  # a config.json, which says nothing of pictures in any other family
            raise ModelFormatError(f"{name} lacks preprocessor_config.json, which says how pictures are prepared.")
        written = config.get("image_processor_type") or config.get("feature_extractor_type")
        if written is None and ("resize_mode" in config or "interpolation" in config):
            return cls._from_open_clip(config, name)
        kind = named = str(written or processor)
        for ending in ENDINGS:
            kind = kind.removesuffix(ending)
        if kind == "TimmWrapper":
            raise ModelFormatError(
                f"{name} prepares pictures as timm does, by the pretrained_cfg of its config.json, and has none."
            )
        if kind in UNFOLLOWED:
            raise ModelFormatError(f"{name} prepares pictures with {named}, which {UNFOLLOWED[kind]}.")
        if kind not in PROCESSORS:
            raise ModelFormatError(
                f"{name} prepares pictures with {named}, which ilk cannot reproduce. It knows those of "
                f"{', '.join(PROCESSORS)}."
            )
        values = {**PROCESSORS[kind], **{key: value for key, value in config.items() if value is not None}}
        return cls._from_values(values, name)

    @classmethod
    def _from_values(cls, values: Mapping[str, Any], name: str) -> Preprocessing:
        """Follow one of transformers' processors, the keys that its file leaves unsaid filled in."""
        edge, resized = _resizing(values, name)
        crop = _pair(values.get("crop_size"), name, "crop_size") if values["do_center_crop"] else None
        match values.get("rule"):
            case "convnext" if edge is not None and edge < CONVNEXT_WARPS_FROM:
                if crop is not None and crop != (edge, edge):
                    raise ModelFormatError(f"{name} crops pictures to {edge} pixels and then again, to {crop}.")
                crop, edge = (edge, edge), int(edge / float(values["crop_pct"]))
            case "convnext" if edge is not None:
                resized = (edge, edge)
                edge = None
            case "levit" if edge is not None:
                edge = int((256 / 224) * edge)
            case "poolformer":
                edge, resized = _enlarged(edge, resized, float(values["crop_pct"]))
        final = crop or resized
        if final is None:
            raise ModelFormatError(
                f"{name} neither crops pictures nor resizes them to one size, so they make no batch: its "
                "preprocessor_config.json needs do_center_crop, or a size with a height and a width."
            )
        if values.get("do_pad") and values.get("pad_size") and _pair(values["pad_size"], name, "pad_size") != final:
            raise ModelFormatError(f"{name} pads pictures of {final} to {values['pad_size']}, which ilk does not.")
        scale, mean, std = _affine(values, name)
        return cls(
            shortest_edge=edge,
            resized=resized,
            height=final[0],
            width=final[1],
            resample=_filter(values["resample"], name),
            scale=scale,
            mean=mean,
            std=std,
            floating=bool(values.get("floating")),
            blue_first=bool(values.get("do_flip_channel_order")),
        )

    @classmethod
    def _from_timm(cls, config: Mapping[str, Any], name: str) -> Preprocessing:
        """Follow timm's transform for evaluation."""
        values = {**TIMM, **{key: value for key, value in config.items() if value}}
        channels, height, width = values["input_size"]
        share, mode = float(values["crop_pct"]), values["crop_mode"]
        if channels != _CHANNELS:
            raise ModelFormatError(f"{name} takes pictures of {channels} channels, and ilk gives three.")
        if mode not in {"center", "squash"} or share > 1 or (mode == "center" and height != width):
            raise ModelFormatError(
                f"{name} prepares pictures of {height} x {width} pixels with crop_mode {mode!r} and crop_pct {share}, "
                "which ilk cannot follow: it knows squash, and center of a square."
            )
        enlarged = (int(height / share), int(width / share))
        return cls(
            shortest_edge=enlarged[0] if mode == "center" else None,
            resized=enlarged if mode == "squash" else None,
            height=height,
            width=width,
            resample=_filter(values["interpolation"], name),
            scale=1 / 255,
            mean=_triple(values["mean"], name, "mean"),
            std=_triple(values["std"], name, "std"),
            rounds_to_even=True,
        )

    @classmethod
    def _from_open_clip(cls, config: Mapping[str, Any], name: str) -> Preprocessing:
        """Follow OpenCLIP's transform for inference.

        Immich's own reader of the same file takes the lower of two middles where this, the one that the models were
        measured with, takes the even one.
        """
        values = {**OPEN_CLIP, **{key: value for key, value in config.items() if value is not None}}
        size, mode = values["size"], values["resize_mode"]
        height, width = size if isinstance(size, list | tuple) and len(size) > 1 else _pair(size, name, "size")
        if mode not in {"shortest", "squash"} or (mode == "shortest" and height != width):
            raise ModelFormatError(
                f"{name} prepares pictures of {height} x {width} pixels with resize_mode {mode!r}, which ilk cannot "
                "follow: it knows squash, and shortest of a square."
            )
        return cls(
            shortest_edge=height if mode == "shortest" else None,
            resized=(height, width) if mode == "squash" else None,
            height=height,
            width=width,
            resample=_filter(values["interpolation"], name),
            scale=1 / 255,
            mean=_triple(values["mean"], name, "mean"),
            std=_triple(values["std"], name, "std"),
            rounds_to_even=True,
        )

    @property
    def image_size(self) -> int:
        """The shorter side in pixels before cropping: all that is looked at of a picture."""
        return self.shortest_edge or min(self.resized or (self.height, self.width))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of a prepared picture: height, width, channels."""
        return self.height, self.width, _CHANNELS

    @property
    def dtype(self) -> Literal["uint8", "float32"]:
        """Of a prepared picture."""
        return "float32" if self.floating else "uint8"

    def prepare(self, image: Image) -> Pixels:
        """Resize and crop one picture to an array of `shape` and `dtype`, of numbers from 0 to 255."""
        import numpy as np

        if image.mode != "RGB":
            image = image.convert("RGB")
        if self.floating:
            bands = [self._placed(band.convert("F")) for band in image.split()]
            pixels: Pixels = np.stack([np.asarray(band) for band in bands], axis=-1)
        else:
            pixels = np.asarray(self._placed(image))
        return pixels[..., ::-1] if self.blue_first else pixels

    def _placed(self, image: Image) -> Image:
        """Resized and cropped."""
        size = self._size_of(image)
        if image.size != size:
            kept = None if self.shortest_edge is None else self._crop_of(size)
            image = resize(image, size, self.resample, kept=kept)
        box = self._crop_of(image.size)
        return image if box == (0, 0, *image.size) else image.crop(box)

    def _crop_of(self, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """The middle; it begins below zero where there is too little, which Pillow fills in with black."""
        spare = size[0] - self.width, size[1] - self.height
        left, top = (round(each / 2) if self.rounds_to_even else each // 2 for each in spare)
        return left, top, left + self.width, top + self.height

    def _size_of(self, image: Image) -> tuple[int, int]:
        """Width and height after resizing; the longer side in proportion, rounded down."""
        if self.shortest_edge is None:
            height, width = self.resized or (image.height, image.width)
            return width, height
        if image.width <= image.height:
            return self.shortest_edge, int(self.shortest_edge * image.height / image.width)
        return int(self.shortest_edge * image.width / image.height), self.shortest_edge

    def gain_and_shift(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """What each channel of a prepared picture is multiplied by, and what is added then; of shape (3, 1, 1) each."""
        import numpy as np

        mean, std = np.array(self.mean), np.array(self.std)
        gain, shift = (self.scale / std).astype(np.float32), (-mean / std).astype(np.float32)
        return gain[:, None, None], shift[:, None, None]

    def normalise(self, batch: Pixels) -> npt.NDArray[np.float32]:
        """Turn n pictures of shape (n, height, width, 3) into a model's input of shape (n, 3, height, width)."""
        import numpy as np

        gain, shift = self.gain_and_shift()
        # Bringing the channels to the front while they are bytes moves a quarter of the memory.
        channels_first = np.ascontiguousarray(batch.transpose(0, 3, 1, 2))
        pixels: npt.NDArray[np.float32] = np.multiply(channels_first, gain, dtype=np.float32)
        pixels += shift
        return pixels


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


def _enlarged(
    edge: int | None, resized: tuple[int, int] | None, share: float
) -> tuple[int | None, tuple[int, int] | None]:
    """The size of which the crop is this share; PoolFormer's processor takes a square for a shorter side."""
    if resized is not None and resized[0] != resized[1]:
        return None, (int(resized[0] / share), int(resized[1] / share))
    edge = edge if resized is None else resized[0]
    return (None if edge is None else int(edge / share)), None


def _affine(values: Mapping[str, Any], name: str) -> tuple[float, _Triple, _Triple]:
    """Rescaling and normalising as one scale, mean and standard deviation."""
    rescales = values.get("do_rescale", True)
    scale = float(values.get("rescale_factor", 1 / 255)) if rescales else 1.0
    mean, std = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    if values.get("do_normalize", True) and values.get("rule") != "mobilevit":  # whose processor never does
        mean, std = _triple(values["image_mean"], name, "image_mean"), _triple(values["image_std"], name, "image_std")
    if rescales and values.get("rescale_offset"):
        mean = (mean[0] + 1, mean[1] + 1, mean[2] + 1)
    if values.get("include_top"):  # EfficientNet's processor then divides by the deviation a second time
        again = _triple(values["image_std"], name, "image_std")
        std = (std[0] * again[0], std[1] * again[1], std[2] * again[2])
    return scale, mean, std


def _filter(value: Any, name: str) -> int:
    for called, number in FILTERS.items():
        if value in {called, number}:
            return number
    raise ModelFormatError(f"{name} resizes pictures with {value!r}; ilk knows {', '.join(FILTERS)}.")


def _pair(size: Any, name: str, key: str) -> tuple[int, int]:
    if isinstance(size, int):
        return size, size
    if isinstance(size, Mapping) and isinstance(size.get("height"), int) and isinstance(size.get("width"), int):
        return size["height"], size["width"]
    raise ModelFormatError(
        f"{name} has a {key} that ilk cannot follow where it says how to prepare pictures: {size!r}."
    )


def _triple(values: Any, name: str, key: str) -> _Triple:
    if isinstance(values, int | float):
        return float(values), float(values), float(values)
    numbers = tuple(values) if isinstance(values, list | tuple) else ()
    if len(numbers) != _CHANNELS or not all(isinstance(number, int | float) for number in numbers):
        raise ModelFormatError(f"{name} has an {key} that is not three numbers where it says how to prepare pictures.")
    return float(numbers[0]), float(numbers[1]), float(numbers[2])
