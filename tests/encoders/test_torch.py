"""The runtime for checkpoints: devices, precisions, memory, and several devices at once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

torch = pytest.importorskip("torch", reason="these tests run with torch: pip install 'ilk[torch]'")
pytest.importorskip("transformers", reason="these tests run with transformers: pip install 'ilk[torch]'")

from encoders.cases import Case, cosines, pictures, texts  # noqa: E402 -- once torch is there
from ilk.encoders.compute import ComputeOptions, Precision  # noqa: E402
from ilk.encoders.torch import TorchEncoder  # noqa: E402
from ilk.encoders.torch import weights as weights_module  # noqa: E402
from ilk.encoders.torch.devices import choose_devices, choose_precision, import_torch  # noqa: E402
from ilk.encoders.torch.replica import Replica  # noqa: E402
from ilk.errors import InputError, MissingExtraError, ModelFormatError, ModelMemoryError  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:The text .* tokens, of which the model reads")


def opened(case: Case, *, precision: Precision = "float32", batch_size: int | None = None) -> TorchEncoder:
    options = ComputeOptions(device="cpu", precision=precision, batch_size=batch_size)
    return TorchEncoder(case.folder, name="clip", options=options)


@pytest.fixture
def clip(built: Callable[[str], Case]) -> Case:
    return built("clip")


# -- several devices, little memory -----------------------------------------------------------------------------------


def test_several_devices_share_a_batch(clip: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each device has the model and takes batches as it is free; rows come back in the order of what was given."""
    monkeypatch.setattr(weights_module, "choose_devices", lambda _: ("cpu", "cpu"))
    busy: dict[int, int] = {}
    encode = Replica.encode_pixels

    def counted(self: Replica, batch: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        busy[id(self)] = busy.get(id(self), 0) + len(batch)
        return encode(self, batch)

    encoder = opened(clip, batch_size=1)
    expected = opened(clip).encode_images(pictures())
    monkeypatch.setattr(Replica, "encode_pixels", counted)
    many = list(pictures()) * 4
    rows = encoder.encode_images(many)
    np.testing.assert_allclose(rows, np.tile(expected, (4, 1)), atol=1e-5)
    assert len(busy) == 2
    assert sum(busy.values()) == len(many)


def test_what_does_not_fit_is_halved(clip: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lack of memory halves the batch, for good, and everything is encoded all the same."""
    expected = opened(clip).encode_images(pictures())
    encode, tried = Replica.encode_pixels, list[int]()

    def cramped(self: Replica, batch: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        tried.append(len(batch))
        if len(batch) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return encode(self, batch)

    class Cramped(Replica):
        def encode_pixels(self, batch: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
            with self._computing():
                return cramped(self, batch)

    monkeypatch.setattr(weights_module, "Replica", Cramped)
    encoder = opened(clip, batch_size=8)
    _ = encoder.dimension
    np.testing.assert_allclose(encoder.encode_images(pictures()), expected, atol=1e-5)
    assert tried[:2] == [8, 4]
    tried.clear()
    encoder.encode_images(pictures())
    assert max(tried) == 2


def test_one_that_does_not_fit_is_an_error(clip: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a single picture is too much, the sentence says what to do."""

    class Full(Replica):
        def encode_pixels(self, batch: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
            with self._computing():
                raise torch.OutOfMemoryError(f"no room for {len(batch)}")

    monkeypatch.setattr(weights_module, "Replica", Full)
    with pytest.raises(ModelMemoryError, match="needs more memory than cpu has free"):
        opened(clip).encode_images(pictures())


# -- precision --------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(("precision", "least"), [("bfloat16", 0.99), ("float16", 0.9999), ("int8", 0.9)])
def test_other_precisions_are_near(precision: Precision, least: float, clip: Case) -> None:
    """Less exact arithmetic gives nearly the same vectors, still of length one and in float32, of the same model.

    The bounds are wide: these weights are drawn so that rounding shows, and the vocabulary, which is learnt anew each
    time, decides which of them a text meets. What a precision costs a model of a usual size is for
    ``benchmarks/precision.py`` to say.
    """
    encoder = opened(clip, precision=precision)
    rows, words = encoder.encode_images(pictures()), encoder.encode_texts(texts("clip"))
    assert rows.dtype == words.dtype == np.float32
    assert cosines(rows, clip.images).min() > least
    assert cosines(words, clip.texts).min() > least
    assert not np.array_equal(rows, opened(clip).encode_images(pictures()))
    assert encoder.digest == opened(clip).digest


def test_auto_follows_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    """bfloat16 where the processor has instructions for it, float32 where it would be emulated."""
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    assert choose_precision("auto", "cpu") == "bfloat16"
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)
    assert choose_precision("auto", "cpu") == "float32"
    assert choose_precision("auto", "mps") == "float16"


def test_auto_takes_every_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them where none is named; the one that is named; those of an older kind in half precision."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: False)
    assert choose_devices("auto") == choose_devices("cuda") == ("cuda:0", "cuda:1")
    assert choose_devices("cuda:1") == ("cuda:1",)
    assert choose_devices("cpu") == ("cpu",)
    assert choose_precision("auto", "cuda:0") == "float16"
    with pytest.raises(MissingExtraError, match="finds no cuda:7 here, only cuda:0, cuda:1, cpu"):
        choose_devices("cuda:7")


def test_devices_that_are_not_here_are_refused() -> None:
    """What torch cannot find, and what it cannot do, are said apart."""
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    with pytest.raises(MissingExtraError, match="finds no cuda here"):
        choose_devices("cuda")
    with pytest.raises(InputError, match="no device 'openvino'"):
        choose_devices("openvino")
    with pytest.raises(InputError, match="int8 computes on the CPU only"):
        choose_precision("int8", "cuda:0")


# -- what is not as it should be --------------------------------------------------------------------------------------


def test_without_torch_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence says what to install."""
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r'pip install "ilk\[torch\]"'):
        import_torch()


def test_pooling_of_two_towers_cannot_be_chosen(clip: Case) -> None:
    """Pictures and texts meet only where the model projects them to."""
    encoder = TorchEncoder(clip.folder, name="clip#cls", pooling="cls", options=ComputeOptions(device="cpu"))
    with pytest.raises(ModelFormatError, match="its pooling cannot be chosen"):
        encoder.encode_images(pictures())


def test_a_gallery_takes_a_checkpoint(clip: Case, tmp_path: Path) -> None:
    """Pictures are indexed with a checkpoint and found with its words, beside what another model made."""
    import ilk
    from ilk.pictures import load

    folder = tmp_path / "photos"
    folder.mkdir()
    for number, picture in enumerate(pictures()):
        picture.save(folder / f"{number}.png")
    with ilk.create(folder / ".ilk") as gallery:
        gallery.add(ilk.folder(folder))
        name = str(clip.folder)
        gallery.models.compute = ComputeOptions(device="cpu", precision="float32")
        report = gallery.add(ilk.folder(folder), model=name)
        assert report.updated == len(pictures())
        hits = gallery.search("a dog", k=3, model=name)
        encoder = opened(clip)
        # As the gallery decodes them: large ones smaller, which moves a model of a few pixels.
        seen = [load(folder / f"{row}.png", size=encoder.image_size).image for row in range(len(pictures()))]
        rows = encoder.encode_images(seen) @ encoder.encode_texts(["a dog"])[0]
        assert [hit.id for hit in hits] == [f"{row}.png" for row in np.argsort(-rows)[:3]]
        assert [hit.similarity for hit in hits] == pytest.approx(sorted(rows)[-3:][::-1], abs=2e-3)
        assert gallery.search("a dog", k=3).model == "pocket"
        assert len(gallery.info().spaces) == 2
    with ilk.open(folder / ".ilk") as gallery:  # where nothing is new, PyTorch need not start
        assert gallery.add(ilk.folder(folder), model=name).unchanged == len(pictures())
        assert gallery.encoder(name).computed_by is None
