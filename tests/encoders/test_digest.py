"""A model's digest changes when and only when its vectors may."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from encoders.tiny import Shape, Tiny
from ilk.encoders import load_encoder
from ilk.encoders.digest import LARGE_BYTES, cache_file, digest_files


def plain_digest(folder: Path, files: list[str]) -> str:
    """The same, in three lines."""
    lines = [f"{name}\0{hashlib.sha256((folder / name).read_bytes()).hexdigest()}\n" for name in sorted(files)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def test_it_is_sha256_over_names_and_contents(tmp_path: Path) -> None:
    """It is SHA-256 over names and contents, in whatever order they come, with large files remembered or not."""
    (tmp_path / "small").write_bytes(b"abc")
    (tmp_path / "large").write_bytes(b"x" * (LARGE_BYTES + 1))
    expected = plain_digest(tmp_path, ["small", "large"])
    assert [digest_files(tmp_path, order) for order in (["small", "large"], ["large", "small"])] == [expected] * 2
    assert digest_files(tmp_path, ["small"]) != expected


@pytest.mark.parametrize(
    "file",
    [
        "config.json",
        "preprocessor_config.json",
        "tokenizer.json",
        "onnx/vision_model.onnx",
        "onnx/text_model.onnx_data",
    ],
)
def test_every_file_that_decides_counts(tmp_path: Path, file: str) -> None:
    """A change of settings, tokenizer, weights or weights beside them changes the digest."""
    Tiny(tmp_path, Shape(external=True))
    before = load_encoder(tmp_path).digest
    path = tmp_path / file
    path.write_bytes(path.read_bytes() + b" ") if file.endswith("json") else path.write_bytes(
        path.read_bytes().replace(b"seeing", b"seeinG") if file.endswith(".onnx") else path.read_bytes()[::-1]
    )
    assert load_encoder(tmp_path).digest != before


def test_what_does_not_decide_does_not_count(tmp_path: Path) -> None:
    """A copy elsewhere has the same digest, whatever else lies beside it; another variant has another."""
    Tiny(tmp_path / "a")
    Tiny(tmp_path / "b" / "c")
    Tiny(tmp_path / "b" / "c", Shape(variant="int8"), seed=1)
    (tmp_path / "b" / "c" / "README.md").write_text("hello", encoding="utf-8")
    assert load_encoder(tmp_path / "a").digest == load_encoder(tmp_path / "b" / "c").digest
    assert load_encoder(tmp_path / "a").digest != load_encoder(tmp_path / "b" / "c", variant="int8").digest


def test_a_large_file_is_hashed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large file is read again only when it was written again, even at the same size and with its time set back."""
    file = tmp_path / "weights"
    file.write_bytes(b"x" * LARGE_BYTES)
    first, stat = digest_files(tmp_path, ["weights"]), file.stat()
    with monkeypatch.context() as patch:
        patch.setattr(hashlib, "file_digest", lambda *_: pytest.fail("read again"))
        assert digest_files(tmp_path, ["weights"]) == first
    file.write_bytes(b"y" * LARGE_BYTES)
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert digest_files(tmp_path, ["weights"]) == plain_digest(tmp_path, ["weights"]) != first


@pytest.mark.parametrize("damage", ["not json", "[]", '{"x": 1}', '{"FILE": 3}', '{"FILE": [1]}'])
def test_a_damaged_cache_is_made_anew(tmp_path: Path, damage: str) -> None:
    """Whatever the cache holds, the digest is right, and the cache is put right."""
    file = tmp_path / "weights"
    file.write_bytes(b"x" * LARGE_BYTES)
    cache_file().parent.mkdir(parents=True)
    cache_file().write_text(damage.replace("FILE", str(file)), encoding="utf-8")
    assert digest_files(tmp_path, ["weights"]) == plain_digest(tmp_path, ["weights"])
    assert (
        json.loads(cache_file().read_text(encoding="utf-8"))[str(file)][-1]
        == hashlib.sha256(file.read_bytes()).hexdigest()
    )
    assert list(cache_file().parent.iterdir()) == [cache_file()]


def test_a_cache_that_cannot_be_written_does_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be remembered, the digest is right all the same."""
    (tmp_path / "file").write_bytes(b"x" * LARGE_BYTES)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert digest_files(tmp_path, ["file"]) == plain_digest(tmp_path, ["file"])


def test_files_that_are_gone_are_forgotten(tmp_path: Path) -> None:
    """The cache does not grow with every model that ever was."""
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"x" * LARGE_BYTES)
        digest_files(tmp_path, [name])
        (tmp_path / "a").unlink(missing_ok=True)
    assert list(json.loads(cache_file().read_text(encoding="utf-8"))) == [str(tmp_path / "b")]


def test_the_cache_is_where_xdg_says(monkeypatch: pytest.MonkeyPatch, cache_home: Path) -> None:
    """XDG_CACHE_HOME holds if it is an absolute path; else ~/.cache."""
    assert cache_file() == cache_home / "ilk" / "digests.json"
    for unusable in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", unusable)
        assert cache_file() == Path.home() / ".cache" / "ilk" / "digests.json"
