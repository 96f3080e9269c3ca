"""Keeps what decoders mutter about files off the user's terminal.

What matters of it reaches the caller as a `PictureError`, or as facts that are missing. Three voices are to be
stilled, and the host's own use of Pillow is to be left alone as far as each of them allows.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# Without a handler of its own, Pillow's log would fall to Python's handler of last resort, which prints. What the
# host has set up to receive it still does.
logging.getLogger("PIL").addHandler(logging.NullHandler())


class _Decoding(threading.local):
    """Stands where a warning filter has its pattern for the module's name; matches on threads that are decoding.

    `warnings.catch_warnings` changes the filters of the whole process, and threads that leave it in another order
    than they entered it leave the wrong ones behind.
    """

    depth = 0

    def match(self, _module: str) -> bool:
        """Whether a warning of this module is to be ignored."""
        return self.depth > 0


_decoding = _Decoding()
_FILTER: Any = ("ignore", None, Warning, _decoding, 0)


@contextmanager
def quiet() -> Iterator[None]:
    """Ignore warnings on this thread, however strict the process is with them."""
    filters: Any = warnings.filters
    if not filters or filters[0] is not _FILTER:  # others put theirs in front, or came with a list of their own
        filters.insert(0, _FILTER)
    _decoding.depth += 1
    try:
        yield
    finally:
        _decoding.depth -= 1


@functools.cache
def silence_libtiff() -> None:
    """Stop libtiff from writing to the terminal, which it does once for every odd tag.

    Its errors still come back through Pillow. Where it is not to be found by name (it is linked in on Windows) it
    goes on.
    """
    try:
        library = importlib.import_module("PIL._imaging").__file__  # its symbols include those of its own libraries
        set_handler = ctypes.CDLL(library).TIFFSetErrorHandler
    except (OSError, AttributeError):
        return
    set_handler.restype = ctypes.c_void_p
    set_handler.argtypes = [ctypes.c_void_p]
    set_handler(None)
