"""Every family: ilk's vectors are those of a plain user of transformers, for pictures and texts, whatever the batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from encoders.cases import LEAST_COSINE, Case, cosines, pictures, texts
from encoders.checkpoints import FAMILIES
from encoders.references import POOLING, Reference, Rows, Rule
from ilk.encoders.base import Modality
from ilk.encoders.families import FAMILIES as TABLE
from ilk.errors import IlkError, ModalityError

pytest.importorskip("torch", reason="the references run with torch: pip install 'ilk[torch]'")
pytest.importorskip("transformers", reason="the references run with transformers: pip install 'ilk[torch]'")

# Every family is asked a text that is longer than it reads, and ilk says each time that it was cut.
pytestmark = pytest.mark.filterwarnings("ignore:The text .* tokens, of which the model reads")

SEEING = [name for name, builder in FAMILIES.items() if builder.sees]
READING = [name for name, builder in FAMILIES.items() if builder.reads]
ALONE = [name for name, builder in FAMILIES.items() if POOLING[name].rule != "features"]


@pytest.fixture(params=FAMILIES)
def case(request: pytest.FixtureRequest, built: Callable[[str], Case]) -> Case:
    """Every family in turn."""
    return built(request.param)


@pytest.fixture(params=SEEING)
def seeing(request: pytest.FixtureRequest, built: Callable[[str], Case]) -> Case:
    """Each that sees."""
    return built(request.param)


@pytest.fixture(params=READING)
def reading(request: pytest.FixtureRequest, built: Callable[[str], Case]) -> Case:
    """Each that reads."""
    return built(request.param)


def likeness(rows: Rows) -> float:
    """The largest cosine between two of these rows."""
    return float((rows @ rows.T)[~np.eye(len(rows), dtype=bool)].max())


# -- the references themselves ----------------------------------------------------------------------------------------


def test_every_family_has_a_reference() -> None:
    """What can be built can be compared."""
    assert set(FAMILIES) == set(POOLING)


def test_references_tell_pictures_apart(seeing: Case) -> None:
    """No two pictures look alike to a reference, so that agreeing with it says something."""
    assert likeness(seeing.images) < 0.999


def test_references_tell_texts_apart(reading: Case) -> None:
    """No two texts read alike to a reference."""
    assert likeness(reading.texts) < 0.999


@pytest.mark.parametrize("name", ALONE)
def test_rules_of_pooling_differ(name: str, built: Callable[[str], Case]) -> None:
    """Another rule gives other vectors, so that following the wrong one is noticed."""
    case = built(name)
    other: Rule = "cls" if POOLING[name].rule == "mean" else "mean"
    if case.builder.reads:
        found, expected = case.reference.texts(texts(name), rule=other), case.texts
    else:
        found, expected = case.reference.images(pictures(), rule=other), case.images
    if name in {"swin", "swinv2", "regnet", "resnet"}:  # their pooler is the mean, before or after the same norm
        np.testing.assert_allclose(found, expected, atol=1e-5)
    else:
        assert cosines(found, expected).min() < 0.999


# -- vectors ----------------------------------------------------------------------------------------------------------


def test_pictures_agree_with_the_reference(seeing: Case) -> None:
    """Each picture gets the row that transformers gives it."""
    assert cosines(seeing.encoder.encode_images(pictures()), seeing.images).min() >= LEAST_COSINE


def test_texts_agree_with_the_reference(reading: Case) -> None:
    """Each text gets the row that transformers gives it: empty, untidy, long, in any script."""
    assert cosines(reading.encoder.encode_texts(texts(reading.name)), reading.texts).min() >= LEAST_COSINE


@pytest.mark.parametrize("batch_size", [1, 3])
def test_pictures_agree_whatever_the_batch(seeing: Case, batch_size: int) -> None:
    """A row does not depend on how many go through the model at once."""
    found = seeing.open(batch_size=batch_size).encode_images(pictures())
    assert cosines(found, seeing.images).min() >= LEAST_COSINE
    np.testing.assert_allclose(found, seeing.encoder.encode_images(pictures()), atol=1e-4)


@pytest.mark.parametrize("batch_size", [1, 3])
def test_texts_agree_whatever_the_batch(reading: Case, batch_size: int) -> None:
    """A row does not depend on how many go through the model at once, nor on how long the others are."""
    found = reading.open(batch_size=batch_size).encode_texts(texts(reading.name)[::-1])[::-1]
    assert cosines(found, reading.texts).min() >= LEAST_COSINE
    np.testing.assert_allclose(found, reading.encoder.encode_texts(texts(reading.name)), atol=1e-4)


def test_raw_rows_agree_with_the_reference(case: Case) -> None:
    """Not divided by their length, rows are those that transformers gives: as long, and in the same direction."""
    raw = Reference(case.name, case.folder, raw=True)
    pairs = []
    if case.builder.sees:
        pairs.append((case.encoder.encode_images(pictures(), normalise=False), raw.images(pictures())))
    if case.builder.reads:
        asked = texts(case.name)
        pairs.append((case.encoder.encode_texts(asked, normalise=False), raw.texts(asked)))
    for found, expected in pairs:
        lengths, right = np.linalg.norm(found, axis=1), np.linalg.norm(expected, axis=1)
        np.testing.assert_allclose(lengths, right, rtol=0.02)
        assert np.abs(right - 1).max() > 1e-3
        cosine = (found.astype(np.float64) * expected).sum(axis=1) / lengths / right
        assert cosine.min() >= LEAST_COSINE


def test_prepared_pictures_are_the_same(seeing: Case) -> None:
    """Preparing first, on other threads as it may be, and encoding later gives the same rows."""
    prepared = np.stack([seeing.encoder.prepare_image(picture) for picture in pictures()])
    assert cosines(seeing.encoder.encode_prepared(prepared), seeing.images).min() >= LEAST_COSINE


@pytest.mark.parametrize("name", ["chinese_clip", "clip"])
def test_texts_agree_with_an_older_vocabulary(name: str, built: Callable[[str], Case], tmp_path: Path) -> None:
    """A checkpoint with lists of words, from before ``tokenizer.json``, splits texts alike."""
    older = Case(name, FAMILIES[name](tmp_path / name))
    (older.folder / "tokenizer.json").unlink()
    assert cosines(older.encoder.encode_texts(texts(name)), built(name).texts).min() >= LEAST_COSINE


# -- pooling ----------------------------------------------------------------------------------------------------------


def test_the_rule_is_the_references(case: Case) -> None:
    """How outputs become one vector is what the family's own documentation says."""
    assert case.open().pooling == POOLING[case.name].rule


@pytest.mark.parametrize("name", ALONE)
def test_another_rule_can_be_asked_for(name: str, built: Callable[[str], Case]) -> None:
    """The mean of a model's tokens, asked for by name, is the reference's; and it is another model's digest."""
    case = built(name)
    encoder = case.open("mean")
    if case.builder.reads:
        found, expected = encoder.encode_texts(texts(name)), case.reference.texts(texts(name), rule="mean")
    else:
        found, expected = encoder.encode_images(pictures()), case.reference.images(pictures(), rule="mean")
    assert cosines(found, expected).min() >= LEAST_COSINE
    assert (encoder.digest == case.encoder.digest) == (POOLING[name].rule == "mean")


# -- what an encoder is -----------------------------------------------------------------------------------------------


def test_it_can_do_what_its_family_can(case: Case) -> None:
    """Modalities are those of the family."""
    can: Mapping[Modality, bool] = {"image": case.builder.sees, "text": case.builder.reads}
    assert case.encoder.modalities == {modality for modality, able in can.items() if able}


def test_its_dimension_is_the_references(case: Case) -> None:
    """The dimension is that of the rows."""
    assert case.encoder.dimension == (case.images if case.builder.sees else case.texts).shape[1]


def test_what_it_cannot_do_is_refused(case: Case) -> None:
    """Words asked of a model that only sees are refused, and pictures of one that only reads."""
    if not case.builder.reads:
        with pytest.raises(ModalityError, match="only sees"):
            case.encoder.encode_texts(["a dog"])
    if not case.builder.sees:
        with pytest.raises(ModalityError):
            case.encoder.encode_images(pictures()[:1])
        with pytest.raises(ModalityError):
            case.encoder.prepare_image(pictures()[0])


def test_a_text_without_tokens_is_refused(built: Callable[[str], Case]) -> None:
    """A model that averages tokens gives the empty text no direction, and ilk says so instead of giving zeros."""
    with pytest.raises(IlkError, match="tipsv2"):
        built("tipsv2").encoder.encode_texts([""])


def test_its_digest_is_that_of_its_weights(case: Case, tmp_path: Path) -> None:
    """Opened again it has the same digest; the same family with other weights has another."""
    assert case.open().digest == case.encoder.digest
    other = Case(case.name, case.builder(tmp_path / "other", seed=1))
    assert other.encoder.digest != case.encoder.digest


def test_loading_twice_costs_nothing(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is loaded is not read again, for whichever modality."""
    from transformers import AutoModel

    reads, load = [], AutoModel.from_pretrained

    def count(*given: object, **named: object) -> object:
        reads.append(given)
        return load(*given, **named)

    monkeypatch.setattr(AutoModel, "from_pretrained", count)
    encoder = case.open()
    for modality in sorted(encoder.modalities) * 2:
        encoder.load(modality)
    assert len(reads) == 1


def test_the_table_names_only_families_that_transformers_has() -> None:
    """Every model type in ilk's table is one of the installed release, but for the built-in model's."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    assert {name for name in TABLE if name not in CONFIG_MAPPING} <= {"ilk-pocket"}
