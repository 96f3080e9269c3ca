"""Painted scenes with their captions: colours, counts, weather and times of day that photographs rarely name.

They are painted by ``ilk.demo.scenes``, so they can be made anew anywhere; the teacher's table has no rows
for them, so the teacher looks at them here.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from ilk.demo import scenes
from training.manifest import Picture, clean_caption
from training.runs import seeded
from training.settings import Drawings
from training.teacher import TEACHER_PX, Features, Teacher

if TYPE_CHECKING:
    from collections.abc import Sequence

SOURCE = "drawn"
_FIRST_SEED = 1_000_000  # Far from the seeds of the demo and the tests, which are to show something new.


def draw_pictures(build: Path, seed: int, settings: Drawings) -> list[Picture]:
    """Paint the scenes into ``build / "drawn"``; a finished folder is read as it is.

    Parameters
    ----------
    build
        Of the run.
    seed
        Of the run.
    settings
        How many, how large.

    Returns
    -------
    list[Picture]
        Named ``drawn/NUMBER.png``, each kind as often as any other.
    """
    folder = build / SOURCE
    table = folder / "captions.csv"
    if not table.exists():
        folder.mkdir(parents=True, exist_ok=True)
        numbers = seeded(seed, SOURCE).permutation(settings.count)
        rows = []
        for place, number in enumerate(numbers):
            kind = scenes.KINDS[place % len(scenes.KINDS)]
            drawing = scenes.draw(kind, seed=_FIRST_SEED + int(number), size=(settings.px, settings.px))
            drawing.image.save(folder / f"{place:05}.png")
            rows.append((f"{place:05}.png", drawing.caption))
        with table.with_suffix(".partial").open("w", newline="", encoding="utf-8") as lines:
            csv.writer(lines).writerows(rows)
        table.with_suffix(".partial").replace(table)
    with table.open(newline="", encoding="utf-8") as lines:
        return [Picture(f"{SOURCE}/{file}", SOURCE, (clean_caption(said),)) for file, said in csv.reader(lines)]


def teach_drawings(data: Path, build: Path, pictures: Sequence[Picture]) -> Features:
    """Let the teacher look at every painted scene, once.

    Parameters
    ----------
    data
        Folder that holds the teacher.
    build
        Of the run.
    pictures
        What ``draw_pictures`` returned.

    Returns
    -------
    Features
        Whitened, ``(pictures, 256)``.
    """
    path = build / SOURCE / "features.npy"
    if not path.exists():
        teacher = Teacher(data / "teacher")
        rows = []
        for picture in pictures:
            with Image.open(build / picture.name) as opened:
                square = opened.convert("RGB").resize((TEACHER_PX, TEACHER_PX), Image.Resampling.BICUBIC)
            rows.append(teacher.look(np.asarray(square)))
        np.save(path, np.stack(rows).astype(np.float32))
    features: Features = np.load(path)
    return features
