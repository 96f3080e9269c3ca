"""Contact sheets: the hits of one or more queries as one picture."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from ilk import pictures
from ilk.errors import InputError, PictureError
from ilk.records import Hits
from ilk.render import lettering
from ilk.render.thumbnails import see, see_example
from ilk.render.writing import write_whole

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
LARGEST = 16_000
"""Pixels high: WebP holds no more, and few programs show more."""

MOST = 400
"""Hits of one search on a sheet; they are in memory together."""

SEEN = 480
"""Pixels of the longer side of pictures that hits get themselves: twice what is drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetHit:
    """One picture on a sheet.

    Attributes
    ----------
    picture
        Where it is, its bytes, upright RGB, or why it cannot be had.
    name
        What stands beneath it.
    rank, similarity, distance, caption
        As in `ilk.records.Hit`.
    """

    picture: Path | bytes | Image.Image | PictureError
    name: str
    rank: int | None = None
    similarity: float | None = None
    distance: float | None = None
    caption: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRow:
    """A query and its hits.

    Attributes
    ----------
    heading
        The query in words, or what the example is called.
    hits
        Nearest first.
    example
        The picture that was asked with.
    note
        Stands small after the heading.
    """

    heading: str
    hits: tuple[SheetHit, ...]
    example: Path | bytes | Image.Image | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Colours and measures in pixels.

    Attributes
    ----------
    width
        Of the sheet. It is as high as it needs to be.
    thumbnail_height
        Of the pictures on it, unless a row fits beside each other when they are a little lower.
    """

    paper: str = "#faf9f6"
    ink: str = "#1c1e22"
    faint: str = "#74777d"
    rule: str = "#e2e0da"
    panel: str = "#ece9e2"
    width: int = 1600
    thumbnail_height: int = 200


LIGHT = Look()
DARK = Look(paper="#15171b", ink="#eceae6", faint="#969aa2", rule="#2c3037", panel="#23272e")

MARGIN, GAP, CORNER = 56, 22, 8
TITLE, TEXT, SMALL = 27, 17, 15
UNDER = 104
"""Pixels from the bottom of a thumbnail to the top of the next line's: a line of name, two of caption, and air."""

LOWEST = 0.66
"""How much lower than asked thumbnails may become, so that a row's hits fit beside each other."""

TINY = 100
"""Pixels of height below which a panel has no room for words."""

NARROWEST, WIDEST = 0.72, 1.85
"""Shapes of thumbnails, width to height; what is beyond is cropped."""


def row_of(
    hits: Hits, *, path_of: Callable[[str], Path] | None = None, example: Path | bytes | Image.Image | None = None
) -> SheetRow:
    """The row of a search's hits.

    Parameters
    ----------
    path_of
        Where the picture with a uri is; None to have the hits get their pictures, wherever these are.
    example
        The picture that was asked with; None for the one that the hits know of, if they get their own pictures.

    Raises
    ------
    ilk.errors.InputError
        If there are more hits than a sheet can hold.
    """
    if len(hits) > MOST:
        raise InputError(f"A contact sheet holds at most {MOST} hits; these are {len(hits):,}. A page holds more.")
    found: Iterator[Path | Image.Image | PictureError]
    if path_of is not None:
        found = (path_of(hit.uri) for hit in hits)
    else:
        found = (seen.picture for seen in see(hits, size=SEEN))
        example = example if example is not None else see_example(hits, size=SEEN)
    return SheetRow(
        heading=hits.query,
        example=example,
        hits=tuple(
            SheetHit(
                picture=picture,
                name=hit.id,
                rank=hit.rank,
                similarity=None if math.isnan(hit.similarity) else hit.similarity,
                distance=hit.distance,
                caption=hit.caption,
            )
            for hit, picture in zip(hits, found, strict=True)
        ),
    )


def contact_sheet(rows: Sequence[SheetRow], path: Path, *, look: Look = LIGHT) -> None:
    """Draw a contact sheet and write it.

    Hits that do not fit beside each other go on below. A picture that cannot be read leaves its place empty but for
    the reason.

    Parameters
    ----------
    path
        Where to; its suffix, one of `FORMATS`, says in which format. A file that is there is replaced.

    Raises
    ------
    ilk.errors.InputError
        If the suffix is another, if there are more rows than a sheet can hold, or if it cannot be written.
    """
    check_suffix(path)
    if not rows:
        raise InputError("There is nothing to put on a contact sheet: ask at least one query.")
    sheet = _Sheet(rows, look).draw()
    with write_whole(path, what="contact sheet") as file:
        sheet.save(file, FORMATS[path.suffix.lower()], quality=90)


def check_suffix(path: Path) -> None:
    """Refuse a name that says another format, before anything is searched."""
    if path.suffix.lower() not in FORMATS:
        raise InputError(
            f"A contact sheet cannot be a {path.suffix or 'file without a suffix'}: name a .png, .jpg or .webp."
        )


@dataclass(frozen=True, slots=True)
class _Placed:
    """A hit's thumbnail and where it goes, counted from the top of its row."""

    hit: SheetHit
    image: Image.Image
    left: int
    top: int


class _Sheet:
    """A sheet in the making."""

    def __init__(self, rows: Sequence[SheetRow], look: Look) -> None:
        self.rows, self.look = rows, look
        self.letters = lettering.Lettering.for_texts(_texts(rows))
        self.title = lettering.Style(TITLE, look.ink, bold=True)
        self.name = lettering.Style(TEXT, look.ink)
        self.note = lettering.Style(TEXT, look.faint)
        self.small = lettering.Style(SMALL, look.faint)

    def draw(self) -> Image.Image:
        layouts = [self._lay_out(row) for row in self.rows]
        tops, top = [], MARGIN
        for row, placed in zip(self.rows, layouts, strict=True):
            tops.append(top)
            top += _head(row) + (placed[-1].top + placed[-1].image.height + UNDER if placed else 64) + GAP
        if top > LARGEST:
            raise InputError(f"The contact sheet would be {top:,} pixels high: ask fewer queries, or for fewer hits.")
        self.image = Image.new("RGB", (self.look.width, top), self.look.paper)
        self.pen = ImageDraw.Draw(self.image)
        for number, (row, placed) in enumerate(zip(self.rows, layouts, strict=True)):
            if number:
                level = tops[number] - GAP - 8
                self.pen.line([(MARGIN, level), (self.look.width - MARGIN, level)], fill=self.look.rule)
            self._draw_heading(row, tops[number])
            for each in placed:
                self._draw_hit(each, tops[number] + _head(row))
            if not placed:
                place = (MARGIN, tops[number] + _head(row) + TEXT)
                self.letters.write(self.pen, place, "Nothing found.", self.note)
        return self.image

    def _lay_out(self, row: SheetRow) -> list[_Placed]:
        """Beside each other if they fit when made a little lower, or else on several lines."""
        images = [self._thumbnail(hit.picture, self.look.thumbnail_height) for hit in row.hits]
        room = self.look.width - 2 * MARGIN
        fit = (room - GAP * (len(images) - 1)) / max(sum(image.width for image in images), 1)
        tall = int(self.look.thumbnail_height * min(fit, 1)) if fit >= LOWEST else self.look.thumbnail_height
        placed: list[_Placed] = []
        left, top = MARGIN, 0
        for hit, image in zip(row.hits, images, strict=True):
            wide = int(image.width * tall / image.height)
            if left > MARGIN and left + wide > self.look.width - MARGIN:
                left, top = MARGIN, top + tall + UNDER
            scaled = image if image.height == tall else image.resize((wide, tall), Image.Resampling.LANCZOS)
            placed.append(_Placed(hit, scaled, left, top))
            left += wide + GAP
        return placed

    def _draw_heading(self, row: SheetRow, top: int) -> None:
        left, baseline = MARGIN, top + TITLE
        if row.example is not None:
            image = self._thumbnail(row.example, 72)
            _paste_rounded(self.image, image, (MARGIN, top))
            left, baseline = MARGIN + image.width + 20, top + 46
        note = self.letters.shorten(row.note, TEXT, self.look.width / 3)
        room = self.look.width - MARGIN - left - (self.letters.measure(note, TEXT) + 20 if note else 0)
        heading = self.letters.shorten(row.heading, TITLE, room)
        left += round(self.letters.write(self.pen, (left, baseline), heading, self.title)) + 20
        self.letters.write(self.pen, (left, baseline), note, self.note)

    def _draw_hit(self, placed: _Placed, top: int) -> None:
        hit, image, letters = placed.hit, placed.image, self.letters
        left, top = placed.left, top + placed.top
        _paste_rounded(self.image, image, (left, top))
        baseline, gutter, margin = top + image.height + 27, 0.0, 0.0
        if hit.rank is not None:
            gutter = letters.write(self.pen, (left, baseline), str(hit.rank), self.note) + 8
        if hit.similarity is not None:
            similarity = f"{hit.similarity if hit.distance is None else hit.distance:.3f}"
            wide = letters.measure(similarity, SMALL)
            letters.write(self.pen, (left + image.width - wide, baseline), similarity, self.small)
            margin = wide + 10
        name = letters.shorten(hit.name.rsplit("/", 1)[-1], TEXT, image.width - gutter - margin, middle=True)
        letters.write(self.pen, (left + gutter, baseline), name, self.name)
        for number, text in enumerate(letters.wrap(hit.caption or "", SMALL, image.width, lines=2)):
            letters.write(self.pen, (left, baseline + 23 + 20 * number), text, self.small)

    def _thumbnail(self, source: Path | bytes | Image.Image | PictureError, tall: int) -> Image.Image:
        """A picture of this height, its middle if it is too narrow or too wide; or a panel with the reason."""
        if isinstance(source, PictureError):
            return self._placeholder(str(source), tall)
        try:
            image = source if isinstance(source, Image.Image) else pictures.load(source, size=tall).image
        except PictureError as error:
            return self._placeholder(str(error), tall)
        shape = min(max(image.width / image.height, NARROWEST), WIDEST)
        across, down = min(image.width, image.height * shape), min(image.height, image.width / shape)
        left, top = (image.width - across) / 2, (image.height - down) / 2
        size = (max(1, round(tall * shape)), tall)
        return image.resize(
            size, Image.Resampling.LANCZOS, box=(left, top, left + across, top + down), reducing_gap=3.0
        )

    def _placeholder(self, reason: str, tall: int) -> Image.Image:
        panel = Image.new("RGB", (round(tall * 4 / 3), tall), self.look.panel)
        pen = ImageDraw.Draw(panel)
        if lines := (tall - 32) // 21 if tall > TINY else 0:
            for number, text in enumerate(self.letters.wrap(reason, SMALL, panel.width - 32, lines=lines)):
                self.letters.write(pen, (16, 30 + 21 * number), text, self.small)
        else:
            third = tall // 3
            pen.line([(third, third), (panel.width - third, tall - third)], fill=self.look.faint, width=2)
        return panel


def _texts(rows: Sequence[SheetRow]) -> Iterator[str]:
    for row in rows:
        yield from (row.heading, row.note)
        for hit in row.hits:
            yield from (hit.name, hit.caption or "")


def _head(row: SheetRow) -> int:
    """Pixels from the top of a row to its thumbnails."""
    return 96 if row.example is not None else 52


def _paste_rounded(sheet: Image.Image, image: Image.Image, corner: tuple[int, int]) -> None:
    """Paste with round corners, smoothed by drawing their mask four times as large."""
    mask = Image.new("L", (image.width * 4, image.height * 4))
    ImageDraw.Draw(mask).rounded_rectangle([0, 0, mask.width - 1, mask.height - 1], CORNER * 4, fill=255)
    sheet.paste(image, corner, mask.resize(image.size, Image.Resampling.BOX))
