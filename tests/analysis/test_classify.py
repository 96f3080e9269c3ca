"""Labels without training."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import ilk
from colour_encoder import COLOURS, ColourEncoder
from galleries import gallery_of, paint
from ilk.analysis import rows as rows_module
from ilk.analysis.background import WORDS, Background
from ilk.analysis.classification import ASSUMED, Classifier
from ilk.analysis.classify import Classifying
from ilk.analysis.heaps import FEWEST
from ilk.analysis.labels import MAX_LABELS, OTHER, TEMPLATES, Labels, read_labels
from ilk.demo.recipes import scene_recipes
from ilk.encoders.logits import Logits
from ilk.errors import GalleryLockedError, InputError, ModalityError, PictureError
from ilk.gallery import Gallery

NAMES = ("red", "green", "blue", "yellow")


@pytest.fixture
def encoder() -> ColourEncoder:
    return ColourEncoder()


@pytest.fixture
def gallery(tmp_path: Path, encoder: ColourEncoder) -> Iterator[Gallery]:
    """A wall of each colour, and a dark red one."""
    for name in COLOURS:
        paint(tmp_path / f"{name}.png", name)
    paint(tmp_path / "wine.png", (120, 0, 20))
    with gallery_of(tmp_path, encoder) as made:
        made.add(ilk.folder(tmp_path))
        yield made


def test_each_picture_gets_its_label(gallery: Gallery) -> None:
    """The nearest in meaning, in the order of the gallery."""
    found = ilk.classify(gallery, NAMES, other=False)
    labels = {each.id: each.label for each in found}
    assert {name: labels[f"{name}.png"] for name in NAMES} == {name: name for name in NAMES}
    assert labels["wine.png"] == "red"
    assert [each.id for each in found] == list(gallery.store.ids())
    assert sum(found.counts().values()) == len(found) == 7


@pytest.mark.parametrize(
    "logits", [None, Logits(scale=7.0, source="test"), Logits(scale=7.0, bias=-3.0, source="test")]
)
def test_probabilities_are_those_of_the_papers(
    gallery: Gallery, encoder: ColourEncoder, logits: Logits | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Softmax of scaled cosines with the mean of the prompts' rows; by a sigmoid where the model has a bias."""
    monkeypatch.setattr(encoder, "logits", logits)
    templates = ("{}", "{} and white", "yellow {}")
    found = ilk.classify(gallery, NAMES, templates=templates, other=False, top=4)
    scale = 100.0 if logits is None else logits.scale
    assert found.logits == (ASSUMED if logits is None else logits)
    mean = np.mean([encoder.encode_texts([t.replace("{}", name) for name in NAMES]) for t in templates], axis=0)
    mean /= np.linalg.norm(mean, axis=1, keepdims=True)
    for each in found:
        vector = gallery.store.vectors([each.id], gallery.models.space())[each.id]
        values = scale * (mean @ vector).astype(np.float64)
        if logits is not None and logits.bias is not None:
            expected = 1 / (1 + np.exp(-(values + logits.bias)))
        else:
            expected = np.exp(values) / np.exp(values).sum()
        said = {label.label: label.probability for label in each.top}
        np.testing.assert_allclose([said[name] for name in NAMES], expected, atol=1e-5)
        assert each.probability == max(said.values())


def test_the_recipe_comes_out_as_it_prints(gallery: Gallery, encoder: ColourEncoder) -> None:
    """One template, one softmax: what the few lines of a notebook do by hand."""
    found = ilk.classify(gallery, NAMES, templates=["a photo of a {}"], other=False, top=4)
    texts = encoder.encode_texts([f"a photo of a {name}" for name in NAMES])
    image = encoder.encode_images([Image.open(gallery.path("wine.png")).convert("RGB")])
    logits = 100 * image @ texts.T
    probabilities = np.exp(logits - logits.max())[0] / np.exp(logits - logits.max()).sum()
    wine = next(each for each in found if each.id == "wine.png")
    assert wine.label == NAMES[int(probabilities.argmax())]
    assert wine.probability == pytest.approx(probabilities.max(), abs=1e-3)


def test_a_label_is_saved_for_filters(gallery: Gallery) -> None:
    """Into the metadata, with how probable it is; a second run writes over the first; nothing is encoded again."""
    found = ilk.classify(gallery, NAMES, other=False, save="kind")
    assert found.saved == "kind"
    for each in found:
        metadata = gallery.get(each.id).metadata
        assert metadata["kind"] == each.label
        assert metadata["kind_probability"] == pytest.approx(each.probability, abs=1e-4)
    only = ilk.classify(gallery, ["dark", "light"], other=False, where='kind = "red"')
    assert {each.id for each in only} == {each.id for each in found if each.label == "red"}
    ilk.classify(gallery, ["black", "white"], other=False, save="kind")
    assert {gallery.get(id_).metadata["kind"] for id_ in gallery.store.ids()} <= {"black", "white"}


def test_what_no_label_fits_is_saved_as_other(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a probability: there is none of what was not asked about."""
    monkeypatch.setattr(Background, "chances", lambda self, vectors, best: np.ones(len(best)))
    found = ilk.classify(gallery, NAMES, save="kind")
    assert {(each.label, each.probability) for each in found} == {(OTHER, None)}
    assert all(each.top for each in found)
    assert gallery.get("red.png").metadata["kind"] == OTHER
    assert "kind_probability" not in gallery.get("red.png").metadata


def test_it_is_saved_block_by_block(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever stops half way keeps what is done, and the gallery can be written again."""
    monkeypatch.setattr(rows_module, "BLOCK", 2)
    running = Classifying(gallery=gallery, labels=Labels(names=NAMES), other=False, save="kind").each()
    first = [next(running) for _ in range(3)]
    running.close()
    saved = {id_ for id_ in gallery.store.ids() if "kind" in gallery.get(id_).metadata}
    assert {each.id for each in first} <= saved
    assert len(saved) == 4
    assert gallery.remove(["red.png"]) == 1


def test_a_locked_gallery_says_so_before_any_work(gallery: Gallery) -> None:
    """Labels that cannot be saved are not made."""
    with gallery.store.writing(), pytest.raises(GalleryLockedError):
        next(Classifying(gallery=gallery, labels=Labels(names=NAMES), save="kind").each())


def test_only_the_hits_of_a_query(gallery: Gallery) -> None:
    """As many as were asked for, nearest first."""
    found = ilk.classify(gallery, NAMES, query="red", k=2, other=False)
    assert [each.id for each in found] == [hit.id for hit in gallery.search("red", k=2)]


def test_pictures_outside_the_gallery(gallery: Gallery, encoder: ColourEncoder, tmp_path: Path) -> None:
    """By their paths, with the gallery's model; one that cannot be read is an error that names it."""
    paint(tmp_path / "elsewhere" / "sky.png", (10, 10, 250))
    found = ilk.classify(gallery, NAMES, pictures=[tmp_path / "elsewhere" / "sky.png"], other=False)
    assert [(each.id, each.label) for each in found] == [(str(tmp_path / "elsewhere" / "sky.png"), "blue")]
    (tmp_path / "no.png").write_text("nothing")
    with pytest.raises(PictureError):
        ilk.classify(gallery, NAMES, pictures=[tmp_path / "no.png"])


def test_no_gallery_is_needed_for_pictures(tmp_path: Path) -> None:
    """The built-in model reads and sees by itself."""
    paint(tmp_path / "green.png", "green", (64, 64))
    found = ilk.classify(None, ["a green wall", "a red wall"], pictures=[tmp_path / "green.png"], other=False)
    assert (found.model, found[0].label) == ("pocket", "a green wall")
    with pytest.raises(InputError, match="nothing to classify"):
        ilk.classify(None, ["a"])


def test_of_equal_labels_the_first_is_taken(gallery: Gallery) -> None:
    """An answer never depends on chance: words that the model does not know are all the same to it."""
    found = ilk.classify(gallery, ["unknown", "neither"], other=False)
    assert found.counts() == {"unknown": 7}


def test_many_labels_are_compared_in_pieces(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    """How much is computed at once changes nothing."""
    whole = ilk.classify(gallery, NAMES, top=4)
    monkeypatch.setattr("ilk.analysis.classification.CELLS", 5)
    pieces = ilk.classify(gallery, NAMES, top=4)
    for one, other in zip(whole, pieces, strict=True):
        assert (one.id, one.label) == (other.id, other.label)
        np.testing.assert_allclose([o.probability for o in one.top], [o.probability for o in other.top], rtol=1e-5)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], "no labels"),
        (["cat", " "], "empty"),
        (["cat", "dog", "Cat "], "twice"),
        ("cat,dog", "a single text"),
        ([str(n) for n in range(MAX_LABELS + 1)], "too many"),
    ],
)
def test_labels_that_make_no_sense(names: list[str], said: str) -> None:
    """Each is one sentence."""
    with pytest.raises(InputError, match=said):
        Labels(names=names)


@pytest.mark.parametrize("templates", [["a photo"], [], ["a {}", "a {object}"], "a {}"])
def test_templates_that_make_no_sense(templates: list[str]) -> None:
    """One without a place for the label would ask the same of every label."""
    with pytest.raises(InputError, match="template"):
        Labels(names=["cat"], templates=templates)


def test_other_is_no_label(gallery: Gallery) -> None:
    """Unless nothing else is called so."""
    with pytest.raises(InputError, match="other"):
        ilk.classify(gallery, ["red", "Other"])
    assert len(ilk.classify(gallery, ["red", "Other"], other=False)) == 7


@pytest.mark.parametrize("field", ["two words", "caption", "and", "date", "size", ""])
def test_fields_that_filters_read_otherwise_are_refused(gallery: Gallery, field: str) -> None:
    """Before anything is computed."""
    with pytest.raises(InputError, match="cannot be saved"):
        ilk.classify(gallery, NAMES, save=field)


@pytest.mark.parametrize("options", [{"query": "red"}, {"where": "width > 1"}, {"save": "kind"}])
def test_pictures_and_items_are_asked_apart(gallery: Gallery, options: dict[str, str]) -> None:
    """What is about items makes no sense of files."""
    given: dict[str, Any] = {"pictures": ["a.png"], **options}
    with pytest.raises(InputError, match="one or the other"):
        ilk.classify(gallery, NAMES, **given)


@pytest.mark.parametrize("top", [0, -1, 1.5, True])
def test_top_is_a_whole_number(gallery: Gallery, top: int) -> None:
    """From 1."""
    with pytest.raises(InputError, match="whole number"):
        ilk.classify(gallery, NAMES, top=top)


def test_a_model_that_only_sees_reads_no_labels(gallery: Gallery, encoder: ColourEncoder) -> None:
    """And the sentence says what to do."""
    encoder.modalities = frozenset({"image"})
    with pytest.raises(ModalityError, match="cannot read labels"):
        ilk.classify(gallery, NAMES)


def test_labels_are_read_from_a_file(tmp_path: Path) -> None:
    """One a line, whatever wrote it; one that is no text is named."""
    (tmp_path / "labels.txt").write_bytes(b"\xef\xbb\xbfcat\r\n\r\n  golden retriever \r\n")
    assert read_labels(tmp_path / "labels.txt") == ["cat", "golden retriever"]
    (tmp_path / "bad.txt").write_bytes(b"\xff\xfe\x00")
    for name in ("bad.txt", "gone.txt"):
        with pytest.raises(InputError, match=name):
            read_labels(tmp_path / name)


def test_the_words_of_the_background() -> None:
    """None twice, and those that mean what a label does are left out, but never more than half."""
    assert len(set(WORDS)) == len(WORDS)
    pocket = ilk.load_encoder("pocket")
    rows = Labels(names=["dog", "car"]).encode(pocket)
    kept = Background.beside(pocket, rows, TEMPLATES).rows
    assert len(WORDS) / 2 <= len(kept) < len(WORDS)
    own = Labels(names=["dog", "car"]).encode(pocket)
    assert float((kept @ own.T).max()) < 0.99
    everything = Labels(names=WORDS).encode(pocket)
    assert len(Background.beside(pocket, everything, TEMPLATES).rows) >= len(WORDS) / 2


def test_chance_is_right_on_words_drawn_by_chance() -> None:
    """If labels are wrong words themselves, chances are spread evenly: one in a hundred is below 0.01."""
    random = np.random.default_rng(0)
    for labels in (1, 5, 50):
        cosines = random.normal(0.1, 0.05, (4000, 200 + labels))
        background = Background(rows=np.eye(200, dtype=np.float32), labels=labels)
        chances = background.chances(cosines[:, :200].astype(np.float32), cosines[:, 200:].max(axis=1))
        assert 0.004 < (chances < 0.01).mean() < 0.03
        assert 0.42 < (chances < 0.5).mean() < 0.58


@pytest.fixture(scope="module")
def clothing(shared_data: Path) -> tuple[list[str], np.ndarray]:
    """Labels and pocket's vectors of every sixth photograph of clothes."""
    with (shared_data / "clothing_train" / "labels.csv").open(encoding="utf-8") as lines:
        chosen = list(csv.DictReader(lines))[::6]
    pictures = [Image.open(shared_data / "clothing_train" / row["file"]).convert("RGB") for row in chosen]
    return [row["label"] for row in chosen], ilk.load_encoder("pocket").encode_images(pictures)


def test_clothes_are_named_and_probabilities_hold(clothing: tuple[list[str], np.ndarray]) -> None:
    """Three in four are right, and where it says 80 % it is right about as often (calibration error below 0.1)."""
    labels, vectors = clothing
    classifier = Classifier.of(ilk.load_encoder("pocket"), Labels(names=sorted(set(labels))), other=False, top=1)
    found = list(classifier.label([str(n) for n in range(len(labels))], vectors))
    right = np.array([each.label == label for each, label in zip(found, labels, strict=True)])
    sure = np.array([each.probability for each in found], np.float64)
    assert right.mean() > 0.75
    bins = np.minimum((sure * 10).astype(int), 9)
    error = sum(abs(right[bins == b].mean() - sure[bins == b].mean()) * (bins == b).mean() for b in set(bins.tolist()))
    assert error < 0.1


def test_what_is_not_asked_about_is_other(clothing: tuple[list[str], np.ndarray]) -> None:
    """Clothes are no animals or vehicles (95 % at least are refused), and mostly are what they are (95 % are kept)."""
    labels, vectors = clothing
    pocket, ids = ilk.load_encoder("pocket"), [str(n) for n in range(len(labels))]
    absent = Classifier.of(pocket, Labels(names=["elephant", "truck", "bicycle", "boat"]), other=True, top=1)
    assert np.mean([each.label == OTHER for each in absent.label(ids, vectors)]) >= 0.95
    present = Classifier.of(pocket, Labels(names=sorted(set(labels))), other=True, top=1)
    assert np.mean([each.label != OTHER for each in present.label(ids, vectors)]) >= 0.95


def test_a_gallery_of_one_kind_of_thing_is_stricter(clothing: tuple[list[str], np.ndarray]) -> None:
    """Among clothes a wrong kind stands out, too: beside each other half more are refused, and nearly none lost."""
    labels, vectors = clothing
    pocket, asked = ilk.load_encoder("pocket"), ["hat", "shoes"]
    shown = np.array([label in asked for label in labels])
    refused = []
    for sample in (None, vectors):
        found = Classifier.of(pocket, Labels(names=asked), other=True, top=1, sample=sample)
        refused.append(np.array([each.label == OTHER for each in found.label([""] * len(labels), vectors)]))
    assert refused[1][~shown].mean() > 1.5 * refused[0][~shown].mean()
    assert refused[1][shown].mean() < 0.05


def test_a_small_gallery_of_scenes_keeps_its_labels(tmp_path: Path) -> None:
    """Bare words on a few drawn pictures: what shows one of them is called so, and what shows none mostly is other."""
    places = ("city", "sea", "mountains", "flowers")
    nothing = ("fruit", "clock", "balloons")
    for recipe in scene_recipes():
        if recipe.name.startswith(tuple(f"drawn/{name}-" for name in places + nothing)):
            path = tmp_path / Path(recipe.name).name
            path.write_bytes(recipe.cook()[0])
    with ilk.create(tmp_path / ".ilk", model="pocket") as gallery:
        gallery.add(ilk.folder(tmp_path))
        called = {each.id: each.label for each in ilk.classify(gallery, places)}
    right = [called[id_] == id_.partition("-")[0] for id_ in called if id_.startswith(places)]
    assert len(right) >= 16
    assert np.mean(right) >= 0.9
    assert np.mean([called[id_] == OTHER for id_ in called if id_.startswith(nothing)]) >= 0.8


def test_the_bound_is_told(gallery: Gallery) -> None:
    """The chance up to which a label fits; none where each picture gets its best label."""
    found = ilk.classify(gallery, NAMES)
    assert found.to_dict()["chance_at_most"] == found.chance_at_most == 0.5
    assert all((each.label != OTHER) == ((each.chance or 0) <= 0.5) for each in found)
    assert ilk.classify(gallery, NAMES, other=False).to_dict()["chance_at_most"] is None


def test_pictures_outside_are_held_to_the_gallery(gallery: Gallery, tmp_path: Path) -> None:
    """By its own border, whether a picture is in it or not; in an empty one by what is usual."""
    for number in range(FEWEST):
        paint(tmp_path / "more" / f"{number}.png", (255, number, 0))
    gallery.add(ilk.folder(tmp_path / "more"))
    path = tmp_path / "elsewhere" / "sky.png"
    paint(path, (10, 10, 250))
    inside = ilk.classify(gallery, NAMES).chance_at_most
    assert ilk.classify(gallery, NAMES, pictures=[path]).chance_at_most == inside != 0.5
    with gallery_of(tmp_path / "empty", ColourEncoder()) as empty:
        assert ilk.classify(empty, NAMES, pictures=[path]).chance_at_most == 0.5


def test_results_are_frozen_and_become_json(gallery: Gallery) -> None:
    """As every answer of ilk."""
    found = ilk.classify(gallery, NAMES, save="kind")
    told = found.to_dict()
    assert (told["count"], told["saved"], told["labels"]) == (7, "kind", list(NAMES))
    assert set(told["items"][0]) == {"id", "label", "probability", "chance", "top"}
    assert found[0:2] == tuple(found)[0:2]
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.saved = None  # type: ignore[misc]
