"""A small paint box over Pillow: soft shapes, gradients, noise and dabs, painted large and scaled down.

A canvas is 100 units high, whatever its size in pixels, and as wide as its aspect ratio makes it; y grows downwards.
Colours are RGB triples in [0, 1].
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops, ImageDraw, ImageFilter

Field: TypeAlias = npt.NDArray[np.float32]
Colour: TypeAlias = tuple[float, float, float]
Point: TypeAlias = tuple[float, float]
Paint: TypeAlias = Colour | tuple[Colour, Colour]
"""One colour, or two: from the top of a shape to its bottom."""

HEIGHT = 100.0
SCALE = 2
"""How much larger a picture is painted than it is kept: that smooths its edges."""


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """Some of `a`, and this share of `b`."""
    return (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share)


def times(a: Colour, b: Colour | float) -> Colour:
    """The colour in this light."""
    r, g, blue = b if isinstance(b, tuple) else (b, b, b)
    return (min(a[0] * r, 1.0), min(a[1] * g, 1.0), min(a[2] * blue, 1.0))


def smoothstep(field: npt.NDArray[np.floating], low: float, high: float | Field) -> Field:
    """0 below `low`, 1 above `high`, and an S between."""
    t: Field = np.clip((field - low) / (high - low), 0, 1).astype(np.float32)
    eased: Field = t * t * (3 - 2 * t)
    return eased


def _bytes(colour: Colour) -> tuple[int, int, int]:
    r, g, b = (max(0, min(255, round(255 * part))) for part in colour)
    return r, g, b


class Canvas:
    """Somewhere to paint.

    Parameters
    ----------
    size
        Width and height in pixels of the picture to be.
    rng
        Where all chance comes from.
    """

    def __init__(self, size: tuple[int, int], rng: np.random.Generator) -> None:
        self.size = size
        self.rng = rng
        self.pixels = (size[0] * SCALE, size[1] * SCALE)
        self.unit = self.pixels[1] / HEIGHT
        self.width = HEIGHT * size[0] / size[1]
        self.image = Image.new("RGB", self.pixels)

    # -- chance ---------------------------------------------------------------------------------------------------

    def between(self, low: float, high: float) -> float:
        """Any number from `low` to `high`."""
        return float(self.rng.uniform(low, high))

    def vary(self, colour: Colour, amount: float = 0.05) -> Colour:
        """Nearly this colour."""
        common, *own = self.rng.normal(0, (amount, amount / 3, amount / 3, amount / 3)).tolist()
        r, g, b = (min(max(part * (1 + common) + shift, 0.0), 1.0) for part, shift in zip(colour, own, strict=True))
        return r, g, b

    def noise(self, across: float, down: float, *, octaves: int = 4, rough: float = 0.5) -> Field:
        """Smooth noise over the whole canvas, mean 0.5, mostly within [0, 1].

        Octaves of random values on ever finer grids, stretched with cubic interpolation.

        Parameters
        ----------
        across, down
            Units from one bump to the next, in the coarsest octave.
        rough
            How much each finer octave counts against the one before.
        """
        total = np.zeros(self.pixels[::-1], np.float32)
        weight, weights = 1.0, 0.0
        for octave in range(octaves):
            cells = (
                min(self.pixels[0], max(2, math.ceil(self.width / across * 2**octave) + 2)),
                min(self.pixels[1], max(2, math.ceil(HEIGHT / down * 2**octave) + 2)),
            )
            grid = Image.fromarray(self.rng.random(cells[::-1], np.float32))
            total += weight * np.asarray(grid.resize(self.pixels, Image.Resampling.BICUBIC))
            weights += weight
            weight *= rough
        return np.clip((total / weights - 0.5) * 1.6 + 0.5, 0, 1).astype(np.float32)

    def ridge(self, step: float, *, octaves: int = 5, rough: float = 0.5) -> Field:
        """A line of noise, one value in [0, 1] for each column: the outline of hills."""
        total = np.zeros(self.pixels[0], np.float32)
        columns = np.linspace(0, self.width, self.pixels[0], dtype=np.float32)
        weight, weights = 1.0, 0.0
        for octave in range(octaves):
            knots = self.rng.random(max(3, math.ceil(self.width / step * 2**octave) + 2)).astype(np.float32)
            total += weight * np.interp(columns * 2**octave / step, np.arange(len(knots)), knots).astype(np.float32)
            weights += weight
            weight *= rough
        return (total / weights).astype(np.float32)

    # -- where things are -----------------------------------------------------------------------------------------

    def ys(self) -> Field:
        """The height of each row in units, shape (rows, 1)."""
        return np.linspace(0, HEIGHT, self.pixels[1], dtype=np.float32)[:, None]

    def xs(self) -> Field:
        """The place of each column in units, shape (1, columns)."""
        return np.linspace(0, self.width, self.pixels[0], dtype=np.float32)[None, :]

    # -- painting all over ----------------------------------------------------------------------------------------

    def wash(self, stops: Sequence[tuple[float, Colour]], *, top: float = 0.0, bottom: float = HEIGHT) -> None:
        """A vertical gradient from edge to edge, through colours at heights of 0 (top) to 1 (bottom)."""
        first, last = self._rows(top, bottom)
        heights = np.linspace(0, 1, max(last - first, 1))
        places = [place for place, _ in stops]
        column = np.stack([np.interp(heights, places, [colour[c] for _, colour in stops]) for c in range(3)], axis=-1)
        strip = Image.fromarray(
            (column * 255 + self.rng.random((len(column), 1))).clip(0, 255).astype(np.uint8)[:, None]
        )
        self.image.paste(strip.resize((self.pixels[0], len(column)), Image.Resampling.NEAREST), (0, first))

    def cover(self, paint: Colour | Field, mask: Field) -> None:
        """Lay a colour, or a picture of shape (rows, columns, 3), over the canvas where the mask in [0, 1] says."""
        stencil = Image.fromarray((np.clip(np.broadcast_to(mask, self.pixels[::-1]), 0, 1) * 255).astype(np.uint8))
        if isinstance(paint, tuple):
            self.image.paste(_bytes(paint), (0, 0), stencil)
        else:
            self.image.paste(Image.fromarray((np.clip(paint, 0, 1) * 255).astype(np.uint8)), (0, 0), stencil)

    def shade(self, factor: npt.NDArray[np.floating]) -> None:
        """Make the picture lighter or darker by a factor for each pixel."""
        values = np.asarray(self.image, np.float32) * np.broadcast_to(factor, self.pixels[::-1])[..., None]
        self.image = Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))

    def soften(self, radius: float) -> None:
        """Put what is painted so far out of focus."""
        self.image = self.image.filter(ImageFilter.GaussianBlur(radius * self.unit))

    def array(self) -> Field:
        """What is painted so far, of shape (rows, columns, 3), in [0, 1]."""
        return np.asarray(self.image, np.float32) / np.float32(255)

    # -- painting shapes ------------------------------------------------------------------------------------------

    def polygon(self, points: Iterable[Point], paint: Paint, *, blur: float = 0, opacity: float = 1) -> None:
        """A filled outline."""
        corners = [(x * self.unit, y * self.unit) for x, y in points]
        self._stamp(corners, paint, blur, opacity, lambda pen, moved: pen.polygon(moved, fill=255))

    def ellipse(
        self, centre: Point, radii: tuple[float, float] | float, paint: Paint, *, blur: float = 0, opacity: float = 1
    ) -> None:
        """An ellipse or a disc."""
        (x, y), (rx, ry) = centre, radii if isinstance(radii, tuple) else (radii, radii)
        box = [((x - rx) * self.unit, (y - ry) * self.unit), ((x + rx) * self.unit, (y + ry) * self.unit)]
        self._stamp(box, paint, blur, opacity, lambda pen, moved: pen.ellipse([*moved[0], *moved[1]], fill=255))

    def rectangle(
        self, corner: Point, extent: Point, paint: Paint, *, radius: float = 0, blur: float = 0, opacity: float = 1
    ) -> None:
        """A box of this width and height, its corners rounded."""
        (x, y), (w, h) = corner, extent
        box = [(x * self.unit, y * self.unit), ((x + w) * self.unit, (y + h) * self.unit)]
        self._stamp(
            box,
            paint,
            blur,
            opacity,
            lambda pen, moved: pen.rounded_rectangle([*moved[0], *moved[1]], radius=radius * self.unit, fill=255),
        )

    def line(
        self, points: Iterable[Point], paint: Colour, width: float, *, blur: float = 0, opacity: float = 1
    ) -> None:
        """A stroke through these points, with round ends."""
        path = [(x * self.unit, y * self.unit) for x, y in points]
        thick = max(1, round(width * self.unit))

        def stroke(pen: ImageDraw.ImageDraw, moved: list[Point]) -> None:
            pen.line(moved, fill=255, width=thick, joint="curve")
            for x, y in (moved[0], moved[-1]):
                pen.ellipse([x - thick / 2, y - thick / 2, x + thick / 2, y + thick / 2], fill=255)

        self._stamp(path, paint, blur, opacity, stroke, margin=thick)

    def ball(self, centre: Point, radius: float, colour: Colour, *, gloss: float = 0.5) -> None:
        """A sphere lit from the upper left, with a highlight if it is glossy."""
        (x, y), (dx, dy) = centre, (-0.4, -0.5)
        side = max(4, round(2 * radius * self.unit))
        v, u = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j].astype(np.float32)
        depth = np.sqrt(np.clip(1 - u * u - v * v, 0, 1))
        facing = np.clip(dx * u + dy * v + 0.75 * depth, 0, 1)
        shine = gloss * np.exp(-((u - dx * 0.9) ** 2 + (v - dy * 0.9) ** 2) / 0.035)
        skin = np.asarray(colour, np.float32) * (0.34 + 0.8 * facing[..., None]) + shine[..., None]
        edge = np.clip((1 - np.hypot(u, v)) * side / 2, 0, 1)
        self._paste_array(skin, edge, (x - radius, y - radius))

    def glow(self, centre: Point, radius: float, colour: Colour, strength: float = 1.0) -> None:
        """Light that adds to what is there and fades with distance."""
        (x, y), reach = centre, radius * 3
        box = self._box(x - reach, y - reach, x + reach, y + reach)
        if box is None:
            return
        us = (np.arange(box[0], box[2], dtype=np.float32) / self.unit - x)[None]
        vs = (np.arange(box[1], box[3], dtype=np.float32) / self.unit - y)[:, None]
        fall = strength * np.exp(-(us**2 + vs**2) / (radius**2))
        light = (np.clip(fall[..., None] * np.asarray(colour, np.float32), 0, 1) * 255).astype(np.uint8)
        here = self.image.crop(box)
        self.image.paste(ImageChops.screen(here, Image.fromarray(light)), box[:2])

    def dabs(self, spots: Iterable[tuple[float, float, float, float, Colour]]) -> None:
        """Many small strokes of an opaque brush: x, y, two radii and a colour each. The cheapest way to paint much."""
        pen = ImageDraw.Draw(self.image)
        for x, y, rx, ry, colour in spots:
            left, top = (x - rx) * self.unit, (y - ry) * self.unit
            pen.ellipse([left, top, left + 2 * rx * self.unit, top + 2 * ry * self.unit], fill=_bytes(colour))

    def blades(self, strokes: Iterable[tuple[Point, Point, float, Colour]]) -> None:
        """Many opaque straight strokes: from, to, width and colour each."""
        pen = ImageDraw.Draw(self.image)
        for start, end, width, colour in strokes:
            pen.line(
                [start[0] * self.unit, start[1] * self.unit, end[0] * self.unit, end[1] * self.unit],
                fill=_bytes(colour),
                width=max(1, round(width * self.unit)),
            )

    def boxes(self, boxes: Iterable[tuple[float, float, float, float, Colour]]) -> None:
        """Many small opaque boxes: x, y, width, height and a colour each."""
        pen = ImageDraw.Draw(self.image)
        for x, y, w, h, colour in boxes:
            left, top = x * self.unit, y * self.unit
            pen.rectangle(
                [left, top, left + max(w * self.unit - 1, 0), top + max(h * self.unit - 1, 0)], fill=_bytes(colour)
            )

    # -- the end --------------------------------------------------------------------------------------------------

    def finish(self, *, wobble: float = 0.3, grain: float = 0.014) -> Image.Image:
        """Give it a hand's unsteadiness and the grain of paper, and scale it to its size."""
        if wobble:
            self._waver(wobble)
        streaks = self.noise(7.0, 2.3, octaves=3, rough=0.6) - 0.5
        xs, ys = self.xs() / self.width - 0.5, self.ys() / HEIGHT - 0.5
        self.shade(1 + 0.06 * streaks - 0.22 * (xs**2 + ys**2))
        small = np.asarray(self.image.resize(self.size, Image.Resampling.LANCZOS, reducing_gap=3.0), np.float32)
        small = small + self.rng.normal(0, grain * 255, (*small.shape[:2], 1)).astype(np.float32)
        return Image.fromarray(np.clip(small, 0, 255).astype(np.uint8))

    def _waver(self, amount: float) -> None:
        """Push each pixel a little along smooth noise, as Pillow's mesh transform does, but continuous."""
        rows, columns = np.indices(self.pixels[::-1], np.int32)
        dx = ((self.noise(5, 5, octaves=2) - 0.5) * 2 * amount * self.unit).astype(np.int32)
        dy = ((self.noise(5, 5, octaves=2) - 0.5) * 2 * amount * self.unit).astype(np.int32)
        rows = np.clip(rows + dy, 0, self.pixels[1] - 1)
        columns = np.clip(columns + dx, 0, self.pixels[0] - 1)
        self.image = Image.fromarray(np.asarray(self.image)[rows, columns])

    # -- underneath -----------------------------------------------------------------------------------------------

    def _rows(self, top: float, bottom: float) -> tuple[int, int]:
        return max(0, round(top * self.unit)), min(self.pixels[1], round(bottom * self.unit))

    def _box(self, left: float, top: float, right: float, bottom: float) -> tuple[int, int, int, int] | None:
        box = (
            max(0, math.floor(left * self.unit)),
            max(0, math.floor(top * self.unit)),
            min(self.pixels[0], math.ceil(right * self.unit)),
            min(self.pixels[1], math.ceil(bottom * self.unit)),
        )
        return box if box[0] < box[2] and box[1] < box[3] else None

    def _stamp(
        self,
        points: list[Point],
        paint: Paint,
        blur: float,
        opacity: float,
        shape: Callable[[ImageDraw.ImageDraw, list[Point]], None],
        *,
        margin: float = 2.0,
    ) -> None:
        """Draw a shape's mask no larger than it needs to be, soften it, and pour the paint through."""
        reach = margin + 3 * blur * self.unit
        left, top = (math.floor(min(p[axis] for p in points) - reach) for axis in (0, 1))
        right, bottom = (math.ceil(max(p[axis] for p in points) + reach) for axis in (0, 1))
        left, top = max(left, -self.pixels[0]), max(top, -self.pixels[1])
        right, bottom = min(right, 2 * self.pixels[0]), min(bottom, 2 * self.pixels[1])
        if right <= max(left, 0) or bottom <= max(top, 0) or left >= self.pixels[0] or top >= self.pixels[1]:
            return
        mask = Image.new("L", (right - left, bottom - top))
        shape(ImageDraw.Draw(mask), [(x - left, y - top) for x, y in points])
        if blur:
            mask = mask.filter(ImageFilter.GaussianBlur(blur * self.unit))
        if opacity < 1:
            mask = mask.point(lambda value: value * opacity)
        self.image.paste(_sheet(paint, mask.size), (left, top), mask)

    def _paste_array(self, colours: Field, mask: Field, corner: Point) -> None:
        stencil = Image.fromarray((np.clip(mask, 0, 1) * 255).astype(np.uint8))
        picture = Image.fromarray((np.clip(colours, 0, 1) * 255).astype(np.uint8))
        self.image.paste(picture, (round(corner[0] * self.unit), round(corner[1] * self.unit)), stencil)


def _sheet(paint: Paint, size: tuple[int, int]) -> Image.Image:
    ends = np.asarray(paint, np.float32).reshape(-1, 3)
    strip = np.linspace(ends[0], ends[-1], size[1], dtype=np.float32)[:, None]
    return Image.fromarray((np.clip(strip, 0, 1) * 255 + 0.5).astype(np.uint8)).resize(size, Image.Resampling.NEAREST)
