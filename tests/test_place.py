from __future__ import annotations

from pathlib import Path

import pytest

from ilk.errors import GalleryNotFoundError
from ilk.place import DATABASE, existing_gallery, find_gallery, gallery_directory


def made(directory: Path) -> Path:
    """A directory that looks like a gallery."""
    directory.mkdir(parents=True)
    (directory / DATABASE).touch()
    return directory


def test_a_folder_has_its_gallery_inside(tmp_path: Path) -> None:
    """Naming the pictures' folder names its gallery."""
    assert gallery_directory(tmp_path) == tmp_path / ".ilk"


def test_a_gallery_can_be_named_itself(tmp_path: Path) -> None:
    """By its suffix when it is to be made, by what is in it when it is there."""
    assert gallery_directory(tmp_path / ".ilk") == tmp_path / ".ilk"
    assert gallery_directory(tmp_path / "trips.ilk") == tmp_path / "trips.ilk"
    assert gallery_directory(made(tmp_path / "odd name")) == tmp_path / "odd name"


def test_the_nearest_gallery_above_is_found(tmp_path: Path) -> None:
    """As git finds its own."""
    outer = made(tmp_path / ".ilk")
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    assert find_gallery(deep) == outer
    inner = made(tmp_path / "a" / ".ilk")
    assert find_gallery(deep) == inner


def test_no_gallery_is_one_sentence_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both when one was named and when none was."""
    with pytest.raises(GalleryNotFoundError, match="ilk index"):
        existing_gallery(tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(GalleryNotFoundError, match="ilk index"):
        existing_gallery(None)
