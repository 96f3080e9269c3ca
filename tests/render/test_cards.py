"""What is said of models is complete and fits."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.console import Console

from ilk.encoders.card import ModelCard, Runtime
from ilk.encoders.cards import CARDS, POCKET
from ilk.render.cards import WIDE, cards_lines, cards_table, hint_text


def shown(width: int, *, torch: bool = True, cards: tuple[ModelCard, ...] = CARDS) -> list[str]:
    """The table as a terminal of this width shows it, without colour."""
    console = Console(width=width, no_color=True, force_terminal=False)
    with console.capture() as capture:
        console.print(*cards_table(cards, here={"pocket"}, torch=torch, width=width), sep="\n")
    return [line.rstrip() for line in capture.get().splitlines()]


@pytest.mark.parametrize("width", [80, WIDE])
def test_every_model_is_on_a_line_with_its_whole_name_and_licence(width: int) -> None:
    """A name cut off could not be given to --model, and a licence cut off is none."""
    lines = shown(width)
    assert max(map(len, lines)) <= width
    for card in CARDS:
        (line,) = (line for line in lines if card.name in line.split())
        assert (card.licence or "-") in line.split()
        assert line.startswith("* " if card is POCKET else "  ")


def test_where_there_is_room_each_has_its_sentence() -> None:
    """Only there."""
    assert POCKET.summary in " ".join(shown(240))
    assert POCKET.summary[:20] not in " ".join(shown(80))


def test_what_a_model_needs_is_above_it() -> None:
    """The command where PyTorch is missing; that it is there where it is."""
    assert [line for line in shown(80, torch=False) if 'pip install "ilk[torch]"' in line]
    assert not [line for line in shown(80, torch=True) if "pip install" in line]


def test_what_is_not_known_is_a_dash() -> None:
    """Rather than a guess."""
    unknown = replace(POCKET, name="org/unknown", licence=None, size_bytes=None, languages=(), scores=None)
    (line,) = (line for line in shown(80, cards=(unknown,)) if "org/unknown" in line)
    assert line.split() == ["org/unknown", "-", "256", "-", "-", "-", "-"]
    assert cards_lines([unknown], here=()) == "org/unknown\t-\t256\t-\timage,text\t-\t-\t-\tonnx\n"


def test_lines_have_a_field_for_each_fact() -> None:
    """Bytes in full, for programs."""
    first, *_, last = cards_lines(CARDS, here={"pocket"}).splitlines()
    assert first.split("\t") == ["pocket", "0", "256", "en", "image,text", "-", "-", "Apache-2.0", "onnx", "here"]
    assert last.split("\t")[:5] == ["sentence-transformers/all-MiniLM-L6-v2", "91000000", "384", "en", "text"]


@pytest.mark.parametrize(
    ("runtime", "name"), [("onnx", "Xenova/clip-vit-base-patch32"), ("torch", "openai/clip-vit-base-patch32")]
)
def test_the_hint_says_what_better_models_cost_and_bring(runtime: Runtime, name: str) -> None:
    """On one line, with what can run here."""
    hint = hint_text(runtime)
    assert "\n" not in hint
    assert f"--model {name} (605 MB, COCO R@10 66.9 %)" in hint
    assert hint.count("--model") == 2
