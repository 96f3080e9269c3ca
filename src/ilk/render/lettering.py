"""Text on pictures: the font that comes with Pillow, and the system's where that lacks a letter.

Pillow's own font (Aileron) has the letters of English and no others. Where the texts of a picture have more, all of
them are set in the first font of the system that has most. What that lacks loses its accents, and what still cannot be
written is a box: visible, and never an error.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from PIL import ImageDraw, ImageFont

BUNDLED = ""
FACES = (
    BUNDLED,
    "NotoSans-Regular.ttf",
    "DejaVuSans.ttf",
    "LiberationSans-Regular.ttf",
    "Arial.ttf",
    "arial.ttf",
    "Arial Unicode.ttf",
    "NotoSansCJK-Regular.ttc",
    "PingFang.ttc",
    "msyh.ttc",
    "YuGothR.ttc",
    "malgun.ttf",
)
"""Fonts by file name, as Linux, macOS and Windows keep them; Pillow knows in which folders."""

ELLIPSIS = "…"
BOLD_STROKE = 0.02
"""Of the size: the bundled font has one weight, a stroke around its letters makes a second."""


@dataclass(frozen=True, slots=True)
class Style:
    """How a text looks: pixels of its size, its colour, its weight."""

    size: int
    colour: str
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Lettering:
    """Writes in one font.

    Attributes
    ----------
    face
        One of `FACES`.
    """

    face: str = BUNDLED

    @classmethod
    def for_texts(cls, texts: Iterable[str]) -> Lettering:
        """In the font that has most of the letters of these texts."""
        letters = frozenset("".join(clean(text) for text in texts))
        best, most = BUNDLED, -1
        for face in FACES:
            known = sum(_has(face, letter) for letter in letters)
            if known > most:
                best, most = face, known
            if most == len(letters):
                break
        return cls(best)

    def measure(self, text: str, size: int) -> float:
        """Pixels from the first letter to the last."""
        return _font(self.face, size).getlength(self._writable(text))

    def shorten(self, text: str, size: int, width: float, *, middle: bool = False) -> str:
        """As much of a text as fits, with an ellipsis for the rest: at the end, or for file names in the middle."""
        text = clean(text)
        if self.measure(text, size) <= width:
            return text
        low, high = 0, len(text)
        while low < high:  # the longest that fits, by halves
            keep = (low + high + 1) // 2
            fits = self.measure(_cut(text, keep, middle=middle), size) <= width
            low, high = (keep, high) if fits else (low, keep - 1)
        return _cut(text, low, middle=middle)

    def wrap(self, text: str, size: int, width: float, *, lines: int) -> list[str]:
        """A text on at most so many lines; the last takes what is left, shortened."""
        words, wrapped = clean(text).split(), list[str]()
        while words and len(wrapped) < lines - 1:
            count = 1
            while count < len(words) and self.measure(" ".join(words[: count + 1]), size) <= width:
                count += 1
            wrapped.append(self.shorten(" ".join(words[:count]), size, width))
            words = words[count:]
        return [*wrapped, self.shorten(" ".join(words), size, width)] if words else wrapped

    def write(self, pen: ImageDraw.ImageDraw, place: tuple[float, float], text: str, style: Style) -> float:
        """Write one line with the start of its baseline at this place; gives its width."""
        text = self._writable(clean(text))
        font = _font(self.face, style.size)
        stroke = style.size * BOLD_STROKE if style.bold else 0
        pen.text(place, text, font=font, fill=style.colour, anchor="ls", stroke_width=stroke)
        return font.getlength(text)

    def _writable(self, text: str) -> str:
        return "".join(letter if _has(self.face, letter) else _plain(letter) for letter in text)


def clean(text: str) -> str:
    """On one line, without what is no letter: a name's undecodable bytes become question marks."""
    return " ".join(text.encode("utf-8", "replace").decode().split())


def _plain(letter: str) -> str:
    """The letter without its accents, if it has some."""
    parts = unicodedata.normalize("NFKD", letter)
    return "".join(part for part in parts if not unicodedata.combining(part)) or letter


def _cut(text: str, keep: int, *, middle: bool) -> str:
    if not middle:
        return text[:keep].rstrip() + ELLIPSIS
    head = keep // 2
    return text[:head].rstrip() + ELLIPSIS + text[len(text) - (keep - head) :]


@lru_cache(maxsize=32)
def _font(face: str, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size) if face == BUNDLED else ImageFont.truetype(face, size)


@lru_cache(maxsize=4096)
def _has(face: str, letter: str) -> bool:
    """Whether a font has a letter: whether it draws it unlike one that no font has."""
    try:
        font = _font(face, 24)
    except OSError:
        return False  # this system does not have the font
    return letter == " " or bytes(font.getmask(letter)) != bytes(font.getmask("\uffff"))
