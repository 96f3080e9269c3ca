"""What is shown, or told, while a model arrives."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

Watcher: TypeAlias = Callable[[int, int], None]
"""Told how many bytes are here and how many there will be, several times a second."""

_LOOKS_EVERY_S = 0.2


@contextmanager
def library_bars(*, shown: bool) -> Iterator[None]:
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
def watched(blobs: Path, needed: int, watcher: Watcher | None) -> Iterator[None]:
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
