"""How an answer is looked at: drawn by a room that stands above this one, which is therefore found by name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any, Protocol

from ilk.errors import PictureError


class Originals(Protocol):
    """What has the pictures behind hits."""

    def pictures(self, ids: Sequence[str]) -> Iterator[bytes | PictureError]:
        """The bytes of each picture, one at a time, or why there are none."""
        ...

    def example(self) -> Any:
        """The picture that was asked with: bytes, a Pillow image, a PictureError; None if there was none."""
        ...


class Looking:
    """The part of `ilk.Hits` that shows its pictures."""

    __slots__ = ()

    def show(self, *, columns: int = 5, rows: int | None = None, width_inches: float = 12.0) -> Any:
        """Draw the pictures in a grid, under the query, each with its caption and its similarity.

        Parameters
        ----------
        columns
            Pictures beside each other.
        rows
            At most this many; None for as many as the hits need.
        width_inches
            Of the whole.

        Returns
        -------
        matplotlib.figure.Figure
            A notebook shows it; ``.savefig("hits.png")`` keeps it.

        Raises
        ------
        ilk.errors.InputError
            If there are no hits, or the numbers make no grid.
        ilk.errors.MissingExtraError
            If matplotlib is not installed.
        """
        return _drawing("grid").grid(self, columns=columns, rows=rows, width_inches=width_inches)

    def _repr_html_(self) -> str:
        """What notebooks show: a strip of thumbnails."""
        strip: str = _drawing("notebook").strip(self)
        return strip


def _drawing(name: str) -> Any:
    return import_module(f"ilk.render.{name}")
