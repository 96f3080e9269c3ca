"""The picture tower in whole numbers: near its float32, the same in any batch, and the same on old processors."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training needs torch: pip install 'ilk[training]'")
pytest.importorskip("onnx")

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from training.lesson import Lesson
    from training.quantised import Rounding, Scale
    from training.settings import Settings
    from training.towers import PictureTower


@pytest.fixture(scope="module")
def tower(settings: Settings) -> PictureTower:
    """With running statistics as training leaves them."""
    from training.picture_stage import build_picture_tower

    torch.manual_seed(3)
    made: PictureTower = build_picture_tower(settings)
    with torch.no_grad():
        for _ in range(40):
            made(4 * torch.rand(8, 3, 32, 32) - 2)
    made.eval()
    return made


@pytest.fixture(scope="module")
def scales(tower: PictureTower) -> dict[str, Scale]:
    from training.quantised import measure_scales

    generator = torch.Generator().manual_seed(5)
    return measure_scales(tower, [4 * torch.rand(8, 3, 32, 32, generator=generator) - 2 for _ in range(8)])


def _session(path: Path) -> Any:
    import onnxruntime

    return onnxruntime.InferenceSession(str(path))


@pytest.mark.parametrize("sides", [(32, 32), (48, 16)])
def test_it_is_near_the_tower_in_float32(
    tower: PictureTower, scales: dict[str, Scale], tmp_path: Path, sides: tuple[int, int]
) -> None:
    """Embeddings point where torch's do, whatever the shape of the pictures."""
    from training.quantised import export_quantised_tower

    export_quantised_tower(tmp_path / "tower.onnx", tower, scales)
    pixels = np.random.default_rng(1).uniform(-2, 2, size=(4, 3, *sides)).astype(np.float32)
    (found,) = _session(tmp_path / "tower.onnx").run(None, {"pixel_values": pixels})
    with torch.inference_mode():
        wanted = tower(torch.from_numpy(pixels))[0]
    assert torch.cosine_similarity(torch.from_numpy(found), wanted).min() > 0.98


def test_a_picture_has_the_same_numbers_in_any_batch(
    tower: PictureTower, scales: dict[str, Scale], tmp_path: Path
) -> None:
    """To the last bit: no step is measured on what is asked."""
    from training.quantised import export_quantised_tower

    export_quantised_tower(tmp_path / "tower.onnx", tower, scales)
    session = _session(tmp_path / "tower.onnx")
    pixels = np.random.default_rng(2).uniform(-2, 2, size=(9, 3, 32, 32)).astype(np.float32)
    (together,) = session.run(None, {"pixel_values": pixels})
    alone = np.concatenate([session.run(None, {"pixel_values": one[None]})[0] for one in pixels])
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize(("rounding", "fits"), [("pairs", True), ("seven", True), ("eight", False)])
def test_products_of_neighbours_fit_sixteen_bits(rounding: Rounding, *, fits: bool) -> None:
    """Where an old processor adds two products of the largest byte; with all eight bits they would not fit."""
    from training.quantised import heaviest_pairs, round_weight

    weight = torch.randn(16, 6, 3, 3, generator=torch.Generator().manual_seed(0))
    weight[:, 1] = weight[:, 0] * 0.95
    whole, step = round_weight(weight, rounding)
    heaviest = float(heaviest_pairs(torch.from_numpy(whole).float()).max())
    assert (heaviest * 255 <= np.iinfo(np.int16).max) is fits
    # Nothing is cut off: all lie within half a step of what they were.
    np.testing.assert_allclose(whole * step[:, None, None, None], weight.numpy(), atol=step.max() * 0.501)


def test_neighbours_are_two_channels_at_one_pixel() -> None:
    """As channels lie in memory where they come last; of opposite signs they only make each other smaller."""
    from training.quantised import heaviest_pairs

    weight = torch.zeros(3, 4, 2, 2)
    weight[0, 0, 1, 1], weight[0, 1, 1, 1] = 5, 6
    weight[1, 0, 1, 1], weight[1, 1, 1, 1] = -5, 6
    weight[2, 1, 1, 1], weight[2, 2, 1, 1] = -5, -6
    assert heaviest_pairs(weight).tolist() == [11, 6, 6]


def test_a_scale_reaches_both_ends_and_keeps_zero() -> None:
    """The least and the most are within half a step of a byte, and zero is one exactly."""
    from training.quantised import Scale

    for least, most in ((-1.5, 6.0), (0.5, 2.0), (-3.0, -1.0)):
        step, zero = Scale.between(least, most)
        assert 0 <= zero <= 255
        assert (0 - zero) * step <= min(least, 0) + step
        assert (255 - zero) * step >= max(most, 0) - step


def test_scales_are_measured_on_training_pictures_only(
    tower: PictureTower, lesson: Lesson, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of those kept out none is looked at, and none of those that are stored smaller than they are looked at."""
    from training.batches import draw_batches
    from training.recipe import scales_on_lesson

    small = replace(lesson.pictures[0], source="tiny_imagenet")
    lesson = replace(lesson, pictures=[small, *lesson.pictures[1:]])
    seen: set[int] = set()

    def noted(store: Any, views: Any, *rest: Any) -> Any:
        seen.update(int(row) for row in views.picture[:, 0])
        return draw_batches(store, views, *rest)

    monkeypatch.setattr("training.recipe.draw_batches", noted)
    settings = replace(settings, export=replace(settings.export, measured=64, px=32))
    found = scales_on_lesson(tower, lesson, settings)
    assert {"pixels", "stem_norm", "head_norm", "blocks.0.gate.squeeze"} <= set(found)
    assert seen == {row for row, picture in enumerate(lesson.pictures) if picture.split == "train"} - {0}


def test_whole_numbers_are_compared_with_float32(
    tower: PictureTower, scales: dict[str, Scale], settings: Settings, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    """What training left is exported in every rounding and run on the pictures kept out, and what is shipped is one."""
    from PIL import Image
    from training.comparison import compare_roundings
    from training.export import export_model
    from training.joint_stage import Towers
    from training.settings import Splits

    text = Towers(tokenizer.get_vocab_size(), settings).space.text.eval()
    kept = replace(settings, export=replace(settings.export, px=32), splits=Splits(test={"coco_free": 3}, choose={}))
    export_model(tmp_path / "model", tower, text, tokenizer, kept, scales=scales)
    (tmp_path / "coco_free").mkdir()
    for number in range(5):
        noise = np.random.default_rng(number).integers(0, 256, (40, 50, 3)).astype(np.uint8)
        Image.fromarray(noise).save(tmp_path / "coco_free" / f"{number}.png")
    lines = "\n".join(f"{number}.png,noise" for number in range(5))
    (tmp_path / "coco_free" / "captions.csv").write_text(f"file,caption\n{lines}\n")
    trained = {f"picture.{name}": value for name, value in tower.state_dict().items()}
    torch.save({"stage": {"average": {"model": trained}}}, tmp_path / "settle.pt")
    (tmp_path / "scales.json").write_text(json.dumps(scales))

    found = compare_roundings(tmp_path / "model", tmp_path, tmp_path, kept)
    assert found["pictures"] == 3
    assert found["float32"]["cosine"] == {"least": 1.0, "mean": 1.0}
    for rounding in ("pairs", "eight", "seven"):
        assert 0.95 < found[rounding]["cosine"]["least"] < 1
        assert found[rounding]["processor_ms"] > 0
