from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ilk import query
from ilk.errors import QueryError


def terms(*words: str) -> list[tuple[str, str, float]]:
    """The terms that the command line's words are read as."""
    return [(term.kind, str(term.value), term.weight) for term in query.parse(words).terms]


@pytest.fixture
def sunset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A picture's path, in the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sunset.JPG").write_bytes(b"")
    return "sunset.JPG"


def test_words_that_are_not_joined_are_one_text() -> None:
    """Nobody has to quote a few words."""
    assert terms("red", "bicycle") == [("text", "red bicycle", 1)]


def test_terms_are_added_and_taken_away(sunset: str) -> None:
    """The sum in the design reads as it is written."""
    assert terms("beach", "+", sunset, "-", "two", "people") == [
        ("text", "beach", 1),
        ("image", sunset, 1),
        ("text", "two people", -1),
    ]


def test_weights_go_in_front(sunset: str) -> None:
    """2: is twice as much, also of a picture and of something taken away."""
    assert terms("0.5:snow", "-", f"2:{sunset}") == [("text", "snow", 0.5), ("image", sunset, -2)]


def test_a_prefix_says_what_a_term_is(sunset: str) -> None:
    """What could be taken for something else can be said outright."""
    assert terms(f"text:{sunset}") == [("text", sunset, 1)]
    assert terms("image:no-suffix") == [("image", "no-suffix", 1)]
    assert terms("item:a/b c.jpg") == [("item", "a/b c.jpg", 1)]
    assert terms("text:12:30") == [("text", "12:30", 1)]


def test_the_first_term_may_be_taken_away() -> None:
    """A query may begin with what is not wanted."""
    assert terms("-", "people") == [("text", "people", -1)]


def test_a_picture_that_is_not_there_is_not_searched_for_as_words() -> None:
    """A mistyped path is an error that says how to mean the words."""
    with pytest.raises(QueryError, match=r'no picture "beever\.png".*text:'):
        query.parse(["beever.png"])


def test_a_sentence_that_ends_like_a_picture_is_a_sentence() -> None:
    """Words are only taken for a path when they could be one."""
    assert terms("a page called index.jpg") == [("text", "a page called index.jpg", 1)]


@pytest.mark.parametrize(
    "words",
    [[], ["+"], ["-"], ["a", "+"], ["a", "+", "-", "b"], ["  "], ["text:"], ["0:snow"], ["99999:snow"], ["\udcff"]],
)
def test_a_term_that_is_missing_is_an_error(words: list[str]) -> None:
    """Half a sum is refused, with words that a person understands."""
    with pytest.raises(QueryError):
        query.parse(words)


def test_pictures_on_the_web_are_refused_with_the_remedy() -> None:
    """An address is neither fetched nor searched for as words."""
    with pytest.raises(QueryError, match="save"):
        query.parse(["https://example.org/cat.jpg"])


def test_queries_add_up_in_python() -> None:
    """The arithmetic of queries is that of their weights."""
    asked = query.text("a") + 0.5 * (query.text("b") - query.item("c"))
    assert [(term.value, term.weight) for term in asked.terms] == [("a", 1), ("b", 0.5), ("c", -0.5)]


@pytest.mark.parametrize("weight", [0, float("nan"), float("inf")])
def test_a_weight_is_a_number_that_counts(weight: float) -> None:
    """Nothing, and what is no number, cannot be a weight."""
    with pytest.raises(QueryError, match="weight"):
        weight * query.text("a")


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1).filter(
    lambda word: word not in {"+", "-"} and "." not in word and '"' not in word
)


@given(st.lists(st.tuples(WORDS, st.sampled_from([1.0, -1.0, 2.0, 0.25])), min_size=2, max_size=5))
def test_a_query_is_written_as_it_is_read(parts: list[tuple[str, float]]) -> None:
    """What `str` writes, split as a shell splits it, is read back as the same terms."""
    asked = query.Query(terms=tuple(query.Term(kind="text", value=word, weight=weight) for word, weight in parts))
    written = [word.replace('"', "") for word in str(asked).split(" ")]
    assert terms(*written) == [("text", word, weight) for word, weight in parts]
