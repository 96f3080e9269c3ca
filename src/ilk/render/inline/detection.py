"""Which way of showing pictures a terminal has."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ilk.errors import InputError

Way: TypeAlias = Literal["kitty", "iterm", "sixel", "blocks", "never"]

WAYS: tuple[Way, ...] = ("kitty", "iterm", "sixel", "blocks", "never")

CELL = (10, 20)
"""Pixels of a character cell where the terminal does not say."""

SIXEL = 4
"""What stands in a terminal's primary device attributes if it draws sixels (DA1, as of the VT340)."""

_TRUE_COLOUR = frozenset({"iTerm.app", "WezTerm", "vscode", "ghostty", "mintty", "Hyper", "rio", "Tabby"})
_ITERM = frozenset({"iTerm.app", "WezTerm", "mintty"})
_KITTY = re.compile(r"xterm-(kitty|ghostty)")
_SIXEL = re.compile(r"(foot|mlterm|yaft|contour)(-|$)|.*-sixel$")
_DUMB = frozenset({"dumb", ""})
_INSIDE = re.compile(r"(tmux|screen)(-|\.|$)")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a terminal said of itself.

    Attributes
    ----------
    attributes
        Its primary device attributes.
    cell
        Pixels of a character cell, across and down; None if it did not say.
    """

    attributes: frozenset[int] = frozenset()
    cell: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """Where pictures would be printed.

    Attributes
    ----------
    is_terminal
        Whether it is a terminal.
    unicode
        Whether it can take half-blocks.
    columns
        Characters in a line.
    """

    is_terminal: bool
    unicode: bool = True
    columns: int = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """What pictures are drawn on.

    Attributes
    ----------
    way
        How.
    true_colour
        Whether any colour can be had, or 256 of them.
    cell
        Pixels of a character cell, across and down.
    columns
        Characters in a line.
    """

    way: Way
    true_colour: bool = True
    cell: tuple[int, int] = CELL
    columns: int = 80


def detect(
    asked: Way | Literal["auto"], environ: Mapping[str, str], output: Output, ask: Callable[[], Answer | None]
) -> Screen:
    """How to show pictures here.

    Parameters
    ----------
    asked
        Which is then the way; or ``"auto"``.
    environ
        The variables of the process.
    output
        Where to.
    ask
        Asks the terminal itself. Called only where the answer decides and is sure to be in time: never for a pipe, and
        not over a network, where an answer that comes late would be read by the shell as typed.

    Raises
    ------
    ilk.errors.InputError
        If half-blocks are asked for where they cannot be written.

    Notes
    -----
    Inside tmux and screen the variables are those of the terminal outside, and what is meant for it does not get
    there; these answer for themselves. Half-blocks are drawn with colours alone, so with ``NO_COLOR`` nothing is
    shown unless a way is named.
    """
    name, program = environ.get("TERM", ""), environ.get("TERM_PROGRAM", "")
    true_colour = (
        environ.get("COLORTERM", "").lower() in {"truecolor", "24bit"}
        or program in _TRUE_COLOUR
        or "WT_SESSION" in environ
        or bool(_KITTY.match(name))
        or name.endswith("-direct")
    )
    answer: Answer | None = None
    remote = "SSH_CONNECTION" in environ or "SSH_TTY" in environ
    if asked != "auto":
        way: Way = asked
        if way == "blocks" and not output.unicode:
            raise InputError("Half-blocks cannot be written in this terminal's encoding: set it to UTF-8.")
        if way == "sixel" and output.is_terminal and not remote:
            answer = ask()  # how large its cells are
    elif not output.is_terminal or environ.get("NO_COLOR") or (name in _DUMB and "WT_SESSION" not in environ):
        way = "never"
    else:
        inside = "TMUX" in environ or "STY" in environ or bool(_INSIDE.match(name))
        way = "blocks" if inside else _by_name(environ, name=name, program=program)
        if way in {"blocks", "sixel"} and not remote:
            answer = ask()
            if answer is not None and SIXEL in answer.attributes:
                way = "sixel"
        if way == "blocks" and not output.unicode:
            way = "never"
    cell = answer.cell if answer is not None and answer.cell is not None else CELL
    return Screen(way=way, true_colour=true_colour, cell=cell, columns=output.columns)


def _by_name(environ: Mapping[str, str], *, name: str, program: str) -> Way:
    """What a terminal is known to have; half-blocks if it is not known."""
    if "KITTY_WINDOW_ID" in environ or _KITTY.match(name) or program == "ghostty":
        return "kitty"
    if program in _ITERM or environ.get("LC_TERMINAL") == "iTerm2":
        return "iterm"
    return "sixel" if _SIXEL.match(name) else "blocks"
