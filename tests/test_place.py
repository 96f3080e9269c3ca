from __future__ import annotations

import os
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


def test_a_private_gallery_above_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else's `.ilk` that may not be looked into hides neither one further up nor the sentence."""
    outer = made(tmp_path / ".ilk")
    private = made(tmp_path / "a" / ".ilk")
    stat = os.stat

    def refusing(path: str | Path, **options: bool) -> os.stat_result:
        if Path(path).is_relative_to(private):
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, **options)

    monkeypatch.setattr(os, "stat", refusing)  # root may read everything, so modes would not do
    assert find_gallery(tmp_path / "a") == outer
    with pytest.raises(GalleryNotFoundError, match="no gallery"):
        existing_gallery(private)


@pytest.mark.parametrize("name", ["x" * 5000, "x" * 300, "a\0b"])
def test_names_no_file_can_have_are_no_gallery(name: str) -> None:
    """Too long, or with a NUL: one sentence."""
    with pytest.raises(GalleryNotFoundError, match="no gallery"):
        existing_gallery(name)


def test_a_deleted_working_directory_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a gallery was named or not; absolute names still work."""
    gallery = made(tmp_path / "g.ilk")
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    for named in (None, "photos"):
        with pytest.raises(GalleryNotFoundError, match="working directory was deleted"):
            existing_gallery(named)
    assert existing_gallery(gallery) == gallery


def test_a_tilde_is_a_home_unless_it_is_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`~` is expanded, but a file of that name comes first, and an unknown user is no error of its own."""
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(tmp_path)
    assert gallery_directory("~/photos") == home / "photos" / ".ilk"
    assert gallery_directory("~no-such-user-here") == tmp_path / "~no-such-user-here" / ".ilk"
    assert existing_gallery(made(tmp_path / "~" / "photos" / ".ilk").relative_to(tmp_path)) == (
        tmp_path / "~" / "photos" / ".ilk"
    )
