"""Contact sheets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from ilk.errors import InputError
from ilk.records import Hit, Hits
from ilk.render.lettering import FACES, Lettering, Style, clean
from ilk.render.sheet import DARK, LIGHT, SheetHit, SheetRow, contact_sheet, row_of

COLOURS = {"red": (200, 30, 30), "green": (30, 160, 40), "blue": (30, 60, 200)}


@pytest.fixture
def photos(tmp_path: Path) -> dict[str, Path]:
    """Plain pictures of several shapes, by colour."""
    places = {}
    for (name, colour), size in zip(COLOURS.items(), ((300, 200), (150, 400), (900, 100)), strict=True):
        places[name] = tmp_path / f"{name}.png"
        Image.new("RGB", size, colour).save(places[name])
    return places


def hits_of(places: dict[str, Path]) -> tuple[SheetHit, ...]:
    return tuple(
        SheetHit(
            picture=path, name=f"holiday/{name}.png", rank=rank, similarity=0.5 - rank / 10, caption=f"All {name}."
        )
        for rank, (name, path) in enumerate(places.items(), start=1)
    )


def boxes(sheet: Image.Image, colour: tuple[int, int, int]) -> list[tuple[int, int, int, int]]:
    """Where areas of a colour are, as left, top, right, bottom; several below each other are told apart."""
    near = (abs(np.asarray(sheet.convert("RGB"), np.int16) - np.array(colour)) < 12).all(axis=2)
    near &= np.roll(near, 1, axis=0) & np.roll(near, 1, axis=1)  # text has thinner strokes than this
    rows = np.flatnonzero(near.sum(axis=1) > 20)
    found = []
    for group in np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1) if len(rows) else []:
        columns = np.flatnonzero(near[group[len(group) // 2]])
        found.append((int(columns[0]), int(group[0]), int(columns[-1]) + 1, int(group[-1]) + 1))
    return found


def test_hits_stand_beside_each_other_in_order(photos: dict[str, Path], tmp_path: Path) -> None:
    """All pictures of a row are there, equally high, with their tops in line, the nearest leftmost."""
    contact_sheet([SheetRow(heading="colours", hits=hits_of(photos))], tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width == LIGHT.width
        found = [boxes(sheet, colour) for colour in COLOURS.values()]
    assert [len(each) for each in found] == [1, 1, 1]
    places = [each[0] for each in found]
    assert places == sorted(places)
    assert len({top for _, top, _, _ in places}) == 1
    assert len({bottom for _, _, _, bottom in places}) == 1
    widths = [(right - left) / (bottom - top) for left, top, right, bottom in places]
    assert widths[0] == pytest.approx(1.5, abs=0.05), "its own shape"
    assert 0.6 < widths[1] < 0.8, "cropped: too narrow to caption"
    assert 1.8 < widths[2] < 1.9, "cropped: too wide for its row"


def test_a_row_that_nearly_fits_is_lowered_until_it_does(photos: dict[str, Path], tmp_path: Path) -> None:
    """Six pictures of 3:2 become lower than asked, and stand in one line within the margins."""
    hits = hits_of(dict.fromkeys(map(str, range(6)), photos["red"]))
    contact_sheet([SheetRow(heading="six", hits=hits)], tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as sheet:
        ((left, top, right, bottom),) = boxes(sheet, COLOURS["red"])
        assert left >= 50
        assert right <= sheet.width - 50
        assert bottom - top < LIGHT.thumbnail_height


def test_many_hits_go_on_below(photos: dict[str, Path], tmp_path: Path) -> None:
    """Twenty pictures take several lines, none of them beyond the margins."""
    hits = hits_of(dict.fromkeys(map(str, range(20)), photos["red"]))
    contact_sheet([SheetRow(heading="many", hits=hits)], tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as sheet:
        lines = boxes(sheet, COLOURS["red"])
        assert len(lines) == 5
        assert all(bottom - top >= LIGHT.thumbnail_height - 2 for _, top, _, bottom in lines)
        assert max(right for _, _, right, _ in lines) <= sheet.width - 50


def test_pictures_are_upright(tmp_path: Path) -> None:
    """A photograph with an EXIF orientation is shown as it was taken."""
    image = Image.new("RGB", (300, 200), COLOURS["red"])
    ImageDraw.Draw(image).rectangle([0, 100, 300, 200], fill=COLOURS["blue"])
    exif = Image.Exif()
    exif[0x0112] = 3
    image.save(tmp_path / "turned.jpg", exif=exif, quality=95)
    contact_sheet(
        [SheetRow(heading="", hits=(SheetHit(picture=tmp_path / "turned.jpg", name=""),))], tmp_path / "s.png"
    )
    with Image.open(tmp_path / "s.png") as sheet:
        assert boxes(sheet, COLOURS["blue"])[0][1] < boxes(sheet, COLOURS["red"])[0][1]


def test_unreadable_pictures_leave_a_panel(photos: dict[str, Path], tmp_path: Path) -> None:
    """A missing file and one that is no picture get a panel with text; the hits after them are still drawn."""
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    hits = (
        SheetHit(picture=tmp_path / "gone.jpg", name="gone.jpg"),
        SheetHit(picture=tmp_path / "broken.jpg", name="broken.jpg"),
        SheetHit(picture=photos["red"], name="red.png"),
    )
    contact_sheet([SheetRow(heading="a", hits=hits, example=b"nothing")], tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as sheet:
        panel = tuple(int(LIGHT.panel[at : at + 2], 16) for at in (1, 3, 5))
        pixels = (np.asarray(sheet, np.int16) == np.array(panel)).all(axis=2)
        assert pixels.mean() > 0.1
        assert len(boxes(sheet, COLOURS["red"])) == 1


@pytest.mark.parametrize(("suffix", "kind"), [(".png", "PNG"), (".jpg", "JPEG"), (".JPEG", "JPEG"), (".webp", "WEBP")])
def test_the_suffix_says_the_format(photos: dict[str, Path], tmp_path: Path, suffix: str, kind: str) -> None:
    """PNG, JPEG and WebP are written, whatever the case of the suffix; a file that is there is replaced."""
    place = tmp_path / f"sheet{suffix}"
    place.write_bytes(b"old")
    contact_sheet([SheetRow(heading="a", hits=hits_of(photos))], place)
    with Image.open(place) as sheet:
        assert sheet.format == kind
    assert not list(tmp_path.glob(".*")), "nothing half-written is left"


@pytest.mark.parametrize("name", ["sheet.gif", "sheet", "sheet.png.txt"])
def test_other_formats_are_refused(photos: dict[str, Path], tmp_path: Path, name: str) -> None:
    """A name that says no format is an error that lists those there are."""
    with pytest.raises(InputError, match=r"\.png, \.jpg or \.webp"):
        contact_sheet([SheetRow(heading="a", hits=hits_of(photos))], tmp_path / name)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A folder that does not exist ends in one sentence."""
    with pytest.raises(InputError, match="cannot be written"):
        contact_sheet([SheetRow(heading="a", hits=())], tmp_path / "nowhere" / "sheet.png")


def test_a_sheet_of_nothing_is_refused(tmp_path: Path) -> None:
    """Without a query there is no sheet."""
    with pytest.raises(InputError, match="at least one"):
        contact_sheet([], tmp_path / "sheet.png")


def test_a_sheet_beyond_all_measure_is_refused(tmp_path: Path) -> None:
    """So many rows that no program would show the sheet end in one sentence."""
    with pytest.raises(InputError, match="pixels high"):
        contact_sheet([SheetRow(heading="a", hits=())] * 200, tmp_path / "sheet.png")


def test_dark_is_dark(photos: dict[str, Path], tmp_path: Path) -> None:
    """The other look has a dark ground and light letters."""
    rows = [SheetRow(heading="a long heading in words", hits=hits_of(photos)), SheetRow(heading="nothing", hits=())]
    for look, name in ((LIGHT, "light.png"), (DARK, "dark.png")):
        contact_sheet(rows, tmp_path / name, look=look)
    light, dark = (np.asarray(Image.open(tmp_path / name).convert("L")) for name in ("light.png", "dark.png"))
    assert np.median(light) > 230
    assert np.median(dark) < 40
    assert dark.max() > 200


def test_hits_become_a_row() -> None:
    """What a search answers is taken over whole, with each uri turned into a place."""
    hit = Hit(rank=1, id="a/b.jpg", similarity=0.25, uri="a/b.jpg", caption="B.", metadata={})
    hits = Hits(query="bees", model="m", space="image", index="exact", took_ms=1.0, hits=(hit,))
    row = row_of(hits, path_of=Path("/photos").joinpath)
    assert row.heading == "bees"
    assert row.hits == (
        SheetHit(picture=Path("/photos/a/b.jpg"), name="a/b.jpg", rank=1, similarity=0.25, caption="B."),
    )


TEXTS = st.text(st.characters(codec=None), max_size=60) | st.sampled_from(
    ["Größe “Søren”", "Привет", "日本語の猫", "🐱👩‍👧", "עברית", "\udcff.jpg", "a\tb\nc\0d", "ﬁ e\u0301"]
)


class TestLettering:
    @settings(max_examples=150, deadline=None)
    @given(text=TEXTS, width=st.integers(0, 400), middle=st.booleans())
    def test_any_text_can_be_shortened_and_written(self, *, text: str, width: int, middle: bool) -> None:
        """Whatever a name holds, it is cut to fit and drawn; what is short enough is not touched."""
        letters = Lettering.for_texts([text])
        short = letters.shorten(text, 17, width, middle=middle)
        assert letters.measure(short, 17) <= max(width, letters.measure("…", 17))
        if letters.measure(clean(text), 17) <= width:
            assert short == clean(text)
        image = Image.new("L", (420, 60))
        letters.write(ImageDraw.Draw(image), (5, 40), short, Style(17, "#ffffff", bold=middle))

    @pytest.mark.parametrize("text", ["A cat", "Größe", "Привет", "日本語", "\udcff"])
    def test_what_is_written_can_be_seen(self, text: str) -> None:
        """Letters leave ink within the width that was measured, in the font or as boxes."""
        letters = Lettering.for_texts([text])
        image = Image.new("L", (300, 60))
        wide = letters.write(ImageDraw.Draw(image), (5, 40), text, Style(20, "#ffffff"))
        left, _, right, _ = image.getbbox() or (0, 0, 0, 0)
        assert left >= 4
        assert wide / 2 < right - left <= wide + 2

    def test_words_wrap_and_the_rest_is_shortened(self) -> None:
        """Lines break between words, no line is too wide, and the last says that there is more."""
        letters = Lettering()
        text = "a caption that goes on and on for longer than two lines can hold of it"
        lines = letters.wrap(text, 15, 150, lines=2)
        assert len(lines) == 2
        assert text.startswith(lines[0])
        assert lines[1].endswith("…")
        assert text.removeprefix(lines[0]).strip().startswith(lines[1].removesuffix("…"))
        assert all(letters.measure(line, 15) <= 150 for line in lines)
        assert letters.wrap("short", 15, 150, lines=2) == ["short"]
        assert letters.wrap("", 15, 150, lines=2) == []

    def test_names_keep_their_ends(self) -> None:
        """A file name that is cut in its middle keeps its beginning and its suffix."""
        name = Lettering().shorten("2024-holiday-in-the-mountains-0001.jpg", 17, 150, middle=True)
        assert name.startswith("2024")
        assert name.endswith(".jpg")

    def test_english_is_set_in_the_bundled_font(self) -> None:
        """No font of the system is looked for where none is needed."""
        assert Lettering.for_texts(["a snowy day, 100 %", "…"]).face == FACES[0]

    def test_accents_are_left_off_where_no_font_has_them(self) -> None:
        """In the bundled font alone, é takes the room of e, and a letter it cannot write is a box."""
        bundled = Lettering()
        assert bundled.measure("café", 20) == bundled.measure("cafe", 20)
        assert bundled.measure("猫", 20) > 0
