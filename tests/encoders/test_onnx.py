"""The ONNX encoder loads what it needs, when it needs it, and says what is wrong with a model."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import TensorProto, helper
from PIL import Image

from encoders.tiny import DIMENSION, SIDE, Shape, Tiny, noise
from ilk.encoders.compute import ComputeOptions
from ilk.encoders.families import Readout
from ilk.encoders.onnx import OnnxEncoder
from ilk.encoders.onnxruntime_session import PROVIDERS
from ilk.errors import InputError, MissingExtraError, ModalityError, ModelFormatError
from ilk.machine import usable_processors


def opened(tiny: Tiny, **options: Any) -> OnnxEncoder:
    """Open a tiny model."""
    return OnnxEncoder(tiny.folder, name="tiny", variant=tiny.shape.variant, **options)


def write_graph(path: Path, *, values: tuple[float, ...], output: str = "image_embeds") -> None:
    """A picture tower that answers the same for every picture."""
    rows = len(values)
    constant = helper.make_tensor("answer", TensorProto.FLOAT, [1, rows], values)
    nodes = [
        helper.make_node("Shape", ["pixel_values"], ["shape"], start=0, end=1),
        helper.make_node("Concat", ["shape", "one"], ["target"], axis=0),
        helper.make_node("Expand", ["answer", "target"], [output]),
    ]
    one = helper.make_tensor("one", TensorProto.INT64, [1], [1])
    graph = helper.make_graph(
        nodes,
        "constant",
        [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["n", 3, "h", "w"])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["n", rows])],
        [constant, one],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)


def test_a_tower_is_loaded_without_the_other(tmp_path: Path) -> None:
    """Words load what reads, pictures what sees, and knowing what a model is loads neither."""
    tiny = Tiny(tmp_path)
    encoder = opened(tiny)
    assert (encoder.dimension, encoder.image_size, len(encoder.digest)) == (DIMENSION, 8, 64)
    assert encoder.modalities == {"image", "text"}
    assert set(encoder._sessions) == set()
    encoder.encode_texts([])
    assert set(encoder._sessions) == set()
    encoder.encode_texts(["a dog"])
    assert set(encoder._sessions) == {"onnx/text_model.onnx"}
    encoder.encode_images([noise(9, 9)])
    assert set(encoder._sessions) == {"onnx/text_model.onnx", "onnx/vision_model.onnx"}


def test_a_broken_tower_does_not_harm_the_other(tmp_path: Path) -> None:
    """A file that is not ONNX Runtime's is only noticed when it is needed."""
    tiny = Tiny(tmp_path)
    write_graph(tmp_path / "onnx" / "vision_model.onnx", values=(1.0,) * DIMENSION, output="something_else")
    encoder = opened(tiny)
    np.testing.assert_allclose(encoder.encode_texts(["a dog"]), tiny.expected_texts(["a dog"]), atol=1e-6)
    with pytest.raises(
        ModelFormatError, match=r"no image embedding .*\(image_embeds\); its outputs are something_else"
    ):
        encoder.encode_images([noise(9, 9)])


def test_knowing_a_model_imports_nothing_heavy(tmp_path: Path) -> None:
    """Opening a model and asking what it is loads neither ONNX Runtime, nor tokenizers, Pillow or the Hub's library."""
    Tiny(tmp_path)
    program = (
        "import sys; from ilk.encoders import load_encoder\n"
        f"e = load_encoder({str(tmp_path)!r}); e.dimension, e.digest, e.modalities, e.image_size, e.batch_size\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert "ilk" in loaded
    assert not {"numpy", "onnxruntime", "tokenizers", "PIL", "huggingface_hub", "onnx", "faiss"} & set(loaded)


def test_reading_words_imports_no_pictures(tmp_path: Path) -> None:
    """A search in words does not load Pillow."""
    Tiny(tmp_path)
    program = (
        "import sys; from ilk.encoders import load_encoder\n"
        f"load_encoder({str(tmp_path)!r}).encode_texts(['a dog'])\n"
        "print('PIL' in sys.modules, 'onnxruntime' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (done.stdout.split(), done.stderr) == (["False", "True"], "")


def test_batches_are_cut_to_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are, no more than the batch size go through a tower at once, and none are lost."""
    tiny = Tiny(tmp_path)
    encoder = opened(tiny, options=ComputeOptions(batch_size=3))
    session = encoder._session("image")
    sizes: list[int] = []
    run = session.run

    def counting(feeds: Mapping[str, Any], readout: Readout, **others: Any) -> npt.NDArray[np.float32]:
        sizes.append(len(feeds["pixel_values"]))
        return run(feeds, readout, **others)

    monkeypatch.setattr(session, "run", counting)
    pictures = [noise(9, 9, seed) for seed in range(8)]
    np.testing.assert_allclose(encoder.encode_images(pictures), tiny.expected_images(pictures), atol=1e-6)
    assert sizes == [3, 3, 2]


@pytest.mark.parametrize(
    ("values", "reason"),
    [((np.nan, 1.0, 1.0), "no finite length"), ((np.inf, 1.0, 1.0), "no finite length"), ((0.0, 0.0, 0.0), "zeros")],
)
def test_a_vector_without_direction_is_an_error(tmp_path: Path, values: tuple[float, ...], reason: str) -> None:
    """Numbers that are none, infinite or all zero name the model, and are never answered."""
    tiny = Tiny(tmp_path, Shape(text_output=None))
    write_graph(tmp_path / "onnx" / "vision_model.onnx", values=values)
    with pytest.raises(ModelFormatError, match=f"tiny gave a vector of {reason} for a picture"):
        opened(tiny).encode_images([noise(9, 9)])


def test_the_good_rows_of_a_bad_batch_can_be_encoded(tmp_path: Path) -> None:
    """A picture without a direction fails its whole batch; the others are then encoded as if it had not been there."""
    tiny = Tiny(tmp_path, Shape(text_output=None))
    tiny.write(
        "preprocessor_config.json",
        {"image_processor_type": "ViTImageProcessor", "size": SIDE, "image_mean": [0, 0, 0], "image_std": [1, 1, 1]},
    )
    graph = helper.make_graph(
        [helper.make_node("ReduceMean", ["pixel_values"], ["image_embeds"], axes=[2, 3], keepdims=0)],
        "mean colour",
        [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["n", 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("image_embeds", TensorProto.FLOAT, ["n", 3])],
    )
    file = tmp_path / "onnx" / "vision_model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), file)
    encoder = opened(tiny)
    red, black, green = (Image.new("RGB", (9, 9), colour) for colour in ("red", "black", "lime"))
    with pytest.raises(ModelFormatError, match="tiny gave a vector of zeros for a picture"):
        encoder.encode_images([red, black, green])
    np.testing.assert_allclose(encoder.encode_images([red, green]), [[1, 0, 0], [0, 1, 0]], atol=1e-6)
    with pytest.raises(ModelFormatError, match="zeros"):
        encoder.encode_images([black])
    np.testing.assert_allclose(encoder.encode_images([green]), [[0, 1, 0]], atol=1e-6)


def test_a_model_that_only_reads_sees_nothing(tmp_path: Path) -> None:
    """Asked for a tower it lacks, whether to load or to use it, it says so in a sentence; its size is 0."""
    encoder = opened(Tiny(tmp_path, Shape(image_output=None)))
    assert encoder.modalities == {"text"}
    assert (encoder.image_size, encoder.dimension) == (0, DIMENSION)
    for ask in (
        lambda: encoder.load("image"),
        lambda: encoder.prepare_image(noise(9, 9)),
        lambda: encoder.encode_images([noise(9, 9)]),
        lambda: encoder.encode_prepared(np.zeros((1, SIDE, SIDE, 3), np.uint8)),
    ):
        with pytest.raises(ModalityError, match=r"^tiny only reads words: it cannot see pictures\."):
            ask()
    encoder.load("text")


@pytest.mark.parametrize("damage", ["empty", "noise", "cut", "no file", "wrong graph"])
def test_loading_a_broken_file_names_it(tmp_path: Path, capfd: pytest.CaptureFixture[str], damage: str) -> None:
    """Whoever refuses it, the outline or ONNX Runtime: the sentence says which file is to be fetched again."""
    tiny = Tiny(tmp_path)
    encoder = opened(tiny)
    file = tmp_path / "onnx" / "vision_model.onnx"
    match damage:
        case "empty":
            file.write_bytes(b"")
        case "noise":
            file.write_bytes(np.random.default_rng(0).bytes(5_000))
        case "cut":
            file.write_bytes(file.read_bytes()[:-200])
        case "no file":
            file.unlink()
        case _:
            model = onnx.load(file)
            model.graph.node[0].op_type = "NoSuchOperator"
            onnx.save(model, file)
    with pytest.raises(ModelFormatError, match=r"vision_model\.onnx") as caught:
        encoder.load("image")
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_towers_must_share_a_dimension(tmp_path: Path) -> None:
    """Towers whose vectors cannot be compared are refused."""
    tiny = Tiny(tmp_path)
    write_graph(tmp_path / "onnx" / "vision_model.onnx", values=(1.0, 2.0))
    encoder = opened(tiny)
    with pytest.raises(ModelFormatError, match="of 5 numbers where 2 were expected"):
        encoder.encode_texts(["a dog"])


def test_an_output_that_is_no_rows_is_refused(tmp_path: Path) -> None:
    """An output with a row for each token, where one for each picture was expected, is refused."""
    tiny = Tiny(tmp_path, Shape(text_output=None, tokens=True))
    with pytest.raises(ModelFormatError, match=r"shape \(1, 3, 5\) where rows were expected"):
        opened(tiny).encode_images([noise(9, 9)])


def test_a_classifier_is_refused(tmp_path: Path) -> None:
    """A model that gives classes and no embedding says which outputs it has."""
    tiny = Tiny(tmp_path, Shape(model_type="vit", split=False, image_output="logits", text_output=None))
    with pytest.raises(ModelFormatError, match=r"or last_hidden_state\); its outputs are logits"):
        opened(tiny).encode_images([noise(9, 9)])


def test_a_batch_the_model_refuses_is_one_sentence(tmp_path: Path) -> None:
    """What ONNX Runtime says of a batch is passed on, naming the model."""
    tiny = Tiny(tmp_path)
    config = {"image_processor_type": "SiglipImageProcessor", "size": {"height": 9, "width": 9}}
    tiny.write("preprocessor_config.json", config)  # the tower takes 8 by 8
    with pytest.raises(ModelFormatError, match=r"tiny failed on a batch: .*INVALID_ARGUMENT") as caught:
        opened(tiny).encode_images([noise(9, 9)])
    assert "\n" not in str(caught.value)


def test_a_model_that_asks_for_more_is_refused(tmp_path: Path) -> None:
    """An input that is neither a picture nor a text is named, rather than filled with something."""
    tiny = Tiny(tmp_path)
    file = tmp_path / "onnx" / "vision_model.onnx"
    model = onnx.load(file)
    model.graph.input.append(helper.make_tensor_value_info("boxes", TensorProto.FLOAT, ["n", 4]))
    onnx.save(model, file)
    with pytest.raises(ModelFormatError, match="tiny asks for boxes, which is neither a picture nor a text"):
        opened(tiny).encode_images([noise(9, 9)])


def test_damaged_weights_are_one_sentence(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Weights of which a part is missing are refused, and nothing is written to standard error."""
    tiny = Tiny(tmp_path)
    file = tmp_path / "onnx" / "text_model.onnx"
    file.write_bytes(file.read_bytes()[:-200])
    with pytest.raises(ModelFormatError, match=r"text_model\.onnx is cut short"):
        opened(tiny).encode_texts(["a dog"])
    assert capfd.readouterr() == ("", "")


def test_an_operator_nobody_knows_is_one_sentence(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A model that needs a library of operators is refused: none is ever loaded."""
    tiny = Tiny(tmp_path)
    file = tmp_path / "onnx" / "vision_model.onnx"
    model = onnx.load(file)
    model.graph.node[1].domain = "com.example.custom"
    model.opset_import.append(helper.make_opsetid("com.example.custom", 1))
    onnx.save(model, file)
    with pytest.raises(ModelFormatError, match="tiny cannot be loaded by ONNX Runtime"):
        opened(tiny).encode_images([noise(9, 9)])
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("device", sorted(set(PROVIDERS) - {"cpu", "coreml"}))
def test_a_device_that_is_not_there_is_refused(tmp_path: Path, device: str) -> None:
    """A device that the installed ONNX Runtime lacks names the package that has it; nothing else is used instead."""
    import onnxruntime

    provider, package = PROVIDERS[device]
    if provider in onnxruntime.get_available_providers():
        pytest.skip(f"this ONNX Runtime has {provider}")
    encoder = opened(Tiny(tmp_path), options=ComputeOptions(device=device))
    with pytest.raises(MissingExtraError, match=f"cannot use {device}.*pip install {package}"):
        encoder.encode_texts(["a dog"])


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: ComputeOptions(device="abacus"), "no device 'abacus'; there are auto, cpu, cuda"),
        (lambda: ComputeOptions(threads=0), "threads must be at least 1"),
        (lambda: ComputeOptions(batch_size=0), "batch_size must be at least 1"),
    ],
)
def test_options_that_make_no_sense_are_refused(make: Callable[[], ComputeOptions], reason: str) -> None:
    """A device that does not exist, no threads or no batch are refused at once."""
    with pytest.raises(InputError, match=reason):
        make()


def test_threads_are_those_this_process_may_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless told otherwise a session takes the processors that this process may use; it takes what it is told."""
    import onnxruntime

    made: list[int] = []
    session = onnxruntime.InferenceSession

    def spying(path: str, options: Any, **others: Any) -> Any:
        made.append(options.intra_op_num_threads)
        return session(path, options, **others)

    monkeypatch.setattr(onnxruntime, "InferenceSession", spying)
    opened(Tiny(tmp_path)).encode_texts(["a"])
    opened(Tiny(tmp_path), options=ComputeOptions(threads=7)).encode_texts(["a"])
    assert made == [usable_processors(), 7]
