"""Weights of eight bits: near, the same in any batch, and taken by themselves only where both are proven."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from encoders.cases import Case, cosines, pictures
from encoders.tiny import noise
from ilk.encoders import engines, load_encoder, openvino_session, provenance
from ilk.encoders.engines import MANY
from ilk.encoders.onnx import OnnxEncoder
from ilk.encoders.provenance import FILE, MOST_BY_COMPANY

pytest.importorskip("torch", reason="a checkpoint is exported with torch: pip install 'ilk[torch]'")
pytest.importorskip("transformers", reason="a checkpoint is exported with torch: pip install 'ilk[torch]'")
pytest.importorskip("onnxscript", reason="torch exports with onnxscript")

from ilk.encoders.torch import eight_bits

Rows = npt.NDArray[np.float32]
WIDE, OUT = 64, 32
NEAR = 0.99
"""Here: the weights of tiny models are drawn so wide that every error is multiplied on its way."""
BY_ONNX_RUNTIME, BY_OPENVINO = "ONNX Runtime on cpu in eight bits", "OpenVINO in eight bits"


@pytest.fixture(scope="module")
def exported(built: Callable[[str], Case], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny CLIP as `ilk models export` writes it when nothing else is said."""
    from ilk.encoders.torch.export import export_model

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(provenance, "LEAST_COSINE", NEAR)
        return export_model(built("clip").encoder, tmp_path_factory.mktemp("eight bits") / "clip").folder


@pytest.fixture(autouse=True)
def capable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor that gains by eight bits, and a looser bound; OpenVINO is left out until a test lets it in."""
    monkeypatch.setattr(provenance, "LEAST_COSINE", NEAR)
    monkeypatch.setattr(engines, "multiplies_bytes", lambda: True)
    monkeypatch.setattr(openvino_session, "is_installed", lambda: False)


def many() -> list[Any]:
    return [noise(40, 30, seed) for seed in range(MANY)]


def write_product(path: Path, weights: Rows) -> None:
    """A graph that is one product."""
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "product",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", WIDE])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", OUT])],
        [numpy_helper.from_array(weights, "w")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), path)


def computed(path: Path, rows: Rows) -> Rows:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"x": rows})
    return np.asarray(found, np.float32)


def relative_error(found: Rows, exact: Rows) -> float:
    return float(np.linalg.norm(found - exact) / np.linalg.norm(exact))


@pytest.mark.parametrize("kind", ["even", "channels", "positive", "zeros"])
def test_a_product_in_eight_bits_errs_by_about_a_hundredth(kind: str, tmp_path: Path) -> None:
    """Also where some channels are fifty times as large as others, where nothing is negative, and where rows are 0."""
    random = np.random.default_rng(0)
    rows = random.normal(size=(48, WIDE)).astype(np.float32)
    weights = random.normal(size=(WIDE, OUT)).astype(np.float32)
    if kind == "channels":
        rows[:, :3] *= 50
        weights[:3] /= 50
    if kind == "positive":
        rows = np.maximum(rows, -0.1)
    if kind == "zeros":
        rows[::2] = 0
    write_product(tmp_path / "exact.onnx", weights)
    groups = eight_bits.plan(tmp_path / "exact.onnx", [{"x": rows[:24]}, {"x": rows[24:]}])
    eight_bits.write(tmp_path / "exact.onnx", tmp_path / "eight.onnx", groups)
    found = computed(tmp_path / "eight.onnx", rows)
    assert relative_error(found, rows @ weights) < 0.02
    assert groups[0].error < 0.02
    assert (groups[0].factors is not None) is (kind == "channels")
    assert (groups[0].zero < 128) is (kind == "positive")
    assert not (tmp_path / "exact.onnx.watched").exists()
    if kind == "zeros":
        assert not found[::2].any()


def test_a_large_row_leaves_the_others_as_they_are(tmp_path: Path) -> None:
    """Each row has a scale of its own: what a batch holds besides changes nothing, however large it is."""
    random = np.random.default_rng(1)
    rows = random.normal(size=(8, WIDE)).astype(np.float32)
    write_product(tmp_path / "exact.onnx", random.normal(size=(WIDE, OUT)).astype(np.float32))
    groups = eight_bits.plan(tmp_path / "exact.onnx", [{"x": rows}])
    eight_bits.write(tmp_path / "exact.onnx", tmp_path / "eight.onnx", groups)
    beside = np.concatenate([rows, rows * 1000])
    np.testing.assert_array_equal(
        computed(tmp_path / "eight.onnx", beside)[:8], computed(tmp_path / "eight.onnx", rows)
    )


def test_products_that_are_left_out_stay_exact(tmp_path: Path) -> None:
    """Without a group the graph computes what it did."""
    rows = np.random.default_rng(2).normal(size=(4, WIDE)).astype(np.float32)
    weights = np.random.default_rng(3).normal(size=(WIDE, OUT)).astype(np.float32)
    write_product(tmp_path / "exact.onnx", weights)
    eight_bits.write(tmp_path / "exact.onnx", tmp_path / "same.onnx", ())
    np.testing.assert_allclose(computed(tmp_path / "same.onnx", rows), rows @ weights, rtol=1e-4, atol=1e-4)


def test_an_export_leaves_eight_bits_beside_and_says_how_near(exported: Path) -> None:
    """Both precisions lie in the folder, and the proof of each tower with its least cosine."""
    assert {path.name for path in (exported / "onnx").iterdir()} == {
        "vision_model.onnx",
        "text_model.onnx",
        "vision_model_int8.onnx",
        "text_model_int8.onnx",
    }
    proof = json.loads((exported / FILE).read_text())["proofs"]["int8"]
    assert {each["modality"] for each in proof["towers"]} == {"image", "text"}
    for each in proof["towers"]:
        assert NEAR <= each["cosine_min"] <= each["cosine_mean"] < 1
        assert each["batch_error"] <= MOST_BY_COMPANY


def test_many_pictures_are_computed_in_eight_bits(exported: Path, built: Callable[[str], Case]) -> None:
    """A question is answered in full precision; many pictures are not, stay near, and are of the same model."""
    encoder = load_encoder(exported)
    few = encoder.encode_images(many()[:-1])
    assert encoder.computed_by == "ONNX Runtime on cpu"
    rows = encoder.encode_images(many())
    assert encoder.computed_by == BY_ONNX_RUNTIME
    assert NEAR <= cosines(rows[:-1], few).min() < 1 - 1e-6
    assert encoder.digest == built("clip").encoder.digest == load_encoder(exported, variant="int8").digest


@pytest.mark.parametrize("runtime", ["ONNX Runtime", "OpenVINO"])
def test_a_vector_is_the_same_in_any_batch(runtime: str, exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What else is encoded with a picture changes no number of its vector by more than rounding, in either runtime."""
    if runtime == "OpenVINO":
        pytest.importorskip("openvino")
        monkeypatch.setattr(openvino_session, "is_installed", lambda: True)
        monkeypatch.setattr(engines, "WORTH_BYTES", 0)
    encoder = load_encoder(exported)
    rows = encoder.encode_images(many())
    assert encoder.computed_by == (BY_OPENVINO if runtime == "OpenVINO" else BY_ONNX_RUNTIME)
    alone = np.concatenate([encoder.encode_images([picture]) for picture in many()])
    odd = encoder.encode_images([*pictures(), *many()])[-MANY:]
    np.testing.assert_allclose(alone, rows, atol=MOST_BY_COMPANY)
    np.testing.assert_allclose(odd, rows, atol=MOST_BY_COMPANY)
    assert cosines(rows, load_encoder(exported, precision="float32").encode_images(many())).min() >= NEAR


@pytest.mark.parametrize("reason", ["float32", "processor", "changed", "unproven", "far", "depends", "gone"])
def test_eight_bits_that_are_not_proven_or_gain_nothing_are_left_alone(
    reason: str, exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A precision that was asked for, a processor without instructions, files or a proof that do not do."""
    import shutil

    folder = shutil.copytree(exported, tmp_path / "copy")
    content = json.loads((folder / FILE).read_text())
    towers = content["proofs"]["int8"]["towers"]
    match reason:
        case "processor":
            monkeypatch.setattr(engines, "multiplies_bytes", lambda: False)
        case "changed":
            with (folder / "onnx/vision_model_int8.onnx").open("ab") as file:
                file.write(b"\x32\x01x")  # a doc_string, which the runtime reads past
        case "unproven":
            content["proofs"] = {}
        case "far":
            for each in towers:
                each["cosine_min"] = NEAR - 1e-4
        case "depends":
            for each in towers:
                each["batch_error"] = 10 * MOST_BY_COMPANY
        case "gone":
            (folder / "onnx/vision_model_int8.onnx").unlink()
        case _:
            pass
    (folder / FILE).write_text(json.dumps(content))
    encoder = load_encoder(folder, precision="float32" if reason == "float32" else "auto")
    encoder.encode_images(many())
    assert encoder.computed_by == "ONNX Runtime on cpu"


def test_a_tower_is_judged_by_itself(exported: Path, tmp_path: Path) -> None:
    """Where only pictures are near, texts stay in full precision."""
    import shutil

    folder = shutil.copytree(exported, tmp_path / "copy")
    content = json.loads((folder / FILE).read_text())
    next(each for each in content["proofs"]["int8"]["towers"] if each["modality"] == "text")["cosine_min"] = 0.9
    (folder / FILE).write_text(json.dumps(content))
    texts = [f"a dog number {number}" for number in range(MANY)]
    encoder, exact = load_encoder(folder), load_encoder(folder, precision="float32")
    np.testing.assert_array_equal(encoder.encode_texts(texts), exact.encode_texts(texts))
    assert (load_encoder(exported).encode_texts(texts) != exact.encode_texts(texts)).any()
    encoder.encode_images(many())
    assert encoder.computed_by == BY_ONNX_RUNTIME


def test_a_model_that_is_not_near_is_exported_without_eight_bits(
    built: Callable[[str], Case], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is left beside, and the report says why and how to have it all the same."""
    from ilk.encoders.torch.export import export_model

    monkeypatch.setattr(provenance, "LEAST_COSINE", 1.1)
    report = export_model(built("clip").encoder, tmp_path / "export")
    assert report.eight_bits == ()
    assert report.left_out is not None
    assert "--weights int8" in report.left_out
    assert {path.name for path in (report.folder / "onnx").iterdir()} == {"vision_model.onnx", "text_model.onnx"}
    assert OnnxEncoder(report.folder, name="clip").digest == built("clip").encoder.digest


def test_the_command_says_how_near_eight_bits_are(built: Callable[[str], Case], tmp_path: Path) -> None:
    """A line for each tower and precision on standard error, the folder alone on standard output, to be given on."""
    from click.testing import CliRunner

    from ilk.cli.models import models

    done = CliRunner().invoke(models, ["export", str(built("clip").folder), str(tmp_path / "export")])
    assert done.exit_code == 0, done.output
    assert done.stdout == f"{tmp_path / 'export'}\n"
    for tower in ("image", "text"):
        assert f"{tower}: cosine to the checkpoint 1.0" in done.stderr
        assert f"{tower} in eight bits: cosine to the checkpoint 0.99" in done.stderr
    assert load_encoder(tmp_path / "export").digest == built("clip").encoder.digest
