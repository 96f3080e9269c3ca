"""Hits in a notebook."""

from __future__ import annotations

from html.parser import HTMLParser

from answers import COLOURS, answer, encoded

HOSTILE = '</div><script>alert(1)</script><img src=x onerror="alert(1)">\x1b[2J'


class Tags(HTMLParser):
    """Every tag with its attributes, and all text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.said: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def test_a_strip_holds_its_thumbnails() -> None:
    """As data, so that the notebook needs no file."""
    page = Tags(answer("red", "gone", captions={"red": "A red wall."}, query="walls")._repr_html_())
    sources = [attributes["src"] for tag, attributes in page.tags if tag == "img"]
    assert len(sources) == 1
    assert str(sources[0]).startswith("data:image/jpeg;base64,")
    said = " ".join(page.said)
    for part in ("walls", "A red wall.", "similarity 0.490", "gone is gone & <lost>."):
        assert part in said


def test_nothing_from_a_file_becomes_markup() -> None:
    """In query, id, caption and model."""
    page = Tags(answer(HOSTILE, query=HOSTILE, captions={HOSTILE: HOSTILE})._repr_html_())
    assert {tag for tag, _ in page.tags} <= {"div", "strong", "span", "figure", "img"}
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert "\x1b" not in "".join(page.said)


def test_many_hits_stay_small() -> None:
    """A notebook's file does not grow beyond what is looked at; the rest is counted."""
    html = answer(*["red"] * 100, captions={"red": "long " * 1000})._repr_html_()
    assert html.count("<figure") == 24
    assert "and 76 more" in html
    assert len(html) < 400_000


def test_light_and_dark_are_the_notebooks_own() -> None:
    """No colour is set that would be wrong in one of them, and no style leaks into the notebook."""
    html = answer("red", relevance=0.5)._repr_html_()
    assert "<style" not in html
    assert "color:inherit" in html
    assert "#" not in html


def test_without_hits_it_says_so() -> None:
    """Also what else is known."""
    assert "Nothing found." in answer()._repr_html_()
    assert "Nothing here looks like that." in answer(note="Nothing here looks like that.")._repr_html_()


def test_the_example_is_shown() -> None:
    """Beside the query."""
    assert answer("red", example=encoded(COLOURS["blue"]))._repr_html_().count("<img") == 2
