"""Painters of fireworks and snowmen."""

from __future__ import annotations

import math
from itertools import pairwise

from ilk.demo.canvas import Canvas, Colour, Point, mix, times
from ilk.demo.land import (
    paint_conifer,
    paint_grass,
    paint_hills,
    paint_shadow,
    paint_water,
)
from ilk.demo.palette import COLOURS, Choices, colour_of
from ilk.demo.skies import paint_sky, paint_weather


def paint_fireworks(canvas: Canvas, choices: Choices) -> None:
    """Fireworks over dark water and a far shore."""
    horizon = 84.0
    light = paint_sky(canvas, time="night", weather="clear", horizon=horizon, clouds=0.1, sun=False)
    paint_hills(canvas, (0.12, 0.13, 0.18), light, base=horizon + 1, rise=7, distance=0.0)
    canvas.boxes(
        (canvas.between(0, canvas.width), horizon - canvas.between(0.5, 4), 0.45, 0.45, (1.0, 0.83, 0.5))
        for _ in range(70)
    )
    hues = (
        [COLOURS[choices.colour]]
        if choices.colour
        else [COLOURS[name] for name in ("red", "yellow", "blue", "green", "pink", "orange")]
    )
    count = choices.count or int(canvas.rng.integers(3, 6))
    for place in range(count):
        centre = (canvas.width * (place + 0.5 + canvas.between(-0.2, 0.2)) / count, canvas.between(20, 48))
        _burst(canvas, centre, canvas.between(17, 25), mix(hues[int(canvas.rng.integers(len(hues)))], (1, 1, 1), 0.25))
    paint_water(canvas, light, horizon=horizon, deep=(0.03, 0.05, 0.10))


def _burst(canvas: Canvas, centre: Point, r: float, colour: Colour) -> None:
    canvas.glow(centre, r * 0.75, colour, 0.40)
    sparks, strokes = [], []
    for _ in range(110):
        angle, reach = canvas.between(0, math.tau), r * math.sqrt(canvas.between(0.15, 1))
        path = [
            (centre[0] + reach * t * math.cos(angle), centre[1] + reach * t * math.sin(angle) + 0.16 * r * t * t)
            for t in (0.35, 0.6, 0.8, 1.0)
        ]
        for step, (start, end) in enumerate(pairwise(path)):
            strokes.append((start, end, 0.22, times(colour, 0.35 + 0.28 * step)))
        sparks.append((*path[-1], 0.42, 0.42, mix(colour, (1, 1, 1), 0.65)))
    canvas.blades(strokes)
    canvas.dabs(sparks)
    canvas.glow(centre, r * 0.16, (1, 0.97, 0.9), 0.8)


def paint_snowman(canvas: Canvas, choices: Choices) -> None:
    """A snowman with a hat and a coloured scarf, firs behind."""
    horizon = 58.0
    light = paint_sky(canvas, time=choices.time, weather=choices.weather, horizon=horizon)
    paint_hills(canvas, (0.84, 0.88, 0.95), light, base=horizon + 2, rise=13, distance=0.25)
    for _ in range(16):
        paint_conifer(
            canvas,
            (canvas.between(0, canvas.width), canvas.between(60, 68)),
            canvas.between(17, 30),
            light,
            season="winter",
            distance=0.22,
        )
    paint_grass(canvas, "winter", light, horizon=horizon + 6)
    x = canvas.width * canvas.between(0.38, 0.62)
    paint_shadow(canvas, (x + 8, 92), (26, 4))
    snow = light.on((0.96, 0.97, 1.0))
    for y, r in ((77.0, 18.0), (52.0, 13.5), (33.0, 9.5)):
        canvas.ball((x, y), r, snow, gloss=0)
    for side in (-1, 1):
        canvas.line([(x + side * 12, 50), (x + side * 22, 41), (x + side * 25, 36)], light.on((0.30, 0.20, 0.12)), 1.0)
        canvas.line([(x + side * 22, 41), (x + side * 27, 41)], light.on((0.30, 0.20, 0.12)), 0.7)
    colour = colour_of(canvas, choices.colour)
    canvas.line([(x - 9, 40), (x - 4, 42.5), (x + 4, 42.5), (x + 9, 40)], light.on(colour), 4.6)
    canvas.polygon(
        [(x + 4, 42), (x + 9, 41), (x + 12, 58), (x + 6.5, 59)], (light.on(colour), light.on(times(colour, 0.75)))
    )
    coal = light.on((0.08, 0.08, 0.09))
    canvas.dabs(
        [
            (x - 3.4, 30.5, 1.1, 1.2, coal),
            (x + 3.4, 30.5, 1.1, 1.2, coal),
            *((x, y, 1.2, 1.2, coal) for y in (48.5, 53.5, 58.5)),
        ]
    )
    canvas.polygon(
        [(x - 1, 33), (x + 1.4, 35.4), (x + 11, 36)], (light.on((1.0, 0.62, 0.18)), light.on((0.88, 0.40, 0.08)))
    )
    canvas.ellipse((x, 24.5), (11.5, 2.0), light.on((0.13, 0.12, 0.14)))
    canvas.rectangle(
        (x - 7.2, 10.5), (14.4, 14), (light.on((0.20, 0.19, 0.21)), light.on((0.10, 0.10, 0.11))), radius=1
    )
    canvas.rectangle((x - 7.2, 20.4), (14.4, 2.6), light.on(colour))
    paint_weather(canvas, choices.weather, light)
