"""The recipe, from files to an exported model; every step is skipped where it is done already."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer

from training.batches import draw_batches, normalise
from training.captions import every_text
from training.drawings import draw_pictures, teach_drawings
from training.export import export_model
from training.joint_stage import JointStage
from training.lesson import Lesson
from training.manifest import read_manifest
from training.picture_stage import PictureStage
from training.pixels import build_pixels, open_pixels
from training.quantised import Scale, measure_scales
from training.runs import run_stage, seeded
from training.settings import Settings
from training.teacher import align_views, plan_views, read_table, teach_views
from training.text_stage import TextStage
from training.towers import PictureTower
from training.views import whole_views
from training.vocabulary import common_words, train_tokenizer

_BATCH = 32  # Pictures at a time when nothing is trained.


def make_pocket(data: Path, build: Path, model: Path, settings: Settings | None = None) -> None:
    """Train and export.

    Parameters
    ----------
    data
        Folder of the sources.
    build
        Where arrays, checkpoints and logs are kept.
    model
        Where the exported files go.
    settings
        The recipe; the shipped one unless told otherwise.
    """
    settings = settings or Settings()
    torch.set_num_threads(1)
    photographs = read_manifest(data, settings.splits)
    drawn = draw_pictures(build, settings.seed, settings.drawings)
    pictures = [*photographs, *drawn]
    build_pixels(data, pictures, build / "pixels", settings)
    store = open_pixels(pictures, build / "pixels", settings)
    features = np.concatenate([read_table(data, photographs), teach_drawings(data, build, drawn)])
    views = plan_views(pictures, store.aspects, settings.seed, settings.teacher_views)
    taught = teach_views(data, store, views, build / "views", threads=settings.threads)
    lesson = Lesson(pictures, store, features, align_views(taught, features))
    tokenizer = _tokenizer(data, build, lesson, settings)

    picture = PictureStage(lesson, settings)
    run_stage(picture, build)
    text = TextStage(lesson, tokenizer, settings)
    run_stage(text, build)
    space: Any = text.average.model
    joint = JointStage(
        lesson,
        tokenizer,
        settings,
        name="joint",
        picture=picture.average.model.state_dict(),
        space=space.state_dict(),
        anchor=space.projection.state_dict(),
    )
    run_stage(joint, build)
    towers: Any = joint.average.model
    settle = JointStage(
        lesson,
        tokenizer,
        settings,
        name="settle",
        picture=towers.picture.state_dict(),
        space=towers.space.state_dict(),
        anchor=space.projection.state_dict(),
    )
    run_stage(settle, build)
    towers = settle.average.model
    towers.eval()
    scales = scales_on_lesson(towers.picture, lesson, settings)
    (build / "scales.json").write_text(json.dumps(scales), encoding="utf-8")
    export_model(model, towers.picture, towers.space.text, tokenizer, settings, scales=scales)


def scales_on_lesson(tower: PictureTower, lesson: Lesson, settings: Settings) -> dict[str, Scale]:
    """Measure how far the numbers in the picture tower reach, on training pictures as often as it was taught with them.

    Parameters
    ----------
    tower
        In evaluation mode.
    lesson
        What it was taught with; pictures that are stored smaller than it looks at them are left out.
    settings
        The recipe.

    Returns
    -------
    dict[str, Scale]
        For ``export_model``.
    """
    weights = {**settings.joint.weights, **dict.fromkeys(settings.small_sources, 0.0)}
    rows = lesson.sample(seeded(settings.seed, "scales"), settings.export.measured, weights)
    drawn = draw_batches(lesson.store, whole_views(rows), settings.export.px, _BATCH)
    return measure_scales(tower, (normalise(pixels) for _, pixels in drawn))


def _tokenizer(data: Path, build: Path, lesson: Lesson, settings: Settings) -> Tokenizer:
    path = build / "tokenizer.json"
    if not path.exists():
        texts = 2 * every_text(lesson.pictures) + common_words(data)
        train_tokenizer(texts, settings.text.words, settings.text.length).save(str(path))
    return Tokenizer.from_file(str(path))
