"""Painters of buildings: a city, a house with a garden, a lighthouse."""

from __future__ import annotations

import math

import numpy as np

from ilk.demo.canvas import HEIGHT, Canvas, Point, mix, smoothstep, times
from ilk.demo.land import (
    paint_grass,
    paint_hills,
    paint_shadow,
    paint_tree,
    paint_water,
)
from ilk.demo.palette import COLOURS, Choices, colour_of
from ilk.demo.skies import Light, paint_sky, paint_weather


def paint_city(canvas: Canvas, choices: Choices) -> None:
    """Towers in rows along a river; at night their windows are lit."""
    night = choices.time == "night"
    horizon = 78.0
    light = paint_sky(canvas, time=choices.time, weather=choices.weather, horizon=horizon)
    if night:
        canvas.glow((canvas.width / 2, horizon), 55, (0.42, 0.26, 0.22), 0.55)
    for row, (low, high, wide) in enumerate(((16, 44, 9), (14, 52, 11), (8, 34, 13))):
        x = canvas.between(-8, 0)
        while x < canvas.width:
            w = wide * canvas.between(0.65, 1.35)
            bell = 0.6 + 0.55 * math.exp(-(((x + w / 2) / canvas.width - 0.5) ** 2) / 0.06)
            h = canvas.between(low, high) * bell
            _tower(canvas, x, horizon - h, w, h, light, distance=0.5 - 0.2 * row, night=night)
            x += w * canvas.between(0.95, 1.4)
    paint_water(canvas, light, horizon=horizon, deep=(0.04, 0.09, 0.15))
    paint_weather(canvas, choices.weather, light)


def _tower(
    canvas: Canvas, x: float, y: float, w: float, h: float, light: Light, *, distance: float, night: bool
) -> None:
    stone = canvas.vary(((0.55, 0.52, 0.50), (0.42, 0.48, 0.56), (0.66, 0.58, 0.48))[int(canvas.rng.integers(3))], 0.1)
    wall = light.far(times(stone, 0.5 if night else 1.0), distance * (0.6 if night else 1))
    canvas.rectangle((x, y), (w, h + 1), (wall, times(wall, 0.8)))
    canvas.rectangle((x + w * 0.78, y), (w * 0.22, h + 1), times(wall, 0.72))
    style = canvas.between(0, 1)
    if style < 0.25:
        canvas.line([(x + w / 2, y), (x + w / 2, y - h * 0.16)], wall, 0.35)
    elif style < 0.5:
        canvas.rectangle((x + w * 0.2, y - h * 0.07), (w * 0.6, h * 0.08), wall)
    across = max(3, round(w / 1.7))
    pane = (w / across * 0.52, 0.95)
    chance = canvas.between(0.25, 0.6)
    dark = times(wall, 0.72) if night else mix(times(wall, 0.62), light.horizon, 0.3)
    panes = []
    for row in range(int((h - 1.5) / 1.9)):
        for column in range(across):
            lit = night and canvas.between(0, 1) < chance
            warm = ((1.0, 0.84, 0.48), (1.0, 0.92, 0.70), (0.80, 0.90, 1.0))[
                min(int(canvas.rng.integers(6)), 2) if lit else 0
            ]
            paint = mix(warm, wall, distance * 0.7) if lit else dark
            left = x + (column + 0.24) * w / across
            top = y + 1.3 + row * 1.9
            panes.append((left, top, *pane, paint))
    canvas.boxes(panes)


def paint_house(canvas: Canvas, choices: Choices) -> None:
    """A house with a garden; its roof has the colour."""
    horizon = 66.0
    light = paint_sky(canvas, time=choices.time, weather=choices.weather, horizon=horizon)
    season = choices.season
    paint_hills(
        canvas,
        (0.30, 0.44, 0.26) if season != "winter" else (0.86, 0.89, 0.94),
        light,
        base=horizon + 1,
        rise=14,
        distance=0.35,
    )
    paint_grass(canvas, season, light, horizon=horizon)
    x, night = canvas.width * canvas.between(0.42, 0.58), choices.time == "night"
    w, h = canvas.between(46, 54), canvas.between(24, 28)
    for place in (-0.62, 0.66):
        paint_tree(
            canvas, (x + w * place, 76), canvas.between(34, 46), light, season="bare" if season == "winter" else season
        )
    _house(canvas, (x, 80), w, h, choices, light, night=night)
    path = [(x - 3, 80), (x + 3, 80), (x + 15, HEIGHT), (x - 8, HEIGHT)]
    canvas.polygon(
        path,
        (light.on((0.70, 0.64, 0.55)), light.on((0.82, 0.76, 0.66))),
        blur=0.4,
        opacity=0.9 if season != "winter" else 0.4,
    )
    if season in {"spring", "summer"}:
        _flower_beds(canvas, x, w, light)
    paint_weather(canvas, choices.weather, light)


def _house(canvas: Canvas, foot: Point, w: float, h: float, choices: Choices, light: Light, *, night: bool) -> None:
    x, y = foot
    wall = canvas.vary((0.95, 0.92, 0.85), 0.03)
    roof = colour_of(canvas, choices.colour)
    paint_shadow(canvas, (x + w * 0.1, y), (w * 0.62, 2.4))
    canvas.rectangle((x - w / 2, y - h), (w, h), (light.on(wall), light.on(times(wall, 0.82))))
    ridge, eaves = h * 0.72, w * 0.57
    outline = [
        (x - eaves, y - h + 1),
        (x - w * 0.36, y - h - ridge),
        (x + w * 0.36, y - h - ridge),
        (x + eaves, y - h + 1),
    ]
    canvas.rectangle(
        (x + w * 0.17, y - h - ridge * 1.3),
        (w * 0.09, ridge * 0.9),
        (light.on((0.62, 0.36, 0.28)), light.on((0.42, 0.24, 0.18))),
    )
    canvas.polygon(outline, (light.on(times(roof, 1.12)), light.on(times(roof, 0.74))))
    for row in range(1, 9):
        share = row / 9
        reach = w * 0.36 + (eaves - w * 0.36) * share
        level = y - h - ridge * (1 - share) + share
        canvas.line([(x - reach, level), (x + reach, level)], light.on(times(roof, 0.6)), 0.25, opacity=0.5)
    if choices.season == "winter":
        drift = [
            outline[0],
            outline[1],
            outline[2],
            outline[3],
            (x + eaves * 0.8, y - h - 2),
            (x, y - h - 4),
            (x - eaves * 0.8, y - h - 2),
        ]
        canvas.polygon(drift, (light.on((1, 1, 1)), light.on((0.86, 0.90, 0.96))), blur=0.3, opacity=0.88)
    pane = (1.0, 0.85, 0.50) if night else light.on((0.55, 0.70, 0.80))
    for share in (-0.34, 0.34):
        left, top = x + share * w - w * 0.085, y - h * 0.74
        canvas.rectangle((left - 0.8, top - 0.8), (w * 0.17 + 1.6, h * 0.42 + 1.6), light.on((1, 1, 0.98)))
        canvas.rectangle((left, top), (w * 0.17, h * 0.42), (pane, mix(pane, (0.2, 0.3, 0.4), 0.0 if night else 0.45)))
        canvas.line([(left + w * 0.085, top), (left + w * 0.085, top + h * 0.42)], light.on((1, 1, 0.98)), 0.5)
        canvas.line([(left, top + h * 0.2), (left + w * 0.17, top + h * 0.2)], light.on((1, 1, 0.98)), 0.5)
        if night:
            canvas.glow((left + w * 0.085, top + h * 0.2), 9, (1.0, 0.75, 0.40), 0.5)
    door = times(mix(roof, (0.25, 0.2, 0.2), 0.35), 0.9)
    canvas.rectangle(
        (x - w * 0.07, y - h * 0.62), (w * 0.14, h * 0.62), (light.on(door), light.on(times(door, 0.75))), radius=0.6
    )
    canvas.ellipse((x + w * 0.045, y - h * 0.3), 0.5, light.on((0.95, 0.82, 0.4)))


def _flower_beds(canvas: Canvas, x: float, w: float, light: Light) -> None:
    spots = []
    names = ("red", "yellow", "pink", "violet", "white", "orange")
    for _ in range(260):
        u = canvas.between(0.12, 0.62) * (-1 if canvas.between(0, 1) < 0.5 else 1)
        v = canvas.between(0, 1)
        place = (x + u * w, 79 + 6 * v)
        green = light.on(canvas.vary((0.20, 0.42, 0.16), 0.15))
        spots.append((place[1], (*place, 0.9, 0.7, green)))
        if canvas.between(0, 1) < 0.7:
            petal = light.on(canvas.vary(COLOURS[names[int(canvas.rng.integers(len(names)))]], 0.08))
            spots.append((place[1] + 0.1, (place[0], place[1] - 0.8, 0.55, 0.5, petal)))
    canvas.dabs(spot for _, spot in sorted(spots, key=lambda pair: pair[0]))


def paint_lighthouse(canvas: Canvas, choices: Choices) -> None:
    """A striped lighthouse on a rock in the sea."""
    horizon, night = 64.0, choices.time == "night"
    light = paint_sky(canvas, time=choices.time, weather=choices.weather, horizon=horizon)
    paint_water(canvas, light, horizon=horizon)
    x, foot, top = canvas.width * canvas.between(0.3, 0.7), 70.0, 17.0
    away = np.abs(canvas.xs()[0] - x - 3)
    crag = (
        92 - 24 * np.clip(1 - away / 36, 0, 1) ** 0.7 - 4 * (canvas.ridge(7, octaves=5, rough=0.6) - 0.5) * (away < 36)
    )
    below = canvas.ys() - crag[None].astype(np.float32)
    relief = 0.55 + 0.9 * (canvas.noise(7, 9, octaves=5, rough=0.65) - 0.35)
    rock = np.asarray(light.on((0.44, 0.40, 0.37)), np.float32) * relief[..., None]
    canvas.cover(
        rock.astype(np.float32),
        smoothstep(below, 0, 0.4) * (away < 36)[None] * (1 - smoothstep(canvas.ys(), 86, 88 + 3 * canvas.noise(8, 4))),
    )
    colour = colour_of(canvas, choices.colour)
    for band in range(7):
        upper, lower = top + 8 + (foot - top - 8) * band / 7, top + 8 + (foot - top - 8) * (band + 1) / 7
        wide, wider = 4.2 + 3.2 * band / 7, 4.2 + 3.2 * (band + 1) / 7
        paint = colour if band % 2 == 0 else (0.96, 0.95, 0.92)
        for slice_ in range(12):
            a, b = slice_ / 12 * 2 - 1, (slice_ + 1) / 12 * 2 - 1
            tone = 1.08 - 0.5 * abs((a + b) / 2 + 0.35) ** 1.3
            canvas.polygon(
                [
                    (x + a * wide, upper),
                    (x + b * wide + 0.1, upper),
                    (x + b * wider + 0.1, lower + 0.1),
                    (x + a * wider, lower + 0.1),
                ],
                light.on(times(paint, tone)),
            )
    canvas.rectangle((x - 5.6, top + 6.6), (11.2, 1.8), light.on((0.20, 0.20, 0.22)))
    canvas.rectangle(
        (x - 3.3, top),
        (6.6, 6.8),
        (1.0, 0.93, 0.62) if night or choices.time == "sunset" else light.on((0.72, 0.84, 0.90)),
    )
    for u in (-3.3, 0, 3.3):
        canvas.line([(x + u, top), (x + u, top + 6.8)], light.on((0.16, 0.16, 0.18)), 0.5)
    canvas.polygon(
        [(x - 4.4, top), (x + 4.4, top), (x, top - 5)], (light.on(times(colour, 1.1)), light.on(times(colour, 0.7)))
    )
    if night:
        side = -1 if x > canvas.width / 2 else 1
        beam = [(x, top + 3), (x + side * canvas.width, top - 12), (x + side * canvas.width, top + 14)]
        canvas.polygon(beam, (1.0, 0.95, 0.75), blur=1.2, opacity=0.28)
        canvas.glow((x, top + 3), 10, (1.0, 0.93, 0.65), 0.9)
    paint_weather(canvas, choices.weather, light)
