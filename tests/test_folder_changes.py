"""A folder of two thousand pictures in which much happens between two runs: each thing is known for what it is."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from colour_encoder import ColourEncoder
from galleries import gallery_of, paint
from ilk.sources import folder

PICTURES = 2_000


def colour(number: int) -> tuple[int, int, int]:
    """One that no other number has."""
    return number % 251, number // 251 * 20, (number * 7) % 256


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Twenty folders of a hundred pictures, no two alike."""
    for number in range(PICTURES):
        paint(tmp_path / "photos" / f"{number // 100:02}" / f"{number:04}.png", colour(number), (8, 8))
    return tmp_path / "photos"


def test_each_change_is_recognised(photos: Path) -> None:
    """Moved, renamed and copied pictures keep their vectors; only edited and new ones are encoded; gone ones go."""
    encoder = ColourEncoder(batch_size=64)
    chosen = random.Random(0).sample(sorted(photos.rglob("*.png")), 500)  # noqa: S311 -- which, not secrets
    moved, renamed, copied, edited, deleted = (chosen[start : start + 100] for start in range(0, 500, 100))
    with gallery_of(photos, encoder) as gallery:
        assert gallery.add(folder(photos)).added == encoder.encoded == PICTURES

        for number, path in enumerate(moved):
            target = photos / "elsewhere" / f"{number}" / path.name
            target.parent.mkdir(parents=True)
            path.rename(target)
        for path in renamed:
            path.rename(path.with_name(f"renamed {path.name}"))
        for path in copied:
            shutil.copy(path, path.with_name(f"copy of {path.name}"))
        for number, path in enumerate(edited):
            paint(path, (255, number, 3), (8, 9))
        for path in deleted:
            path.unlink()
        for number in range(50):
            paint(photos / "new" / f"{number}.png", (254, number, 9), (9, 8))

        encoder.encoded = 0
        report = gallery.add(folder(photos))
        assert (report.moved, report.updated, report.removed) == (200, 100, 100)
        assert (report.added, report.copied) == (150, 100)
        assert report.unchanged == PICTURES - 400
        assert report.failed == 0
        assert encoder.encoded == report.encoded == 150
        assert len(gallery) == PICTURES + 50
        assert gallery.check() == ()

        encoder.encoded = 0
        assert gallery.add(folder(photos)).unchanged == PICTURES + 50
        assert encoder.encoded == 0
