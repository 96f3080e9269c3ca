"""Painters of wide views: sea, mountains, forest, desert, beach, field."""

from __future__ import annotations

import math

import numpy as np

from ilk.demo.canvas import HEIGHT, Canvas, Colour, mix, smoothstep, times
from ilk.demo.land import (
    GREENS,
    LEAVES,
    paint_conifer,
    paint_grass,
    paint_ground,
    paint_hills,
    paint_mountains,
    paint_shadow,
    paint_tree,
    paint_water,
)
from ilk.demo.palette import COLOURS, Choices, colour_of
from ilk.demo.skies import Light, paint_sky, paint_weather


def paint_sea(canvas: Canvas, choices: Choices) -> None:
    """Open water, sometimes with a headland."""
    horizon = canvas.between(52, 62)
    light = paint_sky(canvas, time=choices.time, weather=choices.weather, horizon=horizon)
    if canvas.between(0, 1) < 0.5:
        _headland(canvas, light, horizon)
    paint_water(canvas, light, horizon=horizon)
    if choices.time == "sunset":
        _gulls(canvas, horizon)
    paint_weather(canvas, choices.weather, light)


def _headland(canvas: Canvas, light: Light, horizon: float) -> None:
    left = canvas.between(0, 1) < 0.5
    reach = canvas.width * canvas.between(0.25, 0.45)
    top = horizon - canvas.between(4, 9) * canvas.ridge(16, octaves=5)
    away = canvas.xs()[0] if left else canvas.width - canvas.xs()[0]
    top = horizon - (horizon - top) * np.clip(1 - away / reach, 0, 1) ** 0.6
    mask = smoothstep((canvas.ys() - top[None]) * canvas.unit, -0.7, 0.7) * (canvas.ys() < horizon + 0.3)
    canvas.cover(light.far((0.14, 0.16, 0.16), 0.3), mask * (away[None] < reach))


def _gulls(canvas: Canvas, horizon: float) -> None:
    for _ in range(int(canvas.rng.integers(2, 6))):
        x, y = canvas.width * canvas.between(0.15, 0.85), horizon * canvas.between(0.3, 0.7)
        wing = canvas.between(1.0, 2.2)
        path = [(x - wing, y - wing * 0.35), (x - wing * 0.4, y - wing * 0.5), (x, y)]
        canvas.line(path, (0.16, 0.11, 0.16), 0.28)
        canvas.line([(2 * x - u, v) for u, v in reversed(path)], (0.16, 0.11, 0.16), 0.28)


def paint_mountain_view(canvas: Canvas, choices: Choices) -> None:
    """Ranges behind each other, a valley of firs before them."""
    winter = choices.season == "winter"
    horizon = 76.0
    light = paint_sky(canvas, time=choices.time, weather=choices.weather, horizon=horizon)
    rock = canvas.vary((0.40, 0.38, 0.40))
    snow = 0.95 if winter else {"spring": 0.5, "autumn": 0.35}.get(choices.season, 0.22)
    paint_mountains(canvas, light, base=horizon, rise=canvas.between(48, 58), distance=0.12, snow=snow, rock=rock)
    paint_mountains(
        canvas,
        light,
        base=horizon + 6,
        rise=canvas.between(20, 28),
        distance=0.02,
        snow=0.9 if winter else 0.02,
        rock=times(rock, 0.85),
    )
    ground = (0.93, 0.95, 0.99) if winter else GREENS[choices.season][0]
    top = paint_hills(canvas, ground, light, base=84, rise=9, distance=0.0)
    for _ in range(46):
        x = canvas.between(0, canvas.width)
        column = min(int(x / canvas.width * len(top)), len(top) - 1)
        deep = canvas.between(0.5, 9)
        paint_conifer(
            canvas, (x, float(top[column]) + deep), 6 + deep * 1.1, light, season=choices.season, distance=0.15
        )
    for _ in range(9):
        x = canvas.width * (canvas.between(0, 0.28) if canvas.between(0, 1) < 0.5 else canvas.between(0.72, 1))
        paint_conifer(canvas, (x, canvas.between(93, 103)), canvas.between(22, 34), light, season=choices.season)
    paint_weather(canvas, choices.weather, light)


def paint_forest(canvas: Canvas, choices: Choices) -> None:
    """A path between trees, light falling in from the far end."""
    horizon = 58.0
    light = paint_sky(
        canvas,
        time=choices.time,
        weather="cloudy" if choices.weather == "clear" else choices.weather,
        horizon=horizon,
        clouds=0,
    )
    hue = LEAVES[choices.season]
    far = mix(hue[0], (0.95, 0.97, 0.85), 0.45)
    canvas.wash([(0, light.on(times(far, 0.9))), (1, light.on(mix(far, (1, 1, 0.9), 0.5)))], bottom=horizon)
    canvas.cover(light.on(times(hue[0], 0.7)), smoothstep(canvas.noise(9, 11, octaves=5, rough=0.65), 0.45, 0.75) * 0.8)
    canvas.glow((canvas.width / 2, horizon - 9), 20, times((1.0, 0.97, 0.78), light.tint), 0.75)
    litter = {"autumn": ((0.55, 0.28, 0.10), (0.80, 0.52, 0.20)), "winter": GREENS["winter"]}.get(
        choices.season, GREENS["summer"]
    )
    paint_ground(canvas, litter[0], litter[1], light, horizon=horizon, rough=0.3)
    path = (0.66, 0.56, 0.42) if choices.season != "winter" else (0.78, 0.82, 0.90)
    mid = canvas.width / 2
    bend = canvas.between(-12, 12)
    edges = [(t, mid + bend * math.sin(t * 2.6) * (1 - t), 1.8 + 24 * t**1.5) for t in np.linspace(0, 1, 24)]
    outline = [(x - w, horizon + (HEIGHT - horizon) * t) for t, x, w in edges]
    outline += [(x + w, horizon + (HEIGHT - horizon) * t) for t, x, w in reversed(edges)]
    canvas.polygon(outline, (light.on(mix(path, (1, 1, 0.85), 0.3)), light.on(times(path, 0.8))), blur=0.8, opacity=0.9)
    firs = choices.season == "winter" or (choices.season == "summer" and canvas.between(0, 1) < 0.35)
    for depth in np.sort(canvas.rng.random(34)):
        side = -1 if canvas.between(0, 1) < 0.5 else 1
        y = horizon + 1 + 38 * depth**1.6
        gap = 4 + 26 * depth**1.5
        x = mid + side * (gap + canvas.between(0, 1) * (canvas.width / 2 - gap + 8))
        tall = 24 + 74 * depth
        distance = 0.5 * (1 - depth) ** 1.5
        if firs:
            paint_conifer(canvas, (x, y), tall * 0.9, light, season=choices.season, distance=distance)
        else:
            paint_tree(canvas, (x, y), tall, light, season=choices.season, distance=distance)
    for _ in range(4):
        x = canvas.width * canvas.between(0.25, 0.75)
        beam = [(x, 0), (x + 5, 0), (x + canvas.between(10, 24), 90), (x - 8, 90)]
        if choices.weather == "clear" and choices.time == "day":
            canvas.polygon(beam, (1.0, 0.97, 0.80), blur=3, opacity=0.10)
    paint_weather(canvas, choices.weather, light)


def paint_desert(canvas: Canvas, choices: Choices) -> None:
    """Dunes with one side in the light, some with a cactus."""
    horizon = 50.0
    light = paint_sky(canvas, time=choices.time, weather=choices.weather, horizon=horizon, clouds=0.05)
    sand = canvas.vary((0.90, 0.66, 0.38), 0.04)
    paint_ground(canvas, sand, sand, light, horizon=horizon, rough=0.06)
    for row in range(6):
        near = row / 5
        for _ in range(3 - row // 2):
            place = (canvas.width * canvas.between(-0.1, 1.1), horizon + 3 + 47 * near**1.2)
            _dune(canvas, place, (7 + 17 * near) * canvas.between(0.7, 1.1), sand, light, 0.45 * (1 - near))
    depth = np.clip((canvas.ys() - horizon) / (HEIGHT - horizon), 0, 1)
    phase = (canvas.noise(24, 18, octaves=3) * 26 + canvas.ys() * 0.9) * (3.2 - 1.4 * depth)
    canvas.shade(1 + 0.045 * np.sin(phase * 2) * smoothstep(depth, 0.35, 0.9))
    if canvas.between(0, 1) < 0.6:
        for _ in range(int(canvas.rng.integers(1, 3))):
            _cactus(
                canvas, canvas.width * canvas.between(0.15, 0.85), canvas.between(80, 92), canvas.between(18, 30), light
            )


def _dune(canvas: Canvas, foot: tuple[float, float], tall: float, sand: Colour, light: Light, distance: float) -> None:
    """One crest: a long face in the light, a short one in shadow, an S-shaped edge between them."""
    x, y = foot
    long, short, sway = (
        tall * canvas.between(2.6, 3.6),
        tall * canvas.between(1.6, 2.2),
        tall * canvas.between(0.3, 0.9),
    )
    ts = np.linspace(0, 1, 18)
    left = [(x - long * (1 - t), y - tall * t**1.7) for t in ts]
    edge = [(x + sway * math.sin(t * 4.4) * t + tall * 0.5 * t, y - tall * (1 - t) ** 1.25) for t in ts]
    right = [(x + short * t + tall * 0.15 * math.sin(t * 3.1), y - tall * (1 - t) ** 1.5) for t in ts]
    under = [(edge[-1][0], y + tall * 0.5), (x - long, y + tall * 0.2)]
    bright, dark = light.far(times(sand, 1.08), distance), light.far(times(sand, (0.60, 0.52, 0.50)), distance)
    plain = light.far(times(sand, 0.97), distance)
    canvas.polygon([*right, (x + short, y + tall * 0.5), *reversed(edge)], (dark, mix(dark, plain, 0.75)), blur=0.12)
    canvas.polygon([*left, *edge, *under], (bright, plain), blur=0.12)


def _cactus(canvas: Canvas, x: float, y: float, tall: float, light: Light) -> None:
    paint_shadow(canvas, (x + tall * 0.22, y), (tall * 0.28, tall * 0.04))
    green = (0.24, 0.42, 0.22)
    arms = [([(x, y), (x, y - tall)], 0.17)]
    for side in (-1, 1):
        level, lift = tall * canvas.between(0.35, 0.6), tall * canvas.between(0.2, 0.35)
        out = side * tall * 0.23
        arms.append(([(x, y - level), (x + out, y - level), (x + out, y - level - lift)], 0.11))
    for path, thick in arms:
        canvas.line(path, light.on(times(green, 0.7)), tall * thick)
        for share, tone in ((-0.28, 1.25), (0.02, 1.0)):
            shifted = [(u + share * thick * tall, v) for u, v in path]
            canvas.line(shifted, light.on(times(green, tone)), tall * thick * 0.16, blur=0.12)


def paint_beach(canvas: Canvas, choices: Choices) -> None:
    """Sand, surf and parasols."""
    horizon, shore = 38.0, 60.0
    light = paint_sky(canvas, time=choices.time, weather=choices.weather, horizon=horizon)
    paint_water(canvas, light, horizon=horizon, deep=(0.06, 0.48, 0.62), bottom=shore + 8)
    edge = shore + 5 * (canvas.ridge(26, octaves=3, rough=0.4) - 0.5) * 2 + 4 * np.linspace(-1, 1, canvas.pixels[0])
    below = canvas.ys() - edge[None].astype(np.float32)
    sand = light.on(canvas.vary((0.93, 0.82, 0.62), 0.03))
    texture = 1 + 0.10 * (canvas.noise(14, 3, octaves=5, rough=0.7) - 0.5)
    canvas.cover((np.asarray(sand, np.float32) * texture[..., None]).astype(np.float32), smoothstep(below, 0, 0.5))
    canvas.cover(times(sand, 0.80), smoothstep(below, 0, 0.6) * (1 - smoothstep(below, 3.0, 6.5)) * 0.8)
    foam = smoothstep(canvas.noise(4, 2, octaves=3), 0.3, 0.6)
    canvas.cover(light.on((1, 1, 1)), np.exp(-((below / 1.3) ** 2)) * (0.45 + 0.55 * foam))
    canvas.cover(light.on((1, 1, 1)), np.exp(-(((below + 6) / 0.7) ** 2)) * foam * 0.7)
    count = choices.count or 1
    for place in range(count):
        x = canvas.width * (place + 0.5 + canvas.between(-0.15, 0.15)) / count
        size = (26 if count == 1 else 17) * canvas.between(0.9, 1.1)
        _parasol(canvas, x, canvas.between(84, 90), size, colour_of(canvas, choices.colour), light)
    paint_weather(canvas, choices.weather, light)


def _parasol(canvas: Canvas, x: float, y: float, size: float, colour: Colour, light: Light) -> None:
    paint_shadow(canvas, (x + size * 0.35, y), (size * 0.55, size * 0.07), opacity=0.4)
    towel = light.on(mix(colour, (1, 1, 1), 0.55))
    canvas.polygon(
        [(x - size * 0.5, y + 1), (x - size * 0.05, y - 1.4), (x + size * 0.1, y + 0.5), (x - size * 0.4, y + 4)], towel
    )
    lean = size * 0.10
    top = (x + lean, y - size * 1.15)
    canvas.line([(x, y), top], light.on((0.93, 0.90, 0.85)), size * 0.03)
    for gore in range(8):
        paint = colour if gore % 2 == 0 else (0.98, 0.96, 0.92)
        tone = 1.08 - 0.055 * gore
        canvas.polygon(_gore(top, size, gore), light.on(times(paint, tone)))
    canvas.ellipse(top, size * 0.025, light.on((0.95, 0.93, 0.90)))


def _gore(top: tuple[float, float], size: float, gore: int) -> list[tuple[float, float]]:
    """One of eight panels of a parasol seen from the side: meridians of a dome."""
    panel = []
    for edge, angles in ((gore, np.linspace(0, math.pi / 2, 10)), (gore + 1, np.linspace(math.pi / 2, 0, 10))):
        across = -math.cos(math.pi * edge / 8)
        panel += [
            (top[0] + across * math.sin(a) * size * 0.62, top[1] + (1 - math.cos(a)) * size * 0.40) for a in angles
        ]
    return panel


def paint_field(canvas: Canvas, choices: Choices) -> None:
    """A rainbow over meadows."""
    horizon = 62.0
    light = paint_sky(canvas, time=choices.time, weather="cloudy", horizon=horizon)
    centre = (canvas.width * canvas.between(0.4, 0.6), horizon + 12)
    radius = np.hypot(canvas.xs() - centre[0], canvas.ys() - centre[1])
    outer = min(60, canvas.width * 0.42)
    bands = ("violet", "blue", "green", "yellow", "orange", "red")
    for order, name in enumerate(bands):
        middle = outer - 8 + 1.5 * order
        canvas.cover(mix(COLOURS[name], (1, 1, 1), 0.12), np.exp(-(((radius - middle) / 0.95) ** 2)) * 0.72)
    season = choices.season if choices.season != "winter" else "summer"
    paint_hills(canvas, GREENS[season][0], light, base=horizon + 3, rise=10, distance=0.35)
    paint_grass(canvas, season, light, horizon=horizon + 2)
    for _ in range(int(canvas.rng.integers(3, 7))):
        x, depth = canvas.between(0, canvas.width), canvas.between(0, 1)
        paint_tree(
            canvas, (x, horizon + 3 + 9 * depth), 9 + 9 * depth, light, season=season, distance=0.2 * (1 - depth)
        )
