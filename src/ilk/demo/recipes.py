"""What the demo's folder holds: every picture as a recipe, not yet cooked."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ilk.demo.photographs import Found
from ilk.demo.scenes import VERSION, Choices, draw

if TYPE_CHECKING:
    from PIL.Image import Image

WIDE, TALL, LONG = (384, 288), (288, 384), (432, 243)
QUALITY = 88


@dataclass(frozen=True, slots=True)
class Recipe:
    """One picture to be made.

    Attributes
    ----------
    name
        Its path in the folder.
    origin
        What it is made from: the same origin gives the same picture.
    cook
        Makes its bytes, and a caption if it has one.
    """

    name: str
    origin: str
    cook: Callable[[], tuple[bytes, str | None]]


def photograph_recipes(found: list[Found]) -> Iterator[Recipe]:
    """Photographs, as JPEGs; those that are JPEGs already, byte for byte."""
    for each in found:
        photograph = each.photograph
        yield Recipe(
            f"photographs/{photograph.name}.jpg",
            f"{photograph.package} {each.version} {photograph.path}",
            partial(_copy, each.path, photograph.caption),
        )


SCENES: tuple[tuple[str, int, tuple[int, int], Choices], ...] = (
    ("sea", 1, WIDE, Choices(time="sunset", weather="clear")),
    ("sea", 2, LONG, Choices(time="sunset", weather="clear")),
    ("sea", 3, WIDE, Choices(time="day", weather="clear")),
    ("sea", 4, WIDE, Choices(time="night", weather="clear")),
    ("mountains", 1, WIDE, Choices(season="winter", time="day", weather="clear")),
    ("mountains", 2, LONG, Choices(season="winter", time="day", weather="clear")),
    ("mountains", 4, TALL, Choices(season="winter", time="day", weather="snow")),
    ("mountains", 5, WIDE, Choices(season="winter", time="sunset", weather="clear")),
    ("mountains", 6, WIDE, Choices(season="summer", time="day", weather="clear")),
    ("forest", 1, WIDE, Choices(season="summer", weather="clear")),
    ("forest", 2, TALL, Choices(season="autumn", weather="clear")),
    ("forest", 3, WIDE, Choices(season="winter", weather="clear")),
    ("forest", 4, WIDE, Choices(season="spring", weather="fog")),
    ("desert", 1, WIDE, Choices(time="day")),
    ("desert", 2, LONG, Choices(time="sunset")),
    ("desert", 3, WIDE, Choices(time="day")),
    ("beach", 1, WIDE, Choices(colour="red", count=1, time="day")),
    ("beach", 2, WIDE, Choices(colour="blue", count=3, time="day")),
    ("beach", 3, LONG, Choices(colour="yellow", count=2, time="day")),
    ("beach", 4, WIDE, Choices(colour="green", count=1, time="sunset")),
    ("rainbow", 1, WIDE, Choices()),
    ("rainbow", 2, LONG, Choices()),
    ("city", 1, WIDE, Choices(time="night", weather="clear")),
    ("city", 2, LONG, Choices(time="night", weather="clear")),
    ("city", 3, TALL, Choices(time="night", weather="clear")),
    ("city", 4, WIDE, Choices(time="day", weather="clear")),
    ("city", 5, WIDE, Choices(time="sunset", weather="clear")),
    ("car", 1, WIDE, Choices(colour="red", time="day", weather="clear")),
    ("car", 2, WIDE, Choices(colour="blue", time="day", weather="clear")),
    ("car", 3, WIDE, Choices(colour="yellow", time="night", weather="rain")),
    ("car", 4, LONG, Choices(colour="green", time="day", weather="snow", season="autumn")),
    ("house", 1, WIDE, Choices(colour="red", season="summer", time="day", weather="clear")),
    ("house", 2, WIDE, Choices(colour="blue", season="spring", time="day", weather="clear")),
    ("house", 3, WIDE, Choices(colour="brown", season="winter", time="night", weather="clear")),
    ("house", 4, LONG, Choices(colour="orange", season="autumn", time="sunset", weather="clear")),
    ("clock", 1, WIDE, Choices(colour="black")),
    ("clock", 2, TALL, Choices(colour="red")),
    ("clock", 3, WIDE, Choices(colour="brown")),
    ("traffic-light", 1, TALL, Choices(colour="red", time="day")),
    ("traffic-light", 2, WIDE, Choices(colour="green", time="day")),
    ("traffic-light", 3, WIDE, Choices(colour="yellow", time="night")),
    ("lighthouse", 1, TALL, Choices(colour="red", time="day", weather="clear")),
    ("lighthouse", 2, WIDE, Choices(colour="red", time="sunset", weather="clear")),
    ("lighthouse", 3, WIDE, Choices(colour="black", time="night", weather="clear")),
    ("fireworks", 1, WIDE, Choices()),
    ("fireworks", 2, WIDE, Choices(colour="red")),
    ("fireworks", 3, TALL, Choices(colour="yellow", count=1)),
    ("snowman", 1, TALL, Choices(colour="red", time="day", weather="clear")),
    ("snowman", 2, WIDE, Choices(colour="blue", time="day", weather="snow")),
    ("snowman", 3, WIDE, Choices(colour="green", time="sunset", weather="clear")),
    ("boats", 1, WIDE, Choices(colour="white", count=1, time="day", weather="clear")),
    ("boats", 2, LONG, Choices(colour="red", count=3, time="day", weather="clear")),
    ("boats", 3, WIDE, Choices(colour="white", count=2, time="sunset", weather="clear")),
    ("boats", 4, WIDE, Choices(colour="blue", count=1, time="day", weather="cloudy")),
    ("balloons", 1, WIDE, Choices(colour="red", count=1, time="day")),
    ("balloons", 2, LONG, Choices(colour="blue", count=3, time="day")),
    ("balloons", 3, TALL, Choices(colour="yellow", count=2, time="day")),
    ("balloons", 4, WIDE, Choices(colour="orange", count=5, time="sunset")),
    ("flowers", 1, WIDE, Choices(colour="red", weather="clear")),
    ("flowers", 2, WIDE, Choices(colour="yellow", weather="clear")),
    ("flowers", 3, LONG, Choices(colour="pink", weather="clear")),
    ("flowers", 4, WIDE, Choices(colour="white", count=3, weather="clear")),
    ("fruit", 1, WIDE, Choices(form="apple", colour="red", count=3)),
    ("fruit", 2, WIDE, Choices(form="apple", colour="green", count=2)),
    ("fruit", 3, WIDE, Choices(form="orange", colour="orange", count=4)),
    ("fruit", 4, WIDE, Choices(form="lemon", colour="yellow", count=2)),
    ("fruit", 5, WIDE, Choices(form="pear", colour="green", count=3)),
    ("fruit", 6, WIDE, Choices(form="plum", colour="violet", count=5)),
    ("shapes", 1, WIDE, Choices(form="circle", colour="red", count=3)),
    ("shapes", 2, WIDE, Choices(form="star", colour="yellow", count=5)),
    ("shapes", 3, WIDE, Choices(form="heart", colour="pink", count=2)),
    ("shapes", 4, WIDE, Choices(form="square", colour="blue", count=4)),
    ("shapes", 5, WIDE, Choices(form="triangle", colour="green", count=1)),
)
"""What is painted: kind, seed, size and what it shows."""


def scene_recipes() -> Iterator[Recipe]:
    """Painted scenes, numbered within their kind."""
    numbers: dict[str, int] = {}
    for kind, seed, size, choices in SCENES:
        numbers[kind] = numbers.get(kind, 0) + 1
        origin = f"painted {VERSION} {kind} {seed} {size} {choices}"
        yield Recipe(f"drawn/{kind}-{numbers[kind]:02}.jpg", origin, partial(_paint, kind, seed, size, choices))


def _paint(kind: str, seed: int, size: tuple[int, int], choices: Choices) -> tuple[bytes, str]:
    drawing = draw(kind, seed, size=size, choices=choices)
    return _encode(drawing.image, "JPEG", quality=QUALITY), drawing.caption


def odd_recipes(found: list[Found]) -> Iterator[Recipe]:
    """The kinds of file that trip programs up, made from photographs, or from a painted scene where there are none."""
    places = {each.photograph.name: each for each in found}

    def subject(name: str) -> Image:
        from PIL import Image

        if name not in places:
            return draw("house", 1, choices=Choices(colour="red", season="summer", time="day")).image
        with Image.open(places[name].path) as image:
            return image.convert("RGB")

    def origin(name: str, what: str) -> str:
        return f"{what} of {places[name].path.name} {places[name].version}" if name in places else f"{what} {VERSION}"

    yield Recipe("odd/turned-by-exif.jpg", origin("coffee", "turned"), lambda: (_turned(subject("coffee")), None))
    yield Recipe("odd/cmyk.jpg", origin("rocket", "CMYK"), lambda: (_cmyk(subject("rocket")), None))
    yield Recipe("odd/transparent.png", origin("temple", "oval"), lambda: (_oval(subject("temple")), None))
    yield Recipe("odd/saved-again.jpg", origin("cat", "copy"), lambda: (_saved_again(subject("cat")), None))
    yield Recipe("odd/broken.jpg", origin("cat", "start"), lambda: (_broken(subject("cat")), None))


def _turned(image: Image) -> bytes:
    """Stored upside down, with the EXIF tag that says so: programs that overlook the tag see it upside down."""
    from PIL import ExifTags, Image

    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 3
    return _encode(image.transpose(Image.Transpose.ROTATE_180), "JPEG", quality=QUALITY, exif=exif)


def _cmyk(image: Image) -> bytes:
    """In printer's inks."""
    return _encode(image.convert("CMYK"), "JPEG", quality=QUALITY)


def _oval(image: Image) -> bytes:
    """An oval cut-out; what is under the transparent part is bright green, to see whether anybody looks there."""
    from PIL import Image, ImageDraw, ImageFilter

    mask = Image.new("L", image.size)
    inset = min(image.size) // 20
    ImageDraw.Draw(mask).ellipse([inset, inset, image.width - inset, image.height - inset], fill=255)
    mask = mask.filter(ImageFilter.GaussianBlur(inset / 4))
    cut = Image.composite(image, Image.new("RGB", image.size, (0, 255, 0)), mask.point(lambda value: 255 * (value > 0)))
    cut.putalpha(mask)
    return _encode(cut, "PNG")


def _saved_again(image: Image) -> bytes:
    """Smaller and of lower quality, as after a trip through a messenger."""
    image = image.resize((image.width * 3 // 4, image.height * 3 // 4))
    return _encode(image, "JPEG", quality=55)


def _broken(image: Image) -> bytes:
    """Only the first bytes, as after a download that stopped."""
    return _encode(image, "JPEG", quality=QUALITY)[:400]


def _copy(path: Path, caption: str) -> tuple[bytes, str]:
    from PIL import Image

    data = path.read_bytes()
    with Image.open(io.BytesIO(data)) as image:
        return data if image.format == "JPEG" else _encode(image.convert("RGB"), "JPEG", quality=QUALITY), caption


def _encode(image: Image, format_: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, format_, **options)
    return out.getvalue()
