"""What people read of the models they may choose among. This returns text or tables; printing is the command line's."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import groupby
from typing import TYPE_CHECKING

from ilk.encoders.card import ModelCard, Runtime, size_text
from ilk.encoders.cards import FIRST_CHOICES, POCKET, card_of

if TYPE_CHECKING:
    from rich.console import RenderableType

UNKNOWN = "-"
WIDE = 120
"""From this many columns on there is room for a sentence about each model."""

_SENSES = {
    frozenset({"image", "text"}): "Pictures and words",
    frozenset({"image"}): "Pictures alone",
    frozenset({"text"}): "Words alone, for captions",
}


def cards_lines(cards: Iterable[ModelCard], *, here: Collection[str]) -> str:
    """One line a model, with tabs between the fields, for a pipe.

    They are the name, bytes, numbers in a vector, languages, what it encodes, R@1 and R@10 on COCO, licence, runtime,
    and ``here`` or nothing, for whether it is on this machine.
    """
    lines = []
    for card in cards:
        fields = (
            card.name,
            UNKNOWN if card.size_bytes is None else str(card.size_bytes),
            str(card.dimension),
            ",".join(card.languages) or UNKNOWN,
            ",".join(sorted(card.modalities)),
            *_coco(card),
            card.licence or UNKNOWN,
            card.runtime,
            "here" if card.name in here else "",
        )
        lines.append("\t".join(fields).rstrip("\t") + "\n")
    return "".join(lines)


def cards_table(cards: Iterable[ModelCard], *, here: Collection[str], torch: bool, width: int) -> list[RenderableType]:
    """Tables for a terminal of this width, one for what a group of models has in common; 80 columns are enough.

    Parameters
    ----------
    here
        The names of those on this machine.
    torch
        Whether PyTorch is installed.
    width
        Columns of the terminal.
    """
    from rich.text import Text

    cards = list(cards)  # those that go together stand together
    longest = max(len(card.name) for card in cards)
    parts: list[RenderableType] = []
    for (modalities, runtime), group in groupby(cards, key=lambda card: (card.modalities, card.runtime)):
        needs = {"onnx": "with what comes with ilk", "torch": 'with PyTorch: pip install "ilk[torch]"'}
        needed = "with PyTorch, which is installed" if runtime == "torch" and torch else needs[runtime]
        parts += [
            Text(f"{_SENSES[modalities]}, {needed}", style="bold"),
            _table(list(group), here=here, longest=longest, described=width >= WIDE),
            Text(),
        ]
    parts.append(Text(_legend(here), style="dim"))
    return parts


def _table(cards: list[ModelCard], *, here: Collection[str], longest: int, described: bool) -> RenderableType:
    from rich.table import Table

    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim", pad_edge=False, expand=described)
    table.add_column("", min_width=1, no_wrap=True)
    table.add_column("", min_width=longest, no_wrap=True)
    table.add_column("size", min_width=6, justify="right", no_wrap=True)
    table.add_column("d", min_width=4, justify="right", no_wrap=True)
    table.add_column("lang", min_width=4, no_wrap=True)
    table.add_column("R@1", min_width=4, justify="right", no_wrap=True)
    table.add_column("R@10", min_width=4, justify="right", no_wrap=True)
    table.add_column("licence", min_width=12 if described else None, no_wrap=True)
    if described:
        table.add_column("", no_wrap=True, overflow="ellipsis", style="dim", ratio=1)
    for card in cards:
        table.add_row(
            "*" if card.name in here else "",
            card.name,
            size_text(card.size_bytes) if card.size_bytes else UNKNOWN,
            str(card.dimension),
            ",".join(card.languages) or UNKNOWN,
            *_coco(card),
            card.licence or UNKNOWN,
            *([card.summary] if described else []),
        )
    return table


def _legend(here: Collection[str]) -> str:
    recall = POCKET.scores.flickr8k if POCKET.scores else None
    return "\n".join(
        [
            *(["* on this machine already"] if here else []),
            "d: numbers in a vector. mul: many languages. R@1, R@10: how often, in percent,",
            "a caption brings its picture first, or among the first ten, of the 5,000 of",
            "COCO's test part, as published.",
            *([f"pocket: {recall.at_1} and {recall.at_10} of 1,000 of Flickr8k."] if recall else []),
            "Others of these kinds can be named too. To have one: ilk models fetch NAME",
        ]
    )


def _coco(card: ModelCard) -> tuple[str, str]:
    recall = card.scores.coco if card.scores else None
    values = (recall.at_1, recall.at_10) if recall else (None, None)
    first, tenth = (UNKNOWN if value is None else f"{value:.1f}" for value in values)
    return first, tenth


def hint_text(runtime: Runtime) -> str:
    """One line for who uses the built-in model without having chosen it: what better ones cost and bring.

    Parameters
    ----------
    runtime
        The best that is installed.
    """
    measured = f" (R@10 {POCKET.scores.flickr8k.at_10} % on Flickr8k)" if POCKET.scores else ""
    better = " or ".join(_offer(card) for name in FIRST_CHOICES[runtime] if (card := card_of(name)))
    return f"Using the built-in model pocket{measured}. Better, to fetch once: {better}; see `ilk models list`."


def _offer(card: ModelCard) -> str:
    recall = f", COCO R@10 {card.scores.coco.at_10} %" if card.scores else ""
    return f"--model {card.name} ({size_text(card.size_bytes or 0)}{recall})"
