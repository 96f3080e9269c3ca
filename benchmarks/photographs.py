"""JPEGs as people have them, made the same each time: of 640 pixels, and of 12 megapixels."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

SMALL = (640, 480)
LARGE = (4000, 3000)
QUALITY = 90
SMALLEST_SHARE = 0.6
"""Of a photograph's sides, what a crop of it has at least."""

_GRAIN = 6.0


def write_photographs(folder: Path, count: int, size: tuple[int, int], *, originals: Path | None) -> str:
    """Write JPEGs, no two alike, of about 100 kB at 640 pixels and 3 MB at 12 megapixels.

    Parameters
    ----------
    folder
        Where to. What is there already is kept: the same names have the same content.
    count
        How many.
    size
        Width and height.
    originals
        A folder of photographs to crop and enlarge; None to draw scenes instead.

    Returns
    -------
    What they were made of, in words.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = sorted(originals.glob("*.jpg")) if originals else []
    rng = np.random.default_rng(0)
    sources: Iterator[Image.Image] = itertools.cycle(_opened(files) if files else _drawn())
    for number in range(count):
        source, corner = next(sources), rng.random(3)
        path = folder / f"{number:05}.jpg"
        if not path.exists():
            _grained(_cropped(source, corner, size), seed=number).save(path, quality=QUALITY)
    return f"crops of {len(files)} photographs" if files else "crops of drawn scenes"


def _opened(files: list[Path]) -> list[Image.Image]:
    return [ImageOps.exif_transpose(Image.open(file)).convert("RGB") for file in files]


def _drawn() -> list[Image.Image]:
    from ilk.demo.scenes import KINDS, draw

    return [draw(kind, seed=0, size=SMALL).image for kind in KINDS]


def _cropped(source: Image.Image, corner: npt.NDArray[np.float64], size: tuple[int, int]) -> Image.Image:
    """A part of the picture in the proportions of `size`, enlarged to it."""
    width, height = source.size
    share = SMALLEST_SHARE + (1 - SMALLEST_SHARE) * corner[0]
    scale = share * min(width / size[0], height / size[1])
    wide, high = scale * size[0], scale * size[1]
    left, top = corner[1] * (width - wide), corner[2] * (height - high)
    return source.resize(size, Image.Resampling.BICUBIC, box=(left, top, left + wide, top + high))


def _grained(picture: Image.Image, *, seed: int) -> Image.Image:
    """With a sensor's noise, which is most of what a large JPEG has to store."""
    rng = np.random.default_rng(seed)
    grain = rng.normal(0, _GRAIN, (picture.height // 2, picture.width // 2)).repeat(2, 0).repeat(2, 1)
    grain += rng.normal(0, _GRAIN / 2, grain.shape)
    pixels = np.asarray(picture) + grain[:, :, None].astype(np.float32)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
