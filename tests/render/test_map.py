"""A gallery as a map."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from answers import COLOURS, encoded
from ilk.analysis.projection import Projection
from ilk.errors import InputError, PictureError
from ilk.records import Item, Metadata
from ilk.render.map import page as pages
from ilk.render.map.colouring import NO_FIELD, OTHER, PALETTE, RAMP, colour_by
from ilk.render.map.page import write_map_page
from ilk.render.map.picture import check_suffix, draw, heading, place_thumbnails, subtitle, write_map_picture

HOSTILE = '</script><script>alert(1)</script><img src=x onerror="alert(1)">\u202e'


def item(id_: str, *, caption: str | None = None, metadata: Metadata | None = None) -> Item:
    captions = () if caption is None else (caption,)
    facts: dict[str, Any] = {"uri": f"{id_}.png", "source": "folder", "stamp": "", "digest": "", "size_bytes": 1}
    return Item(id=id_, width=300, height=200, captions=captions, metadata=metadata or {}, **facts)


def projection(*items: Item, total: int | None = None, seed: int = 0) -> Projection:
    places = np.random.default_rng(seed).uniform(-1, 1, (len(items), 2)).astype(np.float32)
    return Projection(
        method="pca",
        model="pocket",
        space="image",
        items=items,
        places=places,
        explained=(0.254, 0.1),
        total=len(items) if total is None else total,
    )


def picture(id_: str) -> bytes:
    name = id_.split("-", 1)[0]
    if name not in COLOURS:
        raise PictureError("It is gone.", code="unreadable")
    return encoded(COLOURS[name])


class TestColouring:
    def test_words_get_colours_by_how_often_they_occur(self) -> None:
        """What is beyond the palette is counted together; what is missing is said to be."""
        words = ["a"] * 3 + ["b"] * 2 + [f"rare {n}" for n in range(len(PALETTE))]
        colouring = colour_by([*words, None], len(words) + 1)
        assert colouring.legend[:2] == ((PALETTE[0], "a"), (PALETTE[1], "b"))
        assert colouring.legend[-2:] == ((OTHER, "2 others"), (OTHER, "none"))
        assert colouring.colour(0) == PALETTE[0]
        assert colouring.colour(len(words)) == OTHER
        assert len(set(colouring.numbers)) == len(colouring.legend)

    def test_numbers_and_dates_get_a_ramp(self) -> None:
        """The lowest its first colour, the highest its last; dates go by their year."""
        for values in ([*range(2000, 2020)], [f"{year}-05-01T12:00" for year in range(2000, 2020)]):
            colouring = colour_by([*values, None], 21)
            assert (colouring.colour(0), colouring.colour(19), colouring.colour(20)) == (RAMP[0], RAMP[-1], OTHER)
            assert list(colouring.numbers[:20]) == sorted(colouring.numbers[:20])
            assert colouring.legend[0][1] == "2000 to 2002"

    def test_few_numbers_flags_and_lists_are_kinds(self) -> None:
        """Each value has its own colour."""
        assert [label for _, label in colour_by([1, 2, 2], 3).legend] == ["2", "1"]
        assert [label for _, label in colour_by([True, False, True], 3).legend] == ["True", "False"]
        assert [label for _, label in colour_by([["a", "b"]], 1).legend] == ["a, b"]

    def test_without_a_field_all_are_alike(self) -> None:
        """And there is no legend to read."""
        assert colour_by(None, 2).legend == ((NO_FIELD, ""),)

    @given(st.lists(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)))
    @settings(deadline=None)
    def test_every_value_has_a_colour(self, values: list[Any]) -> None:
        """Whatever is in a field."""
        colouring = colour_by(values, len(values))
        assert len(colouring.numbers) == len(values)
        assert all(0 <= number < len(colouring.legend) for number in colouring.numbers)


class TestPlacing:
    def test_no_thumbnail_covers_another(self) -> None:
        """Of any shape, however near they lie; each is around its own place."""
        random = np.random.default_rng(1)
        centres = [(float(x), float(y)) for x, y in random.uniform(100, 900, (400, 2))]
        shapes = [(int(w), int(h)) for w, h in random.integers(1, 500, (400, 2))]
        taken = np.zeros((1000, 1000), int)
        placed = place_thumbnails(centres, shapes, (1000, 1000))
        for box in placed:
            taken[box.top : box.top + box.tall, box.left : box.left + box.wide] += 1
            x, y = centres[box.number]
            assert abs(box.left + box.wide / 2 - x) <= 1
            assert abs(box.top + box.tall / 2 - y) <= 1
        assert taken.max() == 1
        assert len({box.number for box in placed}) == len(placed) > 40

    def test_items_at_one_place_get_one_thumbnail(self) -> None:
        """The others are dots under it."""
        assert len(place_thumbnails([(50.0, 50.0)] * 9, [(3, 2)] * 9, (100, 100))) == 1


class TestPicture:
    def test_thumbnails_stand_where_items_lie(self) -> None:
        """Right is right and up is up."""
        items = (item("red"), item("green"))
        there = Projection(
            method="pca",
            model="pocket",
            space="image",
            items=items,
            places=np.array([[-1, -0.7], [1, 0.7]], np.float32),
            explained=(0.5, 0.5),
            total=2,
        )
        pixels = np.asarray(draw(there, colour_by(None, 2), picture=picture), np.int16)
        places = {}
        for name in ("red", "green"):
            near = (abs(pixels - np.array(COLOURS[name])) < 8).all(axis=2)
            assert near.sum() > 2000
            places[name] = np.argwhere(near).mean(axis=0)
        assert places["red"][0] > places["green"][0]
        assert places["red"][1] < places["green"][1]

    def test_pictures_that_are_gone_are_dots(self) -> None:
        """The map is drawn all the same."""
        drawn = draw(projection(item("gone"), item("red")), colour_by(["x", "y"], 2), picture=picture)
        colours = {colour for _, colour in drawn.getcolors(maxcolors=1 << 24) or []}
        assert tuple(int(PALETTE[0][at : at + 2], 16) for at in (1, 3, 5)) in colours

    def test_an_empty_map_is_a_map(self) -> None:
        """And one of a single place."""
        assert draw(projection(), colour_by(None, 0), picture=picture).width == 2000
        assert draw(projection(item("red")), colour_by(None, 1), picture=picture).width == 2000

    def test_what_is_said_of_it(self) -> None:
        """How many of how many, and what the axes are."""
        assert heading(projection(item("a"), item("b"), total=9000)) == "2 of 9,000 pictures"
        assert heading(projection(item("a"))) == "1 picture"
        assert subtitle(projection()) == "pocket · principal components: 25 % of the variance across, 10 % up"

    def test_the_suffix_says_the_format(self, tmp_path: Path) -> None:
        """Others are refused with those there are."""
        write_map_picture(projection(item("red")), colour_by(None, 1), tmp_path / "m.webp", picture=picture)
        with Image.open(tmp_path / "m.webp") as drawn:
            assert drawn.format == "WEBP"
        for name in ("map.svg", "map", "map.html.txt"):
            with pytest.raises(InputError, match=r"name a \.png, \.jpg, \.webp or \.html"):
                check_suffix(Path(name))
        for name in ("map.PNG", "map.htm", "map.html", "map.jpeg"):
            check_suffix(Path(name))


class Page(HTMLParser):
    """The tags of a page, and what its scripts hold."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.scripts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] == "script" and data.strip():
            self.scripts.append(data)

    @property
    def facts(self) -> Any:
        return json.loads(self.scripts[0])


def written(there: Projection, folder: Path, *, field: str | None = None) -> str:
    colouring = colour_by(None if field is None else there.values(field), len(there))
    write_map_page(there, colouring, folder / "map.html", picture=picture, path_of=lambda uri: folder / "photos" / uri)
    return (folder / "map.html").read_text(encoding="utf-8")


class TestPage:
    def test_a_page_holds_every_item_and_its_tile(self, tmp_path: Path) -> None:
        """At its place, in its colour, with its name, its caption and its link; one that is gone has no tile."""
        items = [
            item(f"{name}-{n}", caption=f"All {name}.", metadata={"kind": name}) for name in COLOURS for n in (1, 2)
        ]
        there = projection(*items, item("gone", metadata={"kind": "red"}))
        page = Page(written(there, tmp_path, field="kind"))
        facts = page.facts
        assert [label for _, label in facts["legend"]] == ["red", "blue", "green"]
        (sheet,) = [attributes["src"] for tag, attributes in page.tags if tag == "img"]
        tiles = Image.open(io.BytesIO(base64.b64decode(sheet.removeprefix("data:image/jpeg;base64,"))))
        seen = {}
        for number, (x, y, colour, size, name, caption, link) in enumerate(facts["points"]):
            seen[name] = (x, y)
            if name == "gone":
                assert size == []
                continue
            kind = name.split("-", 1)[0]
            assert facts["legend"][colour][1] == kind
            assert (caption, link) == (f"All {kind}.", f"photos/{name}.png")
            corner = (number % facts["across"] * facts["tile"], number // facts["across"] * facts["tile"])
            pixel = tiles.getpixel((corner[0] + size[0] // 2, corner[1] + size[1] // 2))
            assert all(abs(a - b) < 10 for a, b in zip(pixel, COLOURS[kind], strict=True))  # type: ignore[arg-type]
        for each, (x, y) in zip(there.items, there.places, strict=True):
            assert seen[each.id] == pytest.approx((x, y), abs=1e-4)

    def test_its_one_script_is_the_only_one_that_may_run(self, tmp_path: Path) -> None:
        """By the policy, which names it by its hash; nothing is loaded from elsewhere."""
        html = written(projection(item("red")), tmp_path)
        page = Page(html)
        (policy,) = (each["content"] for tag, each in page.tags if "http-equiv" in each)
        script = re.search(r"<script>(.*)</script>", html, re.DOTALL)
        assert script is not None
        digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
        assert f"script-src 'sha256-{digest}'" in policy
        assert policy.startswith("default-src 'none'; img-src data:;")
        assert "unsafe" not in policy
        kept = html.replace("http://www.w3.org/2000/svg", "")  # the name of SVG's elements, which nothing fetches
        assert "http://" not in kept
        assert "https://" not in kept
        assert "innerHTML" not in pages.SCRIPT
        assert "eval(" not in pages.SCRIPT

    def test_hostile_texts_stay_data(self, tmp_path: Path) -> None:
        """In ids, captions, fields and the names of their values."""
        there = projection(
            item(HOSTILE, caption=HOSTILE, metadata={"kind": HOSTILE}), item("red", metadata={"kind": "x"})
        )
        html = written(there, tmp_path, field="kind")
        page = Page(html)
        assert [tag for tag, _ in page.tags].count("script") == 2
        assert [tag for tag, _ in page.tags].count("img") == 1
        shown = {HOSTILE.replace("\u202e", "\\u202e")}
        assert shown <= {point[4] for point in page.facts["points"]}
        assert shown <= {label for _, label in page.facts["legend"]}
        assert "\u202e" not in html

    def test_names_that_are_no_text_do_no_harm(self, tmp_path: Path) -> None:
        """Bytes that are no UTF-8, as file names have them."""
        assert Page(written(projection(item("bad\udcff")), tmp_path)).facts["points"][0][4] == "bad?"

    def test_beyond_what_a_page_can_hold_items_are_dots(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """None is lost."""
        monkeypatch.setattr(pages, "TILES", ((3, 64),))
        points = Page(written(projection(*(item(f"red-{n}") for n in range(8))), tmp_path)).facts["points"]
        assert [bool(point[3]) for point in points] == [True] * 3 + [False] * 5
