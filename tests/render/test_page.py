"""Hits as a page."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from PIL import Image

from answers import COLOURS, Shelf, answer, encoded
from ilk.errors import InputError, PictureError
from ilk.records import Hits
from ilk.render import page as pages
from ilk.render.page import link_to, write_page

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>\u202e'


class Page(HTMLParser):
    """The tags of a page and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.said = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.said += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


def written(hits: Hits, folder: Path) -> str:
    write_page(hits, folder / "out.html", path_of=lambda uri: folder / "photos" / uri)
    return (folder / "out.html").read_text(encoding="utf-8")


def test_a_page_holds_everything_it_shows(tmp_path: Path) -> None:
    """Thumbnails as data, of the picture's own colours; captions, numbers, and what else is known."""
    hits = answer("red", captions={"red": "A red wall."}, metadata={"year": 2020, "tags": ["a", "b"]}, relevance=0.5)
    page = Page(written(hits, tmp_path))
    (image,) = page.all("img")
    data = base64.b64decode(image["src"].removeprefix("data:image/jpeg;base64,"))
    with Image.open(io.BytesIO(data)) as thumbnail:
        assert thumbnail.size == (300, 200)
        assert all(abs(a - b) < 8 for a, b in zip(thumbnail.getpixel((9, 9)), COLOURS["red"], strict=True))  # type: ignore[arg-type]
    for part in ("colours", "A red wall.", "0.490", "50 %", "year", "2020", "a, b", "Searched image vectors, exact"):
        assert part in page.said
    assert page.all("meter")[0]["value"] == "0.500"


def test_nothing_is_loaded_from_elsewhere(tmp_path: Path) -> None:
    """No script, no address but those of originals, and a policy that allows nothing but this one style."""
    html = written(answer("red", "gone"), tmp_path)
    page = Page(html)
    assert not page.all("script") + page.all("link") + page.all("iframe")
    assert all(image["src"].startswith("data:") for image in page.all("img"))
    assert "url(" not in html
    assert "@import" not in html
    (policy,) = (meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy.startswith("default-src 'none'")
    assert f"style-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy
    assert " style=" not in html, "the policy would drop it"


def test_hostile_texts_stay_texts(tmp_path: Path) -> None:
    """In the query, ids, captions, fields and their names, the note, and the reason why a picture is missing."""
    hits = answer(
        HOSTILE, query=HOSTILE, captions={HOSTILE: HOSTILE}, metadata={HOSTILE: HOSTILE}, note=HOSTILE, relevance=0.1
    )
    page = Page(written(hits, tmp_path))
    assert not page.all("script") + page.all("img")
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert page.said.count("<script>alert(1)</script>") >= 6
    assert "\u202e" not in page.said


@pytest.mark.parametrize(
    "name", ["a b.png", "höhe/#1?.png", "100%.png", "javascript:alert(1)", "a&b'.png", os.fsdecode(b"\xff.png")]
)
def test_links_lead_from_the_page_to_the_originals(tmp_path: Path, name: str) -> None:
    """Relative, so that page and pictures may move together, whatever a file is called."""
    link = link_to(name, folder=tmp_path / "out", path_of=lambda uri: tmp_path / "photos" / uri)
    assert link is not None
    assert not re.match(r"[a-z]+:", link)
    assert os.path.normpath(tmp_path / "out" / unquote(link, errors="surrogateescape")) == str(
        tmp_path / "photos" / name
    )


def test_pictures_behind_addresses_are_linked_where_they_are(tmp_path: Path) -> None:
    """Members of archives are not linked: a browser could not open them."""
    for uri, link in (
        ("https://example.org/a.jpg", "https://example.org/a.jpg"),
        ("zip://a.zip!a.jpg", None),
        ("a.zip!/a.jpg", None),
    ):
        assert link_to(uri, folder=tmp_path, path_of=lambda uri: tmp_path / uri) == link


def test_a_picture_that_is_gone_says_so(tmp_path: Path) -> None:
    """In its place."""
    assert "gone is gone & <lost>." in Page(written(answer("gone"), tmp_path)).said


def test_every_hit_can_be_reached_by_keyboard(tmp_path: Path) -> None:
    """A link and a fold each, in the order of their ranks."""
    page = Page(written(answer("red", "green"), tmp_path))
    reached = [tag for tag, _ in page.tags if tag in {"a", "summary"}]
    assert reached == ["a", "summary", "a", "summary"]
    assert "tabindex" not in str(page.tags)
    assert ":focus-visible" in pages.STYLE
    assert "prefers-color-scheme: dark" in pages.STYLE


def test_a_page_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond its budget, hits are listed without a thumbnail, unread, and it is said why; none is lost."""
    monkeypatch.setattr(pages, "BUDGET_BYTES", 3000)
    read = list[str]()

    class Counting(Shelf):
        def pictures(self, ids: Sequence[str]) -> Iterator[bytes | PictureError]:
            for id_, found in zip(ids, super().pictures(ids), strict=True):
                read.append(id_)
                yield found

    hits = answer(*["red"] * 20)
    hits = replace(hits, originals=Counting({"red": encoded(COLOURS["red"])}))
    page = Page(written(hits, tmp_path))
    assert 1 <= len(page.all("img")) == len(read) < 20
    assert len(page.all("article")) == 20
    assert "the page is full" in page.said


def test_the_example_is_in_the_heading(tmp_path: Path) -> None:
    """The picture that was asked with."""
    page = Page(written(answer("red", example=encoded(COLOURS["blue"])), tmp_path))
    assert page.all("img")[0]["alt"] == "the picture that was asked with"


def test_nothing_found_is_a_page_too(tmp_path: Path) -> None:
    """With the note, where there is one."""
    said = Page(written(answer(note="Nothing here looks like that."), tmp_path)).said
    assert "Nothing found" in said
    assert "Nothing here looks like that." in said


def test_what_cannot_be_compared_has_no_number(tmp_path: Path) -> None:
    """Not even "nan"."""
    hits = answer("red")
    hits = replace(hits, hits=(replace(hits[0], similarity=float("nan")),))
    assert "nan" not in Page(written(hits, tmp_path)).said


@pytest.mark.parametrize("name", ["out.txt", "out", "out.png"])
def test_other_suffixes_are_refused(tmp_path: Path, name: str) -> None:
    """With the one there is."""
    with pytest.raises(InputError, match=r"name a \.html"):
        write_page(answer("red"), tmp_path / name, path_of=Path)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A folder that does not exist, or a folder of that name; nothing half-written is left."""
    (tmp_path / "taken.html").mkdir()
    for place in (tmp_path / "nowhere" / "out.html", tmp_path / "taken.html"):
        with pytest.raises(InputError, match="cannot be written to"):
            write_page(answer("red"), place, path_of=Path)
    assert [each.name for each in tmp_path.iterdir()] == ["taken.html"]
