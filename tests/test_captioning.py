"""Captions as a space of their own."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ilk
from ilk.captioning import average_texts
from ilk.encoders.base import Encoder
from ilk.errors import ModalityError, ModelNotFoundError
from ilk.gallery import Gallery
from ilk.models import Models
from ilk.records import Space

SAID = {"a": ["a red car"], "b": ["a dog in the snow", "a dog plays"], "c": [], "d": ["people at the beach"]}


@pytest.fixture
def captioned(tmp_path: Path) -> Gallery:
    """Four pictures of nothing, three of them with something said of them."""
    for number, (name, captions) in enumerate(SAID.items()):
        Image.new("RGB", (8, 8), (number * 60, 0, 0)).save(tmp_path / f"{name}.png")
        if captions:
            (tmp_path / f"{name}.txt").write_text("\n".join(captions))
    gallery = ilk.create(tmp_path / ".ilk")
    gallery.add(ilk.folder(tmp_path))
    return gallery


def test_what_is_said_is_found_by_meaning(captioned: Gallery) -> None:
    """Each captioned item is found once, by the direction its captions have together."""
    assert captioned.embed_captions() == 3
    hits = captioned.search("a dog in the snow", space="caption")
    assert hits[0].id == "b.png"
    assert sorted(hit.id for hit in hits) == ["a.png", "b.png", "d.png"]
    assert hits.space == "caption"
    rows = captioned.encoder().encode_texts(["a dog in the snow", *SAID["b"]])
    together = rows[1] + rows[2]
    assert hits[0].similarity == pytest.approx(rows[0] @ together / np.linalg.norm(together), abs=2e-3)


def test_only_what_is_new_is_read_again(captioned: Gallery, tmp_path: Path) -> None:
    """A second run does nothing; a changed caption is read with what is added, and the picture's own vector stays."""
    assert captioned.add(ilk.folder(tmp_path)).captioned == 0
    captioned.embed_captions()
    assert captioned.embed_captions() == 0
    (tmp_path / "a.txt").write_text("a blue car at night")
    report = captioned.add(ilk.folder(tmp_path))
    assert (report.updated, report.encoded, report.captioned, report.uncaptioned) == (1, 0, 1, 0)
    assert captioned.embed_captions() == 0
    assert captioned.search("a blue car at night", space="caption")[0].id == "a.png"
    assert captioned.unencoded() == 0


def test_captions_wait_where_their_model_is_not_here(
    captioned: Gallery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pictures are in, and the report says how many captions are not."""
    captioned.embed_captions()
    for name in ("a", "d"):
        (tmp_path / f"{name}.txt").write_text("something else")

    def gone(_self: Models, space: Space) -> Encoder:
        raise ModelNotFoundError(f'There is no model "{space.model}".')

    with monkeypatch.context() as patched:
        patched.setattr(Models, "encoder_of", gone)
        report = captioned.add(ilk.folder(tmp_path))
    assert (report.updated, report.captioned, report.uncaptioned) == (2, 0, 2)
    again = captioned.add(ilk.folder(tmp_path))
    assert (again.unchanged, again.captioned, again.uncaptioned) == (4, 2, 0)


def test_pictures_are_searched_unless_captions_are_asked_for(captioned: Gallery) -> None:
    """The two spaces do not mix."""
    captioned.embed_captions()
    assert len(captioned.search("a dog")) == 4
    assert captioned.search("a dog").space == "image"


def test_an_item_can_be_asked_about_by_what_is_said_of_it(captioned: Gallery) -> None:
    """``item:ID`` in the space of captions compares captions."""
    captioned.embed_captions()
    hits = captioned.search(ilk.item("b.png"), space="caption")
    assert [hit.id for hit in hits] == sorted(["a.png", "d.png"], key=lambda id_: -_between(captioned, "b.png", id_))


def test_a_stopped_run_keeps_what_is_done(captioned: Gallery) -> None:
    """And the next one does the rest."""
    stop = threading.Event()
    stop.set()
    assert captioned.embed_captions(stop=stop) == 0
    assert captioned.embed_captions() == 3


def test_a_model_that_cannot_read_is_refused(captioned: Gallery) -> None:
    """Before anything is written."""

    class Blind:
        name, revision, digest, dimension, modalities = "blind", None, "b" * 64, 4, frozenset({"image"})

        def load(self, modality: str, *, many: bool = False) -> None:
            raise ModalityError(f"blind has no tower for {modality}")

    captioned.models.opened["blind"] = Blind()  # type: ignore[assignment]
    with pytest.raises(ModalityError):
        captioned.embed_captions(model="blind")
    assert all(space.name == "image" for space in captioned.store.spaces())


def test_opposite_captions_leave_the_first() -> None:
    """A sum that cancels has no direction."""

    class Opposed:
        def encode_texts(self, texts: list[str], *, normalise: bool = True) -> np.ndarray:
            return np.array([[1.0, 0.0] if text == "yes" else [-1.0, 0.0] for text in texts], np.float32)

    rows = average_texts(Opposed(), [["yes", "no"], ["no"]])  # type: ignore[arg-type]
    np.testing.assert_array_equal(rows, [[1, 0], [-1, 0]])


def _between(gallery: Gallery, one: str, other: str) -> float:
    space = gallery.models.space(kind="caption")
    vectors = gallery.store.vectors([one, other], space)
    return float(vectors[one] @ vectors[other])
