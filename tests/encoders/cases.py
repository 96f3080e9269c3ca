"""What the suites over every family share: what is asked, and a family's checkpoint with what its reference says."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from encoders.checkpoints import FAMILIES, Builder
from encoders.references import Reference, Rows
from encoders.vocabularies import TEXTS
from ilk.encoders.compute import ComputeOptions
from ilk.encoders.families import CheckpointPooling
from ilk.encoders.torch import TorchEncoder

LEAST_COSINE = 0.9999
SIZES = ((640, 427), (427, 640), (33, 34), (17, 23), (300, 40), (64, 64), (251, 250), (90, 500))


@cache
def pictures() -> tuple[Image.Image, ...]:
    """Smooth fields of colour with edges and grain, of odd proportions, some smaller than a model's input."""
    made = []
    for seed, (width, height) in enumerate(SIZES):
        random = np.random.default_rng(seed)
        down, across = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
        field = np.zeros((height, width, 3))
        for channel in range(3):
            for turns_across, turns_down, phase in random.uniform(-4, 4, (4, 3)):
                field[..., channel] += np.sin(2 * np.pi * (turns_across * across + turns_down * down) + phase)
        field[(across - random.uniform()) ** 2 + (down - random.uniform()) ** 2 < 0.05] = random.uniform(-4, 4, 3)
        pixels = field * 32 + 128 + random.normal(0, 6, field.shape)
        made.append(Image.fromarray(pixels.clip(0, 255).astype(np.uint8)))
    return tuple(made)


@cache
def texts(name: str) -> tuple[str, ...]:
    """What a family is asked; TIPSv2 gives the empty text no direction, since it averages no tokens."""
    return tuple(text for text in TEXTS if text or name != "tipsv2")


@dataclass
class Case:
    """A family's checkpoint, its reference, and what the reference says."""

    name: str
    folder: Path

    @property
    def builder(self) -> Builder:
        return FAMILIES[self.name]

    @cached_property
    def reference(self) -> Reference:
        return Reference(self.name, self.folder)

    @cached_property
    def images(self) -> Rows:
        return self.reference.images(pictures())

    @cached_property
    def texts(self) -> Rows:
        return self.reference.texts(texts(self.name))

    def open(self, pooling: CheckpointPooling | None = None, batch_size: int | None = None) -> TorchEncoder:
        options = ComputeOptions(device="cpu", precision="float32", threads=1, batch_size=batch_size)
        return TorchEncoder(self.folder, name=self.name, pooling=pooling, options=options)

    @cached_property
    def encoder(self) -> TorchEncoder:
        return self.open()


def cosines(found: npt.NDArray[np.float32], expected: Rows) -> npt.NDArray[np.float64]:
    """Row by row; both have unit rows, which is looked at too."""
    assert found.shape == expected.shape
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    each: npt.NDArray[np.float64] = (found.astype(np.float64) * expected).sum(1)
    return each
