"""Models of the Hugging Face Hub: from the cache if they are there, fetched once if not.

What has been fetched is used as it is, without asking the Hub whether there is something newer: a gallery's vectors
must stay comparable, and a search must not wait for a network. Only configuration, tokenizer and the weights that one
runtime reads are fetched; never code, never pickles.

The cache is the Hub's own, shared with other programs (huggingface_hub, "Understand caching")::

    models--org--name/refs/main          the commit that a revision was when it was fetched
    models--org--name/snapshots/COMMIT/  its files
    models--org--name/.ilk/              what only ilk needs to know:
        COMMIT.json, COMMIT#int8.json      the files it set out to fetch, since a download can be cut off
        main                               the commit with safetensors that stands for a main without
"""

from __future__ import annotations

import errno
import json
import re
import shutil
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

from ilk.encoders.card import size_text
from ilk.encoders.runtimes import TORCH_VARIANTS, needed_files, require_torch, runtime_of
from ilk.errors import IlkError, ModelFormatError, ModelNotFoundError

DEFAULT_REVISION = "main"
WAYS_OUT = (
    "Fetch it where there is a connection (`ilk models fetch`) and copy the cache here, name a local folder, or use "
    "the built-in pocket."
)

CONVERTER = "SFconvertbot"
"""The Hub's own account that offers each checkpoint as safetensors, in a pull request."""

Watcher: TypeAlias = Callable[[int, int], None]
"""Told how many bytes are here and how many there will be, several times a second."""

_LOOKS_EVERY_S = 0.2
_COMMIT = re.compile(r"[0-9a-f]{40}")
_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A model's folder in the cache, at one commit."""

    folder: Path
    commit: str


@dataclass(frozen=True, slots=True)
class _Listing:
    """A repository's files and their sizes, where the Hub says them, at one revision."""

    revision: str | None
    commit: str
    sizes: Mapping[str, int | None]


def cached(repository: str, revision: str | None, *, variant: str | None = None) -> tuple[Snapshot, ...]:
    """The snapshots in the cache that may hold this model, best first.

    One that ilk began to fetch and did not finish is none. One that another program fetched may lack files.

    The cache's documented layout is read directly: the library's own way to ask loads its network code, which takes
    longer than a whole search.
    """
    home = _home(repository)
    revision = revision or DEFAULT_REVISION
    commits = [revision] if _COMMIT.fullmatch(revision) else _referred(home, revision)
    found = (Snapshot(home / "snapshots" / commit, commit) for commit in commits)
    return tuple(each for each in found if each.folder.is_dir() and _is_whole(home, each, variant))


def fetch(repository: str, revision: str | None, *, variant: str | None, watcher: Watcher | None = None) -> Snapshot:
    """Download what one variant needs.

    A checkpoint without safetensors is taken from the pull request in which the Hub's converter offers them. Without
    a watcher the library shows its own progress, on a terminal.

    Raises
    ------
    ModelNotFoundError
        If there is no such model or revision, no connection, no permission, or no room.
    ModelFormatError
        If the model has no such weights; says which it has.
    MissingExtraError
        If what could run it is not installed.
    """
    from huggingface_hub import constants, snapshot_download

    name = f"{repository}@{revision}" if revision else repository
    if constants.HF_HUB_OFFLINE:
        raise ModelNotFoundError(
            f"{name} is not, or only in part, in {constants.HF_HUB_CACHE}, and HF_HUB_OFFLINE is set. {WAYS_OUT}"
        )
    with _explained(repository, revision, name):
        listing = _list(repository, revision)
        if runtime_of(listing.sizes, variant) == "torch":
            require_torch(name, checkpoint=repository)
            listing = _with_safetensors(repository, listing)
            _refuse_code(repository, listing, name)
        wanted = needed_files(listing.sizes, variant, name=name)
        needed = _require_room(repository, listing, wanted, name=name)
        _write(_record(_home(repository), listing.commit, variant), json.dumps(wanted))
        shown = watcher is None and sys.stderr.isatty()
        blobs = _home(repository) / "blobs"
        with _room_for(needed, name), _library_bars(shown=shown), _watched(blobs, needed, watcher):
            folder = Path(snapshot_download(repository, revision=listing.revision, allow_patterns=list(wanted)))
        if listing.revision != revision:
            _write(_home(repository) / ".ilk" / (revision or DEFAULT_REVISION), folder.name)
    return Snapshot(folder, folder.name)


# -- what the cache holds ---------------------------------------------------------------------------------------------


def _home(repository: str) -> Path:
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE) / f"models--{repository.replace('/', '--')}"


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


# -- what the Hub holds -----------------------------------------------------------------------------------------------


def _list(repository: str, revision: str | None) -> _Listing:
    from huggingface_hub import HfApi

    described = HfApi().model_info(repository, revision=revision, files_metadata=True)
    sizes = {each.rfilename: each.size for each in described.siblings or ()}
    return _Listing(revision, described.sha or "", sizes)


def _with_safetensors(repository: str, listing: _Listing) -> _Listing:
    """The listing, or where its weights are pickles alone, that of the converter's newest offer.

    As transformers does (``safetensors_conversion.py`` in 5.23), whose CLIP examples rely on it: the weights of
    openai/clip-vit-base-patch16 are safetensors in such an offer only.
    """
    from huggingface_hub import HfApi

    if listing.revision not in {None, DEFAULT_REVISION} or _has_safetensors(listing):
        return listing
    offers = HfApi().get_repo_discussions(
        repository, author=CONVERTER, discussion_type="pull_request", discussion_status="open"
    )
    # The Hub is asked for these only; it is looked at again, since anybody may open a pull request.
    numbers = [each.num for each in offers if each.author == CONVERTER and each.is_pull_request]
    for number in sorted(numbers, reverse=True):
        offered = _list(repository, f"refs/pr/{number}")
        if _has_safetensors(offered):
            return offered
    return listing


def _has_safetensors(listing: _Listing) -> bool:
    return any(file.endswith(".safetensors") for file in listing.sizes)


def _refuse_code(repository: str, listing: _Listing, name: str) -> None:
    """Refuse a model that transformers does not know and that brings a program, before its weights are fetched."""
    from huggingface_hub import hf_hub_download

    if "config.json" not in listing.sizes:
        return
    try:
        config: Any = json.loads(
            Path(hf_hub_download(repository, "config.json", revision=listing.revision)).read_bytes()
        )
    except ValueError as error:
        raise ModelFormatError(f"The config.json of {name} is not JSON: {error}.") from error
    if not isinstance(config, dict) or "auto_map" not in config:
        return
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    if config.get("model_type") not in CONFIG_MAPPING:
        raise ModelFormatError(
            f"{name} is of a type that the installed transformers does not know ({config.get('model_type')!r}) and "
            "brings code of its own, which ilk never runs. Choose another model, or an ONNX export of this one."
        )


def _require_room(repository: str, listing: _Listing, wanted: tuple[str, ...], *, name: str) -> int:
    """The bytes that are still to be fetched, once it is sure that they fit."""
    from huggingface_hub import constants

    here = _home(repository) / "snapshots" / listing.commit
    needed = sum(listing.sizes[file] or 0 for file in wanted if not (here / file).is_file())
    cache = Path(constants.HF_HUB_CACHE).absolute()
    free = shutil.disk_usage(next(each for each in (cache, *cache.parents) if each.exists())).free
    if needed > free:
        raise ModelNotFoundError(_no_room(name, needed, free))
    return needed


@contextmanager
def _room_for(needed: int, name: str) -> Iterator[None]:
    """Say in a sentence that a disk has filled up, however the library wraps what the system says."""
    try:
        yield
    except Exception as error:
        if _is_full(error):
            raise ModelNotFoundError(_no_room(name, needed, 0)) from error
        raise


@contextmanager
def _library_bars(*, shown: bool) -> Iterator[None]:
    """The library's progress bars or none; what the environment says of them is left to stand."""
    from huggingface_hub import constants

    utils: Any = import_module("huggingface_hub.utils")  # documents these three, and hides them from type checkers
    if shown or constants.HF_HUB_DISABLE_PROGRESS_BARS is not None or utils.are_progress_bars_disabled():
        yield
        return
    utils.disable_progress_bars()
    try:
        yield
    finally:
        utils.enable_progress_bars()


@contextmanager
def _watched(blobs: Path, needed: int, watcher: Watcher | None) -> Iterator[None]:
    """Look at what arrives while it does.

    The files are looked at, rather than the library asked, since how it reports has changed with its versions.
    """
    if watcher is None:
        yield
        return
    before, done = _bytes_in(blobs), threading.Event()

    def look() -> None:
        while not done.wait(_LOOKS_EVERY_S):
            watcher(min(_bytes_in(blobs) - before, needed), needed)

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    try:
        yield
    finally:
        done.set()
        looking.join()
    watcher(needed, needed)


def _bytes_in(folder: Path) -> int:
    total = 0
    for file in folder.glob("*"):
        with suppress(OSError):  # a part that was renamed meanwhile
            total += file.stat().st_size
    return total


def _no_room(name: str, needed: int, free: int) -> str:
    from huggingface_hub import constants

    return (
        f"There is no room for {name}: it takes {size_text(needed)} in {constants.HF_HUB_CACHE}, where "
        f"{size_text(free)} are left. Make room, or set HF_HOME to a folder on a larger disk."
    )


def _is_full(error: BaseException | None) -> bool:
    """Whether a full disk is behind it, however wrapped."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL:
            return True
        error = error.__cause__ or error.__context__
    return False


# -- what can go wrong ------------------------------------------------------------------------------------------------


@contextmanager
def _explained(repository: str, revision: str | None, name: str) -> Iterator[None]:
    """Turn what the library raises into a sentence."""
    from huggingface_hub import constants, errors

    try:
        yield
    except IlkError:
        raise
    except errors.GatedRepoError as error:
        raise ModelNotFoundError(
            f"{name} is given only to people who accept its conditions: do so at {constants.ENDPOINT}/{repository}, "
            "run `hf auth login`, and try again."
        ) from error
    except errors.RevisionNotFoundError as error:
        raise ModelNotFoundError(f"{repository} has no revision {revision!r} on {constants.ENDPOINT}.") from error
    except errors.RepositoryNotFoundError as error:
        raise ModelNotFoundError(
            f"There is no model {repository} on {constants.ENDPOINT}, or it is private and you are not logged in "
            "(`hf auth login`). `pocket` is built in, and a local folder works too."
        ) from error
    except Exception as error:  # the library has changed its network layer, and each raises classes of its own
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__).rstrip(".")
        raise ModelNotFoundError(
            f"{name} is not on this machine and could not be fetched from {constants.ENDPOINT} ({reason}). {WAYS_OUT}"
        ) from error
