from __future__ import annotations

from typing import Any

import pytest

from ilk.errors import FilterError
from ilk.filters import And, Comparison, Date, Filter, Near, Not, Or, parse

DRAFT = Comparison("draft", "$eq", value=True)
YEAR = Comparison("year", "$gte", 2020)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("year >= 2020", YEAR),
        ("year>=2020", YEAR),
        ("draft", DRAFT),
        ("not draft", Not(DRAFT)),
        ("!draft", Not(DRAFT)),
        ("not not draft", Not(Not(DRAFT))),
        (
            "year >= 2020 and place in ['oslo', \"rome\"] and not draft",
            And((YEAR, Comparison("place", "$in", ("oslo", "rome")), Not(DRAFT))),
        ),
        ("caption contains 'snow'", Comparison("caption", "$contains", "snow")),
        ("caption not contains 'snow'", Not(Comparison("caption", "$contains", "snow"))),
        ('path like "2019/*"', Comparison("path", "$like", "2019/*")),
        ('caption match "snowy day"', Comparison("caption", "$match", "snowy day")),
        ("place not in ('oslo')", Comparison("place", "$nin", ("oslo",))),
        ("place exists", Comparison("place", "$exists", value=True)),
        ("place = null", Comparison("place", "$eq", None)),
        ("place <> NULL", Comparison("place", "$ne", None)),
        ("`my field` != 'it\\'s'", Comparison("my field", "$ne", "it's")),
        ("`a``b` == 1", Comparison("a`b", "$eq", 1)),
        ("x == -1.5e-3", Comparison("x", "$eq", -0.0015)),
        ("x == .5", Comparison("x", "$eq", 0.5)),
        (r'x == "\u00e9\n\\"', Comparison("x", "$eq", "é\n\\")),
        ("size > 2MB", Comparison("size", "$gt", 2_000_000)),
        ("size > 1.5 kib", Comparison("size", "$gt", 1536)),
        ("seen_at < 2021-05-01T10:30:00.5+02:00", Comparison("seen_at", "$lt", Date("2021-05-01T10:30:00.5+02:00"))),
        ("taken_at >= 2021-05", Comparison("taken_at", "$gte", Date("2021-05"))),
        ("date == 2021", Comparison("date", "$eq", Date("2021"))),
        ("taken_at < '2021-05-01'", Comparison("taken_at", "$lt", Date("2021-05-01"))),
        ("near(59.91, 10.75, 5km)", Near(59.91, 10.75, 5000)),
        ("near(-59, -10, 3 mi)", Near(-59, -10, 4828.032)),
        ("near == 3", Comparison("near", "$eq", 3)),
        ("year >= 2020 && (draft || not draft)", And((YEAR, Or((DRAFT, Not(DRAFT)))))),
        ("naïve == 'ü'", Comparison("naïve", "$eq", "ü")),
        ("`$set` == 1", Comparison("metadata.$set", "$eq", 1)),
    ],
)
def test_an_expression_means(written: str, meant: Filter) -> None:
    """What the grammar says, and the same again when it is written out."""
    assert parse(written) == meant
    assert parse(str(meant)) == meant


def test_and_binds_tighter_than_or_and_not_tighter_than_both() -> None:
    """As everywhere; parentheses say otherwise."""
    a, b, c = (Comparison(name, "$eq", value=True) for name in "abc")
    assert parse("a or b and not c") == Or((a, And((b, Not(c)))))
    assert parse("(a or b) and not c") == And((Or((a, b)), Not(c)))
    assert parse("not (a or b)") == Not(Or((a, b)))
    assert parse("a AND b And c") == And((a, b, c))


@pytest.mark.parametrize(
    ("written", "character", "expected"),
    [
        ("year >= and", 9, "expected a value.*found 'and'"),
        ("year = 20 20", 11, "expected and, or, or the end, found '20'"),
        ("place == oslo", 10, 'such as "oslo"; a text stands in quotes'),
        ("place in []", 11, "nothing is in an empty list"),
        ("place in 'oslo'", 10, r"expected a list such as \["),
        ("place in ['oslo'", 17, "expected ], found the end"),
        ('"oslo', 1, "the text that begins here has no end"),
        ("x == 'oslo", 6, "the text that begins here has no end"),
        ("`x == 1", 1, "the name that begins here has no end"),
        ("x ~ 'a.*'", 3, "regular expressions are not searched for"),
        ("x == /a/", 6, "regular expressions are not searched for"),
        ("near(1, 2, 3)", 13, "expected a unit of distance: m, km, mi"),
        ("near(100, 2, 3km)", 1, "latitude of a place is degrees between -90 and 90, not 100"),
        ("near(1, 2, 0km)", 1, "more than nothing"),
        ("taken_at > 'soon'", 10, "'soon' is no date"),
        ("taken_at > 1.5", 10, "taken_at is a date and 1.5 is none"),
        ("size > 'big'", 6, r'size is a number and "big" is none.*metadata\.size'),
        ("path > 3", 6, "path is a text and 3 is none"),
        ("size contains '3'", 6, "size is a number"),
        ("x == 2021-13-01", 6, "2021-13-01 is no date that there is"),
        ("x == 2021-02-30", 6, "2021-02-30 is no date that there is"),
        ("x == 12:30", 8, "':' means nothing here"),
        ("and", 1, "expected the name of a field"),
        ("'x' == 1", 1, "expected the name of a field"),
        ("a b", 3, "expected a comparison"),
        ("a not b", 7, "expected in, contains, like or match"),
        ("x == 1)", 7, r"expected and, or, or the end, found '\)'"),
        ("(x == 1", 8, r"expected \), found the end"),
        ("x > true", 3, "true is neither more nor less"),
        ("x >= null", 3, "null is neither more nor less"),
        ("x == 1e999", 3, "no number to compare with"),
        ("x == " + "9" * 5000, 6, "this number is too long"),
        ("x == 3 parsecs", 8, "a unit of size such as kB"),
        ("year >= 2020-5", 13, "found '-5'"),
        (r'x == "\q"', 7, r"\\q stands for nothing"),
        ("x contains 3", 12, "expected a text in quotes"),
        ("x contains ''", 3, "takes a text"),
        ("x match 'a'", 3, "looks for words in captions"),
        ("caption match '!?'", 9, "There is no word"),
        ("x like '" + "*a" * 9 + "'", 3, "at most 8 stars"),
        ("x\0 == 1", 2, "means nothing here"),
        ("`x\0` == 1", 6, "is no name of a field"),
        ("x == '\0'", 3, "is no text"),
        ("x == '\ud800'", 3, "is no text"),
        ("`metadata.` == 1", 13, "is no name of a field"),
    ],
)
def test_a_mistake_is_shown_where_it_is(written: str, character: int, expected: str) -> None:
    """One sentence says what was expected, and a caret stands below the place."""
    with pytest.raises(FilterError, match=expected) as caught:
        parse(written)
    said, shown, caret = str(caught.value).split("\n")
    assert f"at character {character}:" in said
    place = caret.index("^")
    start = shown.index("...") + 3 if shown.startswith("  ...") else 2
    offset = place - start + (len(written) - len(written[max(0, character - 31) :]))
    assert offset == character - 1


@pytest.mark.parametrize(
    ("hostile", "message"),
    [
        ("(" * 10_000 + "a" + ")" * 10_000, "more than 50 deep"),
        ("not " * 10_000 + "a", "more than 50 deep"),
        ("a" * 200_000, "too long for an expression"),
        (" or ".join(["a"] * 1_001), "more than 1,000 conditions"),
        (f"`{'n' * 501}` == 1", "name of 501 characters is too long"),
        (f"x == '{'n' * 10_001}'", "text of 10,001 characters is too long"),
        ("", "The filter is empty"),
        ("  \n", "The filter is empty"),
    ],
)
def test_hostile_expressions_are_refused_quickly(hostile: str, message: str) -> None:
    """Without a traceback of the parser's own, whatever their depth and length."""
    with pytest.raises(FilterError, match=message):
        parse(hostile)


def test_what_is_no_text_is_no_expression() -> None:
    """A mapping goes to from_json."""
    mapping: Any = {"year": 2020}
    with pytest.raises(FilterError, match="is a str, not dict"):
        parse(mapping)
