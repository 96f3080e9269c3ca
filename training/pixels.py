"""All pictures decoded once, in two memory-mapped arrays.

Small pictures (Tiny ImageNet is 64 px) and the others live apart, so that nothing is stored larger than
it came. A picture is stored squashed to a square, with the aspect ratio it had.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from training.manifest import Picture, read_files
from training.settings import Settings

Pixels = npt.NDArray[np.uint8]
_CHUNK = 512


@dataclass(frozen=True)
class PixelStore:
    """Pixels of every picture, by its row in the manifest.

    Attributes
    ----------
    arrays
        Pictures as ``(rows, px, px, 3)``, one array for each size.
    which, row
        For each picture of the manifest, its array and the row there.
    aspects
        Width divided by height of the original, for each picture.
    """

    arrays: tuple[Pixels, ...]
    which: npt.NDArray[np.int64]
    row: npt.NDArray[np.int64]
    aspects: npt.NDArray[np.float32]

    def __getitem__(self, index: int) -> Pixels:
        """Return one picture as ``(px, px, 3)``."""
        picture: Pixels = self.arrays[self.which[index]][self.row[index]]
        return picture

    def __len__(self) -> int:
        """Count the pictures."""
        return len(self.which)


def place_pictures(
    pictures: Sequence[Picture], settings: Settings
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Say in which array and which row each picture is stored.

    Parameters
    ----------
    pictures
        The manifest.
    settings
        Names the sources that are stored small.

    Returns
    -------
    tuple
        ``which`` and ``row`` of ``PixelStore``.
    """
    which = np.array([0 if p.source in settings.small_sources else 1 for p in pictures], dtype=np.int64)
    row = np.zeros(len(pictures), dtype=np.int64)
    for size in (0, 1):
        row[which == size] = np.arange((which == size).sum())
    return which, row


def build_pixels(data: Path, pictures: Sequence[Picture], folder: Path, settings: Settings) -> None:
    """Decode every picture into ``folder``; a finished folder is left as it is.

    Parameters
    ----------
    data
        Folder that holds the sources.
    pictures
        The manifest.
    folder
        Where the arrays go.
    settings
        The two sizes.
    """
    if (folder / "aspects.npy").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    which, row = place_pictures(pictures, settings)
    sizes = (settings.small_px, settings.store_px)
    arrays = [
        np.lib.format.open_memmap(
            folder / f"pixels_{px}.npy",
            mode="w+",
            dtype=np.uint8,
            shape=(max(1, int((which == k).sum())), px, px, 3),
        )
        for k, px in enumerate(sizes)
    ]
    aspects = np.ones(len(pictures), dtype=np.float32)
    with ThreadPoolExecutor() as pool:
        done = 0
        for chunk in _chunks(read_files(data, pictures, folder.parent)):
            px = [sizes[k] for k in which[done : done + len(chunk)]]
            for picture, aspect in pool.map(decode, chunk, px):
                arrays[which[done]][row[done]] = picture
                aspects[done] = aspect
                done += 1
    for array in arrays:
        array.flush()
    np.save(folder / "aspects.npy", aspects)


def open_pixels(pictures: Sequence[Picture], folder: Path, settings: Settings) -> PixelStore:
    """Open what ``build_pixels`` made.

    Parameters
    ----------
    pictures
        The same manifest.
    folder
        Where the arrays are.
    settings
        The two sizes.

    Returns
    -------
    PixelStore
        Read-only and memory-mapped.
    """
    which, row = place_pictures(pictures, settings)
    arrays = tuple(np.load(folder / f"pixels_{px}.npy", mmap_mode="r") for px in (settings.small_px, settings.store_px))
    return PixelStore(arrays, which, row, np.load(folder / "aspects.npy"))


def decode(content: bytes, px: int) -> tuple[Pixels, float]:
    """Decode one file and squash it to a square.

    Parameters
    ----------
    content
        The encoded file.
    px
        Side of the square in pixels.

    Returns
    -------
    tuple
        Pixels ``(px, px, 3)`` and the aspect ratio before squashing.
    """
    with Image.open(io.BytesIO(content)) as opened:
        upright = ImageOps.exif_transpose(opened)
        picture = _on_white(upright)
    aspect = picture.width / picture.height
    if picture.size != (px, px):
        picture = picture.resize((px, px), Image.Resampling.BICUBIC)
    return np.asarray(picture), aspect


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info:
        alpha = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", alpha.size, "white"), alpha).convert("RGB")
    return picture.convert("RGB")


def _chunks(files: Iterator[bytes]) -> Iterator[list[bytes]]:
    while chunk := list(itertools.islice(files, _CHUNK)):
        yield chunk
