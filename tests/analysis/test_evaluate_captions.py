"""Recall of captions and of pictures is what brute force measures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ilk
from ilk.analysis.captions import read_captions
from ilk.errors import InputError
from planted import Planted


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


@pytest.mark.filterwarnings("ignore:The text .* tokens, of which the model reads")
def test_pocket_is_measured_as_its_training_measures_it(shared_data: Path, tmp_path: Path) -> None:
    """On the fifty COCO photographs: two programs that share no line of code agree on every recall.

    The photographs are stored as plain pixels first. Of a JPEG each program decodes others, which alone moves five of
    the 250 captions across a rank.
    """
    from training.evaluation import measure_retrieval
    from training.manifest import Picture, clean_caption
    from training.shipped import ShippedModel

    said: dict[str, list[str]] = {}
    for picture, texts in read_captions(shared_data / "coco_free" / "captions.csv").items():
        with Image.open(shared_data / "coco_free" / picture) as opened:
            plain = (tmp_path / picture).with_suffix(".bmp")
            plain.parent.mkdir(exist_ok=True)
            opened.convert("RGB").save(plain)
        said[str(plain.relative_to(tmp_path))] = [clean_caption(text) for text in texts]
    pictures = [Picture(name, "coco_free", tuple(texts)) for name, texts in said.items()]
    pocket = Path(ilk.encoders.__file__).parent / "pocket"
    theirs = measure_retrieval(ShippedModel(pocket), tmp_path, pictures)
    with ilk.create(tmp_path / ".ilk") as gallery:
        gallery.add(ilk.folder(tmp_path / "images"))
        ids = {Path(id_).name: id_ for id_ in gallery.store.ids()}
        lines = [{"id": ids[Path(name).name], "captions": texts} for name, texts in said.items()]
        (tmp_path / "said.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
        ours = ilk.evaluate(gallery, captions=tmp_path / "said.jsonl").captions
    assert ours is not None
    assert ours.pictures == theirs["pictures"] == 50
    # They round pixels and vectors otherwise: one query in a hundred may change places.
    for mine, yours in ((ours.text_to_image, "text_to_image"), (ours.image_to_text, "image_to_text")):
        for k in (1, 5, 10):
            apart = abs(mine.recall[k] - theirs[yours][f"r@{k}"] / 100) * mine.queries
            assert apart <= max(1, mine.queries / 100) + 0.01
