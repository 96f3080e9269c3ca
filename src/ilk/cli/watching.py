"""``ilk index --watch``: bring a gallery up to date whenever its folders change."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from ilk.errors import MissingExtraError

QUIET_MS = 1_000
"""A change is looked at once nothing more has happened for so long: cameras and browsers write in pieces."""


def changes(folders: Sequence[Path], *, apart_from: Path, stop: threading.Event) -> Iterator[int]:
    """How many files changed, each time some did; ends when asked to stop.

    Parameters
    ----------
    folders
        To follow, with all that is in them.
    apart_from
        The gallery's own directory, which changes with every answer to a change.
    stop
        Set it from elsewhere.

    Raises
    ------
    MissingExtraError
        If watchfiles is not installed.
    """
    try:
        from watchfiles import watch
    except ModuleNotFoundError as error:
        raise MissingExtraError('Following folders needs watchfiles: run `pip install "ilk[watch]"`.') from error
    own = str(apart_from)

    def counts(_change: object, path: str) -> bool:
        return path != own and not path.startswith(f"{own}/") and not path.startswith(f"{own}\\")

    for found in watch(
        *folders, watch_filter=counts, stop_event=stop, debounce=QUIET_MS * 4, step=QUIET_MS, raise_interrupt=False
    ):
        yield len(found)
