"""Asking a terminal what it is: a question on the terminal itself, and an answer within a tenth of a second."""

from __future__ import annotations

import os
import re
import time

from ilk.render.inline.detection import Answer

PATIENCE_S = 0.1

QUESTION = b"\x1b[16t\x1b[c"
"""The size of a cell (xterm's 16 t), then the primary device attributes, which every terminal knows: the end."""

_CELL = re.compile(rb"\x1b\[6;(\d{1,4});(\d{1,4})t")
_ATTRIBUTES = re.compile(rb"\x1b\[\?([\d;]{1,200})c")


def ask_terminal(*, device: str = "/dev/tty", patience_s: float = PATIENCE_S) -> Answer | None:
    """What this process's terminal says of itself; None if there is none, or if it does not say in time.

    Nothing is asked from the background, where the system would stop the process, nor when something was typed ahead,
    which would be lost.
    """
    try:
        import select
        import termios
        import tty
    except ImportError:  # Windows
        return None
    try:
        terminal = os.open(device, os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return None
    try:
        if os.tcgetpgrp(terminal) != os.getpgrp() or select.select([terminal], [], [], 0)[0]:
            return None
        before = termios.tcgetattr(terminal)
        try:
            tty.setcbreak(terminal, termios.TCSADRAIN)
            os.write(terminal, QUESTION)
            said, end = b"", time.monotonic() + patience_s
            while not _ATTRIBUTES.search(said):
                left = end - time.monotonic()
                if left <= 0 or not select.select([terminal], [], [], left)[0]:
                    break
                said += os.read(terminal, 1024)
        finally:
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)
    except (OSError, termios.error):
        return None
    finally:
        os.close(terminal)
    return read_answer(said)


def read_answer(said: bytes) -> Answer | None:
    r"""What the bytes of an answer mean; None if there was none.

    >>> read_answer(b"\x1b[6;20;10t\x1b[?62;4;22c")
    Answer(attributes=frozenset({4, 62, 22}), cell=(10, 20))
    """
    attributes = _ATTRIBUTES.search(said)
    if attributes is None:
        return None
    cell = None
    if (size := _CELL.search(said)) and int(size[1]) and int(size[2]):
        cell = (int(size[2]), int(size[1]))
    return Answer(frozenset(int(number) for number in attributes[1].split(b";") if number), cell)
