"""What is found, in which tier, and how it is described."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import ilk
from ilk.analysis.duplicates import Copy, Duplicates, duplicates
from ilk.errors import FilterError, InputError
from ilk.gallery import Gallery
from scenes import scene

Indexed = Callable[[], Gallery]
Turn = Image.Transpose

EXIF_SIDEWAYS = Image.Exif()
EXIF_SIDEWAYS[0x0112] = 6


def only(found: Duplicates) -> tuple[str, Copy]:
    """The best and the copy of the only group."""
    (group,) = found
    (copy,) = group.copies
    return group.best.id, copy


def warmer(image: Image.Image) -> Image.Image:
    return Image.fromarray((np.asarray(image) * [1.0, 0.85, 0.6]).astype(np.uint8))


@pytest.mark.parametrize(
    ("change", "options", "kinds", "turned"),
    [
        (lambda image: image, {"quality": 40}, ("re-encoded",), 0),
        (lambda image: image.resize((120, 90)), {}, ("resized",), 0),
        (lambda image: image.crop((10, 4, 226, 166)), {}, ("cropped",), 0),
        (lambda image: image.crop((10, 4, 226, 166)).resize((108, 81)), {}, ("cropped", "resized"), 0),
        (lambda image: image.transpose(Turn.ROTATE_90), {"exif": EXIF_SIDEWAYS.tobytes()}, ("re-encoded",), 0),
        (lambda image: image.transpose(Turn.ROTATE_270), {}, ("turned",), 90),
        (lambda image: image.transpose(Turn.ROTATE_180), {}, ("turned",), 180),
        (lambda image: image.transpose(Turn.ROTATE_90), {}, ("turned",), 270),
        (lambda image: image.transpose(Turn.FLIP_LEFT_RIGHT), {}, ("mirrored",), 0),
        (warmer, {}, ("recoloured",), 0),
    ],
)
def test_a_copy_is_found_and_described(  # noqa: PLR0913, PLR0917 -- a table's columns
    photos: Path,
    indexed: Indexed,
    change: Callable[[Image.Image], Image.Image],
    options: dict[str, Any],
    kinds: tuple[str, ...],
    turned: int,
) -> None:
    """Whatever was done to it; degrees are those by which the copy was turned clockwise."""
    change(scene(3)).save(photos / "copy.jpg", **({"quality": 85} | options))
    best, copy = only(duplicates(indexed()))
    assert (best, copy.item.id, copy.tier) == ("3.png", "copy.jpg", "same")
    assert (copy.kinds, copy.turned) == (kinds, turned)
    assert copy.agreement is not None
    assert 0.9 < copy.agreement <= 1


def test_identical_files_are_a_tier_of_their_own(photos: Path, indexed: Indexed) -> None:
    """Known by their bytes, without vectors or looking; what is like one of them is like all."""
    shutil.copyfile(photos / "1.png", photos / "again.png")
    scene(1).save(photos / "small.jpg", quality=40)
    gallery = indexed()
    best, copy = only(duplicates(gallery, tier="identical"))
    assert (best, copy.item.id, copy.tier, copy.kinds) == ("1.png", "again.png", "identical", ("identical",))
    (group,) = duplicates(gallery)
    assert [(copy.item.id, copy.tier) for copy in group.copies] == [("again.png", "identical"), ("small.jpg", "same")]


def test_the_best_has_most_pixels_then_bytes_then_the_shortest_name(photos: Path, indexed: Indexed) -> None:
    """And the order in which they were added says nothing."""
    scene(0, (480, 360)).save(photos / "large.jpg", quality=60)
    scene(0, (480, 360)).save(photos / "larger.jpg", quality=90)
    shutil.copyfile(photos / "larger.jpg", photos / "larger (1).jpg")
    (group,) = duplicates(indexed())
    assert group.best.id == "larger.jpg"
    assert {copy.item.id for copy in group.copies} == {"0.png", "large.jpg", "larger (1).jpg"}


def test_a_view_that_is_alike_is_similar_and_not_the_same(photos: Path, indexed: Indexed) -> None:
    """The camera moved: each of two views has a part that the other lacks."""
    wide = scene(9, (300, 180))
    wide.crop((0, 0, 270, 180)).save(photos / "first.png")
    wide.crop((30, 0, 300, 180)).save(photos / "second.png")
    gallery = indexed()
    assert not duplicates(gallery)
    found = duplicates(gallery, tier="similar", threshold=0.98)
    pairs = {frozenset([group.best.id, copy.item.id]) for group in found for copy in group.copies}
    assert frozenset(["first.png", "second.png"]) in pairs
    assert {copy.tier for group in found for copy in group.copies} == {"similar"}
    assert found.threshold == 0.98


def test_other_pictures_of_the_same_colours_are_not_the_same(photos: Path, indexed: Indexed) -> None:
    """Near vectors alone make no copy: here all are equal, since the model sees only the mean colour."""
    for number in range(6):
        pixels = np.asarray(scene(number)).astype(np.float64)
        Image.fromarray((pixels / pixels.mean(axis=(0, 1)) * 90).clip(0, 255).astype(np.uint8)).save(
            photos / f"{number}.png"
        )
    assert not duplicates(indexed())


def test_plain_pictures_are_not_told_apart(photos: Path, indexed: Indexed) -> None:
    """Two white pages may have been anything: only equal bytes make them copies."""
    Image.new("RGB", (100, 100), "white").save(photos / "page.png")
    Image.new("RGB", (120, 100), "white").save(photos / "page.jpg")
    assert not duplicates(indexed())


def test_a_filter_narrows_what_is_compared(photos: Path, indexed: Indexed) -> None:
    """Both of a pair have to match."""
    scene(2).save(photos / "copy.jpg", quality=70)
    gallery = indexed()
    assert duplicates(gallery, where="width == 240").items == 7
    assert not duplicates(gallery, where={"id": "copy.jpg"})


def test_a_picture_that_is_gone_is_said(photos: Path, indexed: Indexed) -> None:
    """It is compared by its bytes and its vector alone, and named with the reason."""
    scene(2).save(photos / "copy.jpg", quality=70)
    gallery = indexed()
    (photos / "copy.jpg").unlink()
    found = duplicates(gallery)
    assert not found
    assert found.unverified_count == 1
    assert found.unverified[0].id == "copy.jpg"
    assert "copy.jpg" in found.unverified[0].reason


def test_one_of_two_identical_files_is_enough_to_look_at(photos: Path, indexed: Indexed) -> None:
    """Where one is gone, the other is read."""
    scene(2).save(photos / "copy.jpg", quality=70)
    shutil.copyfile(photos / "copy.jpg", photos / "dopy.jpg")
    gallery = indexed()
    (photos / "copy.jpg").unlink()
    found = duplicates(gallery)
    assert found.unverified_count == 0
    assert {copy.item.id for group in found for copy in group.copies} == {"copy.jpg", "dopy.jpg"}


def test_vectors_alone_are_similar_at_most(tmp_path: Path) -> None:
    """Equal ones too: nobody has seen the pictures, and that is said."""
    vectors = np.eye(4, dtype=np.float32)[[0, 0, 1, 2]]
    with ilk.create(tmp_path / "v.ilk") as gallery:
        gallery.add(ilk.embeddings(["a", "b", "c", "d"], vectors))
        assert not duplicates(gallery)
        assert not duplicates(gallery, tier="identical")
        found = duplicates(gallery, tier="similar")
    best, copy = only(found)
    assert ({best, copy.item.id}, copy.tier, copy.agreement) == ({"a", "b"}, "similar", None)
    assert found.unverified_count == 4


def test_stopping_keeps_what_was_read(photos: Path, indexed: Indexed, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends with the identical files; the next run reads only the rest."""
    shutil.copyfile(photos / "1.png", photos / "again.png")
    scene(2).save(photos / "copy.jpg", quality=70)
    monkeypatch.setattr("ilk.analysis.duplicates.reading.BATCH", 2)
    gallery, stop, seen = indexed(), threading.Event(), list[int]()

    def progress(stage: str, done: int, total: int) -> None:
        seen.append(total)
        if done >= 4:
            stop.set()

    found = duplicates(gallery, progress=progress, stop=stop)
    assert found.interrupted
    assert only(found)[1].tier == "identical"
    stages = list[tuple[str, int]]()
    again = duplicates(gallery, progress=lambda stage, done, total: stages.append((stage, total)))
    assert next(total for stage, total in stages if stage == "Looking at pictures") == seen[0] - 4
    assert (len(again), again.interrupted) == (2, False)


def test_a_second_run_reads_no_picture(photos: Path, indexed: Indexed, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is remembered of each is enough."""
    scene(2).save(photos / "copy.jpg", quality=70)
    gallery = indexed()
    first = duplicates(gallery)
    monkeypatch.setattr(Gallery, "picture", lambda *_: pytest.fail("a picture was read"))
    assert duplicates(gallery).groups == first.groups


def test_what_makes_no_sense_is_refused(photos: Path, indexed: Indexed, tmp_path: Path) -> None:
    """Each in one sentence that names it."""
    gallery = indexed()
    with pytest.raises(InputError, match="alike"):
        duplicates(gallery, tier="alike")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="1\\.5"):
        duplicates(gallery, tier="similar", threshold=1.5)
    with pytest.raises(InputError, match="nan"):
        duplicates(gallery, tier="similar", threshold=float("nan"))
    with pytest.raises(InputError, match="same"):
        duplicates(gallery, threshold=0.9)
    with pytest.raises(FilterError):
        duplicates(gallery, where="year >")
    with ilk.create(tmp_path / "empty.ilk") as empty:
        assert not duplicates(empty, tier="identical")
        with pytest.raises(InputError, match="ilk index"):
            duplicates(empty)


def test_pictures_without_a_vector_are_compared_by_their_looks(photos: Path, indexed: Indexed) -> None:
    """And how many they are is said."""
    scene(2).save(photos / "copy.jpg", quality=70)
    indexed().close()
    with sqlite3.connect(photos / ".ilk" / "gallery.sqlite") as database:
        database.execute("DELETE FROM embedding WHERE item_id = (SELECT item_id FROM item WHERE id = 'copy.jpg')")
    database.close()
    with ilk.open(photos) as gallery:
        found = duplicates(gallery)
    assert found.unencoded == 1
    best, copy = only(found)
    assert (best, copy.item.id, copy.similarity) == ("2.png", "copy.jpg", None)
