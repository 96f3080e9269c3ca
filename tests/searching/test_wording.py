"""What of a query is looked up word for word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ilk
from ilk.searching.wording import STOP_WORDS, other_number, words_of


def test_words_are_those_asked_for() -> None:
    """Neither pictures nor what is taken away has any."""
    query = ilk.text("Red bicycle") + ilk.item("dog.png") - ilk.text("people")
    assert words_of(query) == ("red", "reds", "bicycle", "bicycles")
    assert words_of(ilk.item("dog.png")) == ()


def test_each_word_once_however_often_it_is_said() -> None:
    """In any case, and across terms."""
    assert words_of(ilk.text("dog Dog") + ilk.text("DOGS")) == ("dog", "dogs")


def test_stop_words_are_kept_where_there_is_nothing_else() -> None:
    """A query of nothing else asks for them."""
    assert words_of(ilk.text("the who")) == ("the", "who")
    assert not set(words_of(ilk.text("the snow of the who"))) & STOP_WORDS


@pytest.mark.parametrize("text", ["!!!", "🐱", "… *"])
def test_signs_are_no_words(text: str) -> None:
    """They are left to what the model makes of them."""
    assert words_of(ilk.text(text)) == ()


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("dog", "dogs"),
        ("box", "boxes"),
        ("beach", "beaches"),
        ("city", "cities"),
        ("day", "days"),
        ("glass", "glasses"),
    ],
)
def test_nouns_come_in_both_numbers(one: str, many: str) -> None:
    """By the rules of spelling, there and back."""
    assert (other_number(one), other_number(many)) == (many, one)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_has_words(text: str) -> None:
    """Or none; what comes is never empty, and nothing raises."""
    assert all(words_of(ilk.text(f"a {text}")))
