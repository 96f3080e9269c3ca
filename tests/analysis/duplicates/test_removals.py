"""Only what is sure to be there once more is on the list of what may go."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ilk.analysis.duplicates import duplicates, removals
from ilk.gallery import Gallery
from scenes import scene

Indexed = Callable[[], Gallery]


@pytest.fixture
def with_copy(photos: Path) -> Path:
    """Scene 2 again, worse."""
    scene(2).save(photos / "copy.jpg", quality=40)
    return photos / "copy.jpg"


def test_the_copies_are_on_the_list_and_nothing_is_removed(photos: Path, with_copy: Path, indexed: Indexed) -> None:
    """With their size; the pictures are as they were."""
    gallery = indexed()
    found = duplicates(gallery)
    safe = removals(found, gallery)
    assert (safe.paths, safe.left_out) == ((with_copy,), ())
    assert safe.size_bytes == with_copy.stat().st_size == found.freed_bytes()
    assert found.removals() == ("copy.jpg",)
    assert len(list(photos.glob("*.*g"))) == 7


def test_mirrored_copies_stay_unless_asked_for(photos: Path, indexed: Indexed) -> None:
    """Someone made them so."""
    scene(2).transpose(0).save(photos / "mirror.jpg", quality=40)  # type: ignore[arg-type]
    gallery = indexed()
    found = duplicates(gallery)
    assert [len(removals(found, gallery, mirrored=also).paths) for also in (False, True)] == [0, 1]
    assert (found.removals(), found.removals(mirrored=True)) == ((), ("mirror.jpg",))


@pytest.mark.parametrize("name", ["copy.jpg", "2.png"])
@pytest.mark.parametrize("change", ["gone", "changed"])
def test_a_file_that_is_not_what_was_compared_keeps_its_group(
    photos: Path, with_copy: Path, indexed: Indexed, name: str, change: str
) -> None:
    """Be it the copy or the one to keep: nothing may go, and the reason is said."""
    gallery = indexed()
    found = duplicates(gallery)
    if change == "gone":
        (photos / name).unlink()
    else:
        (photos / name).write_bytes(b"x" * (photos / name).stat().st_size)
    safe = removals(found, gallery)
    assert safe.paths == ()
    assert [each.id for each in safe.left_out] == [with_copy.name]
    assert "gone" in safe.left_out[0].reason or "changed" in safe.left_out[0].reason


def test_two_names_of_one_file(photos: Path, indexed: Indexed) -> None:
    """Removing one by way of the other would lose both, or free nothing."""
    os.link(photos / "1.png", photos / "hard link.png")
    gallery = indexed()
    found = duplicates(gallery)
    assert len(found) == 1
    safe = removals(found, gallery)
    assert safe.paths == ()
    assert "same file" in safe.left_out[0].reason
