"""Light and weather: what is above every scene, and what falls through it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ilk.demo.canvas import HEIGHT, Canvas, Colour, mix, smoothstep, times

SKIES: dict[str, tuple[tuple[float, Colour], ...]] = {
    "day": ((0, (0.20, 0.44, 0.80)), (0.55, (0.50, 0.73, 0.94)), (1, (0.86, 0.93, 0.97))),
    "sunset": (
        (0, (0.20, 0.18, 0.42)),
        (0.4, (0.62, 0.30, 0.48)),
        (0.75, (0.97, 0.52, 0.30)),
        (1, (1.0, 0.80, 0.46)),
    ),
    "night": ((0, (0.015, 0.02, 0.07)), (0.7, (0.05, 0.08, 0.20)), (1, (0.12, 0.17, 0.33))),
}
GREY = ((0, (0.52, 0.56, 0.61)), (0.6, (0.68, 0.71, 0.74)), (1, (0.82, 0.83, 0.83)))
LIGHTS: dict[str, Colour] = {"day": (1, 1, 1), "sunset": (0.95, 0.70, 0.58), "night": (0.26, 0.31, 0.48)}
DULL: Colour = (0.80, 0.82, 0.86)
SUNLESS = frozenset({"cloudy", "rain", "snow", "fog"})


@dataclass(frozen=True, slots=True)
class Light:
    """What a sky does to everything under it.

    Attributes
    ----------
    tint
        The colour that white has in it.
    horizon
        The sky's colour where it meets the land: far things fade into it.
    sun
        Where the sun or the moon stands, if it shows.
    """

    tint: Colour
    horizon: Colour
    sun: tuple[float, float] | None

    def on(self, colour: Colour) -> Colour:
        """A thing's colour, lit."""
        return times(colour, self.tint)

    def far(self, colour: Colour, distance: float) -> Colour:
        """A thing's colour, lit and seen through this much air: 0 is near, 1 is out of sight."""
        return mix(self.on(colour), self.horizon, distance)


def paint_sky(
    canvas: Canvas, *, time: str, weather: str, horizon: float, clouds: float | None = None, sun: bool = True
) -> Light:
    """Paint the sky down to the horizon, in units, and say what light it gives."""
    grey = weather in SUNLESS and time != "night"
    stops = tuple((at, mix(colour, times(colour, LIGHTS[time]), 0.4)) for at, colour in GREY) if grey else SKIES[time]
    if weather in SUNLESS and time == "night":
        stops = tuple((at, mix(colour, (0.10, 0.11, 0.15), 0.5)) for at, colour in stops)
    stops = tuple((at, canvas.vary(colour, 0.04)) for at, colour in stops)
    canvas.wash(stops, bottom=horizon + 1)
    if horizon < HEIGHT:
        canvas.wash([(0, stops[-1][1]), (1, stops[-1][1])], top=horizon)
    place = None
    if time == "night" and weather in {"clear", "stars"}:
        _stars(canvas, horizon)
    if sun and weather not in SUNLESS:
        place = _sun_or_moon(canvas, time, horizon)
    share = (
        clouds if clouds is not None else {"clear": 0.35, "cloudy": 0.85, "rain": 0.95, "snow": 0.8}.get(weather, 0.3)
    )
    if weather != "fog" and share:
        _clouds(canvas, time=time, grey=grey, share=share, horizon=horizon)
    tint = times(LIGHTS[time], DULL) if weather in SUNLESS else LIGHTS[time]
    return Light(tint, stops[-1][1], place)


def _stars(canvas: Canvas, horizon: float) -> None:
    spots = []
    for _ in range(round(canvas.width * 0.8)):
        bright = canvas.between(0.25, 1) ** 2
        size = canvas.between(0.12, 0.3)
        spots.append(
            (
                canvas.between(0, canvas.width),
                canvas.between(0, horizon),
                size,
                size,
                mix((0.10, 0.13, 0.26), (1, 0.98, 0.92), bright),
            )
        )
    canvas.dabs(spots)


def _sun_or_moon(canvas: Canvas, time: str, horizon: float) -> tuple[float, float]:
    x = canvas.width * canvas.between(0.2, 0.8)
    if time == "sunset":
        place = (x, horizon - canvas.between(3, 10))
        canvas.glow(place, 42, (1.0, 0.55, 0.25), 0.55)
        canvas.glow(place, 15, (1.0, 0.75, 0.40), 0.7)
        canvas.ellipse(place, 5.2, ((1.0, 0.97, 0.80), (1.0, 0.86, 0.50)), blur=0.25)
    elif time == "night":
        place = (x, horizon * canvas.between(0.18, 0.4))
        canvas.glow(place, 22, (0.35, 0.42, 0.60), 0.5)
        canvas.glow(place, 8, (0.8, 0.82, 0.80), 0.5)
        canvas.ellipse(place, 4.6, ((0.98, 0.97, 0.90), (0.88, 0.88, 0.83)), blur=0.15)
        for dx, dy, r in ((-1.4, -1.0, 1.1), (1.2, 0.7, 1.4), (-0.4, 1.9, 0.8), (1.4, -1.8, 0.6)):
            canvas.ellipse((place[0] + dx, place[1] + dy), r, (0.78, 0.79, 0.76), blur=0.3, opacity=0.6)
    else:
        place = (x, horizon * canvas.between(0.15, 0.35))
        canvas.glow(place, 26, (1.0, 0.95, 0.75), 0.6)
        canvas.glow(place, 9, (1.0, 0.98, 0.85), 0.8)
        canvas.ellipse(place, 4.2, (1.0, 0.99, 0.90), blur=0.3)
    return place


def _clouds(canvas: Canvas, *, time: str, grey: bool, share: float, horizon: float) -> None:
    """Fractal noise, flatter towards the horizon, lit from above by comparing it with itself a little higher."""
    field = canvas.noise(46, 17, octaves=6, rough=0.55)
    height = np.clip(canvas.ys() / horizon, 0, 1)
    edge = 0.78 - 0.52 * share
    cover = smoothstep(field, edge, edge + 0.24) * (1 - smoothstep(height, 0.8, 1.0)) * (canvas.ys() < horizon)
    shift = max(1, round(2.2 * canvas.unit))
    lit = smoothstep(field - np.roll(field, shift, axis=0), -0.10, 0.10)
    bright, dark = {
        "day": ((1, 1, 1), (0.70, 0.76, 0.85)),
        "sunset": ((1.0, 0.66, 0.46), (0.42, 0.24, 0.42)),
        "night": ((0.20, 0.24, 0.38), (0.06, 0.08, 0.17)),
    }[time]
    if grey:
        bright, dark = times((0.84, 0.86, 0.88), mix((1, 1, 1), LIGHTS[time], 0.3)), (0.46, 0.50, 0.56)
    paint = np.asarray(dark, np.float32) + lit[..., None] * (
        np.asarray(bright, np.float32) - np.asarray(dark, np.float32)
    )
    canvas.cover(paint.astype(np.float32), cover * 0.92)


def paint_weather(canvas: Canvas, weather: str, light: Light) -> None:
    """What is between the eye and the scene: rain, flakes, fog."""
    if weather == "rain":
        canvas.cover((0.62, 0.66, 0.72), canvas.noise(40, 30) * 0.25)
        for _ in range(round(canvas.width * 2.2)):
            x, y = canvas.between(-10, canvas.width), canvas.between(-10, HEIGHT)
            long = canvas.between(3, 8)
            drop = light.on((0.93, 0.95, 1.0))
            canvas.line([(x, y), (x + long * 0.18, y + long)], drop, 0.2, opacity=canvas.between(0.25, 0.6))
    elif weather == "snow":
        canvas.cover((0.93, 0.94, 0.96), canvas.noise(40, 30) * 0.25)
        flakes = []
        for _ in range(round(canvas.width * 2.2)):
            size = canvas.between(0.25, 0.5) if canvas.between(0, 1) < 0.8 else canvas.between(0.6, 1.0)
            place = (canvas.between(0, canvas.width), canvas.between(0, HEIGHT))
            flakes.append((*place, size, size, mix(light.tint, (1, 1, 1), 0.6)))
        canvas.dabs(flakes)
    elif weather == "fog":
        near = canvas.ys() / HEIGHT
        canvas.cover(
            mix(light.horizon, (0.9, 0.9, 0.9), 0.5), (0.35 + 0.45 * canvas.noise(60, 25)) * (1.1 - 0.55 * near)
        )
