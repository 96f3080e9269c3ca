"""Vectors of pictures, and queries from words and from pictures, with the gap between the two that real models have.

A query in words lies elsewhere than the pictures it is to find (Liang et al. 2022, "Mind the gap"), so that an index
which was chosen with pictures may fail it. These vectors are made of real ones: `pocket` looks at photographs, whole
and at their middle, and both vectors side by side are the vector of a picture; a caption has its own twice. Cosines are
then means of two real cosines.

There are not a million photographs at hand. What is missing is put between them, as SMOTE does (Chawla et al. 2002): a
point on the way from a photograph to one of its nearest neighbours, off the line by noise of a tenth of the distance.
Queries are captions and photographs that took no part.
"""

from __future__ import annotations

import csv
import io
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

DATA = Path(__file__).parents[2] / "shared" / "data"
FOLDERS = ("flickr8k_train/images", "openstax", "clothing_train", "coco_free")
TARS = ("imagenette-000.tar", "intel_scenes-000.tar", "sports22-000.tar", "nips17_imagenet-000.tar", "recipes-000.tar")
FROM_TAR = 1_500
MIDDLE = 0.7
"""Of either side of a picture, as its second view."""

NEIGHBOURS = 10
NOISE = 0.1
CHUNK = 256
PROBES = 96

Rows = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class GapVectors:
    """Unit rows.

    Attributes
    ----------
    pictures
        Those that are searched, (n, d).
    text_queries, picture_queries
        Those that ask, (q, d) each.
    text_probes
        Other texts, for an engine that tunes itself to them, (p, d).
    how
        How they were made, for whoever reads the results.
    """

    pictures: Rows
    text_queries: Rows
    picture_queries: Rows
    text_probes: Rows
    how: str


def make(count: int, dimension: int, *, queries: int, data: Path = DATA, cache: Path | None = None) -> GapVectors:
    """Make vectors and queries; without the photographs, of made-up numbers with a made-up gap, which `how` says.

    Parameters
    ----------
    count, dimension
        n and d. Of real ones d is at most 512.
    queries
        q, of each kind.
    cache
        A folder to keep what `pocket` made of the photographs.
    """
    rng = np.random.default_rng(11)
    if not data.is_dir():
        return _made_up(count, dimension, queries, rng)
    pictures, texts = _embedded(data, cache)
    asked = rng.permutation(len(pictures))
    kept_out, rest = pictures[asked[:queries]], pictures[asked[queries:]]
    grown = _grown(rest, count, rng)
    drawn = rng.permutation(len(texts))
    words, probes = texts[drawn[:queries]], texts[drawn[queries : queries + PROBES]]
    how = (
        f"{len(rest)} photographs as pocket sees them, whole and at their middle, and points between neighbours; "
        f"{len(words)} captions and {len(kept_out)} other photographs ask"
    )
    if dimension < grown.shape[1]:
        turn = np.linalg.qr(rng.standard_normal((grown.shape[1], dimension)))[0].astype(np.float32)
        grown, words, kept_out, probes = (_unit(rows @ turn) for rows in (grown, words, kept_out, probes))
        how += f"; projected from 512 to {dimension} dimensions"
    elif dimension > grown.shape[1]:
        raise SystemExit(f"Real vectors have at most {grown.shape[1]} numbers; {dimension} were asked for.")
    return GapVectors(pictures=grown, text_queries=words, picture_queries=kept_out, text_probes=probes, how=how)


def _embedded(data: Path, cache: Path | None) -> tuple[Rows, Rows]:
    kept = None if cache is None else cache / "gap-vectors.npz"
    if kept is not None and kept.exists():
        found = np.load(kept)
        return found["pictures"], found["texts"]
    from ilk.encoders import load_encoder

    encoder = load_encoder("pocket")
    whole, middle = [], []
    for some in _chunks(_photographs(data)):
        whole.append(encoder.encode_images(some))
        middle.append(encoder.encode_images([_middle(picture) for picture in some]))
    pictures = _unit(np.concatenate([np.concatenate(whole), np.concatenate(middle)], axis=1))
    with (data / "flickr8k_train/captions.csv").open(newline="", encoding="utf-8") as lines:
        captions = [row["caption"] for row in csv.DictReader(lines)][::7]
    said = np.concatenate([encoder.encode_texts(captions[i : i + CHUNK]) for i in range(0, len(captions), CHUNK)])
    texts = _unit(np.concatenate([said, said], axis=1))
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.savez(kept, pictures=pictures, texts=texts)
    return pictures, texts


def _photographs(data: Path) -> Iterator[Image.Image]:
    for folder in FOLDERS:
        for path in sorted((data / folder).rglob("*")):
            if path.suffix in {".webp", ".jpg", ".jpeg", ".png"}:
                yield Image.open(path).convert("RGB")
    for name in TARS:
        taken = 0
        with tarfile.open(data / "train_more" / name) as tar:
            for member in tar:
                if member.name.endswith(".webp") and (file := tar.extractfile(member)) and taken < FROM_TAR:
                    taken += 1
                    yield Image.open(io.BytesIO(file.read())).convert("RGB")


def _chunks(pictures: Iterator[Image.Image]) -> Iterator[Sequence[Image.Image]]:
    some: list[Image.Image] = []
    for picture in pictures:
        some.append(picture)
        if len(some) == CHUNK:
            yield some
            some = []
    if some:
        yield some


def _middle(picture: Image.Image) -> Image.Image:
    width, height = picture.size
    left, top = width * (1 - MIDDLE) / 2, height * (1 - MIDDLE) / 2
    return picture.crop((round(left), round(top), round(width - left), round(height - top)))


def _grown(real: Rows, count: int, rng: np.random.Generator) -> Rows:
    """The real ones, and between each and its neighbours as many as are missing."""
    if count <= len(real):
        return real[:count]
    similarities = real @ real.T
    np.fill_diagonal(similarities, -1)
    near = np.argpartition(-similarities, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
    grown = np.empty((count, real.shape[1]), np.float32)
    grown[: len(real)] = real
    for start in range(len(real), count, 65_536):
        size = min(65_536, count - start)
        one = rng.integers(len(real), size=size)
        other = near[one, rng.integers(NEIGHBOURS, size=size)]
        way = rng.uniform(0, 1, (size, 1)).astype(np.float32)
        step = real[other] - real[one]
        noise = rng.standard_normal(step.shape, np.float32) / np.sqrt(np.float32(step.shape[1]))
        length = np.linalg.norm(step, axis=1, keepdims=True)
        grown[start : start + size] = _unit(real[one] + way * step + NOISE * length * noise)
    return grown


def _made_up(count: int, dimension: int, queries: int, rng: np.random.Generator) -> GapVectors:
    centres = _unit(rng.standard_normal((max(1, count // 500), dimension), np.float32))
    shift = _unit(rng.standard_normal((2, dimension), np.float32))

    def near(size: int, gap: int) -> Rows:
        noise = rng.standard_normal((size, dimension), np.float32) * np.float32(0.9 / np.sqrt(dimension))
        return _unit(_unit(centres[rng.integers(len(centres), size=size)] + noise) + shift[gap])

    return GapVectors(
        pictures=near(count, 0),
        text_queries=near(queries, 1),
        picture_queries=near(queries, 0),
        text_probes=near(PROBES, 1),
        how="made up: clusters, with texts shifted from pictures; there were no photographs",
    )


def _unit(rows: npt.NDArray[np.floating]) -> Rows:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)
