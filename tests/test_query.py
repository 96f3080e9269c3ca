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


def test_an_address_on_the_web_is_a_picture() -> None:
    """Whatever it ends in: it is not searched for as words."""
    assert terms("https://example.org/cat", "-", "2:HTTP://example.org/a.jpg@1,2,3,4") == [
        ("image", "https://example.org/cat", 1),
        ("image", "HTTP://example.org/a.jpg", -2),
    ]


def test_from_afar_no_file_is_named(sunset: str) -> None:
    """Of what another machine sends, a path is words, whether there is such a file or not, and URLs are pictures."""

    def kinds(word: str) -> list[str]:
        return [term.kind for term in query.parse([word], files=False).terms]

    assert kinds(sunset) == kinds("nowhere.jpg") == kinds(f"{sunset}@1,2,3,4") == ["text"]
    assert kinds("https://example.org/a.jpg@1,2,3,4") == kinds("image:https://example.org/a") == ["image"]
    for there in (sunset, "nowhere.jpg"):
        with pytest.raises(QueryError, match="no URL"):
            query.parse([f"image:{there}"], files=False)


def regions(*words: str) -> list[str | None]:
    """The regions of the terms that the command line's words are read as."""
    return [None if term.region is None else str(term.region) for term in query.parse(words).terms]


def test_a_part_of_a_picture_is_meant_with_an_at(sunset: str) -> None:
    """In percent or in pixels, of pictures and of items, and never of words."""
    assert regions(f"{sunset}@10%,20%,50%,40%", "+", "item:a@b.jpg@0,0,30,40") == ["10%,20%,50%,40%", "0,0,30,40"]
    assert regions(f"image:{sunset}@.5%,0%,50.25%,100%") == ["0.5%,0%,50.25%,100%"]
    assert regions("a dog@10,20,30,40", "+", "item:ann@home.jpg", "+", sunset) == [None, None, None]
    assert terms("a dog@10,20,30,40") == [("text", "a dog@10,20,30,40", 1)]
    assert str(query.image("a.jpg", region=(1, 2, 3, 4)).terms[0].region) == "1,2,3,4"
    assert str(query.item("a", region=" 1%, 2%,3% , 4% ").terms[0].region) == "1%,2%,3%,4%"


@pytest.mark.parametrize(
    ("region", "said"),
    [
        ("10,20", "left,top,width,height"),
        ("10%,20,50%,40", "left,top,width,height"),
        ("10,20,30,-40", "left,top,width,height"),
        ("1.5,20,30,40", "parts of pixels"),
        ("10,20,0,40", "empty"),
        ("60%,0%,50%,40%", "beyond 100%"),
        ("somewhere", "left,top,width,height"),
    ],
)
def test_a_region_that_cannot_be_is_refused(sunset: str, region: str, said: str) -> None:
    """On the command line and in Python, saying how one is written."""
    with pytest.raises(QueryError, match=said):
        query.parse([f"{sunset}@{region}"])
    with pytest.raises(QueryError, match=said):
        query.image(sunset, region=region)


@pytest.mark.parametrize("region", [(1, 2, 3), 5, ("a", 1, 2, 3), (0, 0, float("nan"), 1), (0.1, 0.1, 0.5, 0.5)])
def test_a_region_in_python_is_four_whole_numbers(region: object) -> None:
    """Shares of a picture are not guessed from small numbers."""
    with pytest.raises(QueryError, match="left,top,width,height"):
        query.item("a", region=region)  # type: ignore[arg-type]


def test_names_that_end_like_a_region_can_be_said(sunset: str) -> None:
    """A file or an id that ends so is written with the whole of it as its region."""
    odd = f"{sunset}@1,2,3,4"
    Path(odd).write_bytes(b"")
    assert terms(odd) == [("image", odd, 1)]
    for made in (query.image(odd), query.item("x@1,2,3,4"), query.item("x@7,")):
        [again] = query.parse([str(made).replace('"', "")]).terms
        assert (again.value, str(again.region)) == (made.terms[0].value, "0%,0%,100%,100%")


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


SHARES = st.integers(0, 99).flatmap(lambda start: st.tuples(st.just(start), st.integers(1, 100 - start)))


@given(SHARES, SHARES, st.sampled_from(["%", ""]), st.sampled_from([1.0, -2.0, 0.125]))
def test_a_region_is_written_as_it_is_read(
    across: tuple[int, int], down: tuple[int, int], unit: str, weight: float
) -> None:
    """With its item and its weight."""
    region = ",".join(f"{number}{unit}" for number in (across[0], down[0], across[1], down[1]))
    asked = weight * query.item("a/b.jpg", region=region)
    [again] = query.parse(str(asked).split(" ")).terms
    assert (again.kind, again.value, again.weight, again.region) == ("item", "a/b.jpg", weight, asked.terms[0].region)


@given(st.lists(st.tuples(WORDS, st.sampled_from([1.0, -1.0, 2.0, 0.25])), min_size=2, max_size=5))
def test_a_query_is_written_as_it_is_read(parts: list[tuple[str, float]]) -> None:
    """What `str` writes, split as a shell splits it, is read back as the same terms."""
    asked = query.Query(terms=tuple(query.Term(kind="text", value=word, weight=weight) for word, weight in parts))
    written = [word.replace('"', "") for word in str(asked).split(" ")]
    assert terms(*written) == [("text", word, weight) for word, weight in parts]
