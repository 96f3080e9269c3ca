"""Ctrl-C that keeps what is done."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from ilk.cli.output import INTERRUPTED, complain


class Stop(threading.Event):
    """Set when the work is to end.

    Attributes
    ----------
    exit_code
        What shells expect of a program that this signal stopped, 128 and the signal's number: 130 for Ctrl-C, 143 for
        a polite kill.
    """

    exit_code = INTERRUPTED


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Ctrl-C, or a polite kill, sets the event; a second one stops at once.

    A signal that the caller has the process ignore, as shells do with Ctrl-C for what a script starts with ``&``,
    stays ignored.
    """
    stop = Stop()
    before = {
        number: handler
        for number in (signal.SIGINT, signal.SIGTERM)
        if (handler := signal.getsignal(number)) not in {signal.SIG_IGN, None}
    }

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def ask(number: int, _frame: FrameType | None) -> None:
        restore()
        stop.exit_code = 128 + number
        stop.set()
        if sys.stderr.isatty():
            sys.stderr.write("\n")  # below the ^C that the terminal has echoed
        complain("Finishing the batch. Once more to stop at once.")

    for number in before:
        signal.signal(number, ask)
    try:
        yield stop
    finally:
        restore()
