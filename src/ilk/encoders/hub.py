"""Models of the Hugging Face Hub: from the cache if they are there, fetched once if not.

What has been fetched is used as it is, without asking the Hub whether there is something newer: a gallery's vectors
must stay comparable, and a search must not wait for a network. Only configuration, tokenizer and the ONNX weights of
one variant are fetched; never code, never pickles.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ilk.encoders.layout import HUB, choose_weights
from ilk.errors import ModelError, ModelNotFoundError

DEFAULT_REVISION = "main"
WAYS_OUT = (
    "Fetch it where there is a connection and copy its folder here, name a local folder, or use the built-in pocket."
)
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A model's folder in the cache, at one commit."""

    folder: Path
    commit: str


def cached(repository: str, revision: str | None) -> Snapshot | None:
    """The snapshot in the cache; None if there is none. It may lack files.

    The cache's documented layout (huggingface_hub, "Understand caching") is read directly: the library's own way to
    ask loads its network code, which takes longer than a whole search.
    """
    from huggingface_hub import constants

    home = Path(constants.HF_HUB_CACHE) / f"models--{repository.replace('/', '--')}"
    revision = revision or DEFAULT_REVISION
    commit = revision
    if not _COMMIT.fullmatch(revision):
        reference = home / "refs" / revision
        if not reference.is_file():
            return None
        commit = reference.read_text(encoding="utf-8").strip()
    folder = home / "snapshots" / commit
    return Snapshot(folder, commit) if folder.is_dir() else None


def fetch(repository: str, revision: str | None, *, variant: str | None) -> Snapshot:
    """Download what one variant needs.

    Raises
    ------
    ModelNotFoundError
        If there is no such model or revision, no connection, or no permission.
    ModelFormatError
        If the model has no such ONNX weights; says which it has.
    """
    from huggingface_hub import HfApi, constants, errors, snapshot_download

    name = f"{repository}@{revision}" if revision else repository
    if constants.HF_HUB_OFFLINE:
        raise ModelNotFoundError(f"{name} is not in {constants.HF_HUB_CACHE}, and HF_HUB_OFFLINE is set. {WAYS_OUT}")
    try:
        described = HfApi().model_info(repository, revision=revision)
        files = [sibling.rfilename for sibling in described.siblings or ()]
        weights = choose_weights(files, variant=variant, name=name).values()
        # Weights over 2 GB lie beside the file that names them: model.onnx_data, model.onnx_data_1, model.onnx.data.
        wanted = [file for file in files if file in HUB.settings or file.startswith(tuple(weights))]
        folder = snapshot_download(repository, revision=revision, allow_patterns=wanted)
    except ModelError:
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
    return Snapshot(Path(folder), Path(folder).name)
