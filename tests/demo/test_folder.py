"""The demo's folder of pictures."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ilk import pictures
from ilk.demo import folder, photographs, recipes
from ilk.demo.folder import MARKER, gather
from ilk.demo.photographs import Found, Photograph
from ilk.demo.questions import EXAMPLES, QUESTIONS
from ilk.errors import GalleryStorageError, InputError, PictureError


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A demo of four painted scenes and two photographs of our own; gives the place for it."""
    monkeypatch.setattr(recipes, "SCENES", (*recipes.SCENES[:2], recipes.SCENES[36], recipes.SCENES[-1]))
    found = []
    for name, size, suffix in (("cat", (200, 150), "png"), ("rocket", (160, 120), "jpg")):
        path = tmp_path / f"package-{name}.{suffix}"
        ramp = np.linspace(0, 255, size[0] * size[1] * 3).reshape(size[1], size[0], 3)
        Image.fromarray(ramp.astype(np.uint8)).save(path)
        credit = Photograph(name=name, caption=f"A {name}.", package="p", path=path.name, author="Ann", licence="CC0")
        found.append(Found(credit, path, "1.0"))
    monkeypatch.setattr(folder, "find_photographs", lambda: (found, ["q is not installed."]))
    return tmp_path / "demo"


def snapshot(directory: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path.relative_to(directory)): (path.stat().st_mtime_ns, path.read_bytes())
        for path in directory.rglob("*")
        if path.is_file()
    }


def test_a_second_gathering_touches_no_picture(few: Path) -> None:
    """The first call writes everything; the second finds it and leaves every byte and time stamp alone."""
    first = gather(few)
    before = snapshot(few)
    second = gather(few)
    after = snapshot(few)
    del before[MARKER], after[MARKER]
    assert before == after
    assert (first.written, first.unchanged) == (len(first.pictures), 0)
    assert (second.written, second.unchanged, second.kept) == (0, len(first.pictures), 0)
    assert first.missing == ("q is not installed.",)


def test_pictures_have_captions_and_credits(few: Path) -> None:
    """Every photograph and scene has its caption beside it; every photograph its author and licence in the credits."""
    gathered = gather(few)
    for name in gathered.pictures:
        path = few / name
        assert path.is_file()
        if not name.startswith("odd/"):
            assert path.with_suffix(".txt").read_text(encoding="utf-8").strip()
    credit = (few / "CREDITS.txt").read_text(encoding="utf-8")
    assert "cat.jpg: A cat." in credit
    assert "by Ann; CC0; from p 1.0" in credit


def test_jpegs_are_copied_byte_for_byte(few: Path, tmp_path: Path) -> None:
    """A photograph that is a JPEG loses nothing on its way into the folder."""
    gather(few)
    assert (few / "photographs/rocket.jpg").read_bytes() == (tmp_path / "package-rocket.jpg").read_bytes()


def test_what_was_deleted_comes_back(few: Path) -> None:
    """A picture that is gone is made again, the same, and nothing else is."""
    gather(few)
    lost = few / "drawn/sea-01.jpg"
    before = lost.read_bytes()
    lost.unlink()
    assert gather(few).written == 1
    assert lost.read_bytes() == before


def test_other_peoples_files_are_left_alone(few: Path) -> None:
    """Files that somebody put into a demo folder, or changed in it, are never overwritten."""
    gather(few)
    (few / "holiday.jpg").write_bytes(b"mine")
    (few / "drawn/sea-01.jpg").write_bytes(b"mine too")
    (few / "drawn/sea-02.jpg").unlink()
    (few / "drawn/sea-02.txt").write_bytes(b"my own words")
    gathered = gather(few)
    assert (gathered.kept, gathered.written) == (1, 1)
    assert (few / "holiday.jpg").read_bytes() == b"mine"
    assert (few / "drawn/sea-01.jpg").read_bytes() == b"mine too"
    assert (few / "drawn/sea-02.txt").read_bytes() == b"my own words"


def test_a_folder_with_anything_in_it_is_refused(tmp_path: Path) -> None:
    """A directory that is neither empty nor the demo's is an error that says so, and stays as it was."""
    (tmp_path / "thesis.txt").write_bytes(b"dear")
    with pytest.raises(InputError, match="empty or does not exist"):
        gather(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    """A file of the folder's name is an error, not a crash."""
    (tmp_path / "demo").write_bytes(b"")
    with pytest.raises(InputError, match="demo"):
        gather(tmp_path / "demo")


def test_a_place_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """Below a file there can be no folder: the error names the place."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(GalleryStorageError, match="file"):
        gather(tmp_path / "file" / "demo")


@pytest.mark.parametrize("content", [b"", b"[]", b'{"files": {"a": 1}}', b'{"files": 3}'])
def test_a_broken_marker_is_named(tmp_path: Path, content: bytes) -> None:
    """A marker that is not as the demo wrote it ends in one sentence."""
    (tmp_path / MARKER).write_bytes(content)
    with pytest.raises(InputError, match="not as the demo wrote it"):
        gather(tmp_path)


def test_an_interrupted_gathering_goes_on(few: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in the middle keeps what is done, and the next call makes the rest."""

    def interrupt(_found: object) -> list[recipes.Recipe]:
        def stop() -> tuple[bytes, None]:
            raise KeyboardInterrupt

        return [recipes.Recipe("odd/never.jpg", "", stop)]

    with monkeypatch.context() as patch:
        patch.setattr(folder, "odd_recipes", interrupt)
        with pytest.raises(KeyboardInterrupt):
            gather(few)
    done = json.loads((few / MARKER).read_bytes())["files"]
    assert "drawn/sea-01.jpg" in done
    gathered = gather(few)
    assert gathered.kept == 0
    assert gathered.unchanged == 6
    assert gathered.written == 5


class TestOddFiles:
    def test_the_turned_one_is_upright_to_those_who_read_exif(self, few: Path) -> None:
        """Stored upside down, it comes out as the scene it was made of."""
        gather(few)
        data = (few / "odd/turned-by-exif.jpg").read_bytes()
        with Image.open(io.BytesIO(data)) as stored:
            flipped = np.asarray(stored.convert("RGB"), np.int16)[::-1, ::-1]
        upright = np.asarray(pictures.load(data).image, np.int16)
        assert abs(upright - flipped).mean() < 1
        assert abs(upright - upright[::-1, ::-1]).mean() > 10

    def test_the_broken_one_cannot_be_read(self, few: Path) -> None:
        """It is an error with a reason, not half a picture."""
        gather(few)
        with pytest.raises(PictureError):
            pictures.load(few / "odd/broken.jpg")

    def test_the_inks_come_out_as_the_photograph(self, few: Path) -> None:
        """CMYK is read as nearly the colours it was made of."""
        gather(few)
        with Image.open(few / "odd/cmyk.jpg") as stored:
            assert stored.mode == "CMYK"
        inks, original = (
            np.asarray(pictures.load(few / name).image, np.int16) for name in ("odd/cmyk.jpg", "photographs/rocket.jpg")
        )
        assert abs(inks - original).mean() < 12

    def test_nobody_sees_under_the_transparency(self, few: Path) -> None:
        """The corners, bright green beneath, are composited away."""
        gather(few)
        with Image.open(few / "odd/transparent.png") as stored:
            assert stored.getpixel((0, 0)) == (0, 255, 0, 0)
        red, green, blue = np.asarray(pictures.load(few / "odd/transparent.png").image)[0, 0].tolist()
        assert not (green > 200 and red < 100 and blue < 100)

    def test_the_copy_differs_in_bytes_and_size_only(self, few: Path) -> None:
        """Scaled back up, the re-saved photograph is nearly the same."""
        gather(few)
        copy, original = (pictures.load(few / name).image for name in ("odd/saved-again.jpg", "photographs/cat.jpg"))
        assert copy.size == (150, 112)
        scaled = copy.resize(original.size)
        assert abs(np.asarray(scaled, np.int16) - np.asarray(original, np.int16)).mean() < 4


def test_installed_photographs_are_found_and_readable() -> None:
    """What is said to be in the packages is there; what is not is told in a sentence."""
    found, missing = photographs.find_photographs()
    packages = {each.photograph.package for each in found}
    assert len(packages) + len(missing) >= len({each.package for each in photographs.PHOTOGRAPHS})
    for each in found:
        assert min(pictures.load(each.path).image.size) > 150
    if "scikit-image" not in packages:
        pytest.skip("scikit-image is not installed (the extra `demo` brings it)")
    assert len([each for each in found if each.photograph.package == "scikit-image"]) >= 12


def test_a_package_without_its_pictures_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that is not installed, or has moved a picture, costs those pictures and says so."""
    gone, moved = (
        Photograph(name="bird", caption="A bird.", package=package, path="data/bird.png", author="A", licence="CC0")
        for package in ("no-such-package-anywhere", "numpy")
    )
    monkeypatch.setattr(photographs, "PHOTOGRAPHS", (gone, moved))
    found, missing = photographs.find_photographs()
    assert found == []
    assert "no-such-package-anywhere is not installed" in missing[0]
    assert missing[1].endswith("no longer brings: bird.")


def test_names_are_unique() -> None:
    """No two recipes of the whole demo write the same file."""
    found = [Found(each, Path(each.path), "1") for each in photographs.PHOTOGRAPHS]
    made = [*recipes.photograph_recipes(found), *recipes.scene_recipes(), *recipes.odd_recipes(found)]
    assert len({recipe.name for recipe in made}) == len(made)
    assert len({recipe.origin for recipe in made}) == len(made)
    assert 60 <= len(made) <= 120


def test_questions_have_answers() -> None:
    """Every question of the demo is about pictures that are in it, and an example is painted if none is found."""
    names = [recipe.name for recipe in recipes.scene_recipes()]
    for question in QUESTIONS:
        assert any(name.startswith(question.answers) for name in names), question.words
    assert EXAMPLES[-1] in names
