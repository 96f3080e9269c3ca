"""What is said of models is known, and agrees with what is here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ilk.encoders import load_encoder, models_available
from ilk.encoders.card import Runtime, size_text
from ilk.encoders.cards import CARDS, FIRST_CHOICES, OPENAI_NAMES, POCKET, card_of, export_of

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_cards_say_what_to_know_before_choosing() -> None:
    """Every model has a card of its own, whose facts go together."""
    names = [card.name for card in models_available()]
    assert names[0] == "pocket"
    assert len(set(names)) == len(names)
    for card in CARDS:
        assert card.summary.endswith(".")
        assert card.dimension > 0
        assert card.modalities <= {"image", "text"}
        assert (card.image_size is None) == ("image" not in card.modalities)
        assert bool(card.languages) == ("text" in card.modalities)
        assert (card.size_bytes == 0) == (card is POCKET)


def test_recalls_are_in_percent_and_rise() -> None:
    """The right picture is among the first ten at least as often as first."""
    for card in CARDS:
        if card.scores is None:
            continue
        assert card.scores.source
        for recall in (card.scores.coco, card.scores.flickr30k, card.scores.flickr8k):
            known = [value for value in (recall.at_1, recall.at_5, recall.at_10) if value is not None]
            assert known == sorted(known)
            assert all(1 < value < 100 for value in known)


def test_the_card_of_pocket_agrees_with_the_model_and_its_measurement() -> None:
    """The figures are those of docs/pocket-eval.json, and the files in the package."""
    encoder = load_encoder("pocket")
    assert (POCKET.dimension, POCKET.modalities) == (encoder.dimension, encoder.modalities)
    assert POCKET.image_size == encoder.image_size
    measured = json.loads((DOCS / "pocket-eval.json").read_bytes())["flickr8k"]["text_to_image"]
    assert POCKET.scores is not None
    recall = POCKET.scores.flickr8k
    assert [recall.at_1, recall.at_5, recall.at_10] == [round(measured[f"r@{k}"], 1) for k in (1, 5, 10)]


def test_an_export_is_known_by_the_weights_it_has() -> None:
    """So that who lacks PyTorch is told of it; the first one listed is named."""
    checkpoint, export = card_of("openai/clip-vit-base-patch32"), export_of("openai/clip-vit-base-patch32")
    assert checkpoint is not None
    assert export is not None
    assert (export.name, export.runtime) == ("Xenova/clip-vit-base-patch32", "onnx")
    assert export.scores == checkpoint.scores
    assert export_of("pocket") is None


@pytest.mark.parametrize("runtime", ["onnx", "torch"])
def test_first_choices_have_cards_with_a_recall_and_run_there(runtime: Runtime) -> None:
    """What is suggested can be weighed."""
    for name in FIRST_CHOICES[runtime]:
        card = card_of(name)
        assert card is not None
        assert card.runtime == runtime
        assert card.scores is not None
        assert card.scores.coco.at_10


def test_names_of_openai_lead_to_models_of_openai() -> None:
    """Those that have a card are by OpenAI, whoever exported them."""
    cards = [card for name in OPENAI_NAMES.values() if (card := card_of(name))]
    assert len(cards) >= 5
    assert all(card.source.startswith("OpenAI") for card in cards)


@pytest.mark.parametrize(
    ("size_bytes", "text"), [(0, "0 kB"), (1_500, "2 kB"), (605_000_000, "605 MB"), (1_710_000_000, "1.7 GB")]
)
def test_sizes_are_written_as_people_say_them(size_bytes: int, text: str) -> None:
    """In powers of ten, as the Hub does."""
    assert size_text(size_bytes) == text


def test_cards_are_plain_json() -> None:
    """With the weights' own name where they are nobody else's."""
    for card in CARDS:
        assert json.loads(json.dumps(card.to_dict()))["weights"] == (card.weights or card.name)
