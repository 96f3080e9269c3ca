"""A graph that points at the weights in its own file is the same model, loaded without them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import external_data_helper, numpy_helper

from encoders.tiny import Shape, Tiny, noise
from ilk.encoders import engines, load_encoder, skeleton
from ilk.encoders.base import Modality
from ilk.encoders.onnx import SETTLED, OnnxEncoder
from ilk.encoders.onnxruntime_session import OnnxRuntimeSession
from ilk.encoders.skeleton import skeleton_of
from ilk.errors import ModelFormatError

POCKET = Path(load_encoder("pocket").files.folder)  # type: ignore[attr-defined]
TEXT = "onnx/text_model.onnx"


@pytest.fixture(autouse=True)
def worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiny weights are left in their file as well."""
    monkeypatch.setattr(engines, "WORTH_MAPPING_BYTES", 0)
    monkeypatch.setattr(skeleton, "LARGE_BYTES", 64)


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each session was loaded in haste."""
    seen = list[bool]()
    original = OnnxRuntimeSession.__init__

    def spy(self: OnnxRuntimeSession, file: Path, *, hasty: bool = False, **others: object) -> None:
        original(self, file, hasty=hasty, **others)  # type: ignore[arg-type]
        seen.append(hasty)

    monkeypatch.setattr(OnnxRuntimeSession, "__init__", spy)
    return seen


def opened(folder: Path, **options: str | None) -> OnnxEncoder:
    """Open a folder."""
    encoder = load_encoder(folder, **options)  # type: ignore[arg-type]
    assert isinstance(encoder, OnnxEncoder)
    return encoder


@pytest.mark.parametrize("file", sorted((POCKET / "onnx").glob("*.onnx")), ids=lambda path: path.stem)
def test_it_points_at_every_byte_that_it_left_out(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Filled in again from where it points, it is the model: every node, name and number."""
    monkeypatch.undo()  # the sizes that are left in real files
    lean = skeleton_of(file)
    assert len(lean) < file.stat().st_size / 2
    found, whole = onnx.load_from_string(lean), onnx.load(file)
    pointing = [each for each in found.graph.initializer if external_data_helper.uses_external_data(each)]
    assert pointing
    for tensor in pointing:
        assert tensor.external_data[0].value == file.name
    external_data_helper.load_external_data_for_model(found, str(file.parent))
    for tensor in found.graph.initializer:
        tensor.ClearField("data_location")
    assert found == whole


def test_small_tensors_and_those_without_one_piece_stay(tmp_path: Path) -> None:
    """A tensor whose numbers are fields of their own has no place to point at, and is copied."""
    Tiny(tmp_path)
    file = tmp_path / TEXT
    model = onnx.load(file)
    (first, *_) = [each for each in model.graph.initializer if len(each.raw_data) >= 64]
    numbers = numpy_helper.to_array(first)
    first.ClearField("raw_data")
    first.float_data.extend(numbers.ravel().tolist())
    onnx.save(model, file)
    found = onnx.load_from_string(skeleton_of(file))
    kept = {each.name: each for each in found.graph.initializer}
    np.testing.assert_array_equal(numpy_helper.to_array(kept[first.name]), numbers)
    external = {each.name for each in found.graph.initializer if external_data_helper.uses_external_data(each)}
    assert external == {each.name for each in model.graph.initializer if len(each.raw_data) >= 64}
    assert external


@pytest.mark.parametrize("split", [True, False])
def test_answers_are_the_same(*, split: bool, tmp_path: Path, loads: list[bool]) -> None:
    """In haste and at leisure a model gives the same vectors, of words and of pictures."""
    tiny = Tiny(tmp_path, Shape(split=split))
    encoder = opened(tmp_path)
    np.testing.assert_allclose(encoder.encode_texts(["a dog"]), tiny.expected_texts(["a dog"]), atol=1e-6)
    np.testing.assert_allclose(encoder.encode_images([noise(9, 9)]), tiny.expected_images([noise(9, 9)]), atol=1e-6)
    assert loads == [True] * (1 + split)


def test_pocket_answers_the_same_in_haste(tmp_path: Path, loads: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    """So does a real model, whose weights lie at odd places in its files."""
    monkeypatch.setattr(skeleton, "LARGE_BYTES", 1 << 16)  # what shapes are made of has to be at hand
    texts, pictures = ["a dog on a beach", "snow"], [noise(90, 60)]
    hasty = [opened(POCKET).encode_texts(texts), opened(POCKET).encode_images(pictures)]
    monkeypatch.setattr(engines, "WORTH_MAPPING_BYTES", 1 << 40)
    leisurely = [opened(POCKET).encode_texts(texts), opened(POCKET).encode_images(pictures)]
    assert loads == [True, True, False, False]
    for one, other in zip(hasty, leisurely, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_who_goes_on_asking_is_answered_at_leisure(tmp_path: Path, loads: list[bool]) -> None:
    """After some calls the tower is loaded anew, once, as is fastest for each further one."""
    Tiny(tmp_path)
    encoder = opened(tmp_path)
    rows = [encoder.encode_texts(["a dog"]) for _ in range(SETTLED + 3)]
    assert loads == [True, False]
    np.testing.assert_allclose(rows[-1], rows[0], atol=1e-6)


def test_many_texts_are_loaded_at_leisure_at_once(tmp_path: Path, loads: list[bool]) -> None:
    """What is much work from the start is worth the time that it takes to lay weights out."""
    Tiny(tmp_path)
    encoder = opened(tmp_path)
    encoder.encode_texts(["a dog"] * engines.MANY)
    encoder.encode_texts(["a dog"])
    assert loads == [False]


@pytest.mark.parametrize("shape", [Shape(external=True), Shape(variant="int8")], ids=["beside", "int8"])
def test_other_weights_are_loaded_as_they_are(shape: Shape, tmp_path: Path, loads: list[bool]) -> None:
    """Weights beside the graph are mapped anyhow; of coarser ones some cannot be used as they lie."""
    tiny = Tiny(tmp_path, shape)
    found = opened(tmp_path, variant=shape.variant).encode_texts(["a dog"])
    np.testing.assert_allclose(found, tiny.expected_texts(["a dog"]), atol=1e-6)
    assert loads == [False]


def test_small_weights_are_loaded_as_they_are(
    tmp_path: Path, loads: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where copying takes no time there is nothing to gain."""
    Tiny(tmp_path)
    monkeypatch.setattr(engines, "WORTH_MAPPING_BYTES", 1 << 20)
    opened(tmp_path).encode_texts(["a dog"])
    assert loads == [False]


def test_links_are_followed(tmp_path: Path, loads: list[bool]) -> None:
    """In the Hub's cache a model is a folder of links to files with other names, elsewhere."""
    tiny = Tiny(tmp_path / "snapshot")
    blobs = tmp_path / "blobs"
    blobs.mkdir()
    for number, file in enumerate(sorted((tmp_path / "snapshot" / "onnx").iterdir())):
        file.rename(blobs / f"{number:08x}")
        file.symlink_to(blobs / f"{number:08x}")
    found = opened(tmp_path / "snapshot").encode_texts(["a dog"])
    np.testing.assert_allclose(found, tiny.expected_texts(["a dog"]), atol=1e-6)
    assert loads == [True]


@pytest.mark.parametrize("modality", ["text", "image"])
def test_what_cannot_be_loaded_is_said_of_the_file(
    modality: Modality, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A graph that is wrong is wrong in the same words as without haste."""
    Tiny(tmp_path)
    for file in (tmp_path / "onnx").iterdir():
        model = onnx.load(file)
        model.graph.node[0].op_type = "NoSuchOperator"
        onnx.save(model, file)
    with pytest.raises(
        ModelFormatError, match=r"cannot be loaded by ONNX Runtime from .*_model\.onnx: .*NoSuchOperator"
    ):
        opened(tmp_path).load(modality)
    assert capfd.readouterr() == ("", "")
