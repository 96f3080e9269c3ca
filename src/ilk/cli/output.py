"""Printing, and the exit codes that scripts rely on."""

from __future__ import annotations

import codecs
import io
import json
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from ilk.errors import TextCutWarning

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

    from ilk.gallery import Gallery
    from ilk.records import Hits

NOTHING_FOUND = 1
PARTLY_DONE = 3
INTERRUPTED = 130
"""What shells expect of a program that Ctrl-C stopped: 128 + SIGINT."""


WARNINGS_SAID = 3
"""Of one kind; the others are counted."""


class OutputError(Exception):
    """Standard output that could not be written.

    It is no OSError, since click turns those of a closed pipe into exit code 1 before anybody else sees them, and
    since it can then be told from an OSError of a picture or a gallery.

    Attributes
    ----------
    reader_left
        Whether it was a pipe whose reader has gone.
    """

    exit_code = 2

    def __init__(self, cause: OSError) -> None:
        super().__init__(f"The output could not be written: {cause.strerror}.")
        self.reader_left = isinstance(cause, BrokenPipeError)


class _Output(io.FileIO):
    """A file descriptor whose failures are told from all others."""

    def write(self, data: Buffer, /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            raise OutputError(error) from error


def prepare_streams() -> None:
    """Give the process streams that take any name, and whose failures are OutputErrors.

    A stream closed by the caller (``>&-``) becomes one that goes nowhere. Characters that the encoding cannot hold are
    written as escapes.
    """
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 -- open as long as the process is
    if sys.stdout is None:
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 -- as above
        return
    out = sys.stdout
    if out is not sys.__stdout__ or not isinstance(out, io.TextIOWrapper):  # a program catches what its part prints
        return
    if out.isatty():  # left as it is, since on Windows terminals are no plain files
        out.reconfigure(errors="backslashreplace")
        return
    out.flush()
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(_Output(out.fileno(), "w", closefd=False)),
        encoding=out.encoding,
        errors="backslashreplace",
        write_through=out.write_through,
    )


def abandon_stdout() -> None:
    """Let what is still to be written go nowhere; Python would try again at its end, and complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def print_json(value: dict[str, Any]) -> None:
    """One line of JSON on stdout, in ASCII unless stdout takes any character.

    Half a surrogate pair, which stands for a byte of a name that is no UTF-8, becomes an escape that JSON knows too.
    """
    anything = codecs.lookup(sys.stdout.encoding or "ascii").name == "utf-8"
    print(json.dumps(value, ensure_ascii=not anything))


def complain(sentence: str) -> None:
    """One line on stderr, if there is one."""
    from ilk.render.terminal import visible  # a sentence may name a file, and a file's name may hold anything

    with suppress(OSError):  # there is no other place to say it
        sys.stderr.write(f"{visible(sentence)}\n")
        sys.stderr.flush()


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Have ilk's own warnings said as it says everything: one sentence on stderr, without a file and a line of code.

    Of captions by the thousand it says the first few, and how many more there were.
    """
    seen = 0
    others = warnings.showwarning

    def show(  # noqa: PLR0917 -- the signature of warnings.showwarning
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        nonlocal seen
        if not issubclass(category, TextCutWarning):
            others(message, category, filename, lineno, file, line)
            return
        seen += 1
        if seen <= WARNINGS_SAID:
            complain(f"ilk: {message}")

    with warnings.catch_warnings():
        warnings.simplefilter("default", TextCutWarning)
        warnings.showwarning = show
        try:
            yield
        finally:
            if seen > WARNINGS_SAID:
                complain(f"ilk: {seen - WARNINGS_SAID:,} more texts were longer than the model reads, and were cut.")


def places_in(gallery: Gallery) -> Callable[[str], Path]:
    """Where things with a uri are, or would be if they were files: what is in ``a.zip!/`` is below that."""

    def path_of(uri: str) -> Path:
        from ilk.sources.names import path_of

        return path_of(uri, gallery.base)

    return path_of


def print_hits(hits: Hits, *, path_of: Callable[[str], Path]) -> None:
    """A table for a person at a terminal, plain lines for a pipe."""
    from ilk.render.terminal import hits_lines, hits_table

    if sys.stdout.isatty():
        from rich.console import Console

        Console().print(hits_table(hits, path_of=path_of))
    else:
        sys.stdout.write(hits_lines(hits))
