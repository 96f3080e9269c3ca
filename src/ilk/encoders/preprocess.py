"""From an upright RGB picture to a model's input, pixel for pixel as the reference processors do it.

Resize with Pillow on 8-bit pixels, crop from the middle (with black around where the picture is smaller), rescale,
normalise. The first two happen for each picture, the last two for a batch, folded into one multiplication and one
addition a channel. What each model's files ask for is read by `ilk.encoders.preprocess_config`.

DINOv3's processor resizes floating-point tensors instead, with torch's antialiasing. Pillow resizes floating-point
channels with the same filters, and agrees to five digits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from ilk.encoders.resizing import resize

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL.Image import Image

    from ilk.encoders.base import Pixels

CHANNELS = 3

Triple: TypeAlias = tuple[float, float, float]
"""A number for each channel."""


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
    mean: Triple
    std: Triple
    floating: bool = False
    blue_first: bool = False
    rounds_to_even: bool = False

    @property
    def image_size(self) -> int:
        """The shorter side in pixels before cropping: all that is looked at of a picture."""
        return self.shortest_edge or min(self.resized or (self.height, self.width))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of a prepared picture: height, width, channels."""
        return self.height, self.width, CHANNELS

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
