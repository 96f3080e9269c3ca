"""What a repository of the Hub has at a revision, and what of it is not to be fetched."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ilk.encoders.hub.cache import DEFAULT_REVISION
from ilk.errors import ModelFormatError

CONVERTER = "SFconvertbot"
"""The Hub's own account that offers each checkpoint as safetensors, in a pull request."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A repository's files and their sizes, where the Hub says them, at one revision."""

    revision: str | None
    commit: str
    sizes: Mapping[str, int | None]


def list_files(repository: str, revision: str | None) -> Listing:
    """Ask the Hub."""
    from huggingface_hub import HfApi

    described = HfApi().model_info(repository, revision=revision, files_metadata=True)
    sizes = {each.rfilename: each.size for each in described.siblings or ()}
    return Listing(revision, described.sha or "", sizes)


def with_safetensors(repository: str, listing: Listing) -> Listing:
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
        offered = list_files(repository, f"refs/pr/{number}")
        if _has_safetensors(offered):
            return offered
    return listing


def _has_safetensors(listing: Listing) -> bool:
    return any(file.endswith(".safetensors") for file in listing.sizes)


def refuse_code(repository: str, listing: Listing, name: str) -> None:
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
