"""ONNX files are run by what suits the work: ONNX Runtime to answer soon, OpenVINO to encode many where it gains."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from encoders.tiny import Shape, Tiny, noise
from ilk.encoders import engines, load_encoder, openvino_session
from ilk.encoders.compute import ComputeOptions, Precision
from ilk.encoders.onnx import OnnxEncoder
from ilk.errors import InputError, MissingExtraError, ModelFormatError

MANY = [noise(9, 9, seed) for seed in range(engines.MANY)]
BY_OPENVINO, BY_ONNX_RUNTIME = "OpenVINO in bfloat16", "ONNX Runtime on cpu"


@pytest.fixture(autouse=True)
def capable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor with bfloat16, where tiny weights are worth a start. Where it lacks that, OpenVINO rounds alike."""
    monkeypatch.setattr(engines, "WORTH_BYTES", 0)
    monkeypatch.setattr(openvino_session, "has_bfloat16", lambda: True)


def opened(tiny: Tiny, precision: Precision = "auto", device: str = "auto") -> OnnxEncoder:
    """Open a tiny model."""
    options = ComputeOptions(precision=precision, device=device)
    return OnnxEncoder(tiny.folder, name="tiny", variant=tiny.shape.variant, options=options)


def test_many_pictures_are_worth_another_runtime(tmp_path: Path) -> None:
    """ONNX Runtime answers a question; from some pictures on OpenVINO computes them, for good, and it is said."""
    tiny = Tiny(tmp_path)
    encoder = opened(tiny)
    assert opened(tiny).computed_by is None
    few = encoder.encode_images(MANY[:-1])
    assert encoder.computed_by == BY_ONNX_RUNTIME
    many = encoder.encode_images(MANY)
    assert encoder.computed_by == BY_OPENVINO
    encoder.encode_images(MANY[:1])
    assert encoder.computed_by == BY_OPENVINO
    np.testing.assert_allclose(few, tiny.expected_images(MANY[:-1]), atol=1e-6)
    assert (many * tiny.expected_images(MANY)).sum(axis=1).min() > 0.999


def test_what_is_loaded_for_many_is_loaded_once(tmp_path: Path) -> None:
    """Who knows that many will come says so, and the runtime for a question is not started for nothing."""
    encoder = opened(Tiny(tmp_path))
    encoder.load("image", many=True)
    assert encoder.computed_by == BY_OPENVINO
    encoder.load("image")
    encoder.encode_images(MANY[:1])
    assert encoder.computed_by == BY_OPENVINO


def test_texts_stay_exact(tmp_path: Path) -> None:
    """Texts have a length each, which OpenVINO would prepare for anew: however many, ONNX Runtime computes them."""
    tiny = Tiny(tmp_path)
    texts = ["a dog", "a cat on the beach"] * engines.MANY
    encoder = opened(tiny)
    np.testing.assert_allclose(encoder.encode_texts(texts), tiny.expected_texts(texts), atol=1e-6)
    assert encoder.computed_by == BY_ONNX_RUNTIME


@pytest.mark.parametrize("reason", ["variant", "one file", "float32", "small", "not installed", "no bfloat16"])
def test_where_openvino_would_not_gain_it_is_left_alone(
    reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Coarser weights, both towers in one file, a small one, exact arithmetic, a processor or a package less."""
    match reason:
        case "small":
            monkeypatch.setattr(engines, "WORTH_BYTES", 1 << 20)
        case "not installed":
            monkeypatch.setattr(openvino_session, "is_installed", lambda: False)
        case "no bfloat16":
            monkeypatch.setattr(openvino_session, "has_bfloat16", lambda: False)
        case _:
            pass
    shape = {"variant": Shape(variant="quantized"), "one file": Shape(split=False)}.get(reason, Shape())
    tiny = Tiny(tmp_path, shape)
    encoder = opened(tiny, "float32" if reason == "float32" else "auto")
    np.testing.assert_allclose(encoder.encode_images(MANY), tiny.expected_images(MANY), atol=1e-6)
    assert encoder.computed_by == BY_ONNX_RUNTIME


def test_what_openvino_cannot_load_is_left_to_onnx_runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody who leaves the choice to ilk meets an error of a runtime that was not asked for; who asks for it does."""
    tiny = Tiny(tmp_path)
    import openvino

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("Unsupported operator\nat length")

    monkeypatch.setattr(openvino.Core, "compile_model", fails)
    encoder = opened(tiny)
    np.testing.assert_allclose(encoder.encode_images(MANY), tiny.expected_images(MANY), atol=1e-6)
    assert encoder.computed_by == BY_ONNX_RUNTIME
    with pytest.raises(ModelFormatError, match=r"tiny cannot be loaded by OpenVINO from .*: Unsupported oper"):
        opened(tiny, device="openvino").encode_images(MANY[:1])


def test_bfloat16_without_openvino_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ONNX files in bfloat16 need what computes them so."""
    monkeypatch.setattr(openvino_session, "is_installed", lambda: False)
    with pytest.raises(MissingExtraError, match=r'pip install "ilk\[openvino\]"'):
        opened(Tiny(tmp_path), "bfloat16").encode_images(MANY[:1])


def test_bfloat16_is_refused_where_nothing_computes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a processor without its instructions nor another device takes ONNX files in bfloat16."""
    tiny = Tiny(tmp_path)
    with pytest.raises(InputError, match="in bfloat16 on the processor only, not on cuda"):
        opened(tiny, "bfloat16", "cuda").encode_images(MANY[:1])
    monkeypatch.setattr(openvino_session, "has_bfloat16", lambda: False)
    with pytest.raises(InputError, match="this processor has no instructions for it"):
        opened(tiny, "bfloat16").encode_images(MANY[:1])


@pytest.mark.parametrize("variant", ["quantized", "int8"])
def test_eight_bits_are_found_and_named(variant: str, tmp_path: Path) -> None:
    """Asking for int8 takes the weights of eight bits that lie beside, which are a model of their own and called so."""
    tiny = Tiny(tmp_path, Shape(variant=variant))
    encoder = load_encoder(tmp_path, precision="int8")
    assert encoder.name == f"{tmp_path}#{variant}"
    np.testing.assert_allclose(encoder.encode_images(MANY), tiny.expected_images(MANY), atol=1e-6)
    assert load_encoder(tmp_path, variant=variant, precision="int8").digest == encoder.digest


@pytest.mark.parametrize(("precision", "variant"), [("int8", "int8"), ("float16", "fp16")])
def test_a_precision_that_the_files_lack_is_refused(precision: Precision, variant: str, tmp_path: Path) -> None:
    """Files in full precision are not called otherwise; the sentence says what to name, and what writes it."""
    Tiny(tmp_path)
    with pytest.raises(InputError, match=rf"name a variant such as .*#{variant} instead of {precision}.*models export"):
        load_encoder(tmp_path, precision=precision).encode_images(MANY[:1])


def test_side_by_side_is_the_same(tmp_path: Path) -> None:
    """Many pictures, shared out among processors that have batches of their own, get the rows they get alone."""
    tiny = Tiny(tmp_path)
    pictures = [noise(9, 9, seed) for seed in range(45)]
    for threads in (1, 3):
        encoder = OnnxEncoder(tiny.folder, name="tiny", options=ComputeOptions(precision="float32", threads=threads))
        np.testing.assert_allclose(encoder.encode_images(pictures), tiny.expected_images(pictures), atol=1e-6)
