"""What a model's files say of preparing pictures, in the words of three libraries, as one `Preprocessing`.

The references are transformers 5.23 (``image_processing_backends.PilBackend`` and the processors of `PROCESSORS`),
timm 1.0 (``data.create_transform`` for evaluation) and OpenCLIP (``transform.image_transform``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ilk.encoders.preprocess import CHANNELS, Preprocessing, Triple
from ilk.encoders.processors import CONVNEXT_WARPS_FROM, ENDINGS, FILTERS, OPEN_CLIP, PROCESSORS, TIMM, UNFOLLOWED
from ilk.errors import ModelFormatError


def read_preprocessing(config: Mapping[str, Any], *, processor: str, name: str) -> Preprocessing:
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
        return _follow_timm(inner, name)
    if "architectures" in config:  # a config.json, which says nothing of pictures in any other family
        raise ModelFormatError(f"{name} lacks preprocessor_config.json, which says how pictures are prepared.")
    written = config.get("image_processor_type") or config.get("feature_extractor_type")
    if written is None and ("resize_mode" in config or "interpolation" in config):
        return _follow_open_clip(config, name)
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
    return _follow_processor(values, name)


def _follow_processor(values: Mapping[str, Any], name: str) -> Preprocessing:
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
    return Preprocessing(
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


def _follow_timm(config: Mapping[str, Any], name: str) -> Preprocessing:
    """Follow timm's transform for evaluation."""
    values = {**TIMM, **{key: value for key, value in config.items() if value}}
    channels, height, width = values["input_size"]
    share, mode = float(values["crop_pct"]), values["crop_mode"]
    if channels != CHANNELS:
        raise ModelFormatError(f"{name} takes pictures of {channels} channels, and ilk gives three.")
    if mode not in {"center", "squash"} or share > 1 or (mode == "center" and height != width):
        raise ModelFormatError(
            f"{name} prepares pictures of {height} x {width} pixels with crop_mode {mode!r} and crop_pct {share}, "
            "which ilk cannot follow: it knows squash, and center of a square."
        )
    enlarged = (int(height / share), int(width / share))
    return Preprocessing(
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


def _follow_open_clip(config: Mapping[str, Any], name: str) -> Preprocessing:
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
    return Preprocessing(
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


def _affine(values: Mapping[str, Any], name: str) -> tuple[float, Triple, Triple]:
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


def _triple(values: Any, name: str, key: str) -> Triple:
    if isinstance(values, int | float):
        return float(values), float(values), float(values)
    numbers = tuple(values) if isinstance(values, list | tuple) else ()
    if len(numbers) != CHANNELS or not all(isinstance(number, int | float) for number in numbers):
        raise ModelFormatError(f"{name} has an {key} that is not three numbers where it says how to prepare pictures.")
    return float(numbers[0]), float(numbers[1]), float(numbers[2])
