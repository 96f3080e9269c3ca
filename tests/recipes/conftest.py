"""Pictures to follow recipes with."""

from __future__ import annotations

from pathlib import Path

import pytest

from ilk.demo.scenes import draw

KINDS = ("balloons", "beach", "car", "city", "flowers", "snowman")


@pytest.fixture(scope="session")
def painted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two painted scenes of each kind, with captions beside them."""
    folder = tmp_path_factory.mktemp("painted")
    for kind in KINDS:
        for seed in (1, 2):
            scene = draw(kind, seed, size=(160, 120))
            scene.image.save(folder / f"{kind}-{seed}.jpg", quality=90)
            (folder / f"{kind}-{seed}.txt").write_text(scene.caption, encoding="utf-8")
    return folder


@pytest.fixture
def kitchen(painted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a folder ``photos`` that is the recipe's own."""
    (tmp_path / "photos").mkdir()
    for path in painted.iterdir():
        (tmp_path / "photos" / path.name).write_bytes(path.read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path
