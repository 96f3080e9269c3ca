"""What an ONNX file says of itself is read without loading it, and safely."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from encoders.tiny import DIMENSION, SIDE, Shape, Tiny
from ilk.encoders.outline import Outline
from ilk.errors import ModelFormatError


def write_external(path: Path, location: str) -> None:
    """A model whose one weight lies at a location."""
    weight = numpy_helper.from_array(np.zeros(2, np.float32), "w")
    onnx.external_data_helper.set_external_data(weight, location)
    weight.ClearField("raw_data")
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "w"], ["y"])],
        "g",
        [value("x", TensorProto.FLOAT, [2])],
        [value("y", TensorProto.FLOAT, [2])],
        [weight],
    )
    path.write_bytes(helper.make_model(graph).SerializeToString())


def test_names_and_shapes_are_read(tmp_path: Path) -> None:
    """Inputs and outputs have the shapes that the exporter wrote, with None for sides that are not fixed."""
    Tiny(tmp_path, Shape(split=False, fixed_length=9))
    outline = Outline.from_file(tmp_path / "onnx" / "model.onnx")
    assert outline.inputs == {
        "pixel_values": (None, 3, SIDE, SIDE),
        "input_ids": (None, 9),
        "attention_mask": (None, 9),
    }
    assert outline.outputs == {"image_embeds": (None, DIMENSION), "text_embeds": (None, DIMENSION)}
    assert outline.external == ()


@given(
    names=st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=4, unique=True),
    sides=st.lists(st.one_of(st.integers(1, 2**40), st.just("n")), max_size=4),
    size=st.integers(0, 3000),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_agrees_with_the_library(tmp_path: Path, names: list[str], sides: list[int | str], size: int) -> None:
    """Whatever the library writes, names and shapes are read as they were given."""
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, sides) for name in names]
    weight = numpy_helper.from_array(np.zeros(size, np.float32), "w")
    graph = helper.make_graph(
        [], "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, sides)], outputs, [weight]
    )
    path = tmp_path / "model.onnx"
    path.write_bytes(helper.make_model(graph, doc_string="x" * size).SerializeToString())
    expected = tuple(side if isinstance(side, int) else None for side in sides)
    outline = Outline.from_file(path)
    assert outline.outputs == dict.fromkeys(names, expected)
    assert outline.inputs == {"x": expected}


@pytest.mark.parametrize("location", ["weights.bin", "model.onnx_data", "below/weights.bin"])
def test_weights_beside_the_file_are_named(tmp_path: Path, location: str) -> None:
    """Files in the folder that hold weights are named."""
    write_external(tmp_path / "m.onnx", location)
    assert Outline.from_file(tmp_path / "m.onnx").external == (location,)


@pytest.mark.parametrize(
    "location", ["../w", "/etc/passwd", "a/../../w", "..\\w", "C:\\w", "C:w", "\\w", "\\\\host\\share\\w", ""]
)
def test_weights_from_elsewhere_are_refused(tmp_path: Path, location: str) -> None:
    """A file may not read from outside its own folder, on any system."""
    write_external(tmp_path / "m.onnx", location)
    with pytest.raises(ModelFormatError, match="outside its own folder, and is not loaded"):
        Outline.from_file(tmp_path / "m.onnx")


def test_a_pointer_of_git_lfs_is_recognised(tmp_path: Path) -> None:
    """A file that git left as a pointer says what to do."""
    (tmp_path / "m.onnx").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    with pytest.raises(ModelFormatError, match="git lfs pull"):
        Outline.from_file(tmp_path / "m.onnx")


@pytest.mark.parametrize("content", [b"", b"\0", b"\xff" * 40, b"PK\x03\x04" + bytes(99), b"<html>", b"\x3a\x7f"])
def test_what_is_no_onnx_is_refused(tmp_path: Path, content: bytes) -> None:
    """Files of other kinds, and empty ones, are refused in one sentence."""
    (tmp_path / "m.onnx").write_bytes(content)
    with pytest.raises(ModelFormatError, match=r"m\.onnx is cut short or no ONNX file"):
        Outline.from_file(tmp_path / "m.onnx")


def test_a_file_cut_anywhere_is_refused_or_read(tmp_path: Path) -> None:
    """Wherever a file is cut, it is refused as such; nothing else goes wrong."""
    Tiny(tmp_path)
    whole = (tmp_path / "onnx" / "text_model.onnx").read_bytes()
    for length in range(0, len(whole) - 40, 7):  # the last field of all, the version, may be missing
        (tmp_path / "cut.onnx").write_bytes(whole[:length])
        with pytest.raises(ModelFormatError, match="cut short"):
            Outline.from_file(tmp_path / "cut.onnx")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A missing file is an error of the model, not of the machine."""
    with pytest.raises(ModelFormatError, match=r"gone\.onnx cannot be read"):
        Outline.from_file(tmp_path / "gone.onnx")
