"""What a scene can be told, and the colours that have names."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ilk.demo.canvas import Canvas, Colour

COLOURS: dict[str, Colour] = {
    "red": (0.83, 0.12, 0.11),
    "orange": (0.96, 0.50, 0.10),
    "yellow": (0.98, 0.83, 0.13),
    "green": (0.18, 0.58, 0.22),
    "blue": (0.11, 0.33, 0.78),
    "violet": (0.49, 0.22, 0.66),
    "pink": (0.96, 0.52, 0.68),
    "white": (0.95, 0.95, 0.94),
    "black": (0.09, 0.09, 0.10),
    "brown": (0.44, 0.27, 0.15),
}

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@dataclass(frozen=True, slots=True)
class Choices:
    """What a scene shows. A field that is empty is left to chance, or plays no part in that kind of scene.

    Attributes
    ----------
    colour
        One of `COLOURS`: of the car, the sails, the flowers.
    count
        How many of them, 1 to 9.
    time
        ``"day"``, ``"sunset"`` or ``"night"``.
    weather
        ``"clear"``, ``"cloudy"``, ``"rain"``, ``"snow"`` or ``"fog"``.
    season
        ``"spring"``, ``"summer"``, ``"autumn"`` or ``"winter"``.
    form
        Which of its kind: ``"apple"`` of fruit, ``"star"`` of shapes.
    """

    colour: str = ""
    count: int = 0
    time: str = ""
    weather: str = ""
    season: str = ""
    form: str = ""

    def or_else(self, other: Choices) -> Choices:
        """These, and the other's where these are empty."""
        return replace(other, **{name: value for name in Choices.__slots__ if (value := getattr(self, name))})


def colour_of(canvas: Canvas, name: str) -> Colour:
    """A shade of the colour of that name."""
    return canvas.vary(COLOURS[name], 0.04)
