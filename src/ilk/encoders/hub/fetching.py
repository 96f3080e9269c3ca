"""Fetching what one variant of a model needs, once."""

from __future__ import annotations

import sys
from pathlib import Path

from ilk.encoders.hub.cache import Snapshot, home_of, set_out, stand_in
from ilk.encoders.hub.failures import WAYS_OUT, explained
from ilk.encoders.hub.listing import list_files, refuse_code, with_safetensors
from ilk.encoders.hub.progress import Watcher, library_bars, watched
from ilk.encoders.hub.room import require_room, room_for
from ilk.encoders.runtimes import needed_files, require_torch, runtime_of
from ilk.errors import ModelNotFoundError


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
    with explained(repository, revision, name):
        listing = list_files(repository, revision)
        if runtime_of(listing.sizes, variant) == "torch":
            require_torch(name, checkpoint=repository)
            listing = with_safetensors(repository, listing)
            refuse_code(repository, listing, name)
        wanted = needed_files(listing.sizes, variant, name=name)
        needed = require_room(repository, listing, wanted, name=name)
        set_out(repository, listing.commit, variant, wanted)
        shown = watcher is None and sys.stderr.isatty()
        blobs = home_of(repository) / "blobs"
        with room_for(needed, name), library_bars(shown=shown), watched(blobs, needed, watcher):
            folder = Path(snapshot_download(repository, revision=listing.revision, allow_patterns=list(wanted)))
        if listing.revision != revision:
            stand_in(repository, revision, folder.name)
    return Snapshot(folder, folder.name)
