"""The exported folder, read as a stranger would read it: ONNX Runtime, Pillow, and what the JSON files say."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps
from tokenizers import Tokenizer

Embeddings = npt.NDArray[np.float32]
_BATCH = 64


class ShippedModel:
    """Both towers in ONNX Runtime.

    Parameters
    ----------
    folder
        As ``export_model`` wrote it.
    threads
        Of ONNX Runtime.
    """

    def __init__(self, folder: Path, *, threads: int = 2) -> None:
        import onnxruntime

        self.folder = folder
        self.preprocessor: dict[str, Any] = json.loads((folder / "preprocessor_config.json").read_text())
        self.config: dict[str, Any] = json.loads((folder / "config.json").read_text())
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        began = time.perf_counter()
        self.vision: Any = onnxruntime.InferenceSession(str(folder / "onnx" / "vision_model.onnx"), options)
        self.vision_load_s = time.perf_counter() - began
        began = time.perf_counter()
        self.text: Any = onnxruntime.InferenceSession(str(folder / "onnx" / "text_model.onnx"), options)
        self.text_load_s = time.perf_counter() - began

    def prepare(self, picture: Image.Image) -> npt.NDArray[np.float32]:
        """Return ``(3, height, width)`` as ``preprocessor_config.json`` asks.

        Parameters
        ----------
        picture
            RGB, upright.

        Returns
        -------
        numpy.ndarray
            What the picture tower reads.
        """
        p = self.preprocessor
        size = p["size"]
        how = Image.Resampling(p["resample"])
        if "shortest_edge" in size:
            scale = size["shortest_edge"] / min(picture.size)
            wide, high = (max(size["shortest_edge"], round(x * scale)) for x in picture.size)
        else:
            wide, high = size["width"], size["height"]
        picture = picture.resize((wide, high), how)
        if p["do_center_crop"]:
            crop = p["crop_size"]
            left, top = (wide - crop["width"]) // 2, (high - crop["height"]) // 2
            picture = picture.crop((left, top, left + crop["width"], top + crop["height"]))
        mean, std = (np.array(p[name], dtype=np.float32) for name in ("image_mean", "image_std"))
        x: npt.NDArray[np.float32] = np.asarray(picture, dtype=np.float32) * np.float32(p["rescale_factor"])
        x = ((x - mean) / std).astype(np.float32)
        return x.transpose(2, 0, 1)

    def embed_pictures(self, pictures: Iterable[Image.Image]) -> Embeddings:
        """Embed pictures, 64 at a time.

        Parameters
        ----------
        pictures
            RGB, upright.

        Returns
        -------
        Embeddings
            Unit rows ``(pictures, dimension)``.
        """
        parts = [
            self.vision.run(None, {"pixel_values": np.stack([self.prepare(p) for p in batch])})[0]
            for batch in _batches(pictures)
        ]
        return unit(np.concatenate(parts))

    def embed_texts(self, texts: list[str]) -> Embeddings:
        """Embed texts, 64 at a time.

        Parameters
        ----------
        texts
            Any.

        Returns
        -------
        Embeddings
            Unit rows ``(texts, dimension)``.
        """
        parts = []
        for start in range(0, len(texts), _BATCH):
            encoded = self.tokenizer.encode_batch(texts[start : start + _BATCH])
            tokens = np.array([e.ids for e in encoded], dtype=np.int64)
            mask = np.array([e.attention_mask for e in encoded], dtype=np.int64)
            parts.append(self.text.run(None, {"input_ids": tokens, "attention_mask": mask})[0])
        return unit(np.concatenate(parts))


def open_picture(content: bytes) -> Image.Image:
    """Decode a file to upright RGB.

    Parameters
    ----------
    content
        The encoded file.

    Returns
    -------
    PIL.Image.Image
        RGB.
    """
    with Image.open(io.BytesIO(content)) as opened:
        return ImageOps.exif_transpose(opened).convert("RGB")


def unit(rows: Embeddings) -> Embeddings:
    """Scale rows to length one.

    Parameters
    ----------
    rows
        ``(n, dimension)``.

    Returns
    -------
    Embeddings
        Same shape.
    """
    scaled: Embeddings = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return scaled


def _batches(pictures: Iterable[Image.Image]) -> Iterator[list[Image.Image]]:
    waiting = iter(pictures)
    while batch := list(islice(waiting, _BATCH)):
        yield batch
