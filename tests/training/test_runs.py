"""A run that is cut off goes on as if it had not been."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

torch = pytest.importorskip("torch", reason="the training needs torch: pip install 'ilk[training]'")

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from training.lesson import Lesson
    from training.settings import Settings


def _same(one: dict[str, Any], two: dict[str, Any]) -> bool:
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


def test_a_picture_tower_cut_off_ends_as_one_that_was_not(settings: Settings, lesson: Lesson, tmp_path: Path) -> None:
    """Weights, moving average and log are those of an undisturbed run."""
    from training.picture_stage import PictureStage
    from training.runs import run_stage

    whole = PictureStage(lesson, settings)
    run_stage(whole, tmp_path / "whole")

    _stop_after_first(PictureStage(lesson, settings), tmp_path / "cut")
    resumed = PictureStage(lesson, settings)
    run_stage(resumed, tmp_path / "cut")

    assert _same(whole.tower.state_dict(), resumed.tower.state_dict())
    assert _same(whole.average.model.state_dict(), resumed.average.model.state_dict())
    assert (tmp_path / "cut" / "picture.csv").read_text().count("\n") == 1 + whole.epochs


def test_the_text_and_joint_stages_go_on_too(
    settings: Settings, lesson: Lesson, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    """The stages with captions also end with the same weights."""
    from training.joint_stage import JointStage
    from training.picture_stage import build_picture_tower
    from training.runs import run_stage
    from training.text_stage import TextStage

    texts = [TextStage(lesson, tokenizer, settings) for _ in range(3)]
    run_stage(texts[0], tmp_path / "whole")
    _stop_after_first(texts[1], tmp_path / "cut")
    run_stage(texts[2], tmp_path / "cut")
    assert _same(texts[0].space.state_dict(), texts[2].space.state_dict())

    space = texts[0].average.model.state_dict()
    anchor = texts[0].average.model.projection.state_dict()
    picture = build_picture_tower(settings).state_dict()
    joints = [
        JointStage(lesson, tokenizer, settings, name="joint", picture=picture, space=space, anchor=anchor)
        for _ in range(3)
    ]
    run_stage(joints[0], tmp_path / "whole")
    _stop_after_first(joints[1], tmp_path / "cut")
    run_stage(joints[2], tmp_path / "cut")
    assert _same(joints[0].towers.state_dict(), joints[2].towers.state_dict())


def test_a_finished_stage_is_not_trained_again(settings: Settings, lesson: Lesson, tmp_path: Path) -> None:
    """Started once more, a finished stage only loads."""
    from training.picture_stage import PictureStage
    from training.runs import run_stage

    run_stage(PictureStage(lesson, settings), tmp_path)
    again = PictureStage(lesson, replace(settings, seed=99))
    again.train_epoch = pytest.fail  # type: ignore[assignment]
    run_stage(again, tmp_path)


def _stop_after_first(stage: Any, folder: Path) -> None:
    from training.runs import run_stage

    train_epoch = stage.train_epoch

    def cut_off(epoch: int) -> Any:
        if epoch:
            raise KeyboardInterrupt
        return train_epoch(epoch)

    stage.train_epoch = cut_off
    with pytest.raises(KeyboardInterrupt):
        run_stage(stage, folder)
