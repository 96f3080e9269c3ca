"""One way of turning a folder of pictures into an index, timed in a process of its own.

    python -m benchmarks.ways NAME CHECKPOINT PICTURES VECTORS.npy

`benchmarks.pipeline` starts these. Each imports, loads and warms first, on pictures of the folder held in memory, and
is then timed from the first look at the folder to an index that could be searched. The last line printed is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

if TYPE_CHECKING:
    from ilk.encoders.compute import Precision

Rows: TypeAlias = npt.NDArray[np.float32]
Work: TypeAlias = Callable[[], Rows]

BATCH = 32
"""What sentence-transformers is called with: its default."""

WARMING = 8

TOLD: dict[str, str] = {}
"""What a way says of itself, beside its times."""


def exported(checkpoint: Path) -> Path:
    """Where the ONNX files of a checkpoint are."""
    return checkpoint.with_name(f"{checkpoint.name}-onnx")


def ilk_gallery(model: Path, pictures: Path, precision: Precision = "auto") -> Work:
    """`Gallery.add`: list, read, hash, decode, encode, commit to SQLite."""
    import ilk
    from ilk.encoders.compute import ComputeOptions

    place = tempfile.mkdtemp(dir=pictures.parent)
    compute = ComputeOptions(precision=precision)
    gallery = ilk.create(Path(place) / "gallery", model=str(model), compute=compute)
    encoder = gallery.encoder()
    encoder.encode_images([Image.new("RGB", (640, 480), (n, n, n)) for n in range(encoder.batch_size)])
    _ = encoder.digest  # of its weights: a matter of once for a model, and cached

    def work() -> Rows:
        report = gallery.add(ilk.folder(pictures))
        assert report.added == report.encoded, report
        TOLD["computed_by"] = report.computed_by
        found = gallery.store.vectors(list(gallery.store.ids()), gallery.store.spaces()[0])
        return np.stack([row for _, row in sorted(found.items())])

    return work


def ilk_onnx(checkpoint: Path, pictures: Path) -> Work:
    """The same with ONNX files of the checkpoint, by whatever runs them best here."""
    return ilk_gallery(exported(checkpoint), pictures)


def recipe(checkpoint: Path, pictures: Path) -> Work:
    """The loop that recipes have: one picture after the other through transformers, then into FAISS."""
    import faiss
    import torch
    from transformers import AutoImageProcessor, CLIPModel

    model, processor = CLIPModel.from_pretrained(checkpoint).eval(), AutoImageProcessor.from_pretrained(checkpoint)

    def embed(image: Image.Image) -> Rows:
        inputs = processor(images=image, return_tensors="pt")
        with torch.no_grad():
            features = model.get_image_features(**inputs).pooler_output
        features /= features.norm(dim=-1, keepdim=True)
        rows: Rows = features.numpy()
        return rows

    for _ in range(WARMING):
        embed(Image.new("RGB", (640, 480)))

    def work() -> Rows:
        rows = np.concatenate([embed(Image.open(path).convert("RGB")) for path in sorted(pictures.glob("*.jpg"))])
        faiss.IndexFlatIP(rows.shape[1]).add(rows)
        return rows

    return work


def sentence_transformers(checkpoint: Path, pictures: Path) -> Work:
    """`SentenceTransformer.encode` in its own batches, then into FAISS."""
    import faiss
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(checkpoint), device="cpu", local_files_only=True)

    def embed(images: list[Image.Image]) -> Rows:
        rows: Rows = model.encode(images, batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False)
        return rows

    embed([Image.new("RGB", (640, 480))] * BATCH)

    def work() -> Rows:
        rows = embed([Image.open(path) for path in sorted(pictures.glob("*.jpg"))])
        faiss.IndexFlatIP(rows.shape[1]).add(rows)
        return rows

    return work


def decoding(checkpoint: Path, pictures: Path) -> Work:
    """What `ilk` does to a picture before the model, on all processors, and nothing else: one limit."""
    from ilk import pictures as reading
    from ilk.encoders import load_encoder
    from ilk.machine import usable_processors

    encoder = load_encoder(checkpoint)
    size = encoder.image_size

    def prepare(path: Path) -> None:
        encoder.prepare_image(reading.load(path, size=size).image)

    def work() -> Rows:
        with ThreadPoolExecutor(usable_processors()) as pool:
            list(pool.map(prepare, sorted(pictures.glob("*.jpg"))))
        return np.empty((0, 0), np.float32)

    return work


def model_only(checkpoint: Path, pictures: Path) -> Work:
    """The model on pictures that are prepared already: the other limit."""
    return _encoding(checkpoint, pictures, "auto")


def float32_only(checkpoint: Path, pictures: Path) -> Work:
    """The same in float32, to compare vectors with."""
    return _encoding(checkpoint, pictures, "float32")


def _encoding(checkpoint: Path, pictures: Path, precision: Any) -> Work:
    from ilk import pictures as reading
    from ilk.encoders import load_encoder

    encoder = load_encoder(checkpoint, precision=precision)
    paths = sorted(pictures.glob("*.jpg"))
    ready = np.stack([encoder.prepare_image(reading.load(path, size=encoder.image_size).image) for path in paths])
    size = encoder.batch_size
    encoder.encode_prepared(ready[:size])
    return lambda: np.concatenate([encoder.encode_prepared(ready[n : n + size]) for n in range(0, len(ready), size)])


WAYS: dict[str, Callable[[Path, Path], Work]] = {
    "ilk": ilk_gallery,
    "ilk-onnx": ilk_onnx,
    "loop": recipe,
    "sentence-transformers": sentence_transformers,
    "decoding": decoding,
    "model": model_only,
    "model-float32": float32_only,
}


def main() -> None:
    """Load, warm, time, and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("way", choices=WAYS)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("vectors", type=Path)
    options = parser.parse_args()
    work = WAYS[options.way](options.checkpoint, options.pictures)
    before, started = os.times(), time.perf_counter()
    rows = work()
    took_s, after = time.perf_counter() - started, os.times()
    np.save(options.vectors, rows)
    processor_s = after.user + after.system - before.user - before.system
    print(json.dumps({"took_s": took_s, "processor_s": processor_s, **TOLD}))


if __name__ == "__main__":
    main()
