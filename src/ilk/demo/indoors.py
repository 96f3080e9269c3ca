"""Painters of what is indoors: fruit on a table, a clock on the wall, shapes cut out of paper."""

from __future__ import annotations

import math

import numpy as np

from ilk.demo.canvas import Canvas, Colour, Point, mix, times
from ilk.demo.land import (
    paint_shadow,
)
from ilk.demo.palette import Choices, colour_of
from ilk.demo.places import spread

FRUIT: dict[str, tuple[str, ...]] = {
    "apple": ("red", "green", "yellow"),
    "orange": ("orange",),
    "lemon": ("yellow",),
    "pear": ("green", "yellow"),
    "plum": ("violet",),
}


def paint_fruit(canvas: Canvas, choices: Choices) -> None:
    """Fruit on a wooden table, light from a window."""
    edge = 46.0
    wall = canvas.vary((0.66, 0.68, 0.64), 0.08)
    canvas.wash([(0, times(wall, 0.62)), (1, times(wall, 0.95))], bottom=edge)
    canvas.glow((canvas.width * 0.2, 8), 40, (0.9, 0.86, 0.7), 0.35)
    canvas.shade(1 + 0.12 * (canvas.noise(30, 30, octaves=5) - 0.5))
    wood = canvas.vary((0.56, 0.36, 0.20), 0.06)
    canvas.wash([(0, times(wall, 0.45)), (0.05, times(wood, 0.85)), (1, times(wood, 1.15))], top=edge)
    grain = canvas.noise(60, 1.3, octaves=5, rough=0.75)
    canvas.shade(1 + 0.5 * (grain - 0.5) * (canvas.ys() > edge))
    for board in (62.0, 84.0):
        canvas.line([(0, board), (canvas.width, board)], times(wood, 0.45), 0.35, opacity=0.6)
    count = choices.count or 3
    radius = {1: 19.0, 2: 17.0, 3: 15.0, 4: 13.0}.get(count, 56.0 / count)
    for x, y in spread(canvas, count, low=60, high=72, gap=radius * 2.1):
        _fruit(canvas, choices.form, (x, y), radius * canvas.between(0.93, 1.05), colour_of(canvas, choices.colour))


def _fruit(canvas: Canvas, form: str, centre: Point, r: float, colour: Colour) -> None:
    x, y = centre
    paint_shadow(canvas, (x + r * 0.45, y + r * 0.90), (r * 1.15, r * 0.22), opacity=0.55)
    paint_shadow(canvas, (x + r * 0.1, y + r * 0.95), (r * 0.7, r * 0.10), opacity=0.6)
    if form == "pear":
        for share in np.linspace(0, 1, 9):
            canvas.ball((x, y - r * 1.05 * (1 - share)), r * (0.46 + 0.54 * share**1.3), colour)
    elif form == "lemon":
        for side in (-1, 1):
            canvas.ball((x + side * r * 0.92, y), r * 0.22, colour)
        canvas.ball(centre, r * 0.98, colour)
    elif form == "apple":
        for dx in (-0.13, 0.13):
            canvas.ball((x + dx * r, y), r * 0.97, colour)
        streak = mix(colour, (0.98, 0.82, 0.35), 0.45)
        for _ in range(26):
            u = canvas.between(-0.62, 0.62)
            start = (x + u * r * 0.45, y - r * canvas.between(0.55, 0.72))
            canvas.line(
                [start, (x + u * r, y - r * canvas.between(-0.35, 0.4))], streak, r * 0.025, blur=0.25, opacity=0.3
            )
        canvas.ellipse((x, y - r * 0.80), (r * 0.26, r * 0.10), times(colour, 0.35), blur=r * 0.04)
    else:
        canvas.ball(centre, r, colour)
    if form == "orange":
        skin = (
            (x + a * r * 0.82, y + b * r * 0.82) for a, b in canvas.rng.normal(0, 0.4, (160, 2)) if a * a + b * b < 1
        )
        canvas.dabs((u, v, r * 0.012, r * 0.012, times(colour, canvas.between(0.6, 0.9))) for u, v in skin)
        canvas.ellipse((x + r * 0.1, y - r * 0.72), r * 0.06, (0.25, 0.36, 0.12))
    if form in {"apple", "pear"}:
        top = y - r * (0.80 if form == "apple" else 1.45)
        canvas.line(
            [(x, top), (x + r * 0.06, top - r * 0.22), (x + r * 0.16, top - r * 0.42)], (0.28, 0.18, 0.10), r * 0.07
        )
        leaf = [
            (x + r * 0.08, top - r * 0.22),
            (x + r * 0.34, top - r * 0.52),
            (x + r * 0.78, top - r * 0.50),
            (x + r * 0.45, top - r * 0.22),
        ]
        canvas.polygon(leaf, ((0.42, 0.66, 0.22), (0.18, 0.40, 0.12)))


SHAPES = ("circle", "square", "triangle", "star", "heart")


def paint_shapes(canvas: Canvas, choices: Choices) -> None:
    """Paper cut-outs on paper."""
    ground = canvas.vary((0.94, 0.91, 0.84), 0.03) if choices.colour != "white" else (0.30, 0.42, 0.52)
    canvas.wash([(0, ground), (1, times(ground, 0.93))])
    canvas.shade(1 + 0.10 * (canvas.noise(3, 3, octaves=4, rough=0.8) - 0.5))
    count = choices.count or 1
    columns = count if count <= 3 else math.ceil(count / 2)
    rows = 1 if count <= 3 else 2
    cell = (canvas.width / (columns + 0.4), 100 / (rows + 0.3))
    size = min(cell) * 0.36
    for place in range(count):
        row, column = divmod(place, columns)
        in_row = columns if row == 0 else count - columns
        x = canvas.width / 2 + (column - (in_row - 1) / 2) * cell[0] + canvas.between(-0.06, 0.06) * cell[0]
        y = 50 + (row - (rows - 1) / 2) * cell[1] + canvas.between(-0.05, 0.05) * cell[1]
        outline = _outline(choices.form, size, canvas.between(-0.2, 0.2))
        colour = colour_of(canvas, choices.colour)
        canvas.polygon(
            [(x + u + size * 0.07, y + v + size * 0.09) for u, v in outline],
            (0.1, 0.08, 0.06),
            blur=size * 0.06,
            opacity=0.4,
        )
        canvas.polygon([(x + u, y + v) for u, v in outline], (times(colour, 1.05), times(colour, 0.88)))


def _outline(form: str, size: float, turn: float) -> list[Point]:
    if form == "star":
        radii = [(1.0 if corner % 2 == 0 else 0.42, math.pi * corner / 5 - math.pi / 2) for corner in range(10)]
    elif form in {"square", "triangle"}:
        sides = {"square": 4, "triangle": 3}[form]
        first = math.pi / 4 if form == "square" else -math.pi / 2
        radii = [(1.15, first + math.tau * corner / sides) for corner in range(sides)]
    elif form == "heart":
        ts = np.linspace(0, math.tau, 60)
        curve = [
            (
                16 * math.sin(t) ** 3 / 16,
                -(13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)) / 16,
            )
            for t in ts
        ]
        radii = [(math.hypot(u, v), math.atan2(v, u)) for u, v in curve]
        turn *= 0.5
    else:
        radii = [(1.0, angle) for angle in np.linspace(0, math.tau, 72)]
    return [(size * r * math.cos(angle + turn), size * r * math.sin(angle + turn)) for r, angle in radii]


def paint_clock(canvas: Canvas, choices: Choices) -> None:
    """A round clock on a wall."""
    wall = canvas.vary(((0.58, 0.68, 0.66), (0.80, 0.70, 0.58), (0.62, 0.66, 0.76))[int(canvas.rng.integers(3))], 0.05)
    canvas.wash([(0, wall), (1, times(wall, 0.82))])
    canvas.shade(1 + 0.12 * (canvas.noise(18, 18, octaves=5, rough=0.65) - 0.5))
    canvas.glow((canvas.width * 0.15, 5), 60, (0.9, 0.85, 0.7), 0.3)
    r = min(37.0, canvas.width * 0.42)
    centre = (canvas.width / 2 + canvas.between(-0.16, 0.16) * r, 50.0)
    rim = colour_of(canvas, choices.colour)
    canvas.ellipse((centre[0] + 3.5, centre[1] + 5), r * 1.03, (0.08, 0.07, 0.06), blur=3, opacity=0.5)
    canvas.ellipse(centre, r * 1.07, (times(rim, 1.2), times(rim, 0.6)))
    canvas.ellipse(centre, r * 0.96, (times(rim, 0.55), times(rim, 1.05)))
    canvas.ellipse(centre, r * 0.93, ((0.98, 0.97, 0.93), (0.90, 0.89, 0.85)))
    ink = (0.10, 0.10, 0.12)
    for minute in range(60):
        hour = minute % 5 == 0
        inner, outer = (0.74 if minute % 15 == 0 else 0.78) if hour else 0.85, 0.885
        canvas.line(
            [_hand(centre, r * inner, minute / 60), _hand(centre, r * outer, minute / 60)], ink, 1.7 if hour else 0.45
        )
    minutes = canvas.between(0, 720)
    for turn, reach, width in ((minutes / 720, 0.48, 2.5), (minutes / 60, 0.74, 1.7)):
        tip, back = _hand(centre, r * reach, turn), _hand(centre, -r * 0.12, turn)
        canvas.line(
            [(back[0] + 0.7, back[1] + 1), (tip[0] + 0.7, tip[1] + 1)], (0, 0, 0), width, blur=0.5, opacity=0.25
        )
        canvas.line([back, tip], ink, width)
    second = canvas.between(0, 1)
    canvas.line([_hand(centre, -r * 0.18, second), _hand(centre, r * 0.8, second)], (0.80, 0.10, 0.08), 0.6)
    canvas.ellipse(centre, 2.1, (0.80, 0.10, 0.08))


def _hand(centre: Point, reach: float, turn: float) -> Point:
    return centre[0] + reach * math.sin(math.tau * turn), centre[1] - reach * math.cos(math.tau * turn)
