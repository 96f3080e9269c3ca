"""Models of the Hub are fetched once, in part, and used from the cache ever after."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from encoders.fake_hub import COMMIT, FakeHub
from encoders.tiny import Shape, Tiny
from ilk.encoders import hub, load_encoder
from ilk.errors import ModelNotFoundError

NOWHERE = "http://127.0.0.1:9"  # the port of the discard service, which nothing answers

PROGRAM = """
import json, sys
from ilk.encoders import load_encoder
from ilk.errors import IlkError
try:
    encoder = load_encoder(sys.argv[1])
    rows = encoder.encode_texts(["a dog"])
    print(json.dumps({"name": encoder.name, "revision": encoder.revision, "row": rows[0].tolist(),
                      "network": "httpx" in sys.modules or "huggingface_hub.file_download" in sys.modules}))
except IlkError as error:
    print(json.dumps({"error": type(error).__name__, "message": str(error)}))
"""


def load(name: str, home: Path, **environment: str) -> dict[str, Any]:
    """Load a model in a process of its own, since the Hub's library reads its settings once."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    kept |= {"HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1", **environment}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, name], capture_output=True, text=True, check=False, env=kept, timeout=60
    )
    assert done.stdout, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.fixture
def tiny(tmp_path: Path) -> Tiny:
    """A model with more in its folder than ilk needs."""
    folder = tmp_path / "published"
    tiny = Tiny(folder, Shape(external=True))
    Tiny(folder, Shape(variant="int8"), seed=1)
    Tiny(folder, Shape(split=False))
    for name in ("README.md", "pytorch_model.bin", "modeling_tiny.py", "model.safetensors"):
        (folder / name).write_text("not needed", encoding="utf-8")
    return tiny


@pytest.fixture
def fake(tiny: Tiny) -> Iterator[FakeHub]:
    """A Hub that has it."""
    with FakeHub(tiny.folder) as served:
        yield served


def test_a_model_is_fetched_once_and_in_part(tiny: Tiny, fake: FakeHub, tmp_path: Path) -> None:
    """Settings and the variant's weights are fetched; afterwards neither the Hub nor a network is asked."""
    first = load("org/tiny", tmp_path / "home", HF_ENDPOINT=fake.url)
    np.testing.assert_allclose(first["row"], tiny.expected_texts(["a dog"])[0], atol=1e-6)
    assert (first["name"], first["revision"]) == ("org/tiny", COMMIT)
    settings = {"config.json", "preprocessor_config.json", "tokenizer.json", "tokenizer_config.json"}
    weights = {f"onnx/{tower}_model.onnx{ending}" for tower in ("text", "vision") for ending in ("", "_data")}
    assert fake.fetched() == settings | weights
    for offline in ({"HF_ENDPOINT": NOWHERE}, {"HF_HUB_OFFLINE": "1"}):
        assert load("org/tiny", tmp_path / "home", **offline) == first | {"network": False}


def test_a_revision_is_pinned(fake: FakeHub, tmp_path: Path) -> None:
    """A commit after @ is fetched and found again under the same name."""
    name = f"org/tiny@{COMMIT}"
    assert load(name, tmp_path / "home", HF_ENDPOINT=fake.url)["revision"] == COMMIT
    again = load(name, tmp_path / "home", HF_HUB_OFFLINE="1")
    assert (again["name"], again["network"]) == (name, False)


def test_another_variant_is_fetched_when_asked_for(fake: FakeHub, tmp_path: Path) -> None:
    """A cache with one variant does not stand for another."""
    plain = load("org/tiny", tmp_path / "home", HF_ENDPOINT=fake.url)
    small = load("org/tiny#int8", tmp_path / "home", HF_ENDPOINT=fake.url)
    assert small["name"] == "org/tiny#int8"
    assert small["row"] != plain["row"]
    assert load("org/tiny#int8", tmp_path / "home", HF_HUB_OFFLINE="1")["row"] == small["row"]


def test_a_variant_that_is_not_there_is_known_before_fetching(fake: FakeHub, tmp_path: Path) -> None:
    """What variants there are is said without downloading any."""
    answer = load("org/tiny#q4", tmp_path / "home", HF_ENDPOINT=fake.url)
    assert answer["error"] == "ModelFormatError"
    assert "no variant 'q4'" in answer["message"]
    assert "'int8'" in answer["message"]
    assert fake.fetched() == set()


@pytest.mark.parametrize(
    ("name", "environment", "said"),
    [
        ("org/unknown", {}, ["There is no model org/unknown", "hf auth login"]),
        ("org/tiny@v9", {}, ["org/tiny has no revision 'v9'"]),
        ("org/tiny", {"HF_HUB_OFFLINE": "1"}, ["HF_HUB_OFFLINE is set", *hub.WAYS_OUT.split(", ")]),
        ("org/tiny", {"HF_ENDPOINT": NOWHERE}, ["could not be fetched from", *hub.WAYS_OUT.split(", ")]),
    ],
)
def test_what_cannot_be_fetched_is_one_sentence(
    fake: FakeHub, tmp_path: Path, name: str, environment: dict[str, str], said: list[str]
) -> None:
    """No such model, no such revision, no connection: it is said which, and what to do."""
    answer = load(name, tmp_path / "home", **{"HF_ENDPOINT": fake.url, **environment})
    assert answer["error"] == "ModelNotFoundError"
    assert all(part in answer["message"] for part in said), answer["message"]
    assert "\n" not in answer["message"]


def test_a_model_with_conditions_says_where_to_accept_them(tiny: Tiny, tmp_path: Path) -> None:
    """A gated model names its page and how to log in."""
    with FakeHub(tiny.folder, gated=True) as fake:
        answer = load("org/tiny", tmp_path / "home", HF_ENDPOINT=fake.url)
        assert f"{fake.url}/org/tiny, run `hf auth login`" in answer["message"]


def test_a_cache_in_part_is_completed(tiny: Tiny, fake: FakeHub, tmp_path: Path) -> None:
    """A snapshot that lacks the weights, as another program leaves it, is filled up."""
    snapshot = tmp_path / "home" / "hub" / "models--org--tiny" / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs" / "main").write_text(COMMIT, encoding="utf-8")
    (snapshot / "config.json").write_bytes((tiny.folder / "config.json").read_bytes())
    assert "HF_HUB_OFFLINE" in load("org/tiny", tmp_path / "home", HF_HUB_OFFLINE="1")["message"]
    assert load("org/tiny", tmp_path / "home", HF_ENDPOINT=fake.url)["revision"] == COMMIT


def test_a_full_disk_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What the system says of the disk is passed on."""
    import huggingface_hub
    from huggingface_hub import constants

    def full(*_: object, **__: object) -> str:
        raise OSError(28, "No space left on device")

    class Api:
        def model_info(self, *_: object, **__: object) -> Any:
            from types import SimpleNamespace

            return SimpleNamespace(siblings=[SimpleNamespace(rfilename="onnx/vision_model.onnx")])

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(huggingface_hub, "snapshot_download", full)
    monkeypatch.setattr(huggingface_hub, "HfApi", Api)
    with pytest.raises(ModelNotFoundError, match="No space left on device"):
        load_encoder("org/tiny")
