"""What is measured of labels and of the index is what brute force measures."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ilk
from ilk.analysis.naming import calibration_error, neighbours
from ilk.errors import InputError, MissingExtraError, ModalityError
from ilk.records import Neighbour
from ilk.stores.base import Found
from planted import LABELS, Planted, unit


def average_precision(order: Sequence[int], relevant: set[int]) -> float:
    """As its definition has it."""
    found, total = 0, 0.0
    for place, number in enumerate(order, start=1):
        if number in relevant:
            found += 1
            total += found / place
    return total / len(relevant)


@pytest.mark.usefixtures("block")
def test_neighbours_are_those_of_brute_force(planted: Planted) -> None:
    """Precision at k and mean average precision over the stored vectors, the picture itself left out."""
    found = ilk.evaluate(planted.gallery, labels="kind").labels
    assert found is not None
    precision, averages = {1: list[float](), 5: list[float](), 10: list[float]()}, list[float]()
    cosines = planted.rows.astype(np.float64) @ planted.rows.astype(np.float64).T
    for number in range(60):
        same = {n for n in range(60) if planted.labels[n] == planted.labels[number]} - {number}
        order = sorted(
            set(range(60)) - {number},
            key=lambda n: (-cosines[number, n] + (1e-6 if n in same else 0), n),
        )
        averages.append(average_precision(order, same))
        for k, shares in precision.items():
            shares.append(len(same.intersection(order[:k])) / k)
    for k, shares in precision.items():
        assert found.precision[k] == pytest.approx(np.mean(shares))
    assert found.mean_average_precision == pytest.approx(np.mean(averages))
    assert (found.labels, found.pictures, found.labelled) == (LABELS, 60, 60)


def test_equally_near_neighbours_count_against_the_model() -> None:
    """If all vectors are the same, the right ones come last."""
    precision, average = neighbours(np.ones((6, 2), np.float32) / np.float32(2**0.5), np.array([0, 0, 0, 1, 1, 1]))
    assert precision[1] == 0
    assert average == pytest.approx((1 / 4 + 2 / 5) / 2)


def test_texts_name_pictures(planted: Planted) -> None:
    """Accuracy, confusions and calibration are those of each picture's nearest label."""
    labels = {label: unit(500 + number, 1)[0] for number, label in enumerate(LABELS)}
    planted.encoder.known |= labels
    found = ilk.evaluate(planted.gallery, labels="kind", templates=["{}"]).labels
    assert found is not None
    assert found.zero_shot is not None
    confusion = np.zeros((3, 3), int)
    for number in range(60):
        best = int(np.argmax([float(planted.rows[number] @ labels[label]) for label in LABELS]))
        confusion[LABELS.index(planted.labels[number]), best] += 1
    assert np.array(found.zero_shot.confusion).tolist() == confusion.tolist()
    assert found.zero_shot.top_1 == pytest.approx(np.trace(confusion) / 60)
    assert found.zero_shot.top_5 == 1  # of three
    assert found.zero_shot.templates == ("{}",)


def test_calibration_is_how_far_sureness_is_from_truth() -> None:
    """Nought where 80 % sure is right four times of five; a half where sure is right every other time."""
    assert calibration_error(np.full(5, 0.8), np.array([1, 1, 1, 1, 0], bool)) == pytest.approx(0)
    assert calibration_error(np.ones(4), np.array([1, 0, 1, 0], bool)) == pytest.approx(0.5)


@pytest.mark.usefixtures("block")
def test_the_exact_index_finds_everything(planted: Planted) -> None:
    """In both modalities, with a time for each way."""
    found = ilk.evaluate(planted.gallery, index=True, queries=25, k=7).index
    assert [each.modality for each in found] == ["image", "text"]
    for each in found:
        assert (each.recall, each.k, each.vectors) == (1.0, 7, 60)
        assert each.index_ms > 0
        assert each.exact_ms > 0
    assert found[0].queries == 25
    more = ilk.evaluate(planted.gallery, index=True, k=10**9).index  # more than there are
    assert all(each.recall == 1 for each in more)


def test_an_index_that_forgets_is_found_out(planted: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it leaves out is missing from its recall: here the nearest of every ten."""
    search = planted.gallery.store.search

    def forgetful(*words: Any, **options: Any) -> Found:
        found = search(*words, **options)
        rows: list[list[Neighbour]] = [row[:1] + row[2:] for row in found.rows]
        return Found(rows=rows, plan=found.plan)

    monkeypatch.setattr(planted.gallery.store, "search", forgetful)
    image, _ = ilk.evaluate(planted.gallery, index=True, k=10, queries=60).index
    assert image.recall == pytest.approx(0.9, abs=0.01)


NONSENSE: dict[str, Callable[[Planted], object]] = {
    "nothing to evaluate": lambda planted: ilk.evaluate(planted.gallery),
    "limit": lambda planted: ilk.evaluate(planted.gallery, captions=True, limit=0),
    "k is": lambda planted: ilk.evaluate(planted.gallery, index=True, k=0),
    "queries": lambda planted: ilk.evaluate(planted.gallery, index=True, queries=-1),
    "no item has one": lambda planted: ilk.evaluate(planted.gallery, labels="colour"),
    "all have the same": lambda planted: ilk.evaluate(planted.gallery, labels="half", where='half = "first"'),
    "No picture here has a caption": lambda planted: ilk.evaluate(
        planted.gallery, captions=True, where='id = "000.jpg"'
    ),
    "too few pictures": lambda planted: ilk.evaluate(planted.gallery, index=True, where='id = "000.jpg"'),
    "no {}": lambda planted: ilk.evaluate(planted.gallery, labels="kind", templates=["photo"]),
}


@pytest.mark.parametrize("said", NONSENSE)
def test_nonsense_is_one_sentence(planted: Planted, said: str) -> None:
    """Which says what was wrong."""
    with pytest.raises(InputError, match=said):
        NONSENSE[said](planted)


def test_a_model_that_only_sees_is_not_asked_in_words(planted: Planted) -> None:
    """Its neighbours are measured all the same."""
    planted.encoder.modalities = frozenset({"image"})
    with pytest.raises(ModalityError):
        ilk.evaluate(planted.gallery, captions=True)
    found = ilk.evaluate(planted.gallery, labels="kind", index=True)
    assert found.labels is not None
    assert found.labels.zero_shot is None
    assert [each.modality for each in found.index] == ["image"]


def test_plots_are_pictures(planted: Planted, tmp_path: Path) -> None:
    """One for each part, and nothing for what was not measured."""
    from PIL import Image

    pytest.importorskip("matplotlib")
    whole = ilk.evaluate(planted.gallery, captions=True, labels="kind", index=True)
    drawn = whole.plot(tmp_path / "plots")
    assert [path.name for path in drawn] == ["recall.png", "confusion.png", "index.png"]
    for path in drawn:
        with Image.open(path) as picture:
            assert min(picture.size) > 300
    assert ilk.evaluate(planted.gallery, index=True).plot(tmp_path / "one") == (tmp_path / "one" / "index.png",)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        whole.plot(tmp_path / "file")


def test_without_matplotlib_the_extra_is_named(
    planted: Planted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only drawing needs it."""
    for name in ("matplotlib", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, name, None)
    found = ilk.evaluate(planted.gallery, captions=True)
    with pytest.raises(MissingExtraError, match=r"ilk\[plots\]"):
        found.plot(tmp_path)


def test_it_becomes_json(planted: Planted) -> None:
    """All of it, with numbers that a program can read."""
    told = ilk.evaluate(planted.gallery, captions=True, labels="kind", index=True).to_dict()
    again = json.loads(json.dumps(told, allow_nan=False))
    assert again["captions"]["text_to_image"]["recall@10"] == told["captions"]["text_to_image"]["recall@10"]
    assert set(again) == {"model", "split", "captions", "labels", "index", "took_s"}
    assert [len(row) for row in again["labels"]["zero_shot"]["confusion"]] == [3, 3, 3]


def test_a_real_index_is_measured_as_by_hand(tmp_path: Path) -> None:
    """One of FAISS that forgets much: its recall is the share of the true neighbours that a search gives back."""
    planted = Planted(tmp_path, items=400, seed=5)
    store = planted.gallery.store
    with store.writing() as writer:
        writer.want_index(planted.space, "LSH")
        writer.refresh_index()
    image, _ = ilk.evaluate(planted.gallery, index=True, k=5, queries=400).index
    right = 0
    for number, row in enumerate(planted.rows):
        (near,) = store.search(row[np.newaxis], 6, space=planted.space).rows
        found = [each.item.id for each in near if each.item.id != planted.ids[number]][:5]
        cosines = planted.rows.astype(np.float64) @ row.astype(np.float64)
        cosines[number] = -np.inf
        fifth = np.sort(cosines)[-5]
        right += sum(cosines[planted.ids.index(id_)] >= fifth - 1e-6 for id_ in found)
    assert image.index == "LSH"
    assert image.recall == pytest.approx(right / (5 * 400))
    assert 0 < image.recall < 1
    planted.gallery.close()
