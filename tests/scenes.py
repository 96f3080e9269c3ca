"""Pictures with much to see in them, each another for each number."""

from __future__ import annotations

import random

from PIL import Image, ImageDraw, ImageFilter


def scene(number: int, size: tuple[int, int] = (240, 180)) -> Image.Image:
    """Overlapping ellipses of many colours, slightly blurred; the same for the same number, in any size."""
    chance = random.Random(number)  # noqa: S311 -- a picture, not a secret
    image = Image.new("RGB", (480, 360), _colour(chance))
    pen = ImageDraw.Draw(image)
    for _ in range(40):
        left, top = chance.randint(-60, 440), chance.randint(-60, 320)
        box = (left, top, left + chance.randint(20, 160), top + chance.randint(20, 160))
        pen.ellipse(box, fill=_colour(chance))
    return image.filter(ImageFilter.GaussianBlur(2)).resize(size, Image.Resampling.LANCZOS)


def _colour(chance: random.Random) -> tuple[int, int, int]:
    return (chance.randrange(256), chance.randrange(256), chance.randrange(256))
