"""A folder of files is read as a model, or it is said what is missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from encoders.tiny import Shape, Tiny, noise
from ilk.encoders import load_encoder
from ilk.encoders.base import Modality
from ilk.encoders.layout import (
    HUB,
    IMMICH,
    ModelFiles,
    choose_files,
    choose_weights,
    layout_of,
    variant_file,
    variants_in,
)
from ilk.errors import ModelFormatError

BASE32 = [  # as in Xenova/clip-vit-base-patch32
    "config.json",
    *(f"onnx/{tower}{variant}.onnx" for tower in ("model", "text_model", "vision_model") for variant in ("", "_fp16")),
    "onnx/model_quantized.onnx",
    "onnx/model.onnx_data",
]

LARGE = [  # as in immich-app/ViT-H-14__laion2b-s32b-b79k, where each large tensor has a file
    "README.md",
    "config.json",
    *(f"textual/{file}" for file in ("merges.txt", "vocab.json", "tokenizer.json", "tokenizer_config.json")),
    *(f"textual/{file}" for file in ("model.onnx", "special_tokens_map.json", "token_embedding.weight")),
    *(f"visual/{file}" for file in ("model.onnx", "preprocess_cfg.json", "onnx__MatMul_6496", "model.armnn")),
    *(f"visual/{file}" for file in ("fp16/model.armnn", "rknpu/rk3588/model.rknn")),
]


def choose(files: list[str], variant: str | None = None) -> dict[Modality | None, str]:
    """Choose among files."""
    return choose_weights(files, variant=variant, name="this model")


def test_towers_of_their_own_are_preferred() -> None:
    """Where both are there, the files with one tower each are used."""
    assert choose(BASE32) == {"image": "onnx/vision_model.onnx", "text": "onnx/text_model.onnx"}
    assert choose(BASE32, "fp16") == {"image": "onnx/vision_model_fp16.onnx", "text": "onnx/text_model_fp16.onnx"}


def test_one_file_with_the_whole_model_will_do() -> None:
    """A variant that there is only as a whole is used as a whole, also where one tower lies beside it."""
    assert choose(BASE32, "quantized") == {None: "onnx/model_quantized.onnx"}
    assert choose(["onnx/model.onnx", "onnx/vision_model.onnx"]) == {None: "onnx/model.onnx"}
    assert choose(["onnx/vision_model.onnx"]) == {"image": "onnx/vision_model.onnx"}


def test_variants_are_listed() -> None:
    """The variants are those of any of the files; the plain one has no name."""
    assert variants_in(BASE32) == (None, "fp16", "quantized")
    assert variants_in(["onnx/decoder_model.onnx", "onnx/model_q4f16.onnx"]) == ("q4f16",)
    assert variant_file("onnx/model.onnx", "int8") == "onnx/model_int8.onnx"


def test_either_layout_is_known_by_its_weights() -> None:
    """Where the weights lie says which layout it is; of both, that of transformers.js is taken."""
    assert layout_of(BASE32) is HUB
    assert layout_of(LARGE) is IMMICH
    assert layout_of([*LARGE, *BASE32]) is HUB
    assert layout_of(["README.md"]) is HUB


def test_what_to_fetch_is_one_variant_with_all_it_needs() -> None:
    """Of an export for transformers.js: the settings, one variant, and the weights beside it."""
    found = choose_files([*BASE32, "tokenizer.json", "README.md", "pytorch_model.bin"], variant=None, name="it")
    assert found == ("config.json", "onnx/text_model.onnx", "onnx/vision_model.onnx", "tokenizer.json")
    whole = choose_files(["onnx/model.onnx", "onnx/model.onnx_data", "onnx/model_int8.onnx"], variant=None, name="it")
    assert whole == ("onnx/model.onnx", "onnx/model.onnx_data")
    assert choose_files(BASE32, variant="quantized", name="it") == ("config.json", "onnx/model_quantized.onnx")


def test_what_to_fetch_of_immich_leaves_other_runtimes_alone() -> None:
    """Of Immich's layout: settings, towers and the tensors beside them; nothing for ARM NN, RKNN or slow tokenizers."""
    left = {"README.md", "textual/merges.txt", "textual/vocab.json", "visual/model.armnn"}
    left |= {"visual/fp16/model.armnn", "visual/rknpu/rk3588/model.rknn"}
    assert set(choose_files(LARGE, variant=None, name="it")) == set(LARGE) - left


def test_what_cannot_be_fetched_is_said() -> None:
    """Without weights of the variant, both layouts alike say what is there."""
    with pytest.raises(ModelFormatError, match=r"it has no variant 'fp16'.*The variants there are: the plain one"):
        choose_files(LARGE, variant="fp16", name="it")
    with pytest.raises(ModelFormatError, match=r"no ONNX weights: .*visual/model\.onnx.*What is there: config\.json"):
        choose_files(["config.json"], variant=None, name="it")


def test_a_variant_that_is_not_there_is_refused() -> None:
    """Asking for another variant says which there are; none is used in its place."""
    with pytest.raises(
        ModelFormatError, match=r"no variant 'q4'.*the plain one, which has no name, 'fp16', 'quantized'"
    ):
        choose(BASE32, "q4")
    with pytest.raises(ModelFormatError, match=r"no plain weights.*The variants there are: 'int8'"):
        choose(["onnx/model_int8.onnx"])


def test_a_folder_without_weights_says_what_is_there() -> None:
    """A folder of another kind of model names what was looked for and what is there."""
    with pytest.raises(ModelFormatError, match=r"vision_model\.onnx.*What is there: a\.txt, model\.safetensors"):
        choose(["model.safetensors", "a.txt"])
    with pytest.raises(ModelFormatError, match="What is there: nothing"):
        choose([])


@pytest.mark.parametrize("file", ["config.json", "preprocessor_config.json", "tokenizer.json"])
def test_a_missing_file_is_named(tmp_path: Path, file: str) -> None:
    """Each file that is needed is named when it is missing, with what is there."""
    Tiny(tmp_path)
    (tmp_path / file).unlink()
    with pytest.raises(ModelFormatError, match=rf"tiny lacks {file}.*tokenizer_config.json"):
        ModelFiles(tmp_path, name="tiny")


def test_a_model_that_only_sees_needs_no_tokenizer(tmp_path: Path) -> None:
    """What a model cannot do needs no files."""
    Tiny(tmp_path, Shape(text_output=None))
    assert ModelFiles(tmp_path, name="tiny").modalities == {"image"}


def test_weights_beside_a_file_must_be_there(tmp_path: Path) -> None:
    """A file that names another with its weights is not enough."""
    Tiny(tmp_path, Shape(external=True))
    (tmp_path / "onnx" / "text_model.onnx_data").unlink()
    with pytest.raises(ModelFormatError, match=r"tiny lacks onnx/text_model.onnx_data"):
        _ = ModelFiles(tmp_path, name="tiny").outlines


@pytest.mark.parametrize(("content", "reason"), [("{", "is not JSON"), ("[]", "should hold a JSON object")])
def test_settings_must_be_json(tmp_path: Path, content: str, reason: str) -> None:
    """A settings file that cannot be read is named."""
    Tiny(tmp_path)
    (tmp_path / "config.json").write_text(content, encoding="utf-8")
    with pytest.raises(ModelFormatError, match=rf"config\.json {reason}"):
        ModelFiles(tmp_path, name="tiny")


def test_a_folder_of_immich_is_read_as_such(tmp_path: Path) -> None:
    """Its files are found in their folders, and a tower's inputs and outputs are known by their order."""
    Tiny(tmp_path, Shape(layout=IMMICH, image_output="first", text_output="second"))
    files = ModelFiles(tmp_path, name="tiny")
    assert files.layout is IMMICH
    assert files.modalities == {"image", "text"}
    assert files.inputs("image") == {"pixel_values": "image"}
    assert files.inputs("text") == {"input_ids": "text", "attention_mask": "where"}
    assert [readout.output for readout in (*files.readouts("image"), *files.readouts("text"))] == ["first", "second"]
    assert files.decisive() == (
        "config.json",
        "textual/model.onnx",
        "textual/tokenizer.json",
        "textual/tokenizer_config.json",
        "visual/model.onnx",
        "visual/preprocess_cfg.json",
    )


@pytest.mark.parametrize("file", ["visual/preprocess_cfg.json", "textual/tokenizer.json", "config.json"])
def test_a_missing_file_of_immich_is_named(tmp_path: Path, file: str) -> None:
    """In this layout too each file that is needed is named when it is missing."""
    Tiny(tmp_path, Shape(layout=IMMICH, image_output="first", text_output="second"))
    (tmp_path / file).unlink()
    with pytest.raises(ModelFormatError, match=f"tiny lacks {file}"):
        ModelFiles(tmp_path, name="tiny")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            {"hf_tokenizer_name": "facebook/nllb-200-distilled-600M"},
            "a token for their language .*which ilk cannot know",
        ),
        ({"hf_model_name": "facebook/NLLB-200"}, "a token for their language"),
        ({"tokenizer_kwargs": {"strip_sep_token": True}}, "blanks the token that ends a text"),
    ],
)
def test_texts_that_need_more_than_a_tokenizer_are_refused(tmp_path: Path, text: dict[str, Any], reason: str) -> None:
    """A model whose reference adds tokens that ilk cannot know is refused before anything is indexed with it."""
    tiny = Tiny(tmp_path, Shape(layout=IMMICH, image_output="first", text_output="second"))
    tiny.write("config.json", {"embed_dim": 5, "text_cfg": text})
    with pytest.raises(ModelFormatError, match=f"tiny .*{reason}"):
        ModelFiles(tmp_path, name="tiny")


def test_timm_exports_need_no_file_of_their_own_for_pictures(tmp_path: Path) -> None:
    """Where config.json says how pictures are prepared, as timm's does, no other file is asked for."""
    tiny = Tiny(tmp_path, Shape(text_output=None))
    (tmp_path / "preprocessor_config.json").unlink()
    tiny.write("config.json", {"architecture": "vit", "pretrained_cfg": {"input_size": [3, 8, 8]}})
    assert ModelFiles(tmp_path, name="tiny").preprocessing["pretrained_cfg"] == {"input_size": [3, 8, 8]}


def test_pictures_may_be_spoken_of_in_the_processors_file(tmp_path: Path) -> None:
    """Where transformers 5 wrote one file for pictures and texts it is read; beside the older it decides nothing."""
    tiny = Tiny(tmp_path, Shape(text_output=None))
    told = json.loads((tmp_path / "preprocessor_config.json").read_text(encoding="utf-8"))
    tiny.write("processor_config.json", {"processor_class": "CLIPProcessor", "image_processor": told})
    assert "processor_config.json" not in ModelFiles(tmp_path, name="tiny").decisive()
    (tmp_path / "preprocessor_config.json").unlink()
    files = ModelFiles(tmp_path, name="tiny")
    assert "processor_config.json" in files.decisive()
    assert files.preprocessing["image_processor"] == told
    np.testing.assert_allclose(
        load_encoder(tmp_path).encode_images([noise(9, 7)]), tiny.expected_images([noise(9, 7)]), atol=1e-6
    )


def test_what_decides_vectors_is_listed(tmp_path: Path) -> None:
    """Settings, the variant's weights and what lies beside them decide; other variants and readmes do not."""
    Tiny(tmp_path, Shape(external=True))
    Tiny(tmp_path, Shape(variant="int8"))
    (tmp_path / "README.md").write_text("hello", encoding="utf-8")
    settings = ("config.json", "preprocessor_config.json", "tokenizer.json", "tokenizer_config.json")
    weights = ("onnx/text_model.onnx", "onnx/text_model.onnx_data", "onnx/vision_model.onnx")
    assert ModelFiles(tmp_path, name="tiny").decisive() == (
        settings[0],
        *weights,
        "onnx/vision_model.onnx_data",
        *settings[1:],
    )
