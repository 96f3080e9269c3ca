"""Painters of things one can count, in wide views: boats, balloons, flowers."""

from __future__ import annotations

import math

import numpy as np

from ilk.demo.canvas import Canvas, Colour, Point, mix, smoothstep, times
from ilk.demo.land import (
    GREENS,
    paint_grass,
    paint_hills,
    paint_mountains,
    paint_water,
)
from ilk.demo.palette import COLOURS, Choices, colour_of
from ilk.demo.places import spread
from ilk.demo.skies import Light, paint_sky, paint_weather


def paint_boats(canvas: Canvas, choices: Choices) -> None:
    """Sailing boats."""
    horizon = canvas.between(48, 56)
    light = paint_sky(canvas, time=choices.time, weather=choices.weather, horizon=horizon)
    if choices.time != "night":
        paint_hills(canvas, (0.30, 0.42, 0.38), light, base=horizon + 1, rise=9, distance=0.55, step=60)
    paint_water(canvas, light, horizon=horizon)
    count = choices.count or 1
    size = {1: 48.0, 2: 38.0, 3: 30.0}.get(count, 96.0 / count)
    for x, y in spread(canvas, count, low=66, high=82, gap=size * 0.9):
        tall = size * (0.75 + 0.02 * (y - 66))
        _boat(canvas, (x, y), tall, colour_of(canvas, choices.colour), light)
    paint_weather(canvas, choices.weather, light)


def _boat(canvas: Canvas, foot: Point, tall: float, colour: Colour, light: Light) -> None:
    x, y = foot
    side = -1 if canvas.between(0, 1) < 0.5 else 1
    for step in range(14):
        level = y + tall * (0.02 + 0.035 * step)
        wide = tall * 0.28 * (1 - step / 15) * canvas.between(0.6, 1.1)
        shift = canvas.between(-0.05, 0.05) * tall
        canvas.line(
            [(x - wide + shift, level), (x + wide + shift, level)],
            light.on(mix(colour, (0.1, 0.25, 0.35), 0.4)),
            tall * 0.012,
            blur=0.15,
            opacity=0.5,
        )
    top = (x, y - tall)
    canvas.line([(x, y - tall * 0.05), top], light.on((0.45, 0.32, 0.22)), tall * 0.016)
    bulge = [
        (x + side * tall * (0.02 + 0.42 * t**0.8 + 0.06 * math.sin(math.pi * t)), y - tall * (0.97 - 0.80 * t))
        for t in np.linspace(0, 1, 14)
    ]
    main = [(x + side * tall * 0.02, y - tall * 0.97), *bulge, (x + side * tall * 0.02, y - tall * 0.16)]
    canvas.polygon(main, (light.on(times(colour, 1.12)), light.on(times(colour, 0.80))))
    for level in (0.3, 0.5, 0.7):
        end = bulge[round(level * 13)]
        canvas.line([(x + side * tall * 0.02, end[1] + tall * 0.02), end], light.on(times(colour, 0.72)), tall * 0.006)
    jib = [
        (x - side * tall * 0.02, y - tall * 0.9),
        *[(x - side * tall * (0.02 + 0.30 * t**1.25), y - tall * (0.9 - 0.76 * t)) for t in np.linspace(0, 1, 10)],
        (x - side * tall * 0.03, y - tall * 0.16),
    ]
    pale = mix(colour, (1, 1, 1), 0.35) if colour[0] + colour[1] + colour[2] < 2.6 else times(colour, 0.93)
    canvas.polygon(jib, (light.on(pale), light.on(times(pale, 0.85))))
    hull = [
        (x - side * tall * 0.36, y - tall * 0.115),
        (x + side * tall * 0.44, y - tall * 0.10),
        (x + side * tall * 0.36, y + tall * 0.02),
        (x - side * tall * 0.22, y + tall * 0.025),
    ]
    canvas.polygon(hull, (light.on((0.97, 0.96, 0.93)), light.on((0.66, 0.67, 0.70))))
    canvas.line([hull[0], hull[1]], light.on(times(colour, 0.8)), tall * 0.018)
    canvas.line(
        [(x - side * tall * 0.3, y + tall * 0.03), (x + side * tall * 0.42, y + tall * 0.03)],
        light.on((1, 1, 1)),
        tall * 0.012,
        blur=0.2,
        opacity=0.7,
    )


def paint_balloons(canvas: Canvas, choices: Choices) -> None:
    """Hot-air balloons over a valley."""
    horizon = 84.0
    light = paint_sky(canvas, time=choices.time, weather=choices.weather, horizon=horizon)
    paint_mountains(canvas, light, base=horizon, rise=16, distance=0.55, snow=0.0, rock=(0.36, 0.40, 0.46))
    green = GREENS[choices.season]
    paint_hills(canvas, green[1], light, base=horizon + 4, rise=8, distance=0.3)
    paint_hills(canvas, green[0], light, base=horizon + 12, rise=10, distance=0.05)
    count = choices.count or 1
    size = {1: 46.0, 2: 36.0, 3: 30.0, 4: 25.0}.get(count, 21.0)
    for x, y in spread(canvas, count, low=size * 0.85, high=max(62.0 - size * 0.35, size), gap=size * 0.8):
        _balloon(canvas, (x, y), size * canvas.between(0.85, 1.0), colour_of(canvas, choices.colour), light)
    paint_weather(canvas, choices.weather, light)


def _envelope(share: float) -> float:
    """Half the width of a balloon at this share of its height from the top, of 1."""
    return (
        math.sqrt(max(0.0, 1 - ((share - 0.40) / 0.40) ** 2))
        if share < 0.40
        else math.cos((share - 0.40) / 0.60 * 1.33) ** 0.9
    )


def _balloon(canvas: Canvas, centre: Point, tall: float, colour: Colour, light: Light) -> None:
    x, y = centre
    top, wide = y - tall * 0.5, tall * 0.39
    second = (0.97, 0.94, 0.86) if canvas.between(0, 1) < 0.7 else mix(colour, (1, 0.9, 0.4), 0.6)
    levels = np.linspace(0, 1, 32)
    gores = 10
    for gore in range(gores):
        left, right = (-math.cos(math.pi * edge / gores) for edge in (gore, gore + 1))
        panel = [(x + left * wide * _envelope(t), top + tall * 0.9 * t) for t in levels]
        panel += [(x + right * wide * _envelope(t), top + tall * 0.9 * t) for t in reversed(levels)]
        tone = 1.14 - 0.62 * abs((gore + 0.5) / gores - 0.36) ** 1.1
        paint = colour if gore % 2 else mix(colour, second, 0.85)
        canvas.polygon(panel, (light.on(times(paint, tone)), light.on(times(paint, tone * 0.80))))
    canvas.ellipse(
        (x - wide * 0.35, y - tall * 0.26), (wide * 0.18, tall * 0.12), (1, 1, 1), blur=tall * 0.04, opacity=0.35
    )
    mouth, basket = top + tall * 0.9, top + tall * 1.02
    for side in (-1, 1):
        canvas.line(
            [(x + side * wide * _envelope(1), mouth), (x + side * tall * 0.042, basket)],
            light.on((0.25, 0.2, 0.16)),
            tall * 0.006,
        )
    canvas.rectangle(
        (x - tall * 0.05, basket),
        (tall * 0.10, tall * 0.075),
        (light.on((0.62, 0.42, 0.22)), light.on((0.38, 0.24, 0.12))),
        radius=tall * 0.012,
    )


def paint_flowers(canvas: Canvas, choices: Choices) -> None:
    """Flowers in a meadow: a few large ones before many small."""
    horizon = 30.0
    light = paint_sky(canvas, time=choices.time, weather=choices.weather, horizon=horizon, sun=False)
    paint_hills(canvas, (0.24, 0.42, 0.30), light, base=horizon + 2, rise=8, distance=0.35)
    paint_grass(canvas, "summer", light, horizon=horizon, blades=2200)
    canvas.cover(
        light.on((0.16, 0.34, 0.12)),
        smoothstep(canvas.noise(22, 9, octaves=4), 0.4, 0.8) * 0.5 * (canvas.ys() > horizon),
    )
    colour = COLOURS[choices.colour]
    if not choices.count:
        _meadow_flowers(canvas, colour, light, horizon)
    count = choices.count or int(canvas.rng.integers(4, 7))
    size = {1: 21.0, 2: 18.0, 3: 16.0}.get(count, max(8.0, 62.0 / count))
    for x, y in spread(canvas, count, low=52, high=62, gap=size * 1.9):
        _flower(canvas, (x, y), size * canvas.between(0.85, 1.05), canvas.vary(colour, 0.06), light)
    paint_weather(canvas, choices.weather, light)


def _meadow_flowers(canvas: Canvas, colour: Colour, light: Light, horizon: float) -> None:
    spots = []
    for y in np.sort(horizon + 3 + 45 * canvas.rng.random(420) ** 1.2):
        near = (y - horizon) / 50
        x, size = canvas.between(0, canvas.width), 0.25 + 1.3 * near
        tone = light.on(canvas.vary(colour, 0.12))
        spots += [
            (
                x + canvas.between(-1, 1) * size,
                y + canvas.between(-0.6, 0.6) * size,
                size * 0.6,
                size * 0.5,
                times(tone, canvas.between(0.75, 1.1)),
            )
            for _ in range(4)
        ]
        spots.append((x, y, size * 0.3, size * 0.25, light.on((0.95, 0.80, 0.25))))
    canvas.dabs(spots)


def _flower(canvas: Canvas, head: Point, size: float, colour: Colour, light: Light) -> None:
    x, y = head
    lean = canvas.between(-4, 4)
    stem = [(x + lean * t**2, y + (104 - y) * t) for t in np.linspace(0, 1, 12)]
    canvas.line(stem, light.on((0.20, 0.42, 0.14)), size * 0.11)
    for place, side in ((4, -1), (6, 1)):
        u, v = stem[place]
        leaf = [
            (u, v),
            (u + side * size * 0.5, v - size * 0.55),
            (u + side * size * 1.05, v - size * 0.62),
            (u + side * size * 0.62, v - size * 0.16),
        ]
        canvas.polygon(leaf, (light.on((0.40, 0.64, 0.24)), light.on((0.16, 0.38, 0.12))), blur=0.15)
    turn, petals = canvas.between(0, 1), 13
    for ring, (reach, tone) in enumerate(((1.0, 0.78), (0.86, 1.0))):
        for petal in range(petals):
            angle = math.tau * (petal + turn + 0.5 * ring) / petals
            _petal(
                canvas,
                head,
                angle,
                size * reach,
                light.on(times(canvas.vary(colour, 0.05), tone - 0.12 * math.sin(angle))),
            )
    heart = (0.36, 0.22, 0.08) if colour[0] > 0.9 and colour[1] > 0.7 else (0.95, 0.74, 0.16)
    canvas.ball(head, size * 0.30, light.on(heart))
    canvas.dabs(
        (
            x + canvas.between(-1, 1) * size * 0.17,
            y + canvas.between(-1, 1) * size * 0.17,
            size * 0.025,
            size * 0.025,
            light.on(times(heart, canvas.between(0.6, 1.3))),
        )
        for _ in range(26)
    )


def _petal(canvas: Canvas, head: Point, angle: float, reach: float, colour: Colour) -> None:
    cos, sin = math.cos(angle), math.sin(angle)

    def place(along: float, across: float) -> Point:
        return head[0] + cos * along * reach - sin * across * reach, head[1] + (sin * along + cos * across) * reach

    outline = [
        (0.1, 0.0),
        (0.35, 0.10),
        (0.72, 0.155),
        (0.93, 0.10),
        (1.0, 0.0),
        (0.93, -0.10),
        (0.72, -0.155),
        (0.35, -0.10),
    ]
    canvas.polygon([place(*corner) for corner in outline], colour)
    canvas.line([place(0.2, 0), place(0.85, 0)], times(colour, 0.82), reach * 0.025)
