"""Parts of a picture, as people write them: ``10%,20%,50%,40%`` or ``120,80,300,200``.

Left, top, width and height, of the upright picture: all in percent of it, or all in whole pixels.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ilk.errors import QueryError

RegionLike: TypeAlias = "Region | str | Sequence[float]"
"""What Python may give: a region as it is written, or four whole numbers of pixels."""

_WRITTEN = re.compile(r"\s*,\s*".join([r"(\d+(?:\.\d*)?|\.\d+)(%?)"] * 4))
_HOW = "a region is left,top,width,height, all in percent (10%,20%,50%,40%) or all in whole pixels (120,80,300,200)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A rectangle in a picture.

    Attributes
    ----------
    left, top, width, height
        Percent of the upright picture's width and height, or whole pixels of it.
    percent
        Which of both.

    Raises
    ------
    QueryError
        If it has no area, or more than the picture can have.
    """

    left: float
    top: float
    width: float
    height: float
    percent: bool

    def __post_init__(self) -> None:
        numbers = (self.left, self.top, self.width, self.height)
        if not all(math.isfinite(number) and number >= 0 for number in numbers):
            raise QueryError(f"The region {self} cannot be: {_HOW}.")
        if not self.percent and any(number != int(number) for number in numbers):
            raise QueryError(f"The region {self} has parts of pixels: {_HOW}.")
        if self.width == 0 or self.height == 0:
            raise QueryError(f"The region {self} is empty: its width and height must be more than 0.")
        if self.percent and (self.left + self.width > 100 or self.top + self.height > 100):  # noqa: PLR2004 -- percent
            raise QueryError(f"The region {self} is not inside the picture: it ends beyond 100%.")

    def __str__(self) -> str:
        unit = "%" if self.percent else ""
        return ",".join(f"{number:.10g}{unit}" for number in (self.left, self.top, self.width, self.height))

    @classmethod
    def of(cls, given: RegionLike) -> Region:
        """A region, however it is given."""
        if isinstance(given, Region):
            return given
        if isinstance(given, str):
            return cls.parse(given)
        try:
            left, top, width, height = (float(number) for number in given)
        except (TypeError, ValueError) as error:
            raise QueryError(f"{given!r} is no region: {_HOW}.") from error
        return cls(left=left, top=top, width=width, height=height, percent=False)

    @classmethod
    def parse(cls, written: str) -> Region:
        """A region as it is written.

        >>> str(Region.parse("10%, 20%, 50%, 40%"))
        '10%,20%,50%,40%'
        """
        match = _WRITTEN.fullmatch(written.strip())
        units = set(match.groups()[1::2]) if match else set()
        if match is None or len(units) > 1:
            raise QueryError(f'"{written}" is no region: {_HOW}.')
        left, top, width, height = (float(number) for number in match.groups()[::2])
        return cls(left=left, top=top, width=width, height=height, percent=units == {"%"})

    def shares(self, width: int, height: int, *, name: str) -> tuple[float, float, float, float]:
        """Left, top, right and bottom as shares of a picture of so many pixels, in [0, 1].

        Raises
        ------
        QueryError
            If the region is not inside it; says how large the picture is.
        """
        if self.percent:
            x, y = 100.0, 100.0
        else:
            x, y = float(width), float(height)
            if self.left + self.width > x or self.top + self.height > y:
                raise QueryError(f"The region {self} is not inside {name}, which has {width:,} x {height:,} pixels.")
        return self.left / x, self.top / y, (self.left + self.width) / x, (self.top + self.height) / y


def split(written: str) -> tuple[str, Region | None]:
    """What a term names, and the region behind its last ``@``, if there is one.

    >>> name, region = split("beach.jpg@0%,0%,50%,100%")
    >>> name, str(region)
    ('beach.jpg', '0%,0%,50%,100%')
    >>> split("ann@home.jpg")
    ('ann@home.jpg', None)
    """
    name, at, region = written.rpartition("@")
    if not at or not re.fullmatch(r"[\d.,%\s+-]*[,%][\d.,%\s+-]*", region):
        return written, None
    return name, Region.parse(region)
