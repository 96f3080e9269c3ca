"""Models are found by name, and what is no model says what would be."""

from __future__ import annotations

from pathlib import Path

import pytest

from encoders.tiny import Shape, Tiny
from ilk.encoders import load_encoder, models_available
from ilk.errors import InputError, ModelFormatError, ModelNotFoundError


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
    """A folder of photographs, or a checkpoint of torch, names what is missing."""
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(ModelFormatError, match=r"has no ONNX weights.*pytorch_model\.bin"):
        load_encoder(tmp_path)


def test_cards_name_models_that_open() -> None:
    """Every model with a card says what a person must know before choosing it."""
    names = [card.name for card in models_available()]
    assert "pocket" in names
    assert len(set(names)) == len(names)
    for card in models_available():
        assert card.summary.endswith(".")
        assert card.licence
        assert card.dimension > 0
        assert card.modalities <= {"image", "text"}
