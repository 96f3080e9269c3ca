"""How to search, as options: what `ilk.searching.SearchOptions` has."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ilk.cli.output import complain

if TYPE_CHECKING:
    from ilk.query import Query
    from ilk.records import Hits

_Verb = TypeVar("_Verb", bound=Callable[..., Any])


class Setting(click.ParamType[tuple[str, float]]):
    """``NAME=NUMBER``."""

    name = "setting"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, float]:
        """Its two parts."""
        name, sign, number = str(value).partition("=")
        try:
            return name.strip(), float(number)
        except ValueError:
            wrong = f'"{value}" is no NAME=NUMBER, such as nprobe=16.' if sign else f'"{value}" has no =.'
            self.fail(wrong, param, ctx)


_OPTIONS = (
    click.option("-k", metavar="N", type=click.IntRange(min=1), default=10, show_default=True, help="How many hits."),
    click.option(
        "--offset",
        metavar="N",
        type=click.IntRange(min=0),
        default=0,
        help="Pass over so many better ones: with -k 10 the second page begins at 10.",
    ),
    click.option(
        "--in",
        "space",
        type=click.Choice(["image", "caption", "both"]),
        default="image",
        show_default=True,
        help="Compare with the pictures, with what is said of them (by words, and by meaning after "
        "`ilk index --captions`), or with both.",
    ),
    click.option(
        "--where",
        metavar="FILTER",
        help='Answer only pictures that this holds for, such as \'year >= 2020 and place in ["oslo", "rome"]\'; or '
        "the same as JSON.",
    ),
    click.option(
        "--min-similarity",
        metavar="COSINE",
        type=float,
        help="Leave out hits below this. What is a high value depends on the model, and on what the gallery compares "
        "by.",
    ),
    click.option(
        "--min-relevance",
        metavar="SHARE",
        type=click.FloatRange(0, 1),
        help="Leave out hits that look less like what was asked for than this, from 0 to 1, whatever the model.",
    ),
    click.option(
        "--diverse",
        metavar="SHARE",
        type=click.FloatRange(0, 1),
        help="Show hits unlike each other: from 0, by nearness alone, to 1; 0.5 is a good beginning.",
    ),
    click.option(
        "--group-duplicates", is_flag=True, help="Show pictures nearly the same as one hit, and say how many they are."
    ),
    click.option("--more", metavar="ID", multiple=True, help="More like this picture. May be given several times."),
    click.option("--less", metavar="ID", multiple=True, help="Less like this picture. May be given several times."),
    click.option(
        "--set",
        "settings",
        metavar="NAME=NUMBER",
        type=Setting(),
        multiple=True,
        help="Set a parameter of the index for this search, such as nprobe=16.",
    ),
    click.option("--explain", is_flag=True, help="Say on stderr how the hits were found; with --json, as `plan`."),
)


def search_options(verb: _Verb) -> _Verb:
    """The options of a search, which reach the verb as keywords for `how`."""
    for option in reversed(_OPTIONS):
        verb = option(verb)
    return verb


def how(*, settings: tuple[tuple[str, float], ...], **options: Any) -> dict[str, Any]:
    """The keywords for `ilk.Gallery.search`."""
    return options | {"parameters": dict(settings) or None}


def query_of(words: tuple[str, ...], more: tuple[str, ...]) -> Query:
    """What was asked; without words it is the items that more are wanted of.

    Raises
    ------
    QueryError
        If it cannot be read, or there is nothing.
    """
    from ilk.query import item, parse

    if words or not more:
        return parse(words)
    query = item(more[0])
    for id_ in more[1:]:
        query = query + item(id_)
    return query


def say_plan(hits: Hits) -> None:
    """On stderr, how the hits were found, and what each way of searching said of each of them."""
    for sentence in hits.plan.sentences() if hits.plan is not None else ():
        complain(sentence)
    for hit in hits:
        if hit.parts is not None:
            complain(f"{hit.rank}: {', '.join(f'{way} {_part(said)}' for way, said in hit.parts.items())}")
        if hit.duplicates:
            complain(f"{hit.rank}: nearly the same are {', '.join(hit.duplicates)}")
    sys.stderr.flush()


def _part(said: Any) -> str:
    """A rank and its reason.

    >>> _part({"rank": 3, "similarity": 0.31239})
    'no. 3 (similarity 0.312)'
    """
    reasons = [f"{name} {value:.3f}" for name, value in said.items() if name != "rank"]
    return f"no. {said['rank']} ({', '.join(reasons)})"
