"""Models of the Hub are fetched once, in part, and used from the cache ever after."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from encoders.fake_hub import COMMIT, FakeHub, Offer
from encoders.tiny import Shape, Tiny
from ilk.encoders import hub, load_encoder
from ilk.encoders.runtimes import missing_packages
from ilk.errors import ModelNotFoundError

needs_torch = pytest.mark.skipif(bool(missing_packages()), reason="ilk[torch] is not installed")

NOWHERE = "http://127.0.0.1:9"  # the port of the discard service, which nothing answers

PROGRAM = """
import json, os, sys
for package in os.environ.get("WITHOUT", "").split():
    sys.modules[package] = None  # which Python takes for a package that is not there
from ilk.encoders import load_encoder
from ilk.errors import IlkError
try:
    encoder = load_encoder(sys.argv[1])
    opened = type(encoder).__name__
    rows = encoder.encode_texts(["a dog"]).tolist() if opened == "OnnxEncoder" else [None]
    print(json.dumps({"name": encoder.name, "revision": encoder.revision, "opened": opened, "row": rows[0],
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


def write_checkpoint(folder: Path, *, weights: str = "model.safetensors", **config: object) -> Path:
    """The least that is a checkpoint, with what ilk leaves alone beside it."""
    Tiny(folder, Shape(split=False))
    (folder / "onnx" / "model.onnx").unlink()
    (folder / "config.json").write_text(json.dumps({"model_type": "clip", **config}), encoding="utf-8")
    header = b"{}"
    (folder / weights).write_bytes(len(header).to_bytes(8, "little") + header)
    for name in ("README.md", "modeling_tiny.py", "flax_model.msgpack", "tf_model.h5", "clip.pt"):
        (folder / name).write_text("not needed", encoding="utf-8")
    return folder


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


def test_a_watcher_is_told_what_arrives(large: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """How many bytes are here and how many there will be, while they come and at the end."""
    import huggingface_hub

    seen: list[tuple[int, int]] = []
    part = large / "models--org--tiny" / "blobs" / "weights.incomplete"

    def download(*_: object, **__: object) -> str:
        part.parent.mkdir(parents=True)
        part.write_bytes(bytes(7_000))
        deadline = time.monotonic() + 10
        while not seen and time.monotonic() < deadline:
            time.sleep(0.01)
        return str(Tiny(tmp_path / "fetched").folder)

    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10**13))
    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    hub.fetch("org/tiny", None, variant=None, watcher=lambda done, total: seen.append((done, total)))
    assert seen[0] == (7_000, 1_500_000_000)
    assert seen[-1] == (1_500_000_000, 1_500_000_000)


def test_a_token_of_the_environment_is_shown(fake: FakeHub, tmp_path: Path) -> None:
    """Models with conditions can be had by whoever has accepted them."""
    load("org/tiny", tmp_path / "home", HF_ENDPOINT=fake.url, HF_TOKEN="hf_made_up")  # noqa: S106 -- it is made up
    assert "Bearer hf_made_up" in fake.tokens


def test_a_variant_that_is_not_here_says_so_without_a_connection(fake: FakeHub, tmp_path: Path) -> None:
    """Beside the ways out, which of its variants are here."""
    load("org/tiny", tmp_path / "home", HF_ENDPOINT=fake.url)
    said = load("org/tiny#int8", tmp_path / "home", HF_HUB_OFFLINE="1")["message"]
    assert hub.WAYS_OUT in said
    assert "no variant 'int8'" in said


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


def test_a_download_that_was_cut_off_is_not_taken_for_whole(tiny: Tiny, fake: FakeHub, tmp_path: Path) -> None:
    """A model whose other tower is still to come is fetched to its end, or said not to be there."""
    home = tmp_path / "home"
    whole = load("org/tiny", home, HF_ENDPOINT=fake.url)
    for file in (home / "hub").rglob("text_model.onnx"):
        file.unlink()
    assert "only in part" in load("org/tiny", home, HF_HUB_OFFLINE="1")["message"]
    assert load("org/tiny", home, HF_ENDPOINT=fake.url)["row"] == whole["row"]


def test_what_ilk_writes_into_the_cache_disturbs_nobody(fake: FakeHub, tmp_path: Path) -> None:
    """The Hub's own tools read the cache as before."""
    from huggingface_hub import scan_cache_dir

    load("org/tiny", tmp_path / "home", HF_ENDPOINT=fake.url)
    found = scan_cache_dir(tmp_path / "home" / "hub")
    assert [repository.repo_id for repository in found.repos] == ["org/tiny"]
    assert list(found.warnings) == []


@needs_torch
def test_a_checkpoint_is_fetched_without_what_it_brings_besides(tmp_path: Path) -> None:
    """Settings and safetensors are fetched; no programs, no pickles, no weights of other frameworks."""
    with FakeHub(write_checkpoint(tmp_path / "published")) as fake:
        answer = load("org/tiny", tmp_path / "home", HF_ENDPOINT=fake.url)
        assert (answer.get("opened"), answer.get("revision")) == ("TorchEncoder", COMMIT), answer
        assert "model.safetensors" in fake.fetched()
        assert {Path(file).suffix for file in fake.fetched()} == {".json", ".safetensors"}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("org/tiny", 'installed: run `pip install "ilk[torch]"`.'),
        ("openai/clip-vit-base-patch16", "or name Xenova/clip-vit-base-patch16, which has the same weights"),
    ],
)
def test_without_pytorch_a_checkpoint_is_refused_before_it_is_fetched(tmp_path: Path, name: str, said: str) -> None:
    """The extra is named, and an export of the same weights where one is known."""
    with FakeHub(write_checkpoint(tmp_path / "published"), name=name) as fake:
        answer = load(name, tmp_path / "home", HF_ENDPOINT=fake.url, WITHOUT="torch")
        assert answer["error"] == "MissingExtraError"
        assert said in answer["message"]
        assert fake.fetched() == set()


@needs_torch
def test_where_there_are_both_the_name_decides(tiny: Tiny, tmp_path: Path) -> None:
    """ONNX files are taken, unless the variant is one of PyTorch's."""
    write_checkpoint(tmp_path / "checkpoint")
    for file in ("config.json", "model.safetensors"):
        (tiny.folder / file).write_bytes((tmp_path / "checkpoint" / file).read_bytes())
    with FakeHub(tiny.folder) as fake:
        home = tmp_path / "home"
        assert load("org/tiny", home, HF_ENDPOINT=fake.url)["opened"] == "OnnxEncoder"
        assert "model.safetensors" not in fake.fetched()
        pooled = load("org/tiny#cls", home, HF_ENDPOINT=fake.url)
        assert (pooled["opened"], pooled["name"]) == ("TorchEncoder", "org/tiny#cls")
        assert load("org/tiny#torch", home, HF_HUB_OFFLINE="1")["opened"] == "TorchEncoder"
        assert load("org/tiny", home, HF_HUB_OFFLINE="1")["opened"] == "OnnxEncoder"


@needs_torch
def test_pickles_are_refused_and_not_fetched(tmp_path: Path) -> None:
    """A model with nothing else says what to do."""
    with FakeHub(write_checkpoint(tmp_path / "published", weights="pytorch_model.bin")) as fake:
        answer = load("org/tiny", tmp_path / "home", HF_ENDPOINT=fake.url)
        assert answer["error"] == "ModelFormatError"
        assert "a pickle" in answer["message"]
        assert fake.fetched() <= {"config.json"}


@needs_torch
def test_the_safetensors_that_the_hub_offers_are_taken(tmp_path: Path) -> None:
    """Where the weights are pickles, the newest pull request of the Hub's converter stands for them from then on."""
    offers = (
        Offer(3, hub.CONVERTER, write_checkpoint(tmp_path / "older")),
        Offer(5, hub.CONVERTER, write_checkpoint(tmp_path / "newer")),
        Offer(7, "somebody", write_checkpoint(tmp_path / "somebody")),
    )
    published = write_checkpoint(tmp_path / "published", weights="pytorch_model.bin")
    with FakeHub(published, offers=offers) as fake:
        home = tmp_path / "home"
        answer = load("org/tiny", home, HF_ENDPOINT=fake.url)
        assert (answer.get("opened"), answer.get("revision")) == ("TorchEncoder", offers[1].commit), answer
        assert "pytorch_model.bin" not in fake.fetched()
    assert load("org/tiny", home, HF_HUB_OFFLINE="1")["revision"] == offers[1].commit
    assert load(f"org/tiny@{offers[1].commit}", home, HF_HUB_OFFLINE="1")["revision"] == offers[1].commit


@needs_torch
def test_safetensors_offered_by_anybody_else_are_not_taken(tmp_path: Path) -> None:
    """Anybody may open a pull request under any title."""
    offer = Offer(7, "somebody", write_checkpoint(tmp_path / "somebody"))
    published = write_checkpoint(tmp_path / "published", weights="pytorch_model.bin")
    with FakeHub(published, offers=(offer,)) as fake:
        assert "a pickle" in load("org/tiny", tmp_path / "home", HF_ENDPOINT=fake.url)["message"]


@needs_torch
def test_a_model_that_brings_a_program_is_refused_before_it_is_fetched(tmp_path: Path) -> None:
    """Remote code is named as the reason; its weights are not downloaded first."""
    published = write_checkpoint(
        tmp_path / "published", model_type="made_up", auto_map={"AutoModel": "modeling_tiny.TinyModel"}
    )
    with FakeHub(published) as fake:
        answer = load("org/tiny", tmp_path / "home", HF_ENDPOINT=fake.url)
        assert answer["error"] == "ModelFormatError"
        assert "brings code of its own, which ilk never runs" in answer["message"]
        assert fake.fetched() == {"config.json"}


class Api:
    """A Hub of one model, of a gigabyte and a half."""

    def model_info(self, *_: object, **__: object) -> object:
        weights = SimpleNamespace(rfilename="onnx/vision_model.onnx", size=1_500_000_000)
        return SimpleNamespace(sha=COMMIT, siblings=[weights])


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where it would be kept."""
    import huggingface_hub
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(huggingface_hub, "HfApi", Api)
    return tmp_path / "hub"


def test_a_model_that_cannot_fit_is_not_begun(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """How much is needed, how much there is, and where: before anything is written."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=70_000_000))
    with pytest.raises(ModelNotFoundError, match=r"takes 1\.5 GB in .*hub, where 70 MB are left.* HF_HOME"):
        load_encoder("org/tiny")
    assert not large.exists()


def test_a_disk_that_fills_up_is_one_sentence(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However the library wraps it."""
    import huggingface_hub

    def full(*_: object, **__: object) -> str:
        raise RuntimeError("a worker failed") from OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10**13))
    monkeypatch.setattr(huggingface_hub, "snapshot_download", full)
    with pytest.raises(ModelNotFoundError, match=r"no room for org/tiny: it takes 1\.5 GB .* HF_HOME"):
        load_encoder("org/tiny")
