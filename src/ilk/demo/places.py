"""Where several things stand, so that none hides another."""

from __future__ import annotations

from collections.abc import Iterator

from ilk.demo.canvas import Canvas, Point


def spread(canvas: Canvas, count: int, *, low: float, high: float, gap: float) -> Iterator[Point]:
    """Places for so many things across the canvas, none over another, the farther ones (smaller y) first."""
    step = canvas.width / count
    columns = [step * (place + 0.5) + canvas.between(-0.5, 0.5) * max(step - gap, 0) for place in range(count)]
    heights = [canvas.between(low, high) for _ in range(count)]
    yield from sorted(zip(columns, heights, strict=True), key=lambda place: place[1])
