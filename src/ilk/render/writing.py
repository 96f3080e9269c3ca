"""Files that appear whole, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ilk.errors import InputError


@contextmanager
def write_whole(path: Path, *, what: str) -> Iterator[IO[bytes]]:
    """A file to write to, beside its place, that takes its place when all is written.

    Parameters
    ----------
    path
        Where to. A file that is there is replaced.
    what
        What it is called in a refusal, such as ``"page"``.

    Raises
    ------
    ilk.errors.InputError
        If it cannot be written.
    """
    beside = path.with_name(f".{path.name}.part")
    try:
        file = beside.open("wb")
    except OSError as error:
        raise _refusal(path, what, error) from error
    try:
        with file:
            yield file
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise _refusal(path, what, error) from error
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _refusal(path: Path, what: str, error: OSError) -> InputError:
    return InputError(f"The {what} cannot be written to {path}: {error.strerror or error}.")
