"""The Hub's cache on this machine, shared with other programs (huggingface_hub, "Understand caching").

::

    models--org--name/refs/main          the commit that a revision was when it was fetched
    models--org--name/snapshots/COMMIT/  its files
    models--org--name/.ilk/              what only ilk needs to know:
        COMMIT.json, COMMIT#int8.json      the files it set out to fetch, since a download can be cut off
        main                               the commit with safetensors that stands for a main without

Its documented layout is read directly: the library's own way to ask loads its network code, which takes longer than a
whole search.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ilk.encoders.runtimes import TORCH_VARIANTS

DEFAULT_REVISION = "main"

_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A model's folder in the cache, at one commit."""

    folder: Path
    commit: str


def cached(repository: str, revision: str | None, *, variant: str | None = None) -> tuple[Snapshot, ...]:
    """The snapshots in the cache that may hold this model, best first.

    One that ilk began to fetch and did not finish is none. One that another program fetched may lack files.
    """
    home = home_of(repository)
    revision = revision or DEFAULT_REVISION
    commits = [revision] if _COMMIT.fullmatch(revision) else _referred(home, revision)
    found = (Snapshot(home / "snapshots" / commit, commit) for commit in commits)
    return tuple(each for each in found if each.folder.is_dir() and _is_whole(home, each, variant))


def home_of(repository: str) -> Path:
    """The folder of a model in the cache, whether or not there is one."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE) / f"models--{repository.replace('/', '--')}"


def set_out(repository: str, commit: str, variant: str | None, files: Sequence[str]) -> None:
    """Note which files are about to be fetched, since a download can be cut off."""
    _write(_record(home_of(repository), commit, variant), json.dumps(files))


def stand_in(repository: str, revision: str | None, commit: str) -> None:
    """Note that a commit stands for a revision that it is not."""
    _write(home_of(repository) / ".ilk" / (revision or DEFAULT_REVISION), commit)


def _referred(home: Path, revision: str) -> list[str]:
    references = (home / ".ilk" / revision, home / "refs" / revision)
    return [file.read_text(encoding="utf-8").strip() for file in references if file.is_file()]


def _record(home: Path, commit: str, variant: str | None) -> Path:
    kind = "torch" if variant in TORCH_VARIANTS else variant
    return home / ".ilk" / (f"{commit}#{kind}.json" if kind else f"{commit}.json")


def _is_whole(home: Path, snapshot: Snapshot, variant: str | None) -> bool:
    """Whether all is there that ilk set out to fetch; true where it did not fetch it."""
    try:
        files = json.loads(_record(home, snapshot.commit, variant).read_bytes())
    except (OSError, ValueError):
        return True
    return all((snapshot.folder / str(file)).is_file() for file in files)


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
