"""Painters of streets: a car, a traffic light."""

from __future__ import annotations

import math

import numpy as np

from ilk.demo.canvas import Canvas, Colour, Point, mix, smoothstep, times
from ilk.demo.land import (
    paint_shadow,
    paint_tree,
)
from ilk.demo.palette import Choices, colour_of
from ilk.demo.skies import Light, paint_sky, paint_weather

GLASS: Colour = (0.42, 0.56, 0.66)


def paint_car(canvas: Canvas, choices: Choices) -> None:
    """A car on a street before a row of houses."""
    horizon = 58.0
    light = paint_sky(canvas, time=choices.time, weather=choices.weather, horizon=horizon, sun=choices.time != "day")
    _row_of_houses(canvas, light, horizon, night=choices.time == "night")
    _street(canvas, light, horizon, choices)
    for _ in range(2):
        x = canvas.width * canvas.between(0, 1)
        paint_tree(canvas, (x, horizon + 5), 40, light, season=choices.season)
    long = canvas.between(64, 72)
    facing = -1 if canvas.between(0, 1) < 0.5 else 1
    place, night = canvas.width * canvas.between(0.42, 0.58), choices.time == "night"
    if night:
        canvas.glow((place, 84), 34, (0.55, 0.42, 0.26), 0.6)
        light = Light(mix(light.tint, (1.0, 0.88, 0.70), 0.5), light.horizon, light.sun)
    _car(canvas, (place, 88), long, facing, colour_of(canvas, choices.colour), light, night=night)
    paint_weather(canvas, choices.weather, light)


def _row_of_houses(canvas: Canvas, light: Light, ground: float, *, night: bool) -> None:
    x = canvas.between(-10, 0)
    while x < canvas.width:
        w, h = canvas.between(19, 27), canvas.between(30, 44)
        shades = ((0.80, 0.62, 0.50), (0.86, 0.80, 0.68), (0.62, 0.66, 0.68), (0.74, 0.48, 0.40), (0.70, 0.74, 0.62))
        wall = canvas.vary(shades[int(canvas.rng.integers(len(shades)))], 0.06)
        canvas.rectangle((x, ground - h), (w, h + 2), (light.on(times(wall, 1.02)), light.on(times(wall, 0.86))))
        canvas.rectangle((x - 0.4, ground - h - 1), (w + 0.8, 1.6), light.on(times(wall, 0.7)))
        storeys, across = max(2, round(h / 12)), 3
        for storey in range(storeys):
            for column in range(across):
                lit = night and canvas.between(0, 1) < 0.5
                pane = (1.0, 0.84, 0.50) if lit else light.on(times(GLASS, 0.8))
                left = x + (column + 0.5) * w / across - 1.7
                top = ground - h + 3 + storey * (h - 4) / storeys
                canvas.rectangle((left - 0.4, top - 0.4), (4.2, 6.8), light.on(mix(wall, (1, 1, 1), 0.5)))
                canvas.rectangle((left, top), (3.4, 6), (pane, mix(pane, light.horizon, 0.35)))
                canvas.line([(left + 1.7, top), (left + 1.7, top + 6)], light.on((0.9, 0.9, 0.88)), 0.3)
        x += w


def _street(canvas: Canvas, light: Light, horizon: float, choices: Choices) -> None:
    snowy = choices.weather == "snow" or choices.season == "winter"
    pavement = (0.90, 0.92, 0.95) if snowy else (0.66, 0.64, 0.61)
    canvas.wash([(0, light.on(times(pavement, 0.9))), (1, light.on(pavement))], top=horizon, bottom=horizon + 9)
    canvas.wash(
        [(0, light.on((0.5, 0.5, 0.5))), (1, light.on((0.42, 0.42, 0.42)))], top=horizon + 9, bottom=horizon + 11
    )
    asphalt = (0.34, 0.35, 0.37) if not snowy else (0.60, 0.62, 0.66)
    canvas.wash([(0, light.on(asphalt)), (1, light.on(times(asphalt, 0.85)))], top=horizon + 11)
    canvas.shade(1 + 0.16 * (canvas.noise(5, 1.6, octaves=4, rough=0.8) - 0.5) * (canvas.ys() > horizon))
    for place in range(-1, 5):
        x = place * canvas.width / 4 + canvas.between(2, 5)
        canvas.polygon(
            [(x, 95.6), (x + 15, 95.6), (x + 14, 97.6), (x - 1.2, 97.6)], light.on((0.90, 0.89, 0.84)), opacity=0.85
        )
    if choices.weather == "rain":
        canvas.cover(
            light.horizon, smoothstep(canvas.noise(26, 4, octaves=3), 0.5, 0.75) * 0.45 * (canvas.ys() > horizon + 11)
        )


_BODY = (
    (-0.49, -0.06), (-0.495, -0.14), (-0.47, -0.19), (-0.40, -0.205), (-0.285, -0.22), (-0.17, -0.345), (-0.11, -0.365),
    (0.10, -0.37), (0.17, -0.355), (0.29, -0.23), (0.43, -0.205), (0.485, -0.165), (0.495, -0.10), (0.485, -0.055),
)  # fmt: skip
_WINDOWS = (
    ((-0.235, -0.222), (-0.15, -0.325), (-0.105, -0.338), (-0.01, -0.34), (-0.01, -0.225)),
    ((0.015, -0.225), (0.015, -0.34), (0.09, -0.34), (0.145, -0.325), (0.235, -0.232)),
)


def _rounded(points: tuple[Point, ...]) -> list[Point]:
    """The outline with its corners cut twice (Chaikin's algorithm)."""
    corners = list(points)
    for _ in range(2):
        cut = []
        for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1], strict=True):
            cut += [(ax * 0.75 + bx * 0.25, ay * 0.75 + by * 0.25), (ax * 0.25 + bx * 0.75, ay * 0.25 + by * 0.75)]
        corners = cut
    return corners


def _car(canvas: Canvas, foot: Point, long: float, facing: int, colour: Colour, light: Light, *, night: bool) -> None:
    x, y = foot

    def place(points: list[Point] | tuple[Point, ...]) -> list[Point]:
        return [(x + facing * u * long, y + v * long) for u, v in points]

    paint_shadow(canvas, (x, y + long * 0.005), (long * 0.52, long * 0.045), opacity=0.75)
    body = place(_rounded(_BODY))
    canvas.polygon(body, (light.on(mix(times(colour, 1.1), (1, 1, 1), 0.18)), light.on(times(colour, 0.62))))
    canvas.polygon(
        place(_rounded(((-0.49, -0.125), (0.49, -0.13), (0.49, -0.055), (-0.485, -0.06)))),
        light.on(times(colour, 0.62)),
        blur=long * 0.012,
        opacity=0.6,
    )
    canvas.line(
        place(((-0.46, -0.196), (-0.25, -0.214), (0.25, -0.216), (0.45, -0.192))),
        light.on(mix(colour, (1, 1, 1), 0.55)),
        long * 0.006,
        blur=0.15,
        opacity=0.8,
    )
    for window in _WINDOWS:
        pane = place(window)
        canvas.polygon(pane, (light.on((0.70, 0.82, 0.90)), light.on((0.20, 0.27, 0.33))))
        canvas.line([*pane, pane[0]], light.on((0.10, 0.10, 0.11)), long * 0.007)
    seam = light.on(times(colour, 0.45))
    canvas.line(place(((0.0, -0.225), (0.0, -0.08))), seam, long * 0.004)
    canvas.line(place(((-0.22, -0.22), (-0.20, -0.16))), seam, long * 0.004)
    canvas.rectangle(
        (x + facing * 0.04 * long - long * 0.02, y - 0.19 * long),
        (long * 0.045, long * 0.012),
        light.on((0.86, 0.87, 0.88)),
        radius=0.2,
    )
    for u in (-0.30, 0.30):
        _wheel(canvas, (x + u * long, y - long * 0.065), long * 0.085, light)
    lamp, tail = (x + facing * 0.465 * long, y - 0.155 * long), (x - facing * 0.475 * long, y - 0.155 * long)
    canvas.ellipse(lamp, (long * 0.022, long * 0.017), (1.0, 0.97, 0.80) if night else light.on((0.96, 0.96, 0.90)))
    canvas.ellipse(tail, (long * 0.014, long * 0.018), (0.80, 0.06, 0.05))
    if night:
        canvas.glow((lamp[0] + facing * 4, lamp[1] + 2), 11, (1.0, 0.93, 0.68), 0.75)
        canvas.glow(tail, 5, (0.9, 0.1, 0.08), 0.6)


def _wheel(canvas: Canvas, hub: Point, r: float, light: Light) -> None:
    canvas.ellipse(hub, r * 1.14, light.on((0.05, 0.05, 0.05)))
    canvas.ellipse(hub, r, (light.on((0.20, 0.20, 0.21)), light.on((0.09, 0.09, 0.10))))
    canvas.ellipse(hub, r * 0.62, (light.on((0.88, 0.89, 0.90)), light.on((0.52, 0.53, 0.55))))
    for spoke in range(5):
        angle = math.tau * (spoke + 0.3) / 5
        canvas.ellipse(
            (hub[0] + r * 0.37 * math.cos(angle), hub[1] + r * 0.37 * math.sin(angle)),
            r * 0.12,
            light.on((0.22, 0.22, 0.23)),
        )


def paint_traffic_light(canvas: Canvas, choices: Choices) -> None:
    """A traffic light before a blurred street."""
    light = paint_sky(canvas, time=choices.time, weather=choices.weather, horizon=80, sun=False)
    _row_of_houses(canvas, light, 76, night=choices.time == "night")
    _street(canvas, light, 76, choices)
    canvas.soften(1.1)
    x, y = canvas.width * canvas.between(0.38, 0.62), 14.0
    canvas.rectangle((x - 1.6, 60), (3.2, 45), (light.on((0.34, 0.35, 0.36)), light.on((0.20, 0.20, 0.21))))
    canvas.rectangle((x - 10.5, y - 2), (21, 59), light.on((0.10, 0.10, 0.11)), radius=4)
    canvas.rectangle(
        (x - 9.5, y - 1), (19, 57), (light.on((0.26, 0.27, 0.28)), light.on((0.15, 0.15, 0.16))), radius=3.4
    )
    for place, name in enumerate(("red", "yellow", "green")):
        centre = (x, y + 9 + place * 18.6)
        lit = name == choices.colour
        hue = {"red": (1.0, 0.13, 0.10), "yellow": (1.0, 0.78, 0.08), "green": (0.12, 0.92, 0.42)}[name]
        canvas.ellipse(centre, 8.0, (0.04, 0.04, 0.04))
        canvas.ellipse(centre, 7.2, (mix(hue, (1, 1, 1), 0.12), hue) if lit else (times(hue, 0.16), times(hue, 0.26)))
        if lit:
            canvas.ellipse((centre[0] - 1.5, centre[1] - 1.5), 3.0, mix(hue, (1, 1, 1), 0.7), blur=1.4, opacity=0.8)
            canvas.glow(centre, 15, hue, 0.55)
        visor = [
            (centre[0] + 8.6 * math.cos(a), centre[1] + 8.6 * math.sin(a))
            for a in np.linspace(math.pi * 1.03, math.pi * 1.97, 24)
        ]
        canvas.line(visor, light.on((0.07, 0.07, 0.08)), 1.6)
    paint_weather(canvas, choices.weather, light)
