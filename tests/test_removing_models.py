"""A model's vectors taken out of a gallery."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import ilk
from colour_encoder import ColourEncoder
from galleries import gallery_of, paint
from ilk.errors import GalleryStorageError, InputError, ModelMismatchError
from ilk.gallery import Gallery
from ilk.sources import folder
from ilk.stores.local.writer import LocalWriter


@pytest.fixture
def gallery(tmp_path: Path) -> Iterator[Gallery]:
    """Two pictures with a caption each, and the vectors of two models."""
    for name in ("red", "green"):
        paint(tmp_path / f"{name}.png", name)
        (tmp_path / f"{name}.txt").write_text(f"{name}\n")
    with gallery_of(tmp_path, ColourEncoder()) as made:
        made.add(folder(tmp_path))
        made.embed_captions()
        other = ColourEncoder(digest="d" * 64)
        other.name = "other"
        made.models.opened["other"] = other
        made.add(folder(tmp_path), model="other")
        yield made


def test_a_model_goes_with_its_vectors_of_pictures_and_captions(gallery: Gallery) -> None:
    """The other one is asked from then on, and the pictures are there as they were."""
    gallery.models.chosen = None
    with gallery.store.writing() as writer:
        writer.set_default_model("colour")  # type: ignore[attr-defined]  # of this store
    assert gallery.remove_model("colour") == 4
    assert [state.space.model for state in gallery.info().spaces] == ["other"]
    assert gallery.store.default_model == "other"
    assert gallery.search("red", k=1)[0].id == "red.png"
    assert gallery.get("red.png").captions == ("red",)
    assert gallery.check() == ()


def test_the_only_model_of_pictures_stays(gallery: Gallery) -> None:
    """Without it nothing would be found; the beginning of a digest stands for the name."""
    assert gallery.remove_model("dddddd") == 2
    with pytest.raises(InputError, match=r"only model .* Index with another model first"):
        gallery.remove_model("colour")
    with pytest.raises(ModelMismatchError, match=r'"unknown"\. It has those of: colour\.'):
        gallery.remove_model("unknown")


def test_one_of_several_versions_has_to_be_named(gallery: Gallery) -> None:
    """By its number, which the message lists."""
    gallery.models.opened["other"].name = "colour"  # type: ignore[misc]
    with gallery.store.writing() as writer:  # known by its digest, it takes the name
        writer.add_space(gallery.models.space_for(gallery.models.opened["other"]))
    with pytest.raises(ModelMismatchError, match=f"2 versions .* {'c' * 12}, {'d' * 12}\\. Say which"):
        gallery.remove_model("colour")
    assert gallery.remove_model("c" * 12) == 4
    assert gallery.search("red", k=1)[0].id == "red.png"


def test_the_disk_has_its_room_back(tmp_path: Path) -> None:
    """Of vectors and of an index file."""
    rows = np.random.default_rng(0).standard_normal((3_000, 256)).astype(np.float32)
    ids = [f"{number}" for number in range(len(rows))]
    with ilk.create(tmp_path / ".ilk") as gallery:
        for name, some in (("few", 10), ("many", len(rows))):
            gallery.add(ilk.embeddings(ids[:some], rows[:some], name=name))
        gallery.build_index("Flat", model="embeddings:many")
        before = gallery.info()
        assert before.spaces[1].vectors_size_bytes == 3_000 * 256 * 2
        assert before.spaces[1].size_bytes > 0
        assert gallery.remove_model("embeddings:many") == 3_000
        after = gallery.info()
    assert before.size_bytes - after.size_bytes > 3_000 * 256 * 2 + before.spaces[1].size_bytes
    assert after.size_bytes < 500_000
    assert not list((tmp_path / ".ilk").glob("*.faiss"))


def test_a_disk_too_full_to_write_anew_is_said(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    """The vectors are gone all the same, and the gallery answers."""

    def full(_self: LocalWriter) -> None:
        raise GalleryStorageError("The disk is full.")

    monkeypatch.setattr(LocalWriter, "compact", full)
    with pytest.raises(GalleryStorageError, match="are removed, but there is too little free disk"):
        gallery.remove_model("other")
    assert [state.space.model for state in gallery.info().spaces] == ["colour", "colour"]
    assert gallery.search("red", k=1)[0].id == "red.png"
