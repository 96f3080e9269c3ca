"""Scenes that ilk paints itself, each with its caption: for the demo, for tests, and to teach a model.

>>> picture = draw("car", seed=7, choices=Choices(colour="red", weather="rain"))
>>> picture.caption
'A red car on a street in the rain.'

The same kind, seed, size and choices give the same picture wherever the same versions of Pillow and NumPy run.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from ilk.demo import buildings, holidays, indoors, outdoors, streets, things
from ilk.demo.canvas import Canvas
from ilk.demo.palette import NUMBERS, Choices

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["KINDS", "VERSION", "Choices", "Drawing", "draw", "options"]

T = TypeVar("T")

VERSION = 1
"""Grows when a kind, a seed and choices no longer give the picture they gave."""

TIMES = {"day": "", "sunset": " at sunset", "night": " at night"}
WEATHERS = {
    "clear": "",
    "cloudy": " under a cloudy sky",
    "rain": " in the rain",
    "snow": " in falling snow",
    "fog": " in the fog",
}
SEASONS = {"spring": " in spring", "summer": " in summer", "autumn": " in autumn", "winter": " in winter"}

MOSTLY_CLEAR = ("clear", "clear", "clear", "cloudy")
ANY_TIME = ("day", "day", "sunset", "night")
ANY_SEASON = tuple(SEASONS)


class Drawing(NamedTuple):
    """A painted scene.

    Attributes
    ----------
    image
        Upright RGB.
    caption
        What it shows, as a sentence.
    choices
        The same, field by field.
    """

    image: Image
    caption: str
    choices: Choices


@dataclass(frozen=True, slots=True)
class _Kind:
    """How to paint one kind of scene, what it can be told, and how to say it.

    The options that a kind lists more than once are chosen more often. ``{colour}``, ``{count}``, ``{form}`` and
    ``{s}`` stand for themselves in the sentence; time, weather and season follow it.
    """

    paint: Callable[[Canvas, Choices], None]
    sentence: str
    colours: tuple[str, ...] = ("",)
    counts: tuple[int, ...] = (0,)
    times: tuple[str, ...] = ("day",)
    weathers: tuple[str, ...] = ("clear",)
    seasons: tuple[str, ...] = ("summer",)
    forms: tuple[str, ...] = ("",)
    says_season: bool = False


_BRIGHT = ("red", "blue", "yellow", "green", "orange", "white")

_KINDS: dict[str, _Kind] = {
    "sea": _Kind(
        outdoors.paint_sea,
        "the open sea",
        times=("sunset", "sunset", "day", "night"),
        weathers=("clear", "clear", "cloudy", "rain"),
    ),
    "mountains": _Kind(
        outdoors.paint_mountain_view,
        "{snowy}mountains and fir trees",
        times=("day", "day", "sunset"),
        weathers=("clear", "clear", "snow"),
        seasons=("winter", "winter", "summer", "autumn"),
        says_season=True,
    ),
    "forest": _Kind(
        outdoors.paint_forest,
        "a path through a forest",
        weathers=("clear", "clear", "fog", "rain"),
        seasons=ANY_SEASON,
        says_season=True,
    ),
    "desert": _Kind(outdoors.paint_desert, "sand dunes in a desert", times=("day", "sunset")),
    "beach": _Kind(
        outdoors.paint_beach,
        "{count} {colour} parasol{s} on a beach by the sea",
        colours=_BRIGHT,
        counts=(1, 1, 2, 3),
        times=("day", "day", "sunset"),
    ),
    "rainbow": _Kind(
        outdoors.paint_field, "a rainbow over a green field", weathers=("cloudy",), seasons=("spring", "summer")
    ),
    "city": _Kind(
        buildings.paint_city,
        "a city skyline with tall buildings",
        times=("night", "night", "day", "sunset"),
        weathers=("clear", "clear", "cloudy", "rain"),
    ),
    "car": _Kind(
        streets.paint_car,
        "{count} {colour} car{s} on a street",
        colours=("red", "blue", "yellow", "green", "white", "black"),
        counts=(1,),
        times=("day", "day", "night"),
        weathers=("clear", "cloudy", "rain", "snow"),
        seasons=("summer", "autumn", "spring"),
    ),
    "house": _Kind(
        buildings.paint_house,
        "a house with a {colour} roof and a garden",
        colours=("red", "blue", "brown", "orange"),
        times=("day", "day", "sunset", "night"),
        weathers=MOSTLY_CLEAR,
        seasons=ANY_SEASON,
        says_season=True,
    ),
    "clock": _Kind(
        indoors.paint_clock, "a round {colour} clock on a wall", colours=("black", "red", "blue", "brown", "white")
    ),
    "traffic-light": _Kind(
        streets.paint_traffic_light,
        "a traffic light showing {colour}",
        colours=("red", "yellow", "green"),
        times=("day", "day", "night"),
        weathers=("clear", "cloudy", "rain"),
    ),
    "lighthouse": _Kind(
        buildings.paint_lighthouse,
        "a {colour} and white lighthouse by the sea",
        colours=("red", "blue", "black"),
        times=ANY_TIME,
        weathers=MOSTLY_CLEAR,
    ),
    "fireworks": _Kind(
        holidays.paint_fireworks,
        "{colour} fireworks in the night sky",
        colours=("", "", "red", "blue", "yellow", "green"),
    ),
    "snowman": _Kind(
        holidays.paint_snowman,
        "a snowman with a {colour} scarf in the snow",
        colours=("red", "blue", "green", "yellow"),
        times=("day", "day", "sunset"),
        weathers=("clear", "snow"),
        seasons=("winter",),
    ),
    "boats": _Kind(
        things.paint_boats,
        "{count} sailing boat{s} with {colour} sails",
        colours=("white", "white", "red", "blue", "yellow"),
        counts=(1, 1, 2, 3),
        times=("day", "day", "sunset"),
        weathers=MOSTLY_CLEAR,
    ),
    "balloons": _Kind(
        things.paint_balloons,
        "{count} {colour} hot-air balloon{s} in the sky",
        colours=("red", "blue", "yellow", "orange", "violet"),
        counts=(1, 2, 3, 4, 5),
        times=("day", "day", "sunset"),
        seasons=("summer", "spring"),
    ),
    "flowers": _Kind(
        things.paint_flowers,
        "{count} {colour} flower{s} in a meadow",
        colours=("red", "yellow", "pink", "violet", "white", "orange"),
        counts=(1, 2, 3, 0, 0),
        weathers=MOSTLY_CLEAR,
    ),
    "fruit": _Kind(
        indoors.paint_fruit,
        "{count} {colour} {form}{s} on a table",
        colours=("red", "green", "yellow", "orange", "violet"),
        counts=(1, 2, 3, 4, 5),
        forms=tuple(indoors.FRUIT),
    ),
    "shapes": _Kind(
        indoors.paint_shapes,
        "{count} {colour} {form}{s} on paper",
        colours=("red", "blue", "green", "yellow", "black", "violet", "orange", "pink"),
        counts=(1, 2, 3, 4, 5, 6, 7, 8, 9),
        forms=indoors.SHAPES,
    ),
}

KINDS: tuple[str, ...] = tuple(_KINDS)
"""The kinds of scene."""


def options(kind: str) -> dict[str, tuple[str | int, ...]]:
    """What the scenes of a kind can be told: the values of each field of `Choices` that chance picks from."""
    known = _KINDS[kind]
    fields: dict[str, tuple[str, ...] | tuple[int, ...]] = {
        "colour": known.colours,
        "count": known.counts,
        "time": known.times,
        "weather": known.weathers,
        "season": known.seasons,
        "form": known.forms,
    }
    return {name: tuple(dict.fromkeys(values)) for name, values in fields.items()}


def draw(kind: str, seed: int, *, size: tuple[int, int] = (384, 288), choices: Choices | None = None) -> Drawing:
    """Paint a scene.

    Parameters
    ----------
    kind
        One of `KINDS`.
    seed
        Everything that is not chosen comes from it.
    size
        Width and height in pixels. About 10 ms at 128 pixels for the simple kinds, 50 for forests; it grows with
        the number of pixels.
    choices
        What it must show.

    Raises
    ------
    KeyError
        If there is no such kind, or it has no such colour or form.
    """
    known = _KINDS[kind]
    rng = np.random.default_rng([zlib.crc32(kind.encode()), seed])
    made = _choose(known, rng, choices or Choices())
    canvas = Canvas(size, rng)
    known.paint(canvas, made)
    return Drawing(canvas.finish(), _say(known, made), made)


def _choose(known: _Kind, rng: np.random.Generator, given: Choices) -> Choices:
    def pick(values: tuple[T, ...]) -> T:
        return values[int(rng.integers(len(values)))]

    form = given.form or pick(known.forms)
    colours = indoors.FRUIT.get(form, known.colours)
    chosen = Choices(
        colour=pick(colours),
        count=pick(known.counts),
        time=pick(known.times),
        weather=pick(known.weathers),
        season=pick(known.seasons),
        form=form,
    )
    return given.or_else(chosen)


def _say(known: _Kind, made: Choices) -> str:
    many = made.count != 1
    count = NUMBERS[made.count] if made.count > 1 else ("" if made.count == 0 else "a")
    sentence = known.sentence.format(
        colour="" if made.colour == made.form else made.colour,
        count=count,
        form=made.form,
        s="s" if many else "",
        snowy="snowy " if made.season == "winter" else "",
    )
    if known.says_season:
        sentence += SEASONS[made.season]
    sentence += TIMES[made.time] + (WEATHERS[made.weather] if len(known.weathers) > 1 else "")
    words = " ".join(sentence.split())
    for vowel in ("orange", "apple"):
        words = words.replace(f"a {vowel}", f"an {vowel}")
    return words[0].upper() + words[1:] + "."
