"""The rules of docs/filters.md, one by one. That the SQL keeps them is tested beside the store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ilk.filters import as_filter, parse
from ilk.filters.comparing import lowered
from ilk.filters.patterns import after_prefix, fits
from ilk.filters.unknown import unknown_fields
from stores.making import make_item

ITEM = make_item(
    "2019/norway/fjord.jpg",
    uri="2019/norway/Fjord.jpg",
    size_bytes=2_500_000,
    width=4_000,
    height=3_000,
    captions=("A Snowy day", "Ein Tag im Schnee, über Bergen"),
    metadata={
        "year": 2019,
        "stars": 4.5,
        "place": "bergen",
        "draft": False,
        "nothing": None,
        "tags": ["snow", "Lake", 7, None],
        "none": [],
        "size": "large",
        "my field": "x",
        "metadata.odd": 1,
        "object": {"deep": 1},
        "taken_at": "2019-02-17T10:30:00+01:00",
        "latitude": 60.39,
        "longitude": 5.32,
        "huge": 2**70,
    },
)

RULES: list[tuple[str, bool]] = [
    # numbers: whole or not, but never a truth value, never a text
    ("year == 2019", True),
    ("year == 2019.0", True),
    ("year == '2019'", False),
    ("year > '2000'", False),
    ("year < '3000'", False),
    ("stars > 4 and stars <= 4.5", True),
    ("draft == 0", False),
    ("draft >= 0", False),
    ("huge > 9223372036854775807", True),
    # truth
    ("draft == false", True),
    ("not draft", True),
    ("draft", False),
    ("year", False),
    ("not nowhere", True),
    # texts: by code point, case and all
    ("place == 'bergen'", True),
    ("place == 'Bergen'", False),
    ("place > 'b' and place < 'c'", True),
    ("place > 'B'", True),
    ("place > 3", False),
    # null is what is null, and what is not there
    ("nothing == null", True),
    ("nothing exists", True),
    ("nowhere == null", True),
    ("nowhere exists", False),
    ("year != null", True),
    ("nowhere in [1, null]", True),
    ("nowhere not in [1, null]", False),
    # a list: any of it
    ("tags == 'snow'", True),
    ("tags == 7", True),
    ("tags > 6", True),
    ("tags == null", True),
    ("tags in ['rain', 'snow']", True),
    ("tags contains 'lak'", True),
    ("tags like 'L*'", True),
    ("tags != 'snow'", False),
    ("tags != 'rain'", True),
    ("none exists", True),
    ("none == null", False),
    ("none == 'x'", False),
    # what denies holds of what is not there, and of other kinds
    ("nowhere != 3", True),
    ("nowhere not in [3]", True),
    ("year != '2019'", True),
    ("nowhere > 3", False),
    ("not nowhere > 3", True),
    # objects are there, and nothing more
    ("object exists", True),
    ("object == null", False),
    ("object == 1", False),
    ("object != 1", True),
    # what every item has
    ("id == '2019/norway/fjord.jpg'", True),
    ("path like '2019/*'", True),
    ("path like '2019/*.jpg'", True),
    ("path like '*/fjord.jpg'", False),
    ("uri like '????/norway/*'", True),
    ("path contains 'FJORD'", True),
    ("source == 'folder'", True),
    ("size > 2MB and size < 2.5 MiB", True),
    ("width >= 4000 and height < 4000", True),
    ("width > 4000", False),
    ("caption contains 'snow'", True),
    ("caption contains 'ÜBER'", False),
    ("caption contains 'über'", True),
    ("caption contains 'now'", True),
    ("caption match 'now'", False),
    ("caption match 'day snowy'", True),
    ("caption match 'UBER berge'", False),
    ("caption match 'UBER bergen'", True),
    ("caption match 'snowy Schnee'", False),
    ("caption == 'A Snowy day'", True),
    ("caption exists", True),
    ("id == null", False),
    # metadata of the same name
    ("metadata.size == 'large'", True),
    ("metadata.year == 2019", True),
    ("metadata.metadata.odd == 1", True),
    ("metadata.width exists", False),
    ("`my field` == 'x'", True),
    # dates: all of the day, the month or the year that is said
    ("date == 2019-02-17", True),
    ("taken_at == 2019-02", True),
    ("taken_at == 2019", True),
    ("metadata.taken_at == 2019", True),
    ("taken_at == '2019-02-17'", True),
    ("taken_at <= 2019-02-17", True),
    ("taken_at < 2019-02-17", False),
    ("taken_at > 2019-02-17", False),
    ("taken_at >= 2019-02-17T10:30", True),
    ("taken_at > 2019-02-17T10:30", False),
    ("taken_at > 2019-02-16", True),
    ("taken_at in [2018, 2019]", True),
    ("taken_at not in [2018]", True),
    ("place < 2019-02-17", False),
    ("year >= 2019-01", False),
    # places
    ("near(60.39, 5.32, 1m)", True),
    ("near(60.4, 5.32, 1km)", False),
    ("near(60.4, 5.32, 2km)", True),
    ("near(59.91, 10.75, 400km)", True),
]


@pytest.mark.parametrize(("written", "holds"), RULES)
def test_a_filter_holds_of_an_item_or_not(written: str, holds: bool) -> None:  # noqa: FBT001 -- expected
    """As the documentation says."""
    assert parse(written).matches(ITEM) is holds


@pytest.mark.parametrize(
    "metadata", [{}, {"latitude": 60.39}, {"latitude": 60.39, "longitude": "5"}, {"latitude": True, "longitude": 5},
                 {"latitude": 95, "longitude": 5}, {"latitude": [60.39], "longitude": [5.32]}],
)  # fmt: skip
def test_an_item_without_a_place_is_near_nothing(metadata: dict[str, Any]) -> None:
    """Nor is one whose place is none."""
    whole = parse("near(60.39, 5.32, 20100km)")
    assert not whole.matches(make_item("a", metadata=metadata))
    assert whole.matches(ITEM)


def test_an_item_without_captions_has_none() -> None:
    """Its caption is null."""
    item = make_item("a")
    assert parse("caption == null").matches(item)
    assert parse("not caption exists").matches(item)
    assert not parse("caption contains 'a'").matches(item)


def test_json_and_expressions_agree_on_dates() -> None:
    """A text compared with a field of dates is a date; elsewhere {"$date": ...} says so."""
    seen = make_item("a", metadata={"seen": "2021-05-17", "taken_at": "2021-05-17T08:00:00"})
    assert as_filter({"taken_at": {"$lte": "2021-05"}}).matches(seen)
    assert as_filter({"seen": {"$lte": {"$date": "2021-05"}}}).matches(seen)
    assert not as_filter({"seen": {"$lte": "2021-05"}}).matches(seen)


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("", "", True), ("", "*", True), ("a", "", False), ("abc", "a*c", True), ("abc", "a*b", False),
        ("abc", "a?c", True), ("abc", "a?", False), ("abcabc", "*abc", True), ("aXbXc", "a*b*c", True),
        ("[a]", "[a]", True), ("a", "[a]", False), ("a*b", "a*b", True), ("é", "?", True),
    ],
)  # fmt: skip
def test_patterns_know_stars_and_question_marks(text: str, pattern: str, expected: bool) -> None:  # noqa: FBT001
    """And nothing else."""
    assert fits(text, pattern) is expected


def test_patterns_are_quick_on_hostile_texts() -> None:
    """The time grows with the product of the lengths, not with a power of the stars."""
    assert not fits("a" * 5_000, "*a*a*a*a*a*a*a*b")


def test_only_the_letters_of_ascii_are_made_small() -> None:
    """Which is what SQLite does, whatever the language of the machine."""
    assert lowered("ABCxyzÄÖÜİ") == "abcxyzÄÖÜİ"


@pytest.mark.parametrize(
    ("prefix", "after"),
    [("a", "b"), ("", None), ("a\U0010ffff", "b"), ("\ud7ff", "\ue000"), ("\U0010ffff", None)],
)
def test_what_comes_after_a_prefix_is_after_all_that_begins_so(prefix: str, after: str | None) -> None:
    """By code point, surrogates left out."""
    assert after_prefix(prefix) == after


def test_fields_that_are_not_there_are_told_from_those_that_are() -> None:
    """By their names among the metadata; what is like one that there is, is taken for a slip."""
    known = ["place", "year", "my field"]
    fine = parse("place == 'x' or not metadata.year > 3 and `my field` exists and size > 3")
    assert unknown_fields(fine, known) is None
    assert unknown_fields(parse("not plaec == 'x'"), known) == 'No picture has a field "plaec": did you mean "place"?'
    said = unknown_fields(parse("near(1, 2, 3km)"), known)
    assert said is not None
    assert said.startswith('No picture has a field "latitude": there are my field, place, year, id, path')
    assert unknown_fields(parse("date > 2020"), ["taken_at"]) is None
    assert unknown_fields(parse("date > 2020"), ["date"]) == (
        'No picture has a field "taken_at", which is what date asks for: did you mean metadata.date?'
    )


def test_every_rule_of_the_documentation_is_tested() -> None:
    """The expressions in its table of rules are those above, and hold as it says."""
    page = (Path(__file__).parents[2] / "docs" / "filters.md").read_text(encoding="utf-8")
    table = page.split("<!-- rules -->")[1]
    documented = {
        (cells[1].strip().strip("`"), cells[2].strip() == "yes")
        for line in table.splitlines()
        if (cells := line.split("|"))[0] == "" and len(cells) == 5 and "`" in line
    }
    assert len(documented) > 25
    assert documented <= set(RULES)
