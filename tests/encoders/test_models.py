"""Models are found by name, and what is no model says what would be."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from encoders.tiny import Shape, Tiny
from ilk.encoders import hub, load_encoder, runtimes
from ilk.encoders.cards import OPENAI_NAMES
from ilk.encoders.compute import ComputeOptions
from ilk.errors import InputError, MissingExtraError, ModelFormatError, ModelNotFoundError


def test_a_folder_is_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder named from here has its absolute path as its name, so that it is found from elsewhere."""
    Tiny(tmp_path / "models" / "tiny")
    monkeypatch.chdir(tmp_path)
    for name in ("models/tiny", "./models/tiny", Path("models/tiny"), tmp_path / "models" / "tiny"):
        encoder = load_encoder(name)
        assert (encoder.name, encoder.revision) == (str(tmp_path / "models" / "tiny"), None)
    monkeypatch.chdir("/")
    assert load_encoder(encoder.name).digest == encoder.digest


def test_a_home_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tilde stands for the home directory."""
    Tiny(tmp_path / "tiny")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load_encoder("~/tiny").name == str(tmp_path / "tiny")


def test_a_variant_is_part_of_the_name(tmp_path: Path) -> None:
    """A variant may be named either way, and the name opens the same again."""
    Tiny(tmp_path)
    Tiny(tmp_path, Shape(variant="int8"), seed=1)
    plain, small = load_encoder(tmp_path), load_encoder(tmp_path, variant="int8")
    assert small.name == f"{tmp_path}#int8"
    assert load_encoder(small.name).digest == small.digest != plain.digest
    assert load_encoder(small.name, variant="int8").name == small.name
    with pytest.raises(InputError, match="give one of them"):
        load_encoder(small.name, variant="fp16")


def test_a_folder_with_a_hash_in_its_name_is_a_folder(tmp_path: Path) -> None:
    """A path that exists is taken as it is."""
    Tiny(tmp_path / "tiny#int8")
    assert load_encoder(tmp_path / "tiny#int8").name == str(tmp_path / "tiny#int8")


@pytest.mark.parametrize("name", ["nothing", "", "a/b/c", "../gone", "/gone", "org/", "org/na me", "org/x@"])
def test_an_unknown_name_says_what_there_is(name: str) -> None:
    """A name that is nothing names the ways out, and asks no network."""
    with pytest.raises(ModelNotFoundError, match=r"`pocket`, a folder .* Hugging Face Hub as `organisation/name`"):
        load_encoder(name)


def test_a_slip_of_the_pen_is_guessed() -> None:
    """A name close to a model's own asks whether it was meant."""
    with pytest.raises(ModelNotFoundError, match="Did you mean pocket"):
        load_encoder("poket")


def test_a_file_is_no_model(tmp_path: Path) -> None:
    """A file, which might be of the right kind, says that its folder is wanted."""
    (tmp_path / "model.onnx").write_bytes(b"")
    with pytest.raises(ModelNotFoundError, match="is a file: name the folder"):
        load_encoder(tmp_path / "model.onnx")


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    """A folder of photographs names what is missing."""
    (tmp_path / "beach.jpg").write_bytes(b"")
    with pytest.raises(ModelFormatError, match=r"has no ONNX weights.*beach\.jpg"):
        load_encoder(tmp_path)


@pytest.fixture
def with_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch seems to be installed, whether it is or not: these tests open models and load none."""
    monkeypatch.setattr(runtimes, "missing_packages", tuple)


@pytest.mark.usefixtures("with_torch")
def test_a_folder_with_pickles_alone_is_refused(tmp_path: Path) -> None:
    """A pickle can run any program, and is named as the reason."""
    (tmp_path / "config.json").write_text('{"model_type": "clip"}', encoding="utf-8")
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(ModelFormatError, match=r"only in pytorch_model\.bin, a pickle.*safetensors"):
        load_encoder(tmp_path)


@pytest.mark.usefixtures("with_torch")
@pytest.mark.parametrize(
    ("variant", "pooling"), [("torch", None), ("cls", "cls"), ("pooler", "pooler"), ("mean", "mean")]
)
def test_a_variant_says_that_pytorch_is_to_run_it_and_how_to_pool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variant: str, pooling: str | None
) -> None:
    """Though there are ONNX files too; and what was asked for is part of the name."""
    asked = record_checkpoints(monkeypatch)
    Tiny(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"")
    load_encoder(f"{tmp_path}#{variant}", device="cpu", precision="float32", threads=1, batch_size=8)
    (folder, options) = asked.pop()
    assert folder == tmp_path
    assert (options["name"], options["pooling"], options["revision"]) == (f"{tmp_path}#{variant}", pooling, None)
    assert options["options"] == ComputeOptions(device="cpu", precision="float32", threads=1, batch_size=8)
    assert load_encoder(tmp_path).name == str(tmp_path)
    assert asked == []


@pytest.mark.usefixtures("with_torch")
def test_a_checkpoint_alone_is_run_by_pytorch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a variant its family decides how to pool; an ONNX variant that is not there is said not to be."""
    asked = record_checkpoints(monkeypatch)
    for name in ("config.json", "model-00001-of-00002.safetensors"):
        (tmp_path / name).write_bytes(b"")
    load_encoder(tmp_path)
    assert asked[0][1]["pooling"] is None
    with pytest.raises(ModelFormatError, match="has no ONNX weights"):
        load_encoder(tmp_path, variant="fp16")


def record_checkpoints(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, dict[str, Any]]]:
    """Stand in for the runtime of checkpoints; what it was given."""
    asked: list[tuple[Path, dict[str, Any]]] = []
    stand_in = ModuleType("ilk.encoders.torch")
    stand_in.__dict__["TorchEncoder"] = lambda folder, **options: asked.append((folder, options))
    monkeypatch.setitem(sys.modules, "ilk.encoders.torch", stand_in)
    return asked


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        (("torch",), "torch is not installed"),
        (("torch", "transformers"), "torch and transformers are not installed"),
        (runtimes.TORCH_PACKAGES, "torch, transformers and safetensors are not installed"),
    ],
)
def test_a_checkpoint_without_pytorch_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: tuple[str, ...], said: str
) -> None:
    """One sentence, and the command."""
    monkeypatch.setattr(runtimes, "missing_packages", lambda: missing)
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(MissingExtraError, match=f'{said}: run `pip install "ilk\\[torch\\]"`\\.$'):
        load_encoder(tmp_path)


def test_the_names_of_openai_lead_to_their_checkpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the nine, with its revision and variant told apart from its name."""
    asked: list[tuple[str, str | None, str | None]] = []

    def cached(repository: str, revision: str | None, *, variant: str | None) -> tuple[hub.Snapshot, ...]:
        asked.append((repository, revision, variant))
        raise ModelNotFoundError("far enough")

    monkeypatch.setattr(hub, "cached", cached)
    expected: list[tuple[str, str | None, str | None]] = []
    for name, repository in OPENAI_NAMES.items():
        for ending, variant in (("", None), ("#torch", "torch")):
            with pytest.raises(ModelNotFoundError, match="far enough"):
                load_encoder(name + ending)
            expected.append((repository, None, variant))
    assert asked == expected
    assert OPENAI_NAMES["ViT-L/14@336px"] == "openai/clip-vit-large-patch14-336"
    assert len(OPENAI_NAMES) == 9


def test_a_folder_of_that_name_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is here is what is meant."""
    Tiny(tmp_path / "ViT-B" / "32")
    monkeypatch.chdir(tmp_path)
    assert load_encoder("ViT-B/32").name == str(tmp_path / "ViT-B" / "32")


@pytest.mark.parametrize(("slip", "meant"), [("ViT-B-32", "ViT-B/32"), ("RN5O", "RN50")])
def test_a_slip_in_a_name_of_openai_is_guessed(slip: str, meant: str) -> None:
    """Their names are known too."""
    with pytest.raises(ModelNotFoundError, match=f"Did you mean {meant}"):
        load_encoder(slip)
