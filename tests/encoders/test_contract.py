"""What every encoder must do, whatever runs it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from onnx import TensorProto
from PIL import Image

from encoders.tiny import Shape, Tiny, noise
from ilk.encoders import Encoder, load_encoder
from ilk.encoders.base import Modality
from ilk.encoders.layout import IMMICH
from ilk.encoders.onnx import OnnxEncoder
from ilk.errors import InputError, ModalityError

pytestmark = pytest.mark.filterwarnings(
    "ignore::ilk.errors.TextCutWarning"
)  # one of the texts is longer than some read

PACKAGED = Path(load_encoder.__code__.co_filename).parent / "pocket" / "onnx" / "vision_model.onnx"
TEXTS = ["a dog", "two red dog on the beach", "A CAT", "snow", "photo of a unicorn", "a a a a a a a a a a a a cat"]

Rows = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """An encoder, and what it should answer if that can be worked out."""

    encoder: Encoder
    images: Callable[..., Rows] | None = None
    texts: Callable[..., Rows] | None = None
    tolerance: float = 2e-6


SHAPES = {
    "clip, a file for each tower": Shape(),
    "clip, both towers in one file": Shape(split=False),
    "clip, both in one file, made for one at a time": Shape(split=False, fixed_batch=1),
    "clip, both in one file, for pictures of any size": Shape(split=False, free_sides=True),
    "clip, weights beside the file": Shape(external=True),
    "clip, quantised": Shape(variant="quantized"),
    "clip, half precision": Shape(float_type=TensorProto.FLOAT16),
    "clip, without the dimension in the graph": Shape(named_dimension=True),
    "clip, texts of one length, four at a time": Shape(fixed_batch=4, fixed_length=9),
    "a type ilk has not heard of": Shape(model_type="something_new", named_dimension=True),
    "siglip": Shape(model_type="siglip", image_output="pooler_output", text_output="pooler_output", masked=False),
    "dinov2": Shape(model_type="dinov2", split=False, image_output="last_hidden_state", tokens=True, text_output=None),
    "convnext, without the dimension": Shape(
        model_type="convnext", split=False, image_output="pooler_output", text_output=None, named_dimension=True
    ),
    "only words": Shape(image_output=None),
    "immich, texts padded to their length": Shape(
        layout=IMMICH, image_output="embedding", text_output="embedding", masked=False, fixed_batch=1, fixed_length=9
    ),
    "immich, with a mask and weights beside the files": Shape(
        layout=IMMICH, image_output="2001", text_output="1730", fixed_batch=1, fixed_length=9, external=True
    ),
    "immich, only pictures": Shape(layout=IMMICH, image_output="embedding", text_output=None),
}

OPENVINO = {
    f"{name}, by OpenVINO": SHAPES[name]
    for name in (
        "clip, a file for each tower",
        "clip, both in one file, made for one at a time",
        "clip, weights beside the file",
        "clip, quantised",
        "clip, texts of one length, four at a time",
        "dinov2",
        "immich, with a mask and weights beside the files",
    )
}
"""Of which OpenVINO computes the files instead of ONNX Runtime."""

ALL_SHAPES = SHAPES | OPENVINO


def make_case(name: str, folder: Path) -> Case:
    """Make the encoder of that name."""
    if name == "pocket":
        if not PACKAGED.is_file():
            pytest.skip("the built-in model has not been trained yet")
        return Case(load_encoder("pocket"))
    shape = ALL_SHAPES[name]
    tiny = Tiny(folder, shape)
    device = "openvino" if name in OPENVINO else "auto"
    encoder = load_encoder(tiny.folder, variant=shape.variant, batch_size=4, device=device, precision="float32")
    half = shape.float_type == TensorProto.FLOAT16
    return Case(encoder, tiny.expected_images, tiny.expected_texts, 2e-3 if half else 2e-6)


@pytest.fixture(params=[*ALL_SHAPES, "pocket"])
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    """Each encoder in turn."""
    return make_case(request.param, tmp_path / "model")


@pytest.fixture(params=[*(name for name, shape in ALL_SHAPES.items() if shape.image_output), "pocket"])
def seeing(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    """Each that sees."""
    return make_case(request.param, tmp_path / "model")


@pytest.fixture(params=[*(name for name, shape in ALL_SHAPES.items() if shape.text_output), "pocket"])
def reading(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    """Each that reads."""
    return make_case(request.param, tmp_path / "model")


def pictures() -> list[Image.Image]:
    """Pictures of several proportions, some smaller than any model's input."""
    sizes = ((40, 30), (30, 41), (8, 8), (5, 3), (300, 200), (64, 64), (33, 34))
    return [noise(*size, seed=seed) for seed, size in enumerate(sizes)]


def holds_unit_rows(rows: npt.NDArray[np.float32], n: int, encoder: Encoder) -> bool:
    """Whether they are n rows of length one, float32."""
    shaped = rows.shape == (n, encoder.dimension) and rows.dtype == np.float32
    return shaped and bool(np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5))


def test_pictures_become_unit_rows(seeing: Case) -> None:
    """Pictures become float32 rows of length one, as many numbers each as the dimension says."""
    assert holds_unit_rows(seeing.encoder.encode_images(pictures()), 7, seeing.encoder)


def test_texts_become_unit_rows(reading: Case) -> None:
    """Texts become float32 rows of length one, as many numbers each as the dimension says."""
    assert holds_unit_rows(reading.encoder.encode_texts(TEXTS), 6, reading.encoder)


def test_pictures_agree_with_arithmetic(seeing: Case) -> None:
    """The rows are those that the same arithmetic gives in numpy."""
    if seeing.images is None:
        pytest.skip("this model is too large to work out in a test")
    found = seeing.encoder.encode_images(pictures())
    np.testing.assert_allclose(found, seeing.images(pictures()), atol=seeing.tolerance)


def test_texts_agree_with_arithmetic(reading: Case) -> None:
    """The rows are those that the same arithmetic gives in numpy, for texts that are cut too."""
    if reading.texts is None:
        pytest.skip("this model is too large to work out in a test")
    np.testing.assert_allclose(reading.encoder.encode_texts(TEXTS), reading.texts(TEXTS), atol=reading.tolerance)


def test_raw_rows_are_those_of_the_model(case: Case) -> None:
    """Not divided by their length, they are what the same arithmetic gives in numpy, and of several lengths."""
    encoder, found = case.encoder, []
    if "image" in encoder.modalities:
        rows = encoder.encode_images(pictures(), normalise=False)
        found.append((rows, encoder.encode_images(pictures()), case.images and case.images(pictures(), raw=True)))
        prepared = np.stack([encoder.prepare_image(picture) for picture in pictures()])
        np.testing.assert_array_equal(encoder.encode_prepared(prepared, normalise=False), rows)
    if "text" in encoder.modalities:
        rows = encoder.encode_texts(TEXTS, normalise=False)
        found.append((rows, encoder.encode_texts(TEXTS), case.texts and case.texts(TEXTS, raw=True)))
    for rows, unit, expected in found:
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        assert np.abs(lengths - 1).max() > 1e-2
        np.testing.assert_allclose(rows / lengths, unit, atol=1e-6)
        if expected is not None:
            np.testing.assert_allclose(rows, expected, rtol=1e-3, atol=3 * case.tolerance)


def test_no_pictures_are_no_rows(seeing: Case) -> None:
    """No pictures give an array of no rows, and so does an empty batch of prepared ones."""
    encoder = seeing.encoder
    nothing = np.empty((0, *encoder.prepare_image(noise(9, 9)).shape), np.uint8)
    assert encoder.encode_images([]).shape == encoder.encode_prepared(nothing).shape == (0, encoder.dimension)
    assert encoder.encode_images([]).dtype == np.float32


def test_no_texts_are_no_rows(reading: Case) -> None:
    """No texts give an array of no rows."""
    rows = reading.encoder.encode_texts([])
    assert rows.shape == (0, reading.encoder.dimension)
    assert rows.dtype == np.float32


def test_a_picture_does_not_depend_on_its_batch(seeing: Case) -> None:
    """A picture alone gets the row that it gets among others."""
    together = seeing.encoder.encode_images(pictures())
    alone = np.concatenate([seeing.encoder.encode_images([picture]) for picture in pictures()])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_a_text_does_not_depend_on_its_batch(reading: Case) -> None:
    """A text alone gets the row that it gets among longer ones, and in any order."""
    together = reading.encoder.encode_texts(TEXTS)
    alone = np.concatenate([reading.encoder.encode_texts([text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(reading.encoder.encode_texts(TEXTS[::-1])[::-1], together, atol=1e-5)


def test_different_pictures_differ(seeing: Case) -> None:
    """Two pictures do not get one row."""
    rows = seeing.encoder.encode_images(pictures())
    assert (rows @ rows.T)[~np.eye(len(rows), dtype=bool)].max() < 1 - 1e-6


def test_preparing_apart_is_the_same(seeing: Case) -> None:
    """Preparing pictures one by one and encoding them later gives the same rows; all are of one type and shape."""
    encoder = seeing.encoder
    prepared = [encoder.prepare_image(picture) for picture in pictures()]
    assert {(each.dtype, each.shape) for each in prepared} == {(prepared[0].dtype, prepared[0].shape)}
    assert prepared[0].ndim == 3
    assert prepared[0].dtype in {np.dtype(np.uint8), np.dtype(np.float32)}
    np.testing.assert_array_equal(encoder.encode_prepared(np.stack(prepared)), encoder.encode_images(pictures()))


def test_the_same_input_gives_the_same_row(case: Case) -> None:
    """Encoding twice gives the same numbers."""
    encoder = case.encoder
    if "image" in encoder.modalities:
        np.testing.assert_array_equal(encoder.encode_images(pictures()), encoder.encode_images(pictures()))
    if "text" in encoder.modalities:
        np.testing.assert_array_equal(encoder.encode_texts(TEXTS), encoder.encode_texts(TEXTS))


def test_threads_may_share_it(case: Case) -> None:
    """Many threads that begin at once on an encoder not yet loaded get what one thread gets."""
    encoder = case.encoder

    def work(position: int) -> npt.NDArray[np.float32]:
        if position % 2 and "text" in encoder.modalities:
            return encoder.encode_texts(TEXTS)
        return encoder.encode_images(pictures()) if "image" in encoder.modalities else encoder.encode_texts(TEXTS)

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(work, range(16)))
    for position, rows in enumerate(results):
        np.testing.assert_allclose(rows, work(position), atol=1e-6)


def test_what_it_cannot_do_is_refused(case: Case) -> None:
    """Words asked of a model that only sees are refused by name, and so is the reverse, even for nothing."""
    encoder = case.encoder
    assert encoder.modalities
    assert encoder.modalities <= {"image", "text"}
    if "text" not in encoder.modalities:
        for texts in ([], ["a dog"]):
            with pytest.raises(ModalityError, match="only sees"):
                encoder.encode_texts(texts)
    if "image" not in encoder.modalities:
        with pytest.raises(ModalityError, match="only reads"):
            encoder.encode_images([])
        with pytest.raises(ModalityError, match="only reads"):
            encoder.prepare_image(noise(9, 9))


def test_it_says_what_it_is(case: Case) -> None:
    """Name, digest, sizes are there before anything is encoded."""
    encoder = case.encoder
    assert encoder.name
    assert len(encoder.digest) == 64
    assert set(encoder.digest) <= set("0123456789abcdef")
    assert encoder.batch_size >= 1
    assert encoder.image_size >= 1 or "image" not in encoder.modalities


def test_a_model_of_unit_rows_alone_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose files divide by the length themselves has no other rows to give; one row near it by chance does."""
    tiny = Tiny(tmp_path / "model", Shape())
    encoder = load_encoder(tiny.folder, precision="float32")
    compute = OnnxEncoder._compute
    lengths = iter([1.0])

    def first_is_unit(self: OnnxEncoder, modality: Modality, inputs: Any, rows: npt.NDArray[np.float32]) -> None:
        compute(self, modality, inputs, rows)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True) if next(lengths, None) else 1

    monkeypatch.setattr(OnnxEncoder, "_compute", first_is_unit)
    assert np.linalg.norm(encoder.encode_texts(["a dog"], normalise=False)) == pytest.approx(1)
    lengths = iter([1.0] * 20)
    with pytest.raises(InputError, match="length 1 and no others"):
        encoder.encode_texts(["a dog"], normalise=False)
    with pytest.raises(InputError, match="length 1 and no others"):
        encoder.encode_images(pictures(), normalise=False)
