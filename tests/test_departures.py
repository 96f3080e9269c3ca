"""What leaves a gallery when it leaves a folder, and what stays because it may come back."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from colour_encoder import ColourEncoder
from galleries import gallery_of, paint
from ilk.errors import EmptySourceError
from ilk.gallery import Gallery
from ilk.sources import folder


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two pictures, and two more where a drive could be mounted."""
    for name in ("red", "green", "nas/blue", "nas/deep/white"):
        paint(tmp_path / "photos" / f"{name}.png", name.rpartition("/")[2])
    return tmp_path / "photos"


@pytest.fixture
def gallery(photos: Path) -> Iterator[Gallery]:
    with gallery_of(photos, ColourEncoder()) as made:
        made.add(folder(photos))
        yield made


def unmount(place: Path) -> Path:
    """Leave a directory as it looks without its drive; where that is now."""
    away = place.with_name(".away")
    place.rename(away)
    place.mkdir()
    return away


def test_a_drive_that_is_not_mounted_takes_nothing_with_it(gallery: Gallery, photos: Path) -> None:
    """Its pictures stay, are told of, and are as they were once it is back."""
    away = unmount(photos / "nas")
    report = gallery.add(folder(photos))
    assert (report.unchanged, report.removed, report.missing) == (2, 0, 2)
    assert report.missing_folders == ("nas/",)
    assert "nas/blue.png" in gallery
    (photos / "nas").rmdir()
    away.rename(photos / "nas")
    back = gallery.add(folder(photos))
    assert (back.unchanged, back.encoded, back.missing) == (4, 0, 0)


def test_what_is_missing_is_removed_when_that_is_said(gallery: Gallery, photos: Path) -> None:
    """Or when the empty directory is gone too, as people leave it who tidy up."""
    unmount(photos / "nas" / "deep")
    assert gallery.add(folder(photos)).missing == 1
    report = gallery.add(folder(photos), remove_missing=True)
    assert (report.removed, report.missing) == (1, 0)
    shutil.rmtree(photos / "nas")
    assert gallery.add(folder(photos)).removed == 1
    assert set(gallery.store.ids()) == {"red.png", "green.png"}


def test_a_directory_with_other_pictures_left_in_it_is_believed(gallery: Gallery, photos: Path) -> None:
    """A single file says that the drive is there."""
    (photos / "nas" / "blue.png").unlink()
    shutil.rmtree(photos / "nas" / "deep")
    (photos / "nas" / "notes.md").touch()
    report = gallery.add(folder(photos))
    assert (report.removed, report.missing) == (2, 0)


def test_pictures_that_moved_out_of_a_directory_are_not_missing(gallery: Gallery, photos: Path) -> None:
    """An empty directory is left behind, and nothing is kept twice."""
    (photos / "nas" / "deep" / "white.png").rename(photos / "white.png")
    report = gallery.add(folder(photos))
    assert (report.moved, report.missing, report.removed) == (1, 0, 0)


def test_a_folder_that_is_wholly_empty_keeps_its_pictures(gallery: Gallery, photos: Path) -> None:
    """It is an error that says how many there are, and what to do if they are gone for good."""
    place = photos / "nas"
    unmount(place)
    with pytest.raises(EmptySourceError, match=r"has 2 of it .* --remove-missing"):
        gallery.add(folder(place))
    assert len(gallery) == 4
    assert gallery.add(folder(place), remove_missing=True).removed == 2
    with pytest.raises(EmptySourceError, match=r"Name a folder with pictures\.$"):
        gallery.add(folder(place), remove_missing=True)
    assert set(gallery.store.ids()) == {"red.png", "green.png"}


def test_a_picture_that_was_named_itself_stays_whatever_hides_it(gallery: Gallery, photos: Path) -> None:
    """Hidden or ignored, it stays for as long as its file is there; then it goes with a run of its folder."""
    paint(photos / ".hidden.png", "black")
    paint(photos / "nas" / "ignored.png", "yellow")
    (photos / ".ilkignore").write_text("ignored.png\n")
    assert gallery.add(folder(photos / ".hidden.png")).added == 1
    assert gallery.add(folder(photos / "nas" / "ignored.png")).added == 1
    report = gallery.add(folder(photos))
    assert (report.removed, len(gallery)) == (0, 6)
    (photos / ".hidden.png").unlink()
    assert gallery.add(folder(photos)).removed == 1
    shutil.rmtree(photos / "nas")
    assert gallery.add(folder(photos)).removed == 3
    assert set(gallery.store.ids()) == {"red.png", "green.png"}


def test_a_picture_that_was_named_itself_is_followed(gallery: Gallery, photos: Path) -> None:
    """Under another name that its folder lists it is the same picture, and the other way round."""
    paint(photos / ".hidden.png", "black")
    gallery.add(folder(photos / ".hidden.png"))
    (photos / ".hidden.png").rename(photos / "seen.png")
    report = gallery.add(folder(photos))
    assert (report.moved, report.removed, report.encoded) == (1, 0, 0)
    (photos / "seen.png").rename(photos / "again.png")
    assert gallery.add(folder(photos / "again.png")).moved == 1
    assert gallery.add(folder(photos)).unchanged == 5
