"""What is measured is what brute force measures."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import ilk
from colour_encoder import ColourEncoder
from ilk.analysis import rows as rows_module
from ilk.analysis.captions import read_captions
from ilk.analysis.naming import calibration_error, neighbours
from ilk.errors import InputError, MissingExtraError, ModalityError
from ilk.gallery import Gallery
from ilk.models import space_of
from ilk.records import Neighbour
from ilk.stores.base import Found, Upsert
from ilk.stores.local import LocalStore
from stores.making import make_item

D = 6
LABELS = ("cup", "hat", "key")
Rows = npt.NDArray[np.float64]


class PlantedEncoder(ColourEncoder):
    """Reads texts that were given rows beforehand."""

    name = "planted"
    dimension = D

    def __init__(self) -> None:
        super().__init__(digest="p" * 64)
        self.known: dict[str, npt.NDArray[np.float32]] = {}

    def encode_texts(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """The rows they were given; a row of its own for every other text."""
        return np.stack([self.known.setdefault(text, unit(hash_of(text), 1)[0]) for text in texts])


def hash_of(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def unit(seed: int, n: int) -> npt.NDArray[np.float32]:
    rows = np.random.default_rng(seed).standard_normal((n, D))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


class Planted:
    """A gallery of made-up vectors, of which everything is known."""

    def __init__(self, place: Path, *, items: int = 60, seed: int = 0) -> None:
        self.encoder = PlantedEncoder()
        store = LocalStore.create(place / ".ilk")
        self.gallery = Gallery(store, directory=place / ".ilk", model="planted")
        self.gallery.models.opened["planted"] = self.encoder
        self.ids = [f"{number:03}.jpg" for number in range(items)]
        rows = unit(seed, items)
        rows[7] = rows[3]  # the same picture twice
        self.rows = rows.astype(np.float16).astype(np.float32)
        self.labels = [LABELS[number % 3] for number in range(items)]
        self.captions: dict[str, list[str]] = {}
        for number, id_ in enumerate(self.ids):
            for said in range(number % 4):  # every fourth has none
                text = f"{said} of {id_}"
                near = self.rows[number] + 0.9 * unit(1000 + 10 * number + said, 1)[0]
                self.encoder.known[text] = near / np.linalg.norm(near)
                self.captions.setdefault(id_, []).append(text)
        self.space = space_of(self.encoder)
        with store.writing() as writer:
            writer.add_space(self.space)
            upserts = [
                Upsert(
                    item=make_item(
                        id_,
                        captions=tuple(self.captions.get(id_, ())),
                        metadata={"kind": self.labels[number], "half": "first" if number < items // 2 else "second"},
                    ),
                    vector=self.rows[number],
                )
                for number, id_ in enumerate(self.ids)
            ]
            writer.write(upserts, [], space=self.space)

    def cosine(self, text: str, number: int) -> float:
        return float(self.encoder.known[text].astype(np.float64) @ self.rows[number].astype(np.float64))

    def text_ranks(self, chosen: Sequence[int]) -> list[int]:
        """One comparison at a time; whoever is as near as the right one stands before it."""
        ranks = []
        for number in chosen:
            for text in self.captions.get(self.ids[number], []):
                own = self.cosine(text, number)
                ranks.append(sum(self.cosine(text, n) >= own - 1e-6 for n in chosen if n != number))
        return ranks

    def image_ranks(self, chosen: Sequence[int]) -> list[int]:
        ranks = []
        for number in chosen:
            mine = self.captions.get(self.ids[number], [])
            if mine:
                best = max(self.cosine(text, number) for text in mine)
                others = [text for n in chosen if n != number for text in self.captions.get(self.ids[n], [])]
                ranks.append(sum(self.cosine(text, number) >= best - 1e-6 for text in others))
        return ranks


@pytest.fixture
def planted(tmp_path: Path) -> Iterator[Planted]:
    made = Planted(tmp_path)
    yield made
    made.gallery.close()


@pytest.fixture(params=[7, 4096])
def block(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """How much is read at once changes nothing."""
    monkeypatch.setattr(rows_module, "BLOCK", request.param)
    monkeypatch.setattr("ilk.analysis.retrieval.TEXTS", request.param)
    return int(request.param)


@pytest.mark.usefixtures("block")
def test_captions_are_ranked_as_by_brute_force(planted: Planted) -> None:
    """Both ways, with pictures that have no caption among what is searched, and several captions a picture."""
    found = ilk.evaluate(planted.gallery, captions=True).captions
    assert found is not None
    everything = range(len(planted.ids))
    for ranks, expected, candidates in (
        (found.text_to_image, planted.text_ranks(everything), 60),
        (found.image_to_text, planted.image_ranks(everything), 90),
    ):
        assert (ranks.queries, ranks.candidates) == (len(expected), candidates)
        for k in (1, 5, 10):
            assert ranks.recall[k] == pytest.approx(np.mean([rank < k for rank in expected]))
            assert ranks.curve[k - 1] == ranks.recall[k]
        assert ranks.median_rank == np.median(expected) + 1
    assert (found.pictures, found.captioned, found.unknown) == (45, 45, 0)


@pytest.mark.usefixtures("block")
def test_a_split_is_questions_and_answers(planted: Planted) -> None:
    """A filter leaves out both, and the answer says which split it is of."""
    found = ilk.evaluate(planted.gallery, captions=True, where='half = "second"')
    assert found.captions is not None
    assert found.captions.text_to_image.candidates == 30
    expected = planted.text_ranks(range(30, 60))
    assert found.captions.text_to_image.recall[1] == pytest.approx(np.mean([rank < 1 for rank in expected]))
    assert "second" in found.split
    assert ilk.evaluate(planted.gallery, captions=True).split == "the whole gallery"


def test_a_tie_counts_against_the_model(planted: Planted) -> None:
    """Of two equal pictures the caption of one finds it second at best."""
    own = planted.encoder.known
    for text in planted.captions["003.jpg"] + planted.captions["007.jpg"]:
        own[text] = planted.rows[3]
    found = ilk.evaluate(planted.gallery, captions=True).captions
    assert found is not None
    expected = planted.text_ranks(range(60))
    assert min(planted.text_ranks([3, 7])) == 1
    assert found.text_to_image.recall[1] == pytest.approx(np.mean([rank < 1 for rank in expected]))


def test_captions_may_come_from_a_file(planted: Planted, tmp_path: Path) -> None:
    """Of the pictures it names; those that are not here are counted."""
    lines = ["id,caption", *(f'{id_},"{text}"' for id_, texts in planted.captions.items() for text in texts)]
    (tmp_path / "said.csv").write_text("\n".join([*lines, "gone.jpg,nothing"]), encoding="utf-8")
    own = ilk.evaluate(planted.gallery, captions=True).captions
    told = ilk.evaluate(planted.gallery, captions=tmp_path / "said.csv").captions
    assert own is not None
    assert told is not None
    assert told.text_to_image == own.text_to_image
    assert (told.unknown, told.captions) == (1, str(tmp_path / "said.csv"))


def test_a_limit_takes_evenly(planted: Planted) -> None:
    """As many pictures as it says, and says of how many; answers are still sought among all."""
    found = ilk.evaluate(planted.gallery, captions=True, limit=10).captions
    assert found is not None
    assert (found.pictures, found.captioned) == (10, 45)
    assert found.text_to_image.candidates == 60
    assert found.image_to_text.queries == 10


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "file,caption\nx.jpg,one\nx.jpg, two \ny.jpg,\n"),
        ("a.tsv", "filename\ttext\nx.jpg\tone\nx.jpg\ttwo\n"),
        ("a.jsonl", '{"image": "x.jpg", "captions": ["one", "two"]}\n\n{"image": "y.jpg", "captions": []}\n'),
    ],
)
def test_caption_files_are_read(tmp_path: Path, name: str, content: str) -> None:
    """Whatever their columns are called, and however many rows a picture has."""
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert read_captions(tmp_path / name) == {"x.jpg": ["one", "two"]}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"a,b\n1,2\n", "no column for the picture"),
        ("a.csv", b"id,b\n1,2\n", "no column for its caption"),
        ("a.csv", b"id,caption\n\xff,x\n", "cannot be read"),
        ("a.jsonl", b"{", "cannot be read"),
        ("gone.csv", None, "cannot be read"),
    ],
)
def test_caption_files_that_are_none(tmp_path: Path, name: str, content: bytes | None, said: str) -> None:
    """Each is one sentence that names the file."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=said) as caught:
        read_captions(tmp_path / name)
    assert name in str(caught.value)


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


@pytest.mark.filterwarnings("ignore:The text .* tokens, of which the model reads")
def test_pocket_is_measured_as_its_training_measures_it(shared_data: Path, tmp_path: Path) -> None:
    """On the fifty COCO photographs: two programs that share no line of code agree on every recall."""
    from training.evaluation import measure_retrieval
    from training.manifest import Picture, clean_caption
    from training.shipped import ShippedModel

    said: dict[str, list[str]] = {}
    for picture, texts in read_captions(shared_data / "coco_free" / "captions.csv").items():
        said[f"coco_free/{picture}"] = [clean_caption(text) for text in texts]
    pictures = [Picture(name, "coco_free", tuple(texts)) for name, texts in said.items()]
    pocket = Path(ilk.encoders.__file__).parent / "pocket"
    theirs = measure_retrieval(ShippedModel(pocket), shared_data, pictures)
    with ilk.create(tmp_path / ".ilk") as gallery:
        gallery.add(ilk.folder(shared_data / "coco_free" / "images"))
        ids = {Path(id_).name: id_ for id_ in gallery.store.ids()}
        lines = [{"id": ids[Path(name).name], "captions": texts} for name, texts in said.items()]
        (tmp_path / "said.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
        ours = ilk.evaluate(gallery, captions=tmp_path / "said.jsonl").captions
    assert ours is not None
    assert ours.pictures == theirs["pictures"] == 50
    # They decode pictures otherwise, and store vectors otherwise: one query in a hundred may change places.
    for mine, yours in ((ours.text_to_image, "text_to_image"), (ours.image_to_text, "image_to_text")):
        for k in (1, 5, 10):
            apart = abs(mine.recall[k] - theirs[yours][f"r@{k}"] / 100) * mine.queries
            assert apart <= max(1, mine.queries / 100) + 0.01


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
