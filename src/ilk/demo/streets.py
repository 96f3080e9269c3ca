"""Painters of what people build: cars, houses, clocks, traffic lights, lighthouses, and fireworks and snowmen."""

from __future__ import annotations

import math

import numpy as np

from ilk.demo.canvas import HEIGHT, Canvas, Colour, Point, mix, smoothstep, times
from ilk.demo.land import paint_grass, paint_ground, paint_hills, paint_conifer, paint_shadow, paint_tree, paint_water
from ilk.demo.palette import COLOURS, Choices, colour_of
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
    facing = -1 if canvas.between(0, 1) < 0.5 else 1  # noqa: PLR2004 -- driving either way
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
                lit = night and canvas.between(0, 1) < 0.5  # noqa: PLR2004 -- every other window
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
        top = [
            outline[0],
            outline[1],
            outline[2],
            outline[3],
            (x + eaves * 0.8, y - h - 2),
            (x, y - h - 4),
            (x - eaves * 0.8, y - h - 2),
        ]
        canvas.polygon(top, (light.on((1, 1, 1)), light.on((0.86, 0.90, 0.96))), blur=0.3, opacity=0.88)
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
        u = canvas.between(0.12, 0.62) * (-1 if canvas.between(0, 1) < 0.5 else 1)  # noqa: PLR2004 -- either side of the door
        v = canvas.between(0, 1)
        place = (x + u * w, 79 + 6 * v)
        green = light.on(canvas.vary((0.20, 0.42, 0.16), 0.15))
        spots.append((place[1], (*place, 0.9, 0.7, green)))
        if canvas.between(0, 1) < 0.7:  # noqa: PLR2004 -- more blossom than leaf
            petal = light.on(canvas.vary(COLOURS[names[int(canvas.rng.integers(len(names)))]], 0.08))
            spots.append((place[1] + 0.1, (place[0], place[1] - 0.8, 0.55, 0.5, petal)))
    canvas.dabs(spot for _, spot in sorted(spots, key=lambda pair: pair[0]))


def paint_clock(canvas: Canvas, choices: Choices) -> None:
    """A round clock on a wall."""
    wall = canvas.vary(((0.58, 0.68, 0.66), (0.80, 0.70, 0.58), (0.62, 0.66, 0.76))[int(canvas.rng.integers(3))], 0.05)
    canvas.wash([(0, wall), (1, times(wall, 0.82))])
    canvas.shade(1 + 0.12 * (canvas.noise(18, 18, octaves=5, rough=0.65) - 0.5))
    canvas.glow((canvas.width * 0.15, 5), 60, (0.9, 0.85, 0.7), 0.3)
    centre, r = (canvas.width / 2 + canvas.between(-6, 6), 50.0), 37.0
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


def paint_lighthouse(canvas: Canvas, choices: Choices) -> None:
    """A striped lighthouse on a rock in the sea."""
    horizon, night = 64.0, choices.time == "night"
    light = paint_sky(canvas, time=choices.time, weather=choices.weather, horizon=horizon)
    paint_water(canvas, light, horizon=horizon)
    x, foot, top = canvas.width * canvas.between(0.3, 0.7), 70.0, 17.0
    away = np.abs(canvas.xs()[0] - x - 3)
    crag = (
        92 - 24 * np.clip(1 - away / 36, 0, 1) ** 0.7 - 4 * (canvas.ridge(7, octaves=5, rough=0.6) - 0.5) * (away < 36)
    )  # noqa: PLR2004 -- half the rock's width
    below = canvas.ys() - crag[None].astype(np.float32)
    relief = 0.55 + 0.9 * (canvas.noise(7, 9, octaves=5, rough=0.65) - 0.35)
    rock = np.asarray(light.on((0.44, 0.40, 0.37)), np.float32) * relief[..., None]
    canvas.cover(
        rock.astype(np.float32),
        smoothstep(below, 0, 0.4) * (away < 36)[None] * (1 - smoothstep(canvas.ys(), 86, 88 + 3 * canvas.noise(8, 4))),
    )  # noqa: PLR2004
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
        for step, (start, end) in enumerate(zip(path, path[1:], strict=False)):
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
