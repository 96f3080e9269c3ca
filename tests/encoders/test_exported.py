"""Every family exported to ONNX: the vectors that ONNX Runtime gives are still those of transformers."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from encoders.cases import LEAST_COSINE, Case, cosines, pictures, texts
from encoders.checkpoints import FAMILIES
from ilk.encoders.compute import ComputeOptions, precision_of
from ilk.encoders.onnx import OnnxEncoder
from ilk.errors import ModelFormatError

pytest.importorskip("torch", reason="the references run with torch: pip install 'ilk[torch]'")
pytest.importorskip("transformers", reason="the references run with transformers: pip install 'ilk[torch]'")
pytest.importorskip("onnxscript", reason="torch exports with onnxscript")

# Every family is asked a text that is longer than it reads, and ilk says each time that it was cut.
pytestmark = pytest.mark.filterwarnings("ignore:The text .* tokens, of which the model reads")

SAME_GRAPH = {"metaclip": "clip", "vit_pooled": "vit"}
"""Families that differ from another in files that an export does not change; leaving them out saves their time."""
EXPORTED = [name for name in FAMILIES if name not in SAME_GRAPH]


@pytest.fixture(scope="module")
def exported(built: Callable[[str], Case], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of each family's export, written when it is first asked for."""
    from ilk.encoders.torch.export import export_model

    root = tmp_path_factory.mktemp("exported")

    @cache
    def export(name: str) -> Path:
        return export_model(built(name).encoder, root / name, weights="float32").folder

    return export


def open_export(folder: Path, name: str, batch_size: int = 8) -> OnnxEncoder:
    return OnnxEncoder(folder, name=name, options=ComputeOptions(device="cpu", threads=1, batch_size=batch_size))


@pytest.mark.parametrize("name", EXPORTED)
def test_an_export_agrees_with_the_reference(
    name: str, built: Callable[[str], Case], exported: Callable[[str], Path]
) -> None:
    """Pictures and texts get the rows that transformers gives them, whatever the batch, and nothing else is offered."""
    case, folder = built(name), exported(name)
    for batch_size in (1, 3, 8):
        encoder = open_export(folder, name, batch_size)
        assert encoder.modalities == case.encoder.modalities
        assert encoder.dimension == case.encoder.dimension
        if "image" in encoder.modalities:
            assert cosines(encoder.encode_images(pictures()), case.images).min() >= LEAST_COSINE
        if "text" in encoder.modalities:
            assert cosines(encoder.encode_texts(texts(name)), case.texts).min() >= LEAST_COSINE


@pytest.mark.parametrize("name", ["clip", "siglip", "dinov2"])
def test_an_export_agrees_by_openvino(name: str, built: Callable[[str], Case], exported: Callable[[str], Path]) -> None:
    """OpenVINO gives the files' rows in float32, and nearly these in bfloat16, for few pictures and for many."""
    case = built(name)
    for precision, least in (("float32", LEAST_COSINE), ("bfloat16", 0.99)):
        encoder = OnnxEncoder(
            exported(name), name=name, options=ComputeOptions(device="openvino", precision=precision_of(precision))
        )
        few = encoder.encode_images(pictures())
        many = encoder.encode_images(pictures() * 4)[: len(few)]
        assert encoder.computed_by == f"OpenVINO in {precision}"
        assert min(cosines(few, case.images).min(), cosines(many, case.images).min()) >= least
        if "text" in encoder.modalities:
            assert cosines(encoder.encode_texts(texts(name)), case.texts).min() >= least


@pytest.mark.parametrize("name", ["clip", "dinov2"])
def test_an_export_prepares_pictures_as_the_checkpoint(
    name: str, built: Callable[[str], Case], exported: Callable[[str], Path]
) -> None:
    """What goes into the model is the same to the bit."""
    case, encoder = built(name), open_export(exported(name), name)
    for picture in pictures():
        np.testing.assert_array_equal(encoder.prepare_image(picture), case.encoder.prepare_image(picture))


def test_an_export_is_known_for_the_checkpoint(built: Callable[[str], Case], exported: Callable[[str], Path]) -> None:
    """A gallery takes the vectors of both for one model's; weights that were changed since are a model of their own."""
    folder = exported("clip")
    assert open_export(folder, "clip").digest == built("clip").encoder.digest
    config = folder / "config.json"
    before = config.read_bytes()
    config.write_bytes(before + b" ")
    try:
        assert open_export(folder, "clip").digest != built("clip").encoder.digest
    finally:
        config.write_bytes(before)


@pytest.mark.parametrize("weights", ["float16", "int8"])
def test_smaller_weights_lie_beside(weights: str, built: Callable[[str], Case], tmp_path: Path) -> None:
    """Halves are the same model, and eight bits too where they are near. Both can be in one folder."""
    from ilk.encoders.torch.export import VARIANTS, export_model

    chosen = next(each for each in VARIANTS if each == weights)
    encoder = built("clip").encoder
    report = export_model(encoder, tmp_path / "export", weights=chosen)
    again = OnnxEncoder(report.folder, name="clip", variant=report.variant, options=ComputeOptions(device="cpu"))
    near = all(each.is_near for each in report.parity)
    assert (again.digest == encoder.digest) is near
    assert near or weights == "int8"
    assert cosines(again.encode_images(pictures()), built("clip").images).min() > 0.99
    assert {each.modality for each in report.parity} == {"image", "text"}
    assert {path.name for path in (report.folder / "onnx").iterdir()} == {
        f"{tower}_model_{report.variant}.onnx" for tower in ("vision", "text")
    }


def test_a_folder_with_something_else_is_left_alone(built: Callable[[str], Case], tmp_path: Path) -> None:
    """Exporting into a folder that has other things in it is refused, and nothing in it is touched."""
    from ilk.encoders.torch.export import export_model

    (tmp_path / "diary.txt").write_text("dear diary")
    with pytest.raises(ModelFormatError, match="is not empty and not an export of"):
        export_model(built("clip").encoder, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["diary.txt"]
