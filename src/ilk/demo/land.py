"""What lies under the sky: water, hills, grass, sand, snow and trees."""

from __future__ import annotations

import math

import numpy as np

from ilk.demo.canvas import HEIGHT, Canvas, Colour, Field, Point, mix, smoothstep, times
from ilk.demo.skies import Light

GREENS: dict[str, tuple[Colour, Colour]] = {
    "spring": ((0.36, 0.58, 0.20), (0.66, 0.80, 0.36)),
    "summer": ((0.20, 0.44, 0.15), (0.50, 0.68, 0.28)),
    "autumn": ((0.45, 0.42, 0.16), (0.74, 0.62, 0.30)),
    "winter": ((0.80, 0.84, 0.90), (0.97, 0.98, 1.0)),
}
LEAVES: dict[str, tuple[Colour, ...]] = {
    "spring": ((0.45, 0.68, 0.22), (0.62, 0.78, 0.32), (0.97, 0.76, 0.82)),
    "summer": ((0.15, 0.40, 0.13), (0.26, 0.52, 0.18), (0.36, 0.60, 0.22)),
    "autumn": ((0.85, 0.45, 0.10), (0.78, 0.24, 0.08), (0.93, 0.68, 0.14)),
    "winter": ((0.90, 0.93, 0.97), (0.80, 0.85, 0.92), (0.97, 0.98, 1.0)),
}


def paint_ground(
    canvas: Canvas, near: Colour, far: Colour, light: Light, *, horizon: float, rough: float = 0.12
) -> None:
    """Flat land from the horizon to the eye, its texture coarser the nearer it is."""
    canvas.wash([(0, light.far(far, 0.25)), (0.3, light.on(far)), (1, light.on(near))], top=horizon)
    depth = np.clip((canvas.ys() - horizon) / (HEIGHT - horizon), 0, 1)
    fine, coarse = canvas.noise(12, 1.4, octaves=4, rough=0.7), canvas.noise(30, 6, octaves=4)
    texture = (fine * (1 - depth) + coarse * depth - 0.5) * 2 * rough * (canvas.ys() > horizon)
    canvas.shade(1 + texture)


def paint_grass(canvas: Canvas, season: str, light: Light, *, horizon: float, blades: int = 1400) -> None:
    """A meadow; in winter, snow."""
    dark, bright = GREENS[season]
    paint_ground(canvas, canvas.vary(dark), canvas.vary(bright), light, horizon=horizon)
    if season == "winter":
        return
    strokes = []
    for y in sorted(horizon + (HEIGHT - horizon) * canvas.rng.random(blades) ** 0.7):
        depth = (y - horizon) / (HEIGHT - horizon)
        x, lean = canvas.between(0, canvas.width), canvas.between(-0.5, 0.5)
        tall = 0.4 + 3.2 * depth
        colour = light.on(mix(dark, bright, canvas.between(0, 1)))
        strokes.append(((x, y), (x + lean * tall, y - tall), 0.12 + 0.2 * depth, colour))
    canvas.blades(strokes)


def paint_water(
    canvas: Canvas, light: Light, *, horizon: float, deep: Colour = (0.05, 0.22, 0.36), bottom: float = HEIGHT
) -> None:
    """Water to the horizon: the sky upside down, darker and broken by waves, with the sun's road on it."""
    first, last = round(horizon * canvas.unit), round(bottom * canvas.unit)
    picture = canvas.array()
    rows = np.clip(first - 1 - (np.arange(last - first) * 0.9).astype(int), 0, first - 1)
    mirrored = picture[rows]
    depth = np.linspace(0, 1, last - first, dtype=np.float32)[:, None]
    share = (0.45 + 0.35 * depth)[..., None]
    water = mirrored * (1 - share) + np.asarray(light.on(deep), np.float32) * share
    waves = _waves(canvas, depth)
    water = water * (1 + 0.55 * (waves[..., None] - 0.5))
    if light.sun:
        spread = 3.5 + 16 * depth
        road = np.exp(-(((canvas.xs() - light.sun[0]) / spread) ** 2)) * smoothstep(waves, 0.52, 0.66)
        glint = mix(light.horizon, (1, 1, 0.92), 0.55)
        water += road[..., None] * np.asarray(glint, np.float32) * 0.75
    picture = picture.copy()
    picture[first:last] = water
    mask = np.zeros((canvas.pixels[1], 1), np.float32)
    mask[first:last] = 1
    canvas.cover(picture, mask)


def _waves(canvas: Canvas, depth: Field) -> Field:
    """Ripples seen from the shore: noise whose rows lie closer the farther they are."""
    flat = canvas.noise(9, 1.6, octaves=3, rough=0.6)
    rows = (np.log1p(depth[:, 0] * 14) / math.log(15) * (len(flat) - 1)).astype(int)
    rippled: Field = flat[rows]
    return rippled


def paint_hills(
    canvas: Canvas, colour: Colour, light: Light, *, base: float, rise: float, distance: float, step: float = 45
) -> Field:
    """One rolling outline from edge to edge, filled to the bottom. Gives the height of each column."""
    top: Field = base - rise * canvas.ridge(step, octaves=4, rough=0.4)
    mask = smoothstep((canvas.ys() - top[None]) * canvas.unit, -0.7, 0.7)
    texture = 1 + 0.18 * (canvas.noise(10, 5, octaves=4, rough=0.6) - 0.5)
    paint = np.asarray(light.far(colour, distance), np.float32) * texture[..., None]
    canvas.cover(paint.astype(np.float32), mask)
    return top


def paint_mountains(
    canvas: Canvas, light: Light, *, base: float, rise: float, distance: float, snow: float, rock: Colour
) -> None:
    """A range with slopes in light and shadow, white above the snow line.

    Parameters
    ----------
    snow
        How far down the snow comes: 0 none, 1 all the way.
    """
    outline = canvas.ridge(38, octaves=7, rough=0.48)
    outline = (outline - outline.min()) / max(float(np.ptp(outline)), 1e-6)
    top = base - rise * (0.15 + 0.85 * outline)
    below = canvas.ys() - top[None]
    mask = smoothstep(below * canvas.unit, -0.7, 0.7)
    lit = _relief(canvas)
    patches = canvas.noise(6, 8, octaves=5, rough=0.65)
    line = snow * rise * 1.3 * (0.35 + 1.3 * patches) - below + 9 * (lit - 0.5)
    white = smoothstep(line, -1.2, 1.2) if snow else np.zeros_like(below)
    stone = np.asarray(light.on(rock), np.float32) * (0.45 + 0.75 * lit[..., None])
    cold = np.asarray(light.on((0.60, 0.70, 0.88)), np.float32)
    warm = np.asarray(light.on((1.0, 0.99, 0.97)), np.float32)
    ice = cold + (warm - cold) * smoothstep(lit, 0.25, 0.75)[..., None]
    bare = smoothstep(np.abs(lit - 0.28), 0.10, 0.02)[..., None] * 0.75
    paint = stone + (ice + (stone - ice) * bare - stone) * white[..., None]
    haze = distance + 0.30 * np.clip(below / rise, 0, 1) ** 2
    paint = paint + (np.asarray(light.horizon, np.float32) - paint) * np.clip(haze, 0, 1)[..., None]
    canvas.cover(paint.astype(np.float32), mask)


def _relief(canvas: Canvas) -> Field:
    """How much light falls on each point of a folded rock face, in [0, 1], from the upper left.

    The folds are ridged noise: noise with its middle turned into crests (Musgrave's ridged multifractal, one octave
    of folding over a smooth base).
    """
    folds = 1 - np.abs(canvas.noise(17, 26, octaves=6, rough=0.55) - 0.5) * 2
    reach = max(1, round(canvas.unit * 0.5))
    across = np.roll(folds, reach, axis=1) - np.roll(folds, -reach, axis=1)
    down = np.roll(folds, reach, axis=0) - np.roll(folds, -reach, axis=0)
    lean = 0.9 * across + 0.5 * down
    lit: Field = 0.5 - 0.5 * np.tanh(lean / (1.6 * float(lean.std()) + 1e-6))
    return lit


def paint_conifer(canvas: Canvas, foot: Point, tall: float, light: Light, *, season: str, distance: float = 0) -> None:
    """A fir of drooping strokes, dark inside and lighter at the tips; in winter with snow on them."""
    x, y = foot
    dark = light.far((0.06, 0.17, 0.12), distance)
    bright = light.far((0.20, 0.38, 0.20), distance)
    white = light.far((0.95, 0.97, 1.0), distance)
    canvas.line([(x, y), (x, y - tall * 0.9)], light.far((0.24, 0.17, 0.11), distance), tall * 0.035)
    layers = max(10, round(tall * 0.55))
    strokes = [((x, y - tall * 1.01), (x, y - tall * 0.9), tall * 0.016, dark)]
    for layer in range(layers):
        share = (layer + 0.4) / layers
        level = y - tall * (0.99 - 0.88 * share)
        reach = tall * 0.24 * share**0.85 * canvas.between(0.82, 1.1)
        n = 5 + round(9 * share)
        sides = np.sort(canvas.rng.uniform(-1, 1, n))[::-1].tolist()
        drops, tones, chances = canvas.rng.random((3, n)).tolist()
        for side, drop, tone, chance in zip(sides, drops, tones, chances, strict=True):
            droop = tall * (0.035 + 0.05 * share) * (0.5 + abs(side))
            tip = (x + side * reach, level + droop + drop * tall * 0.02)
            colour = mix(dark, bright, 0.4 * tone + 0.45 * (side < 0))
            strokes.append(((x + side * reach * 0.1, level - tall * 0.015), tip, tall * 0.024, colour))
            if season == "winter" and chance < 0.55:
                start = (x + side * reach * 0.45, level + droop * 0.35 - tall * 0.008)
                snow = mix(white, dark, 0.25 * (side > 0))
                strokes.append((start, (tip[0], tip[1] - tall * 0.010), tall * 0.017, snow))
    canvas.blades(strokes)


def paint_tree(
    canvas: Canvas,
    foot: Point,
    tall: float,
    light: Light,
    *,
    season: str,
    distance: float = 0,
    leaf: Colour | None = None,
) -> None:
    """A broad tree: a trunk with boughs, and a crown of dabs that catch the light from the upper left."""
    x, y = foot
    bark = light.far(canvas.vary((0.30, 0.21, 0.15)), distance)
    canvas.polygon(
        [
            (x - tall * 0.045, y),
            (x - tall * 0.022, y - tall * 0.5),
            (x + tall * 0.022, y - tall * 0.5),
            (x + tall * 0.05, y),
        ],
        bark,
    )
    for _ in range(7):
        lean = canvas.between(-0.30, 0.30) * tall
        start = (x, y - tall * canvas.between(0.32, 0.5))
        canvas.line([start, (x + lean, y - tall * canvas.between(0.65, 0.92))], bark, tall * 0.02)
    if season == "bare":
        return
    base = leaf or LEAVES[season][int(canvas.rng.integers(len(LEAVES[season])))]
    n = round((160 + tall * 9) * min(1.0, canvas.unit / 5))
    rng = canvas.rng
    clumps = rng.uniform((-0.26, -0.20, 0.12), (0.26, 0.17, 0.20), (11, 3))[rng.integers(11, size=n)]
    angle, away = rng.uniform(0, math.tau, n), clumps[:, 2] * np.sqrt(rng.random(n))
    u, v = clumps[:, 0] + away * np.cos(angle), clumps[:, 1] + away * np.sin(angle)
    lit = np.clip(0.5 - 1.1 * (v + 0.35 * u) - 0.25 * away * np.sin(angle) / clumps[:, 2], 0, 1)
    dark, bright = (
        np.array(light.far(times(base, 0.42), distance)),
        np.array(light.far(mix(base, (1, 1, 0.75), 0.18), distance)),
    )
    colours = (dark + (bright - dark) * lit[:, None]) * rng.normal(1, 0.08, (n, 1))
    sizes = rng.uniform(0.016, 0.034, n) * min(tall, 34 + tall * 0.15) / min(1.0, canvas.unit / 5) ** 0.5
    rows = np.column_stack([x + u * tall, y - tall * 0.70 + v * tall, sizes * 1.15, sizes])[np.argsort(lit)].tolist()
    hues = colours[np.argsort(lit)].tolist()
    canvas.dabs((a, b, c, d, (r, g, blue)) for (a, b, c, d), (r, g, blue) in zip(rows, hues, strict=True))


def paint_shadow(canvas: Canvas, centre: Point, radii: tuple[float, float], *, opacity: float = 0.35) -> None:
    """The soft dark under a thing."""
    canvas.ellipse(centre, radii, (0.05, 0.05, 0.08), blur=min(radii) * 0.5, opacity=opacity)
