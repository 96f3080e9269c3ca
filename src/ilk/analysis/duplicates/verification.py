"""Which of many pairs are the same picture, from their signatures: a look, a small alignment, a full one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ilk.analysis.duplicates import alignment, coarse, orientation
from ilk.analysis.duplicates.agreement import Agreements, agreements, correlations
from ilk.analysis.duplicates.signature import Signatures

PAIRS = 2_048
"""Looked at together; bounds the memory."""

ALIGNED = 192
"""Aligned together: their numbers stay in the processor's cache."""

LIKELY = 0.84
"""The least likeness of a first look that is looked at again."""

RIVALS = 0.04
"""Orientations whose likeness is within this of the best are tried too, so far as there are at most two."""

SMALL_LIKELY = 0.9
"""The least correlation after the small alignment that is aligned in full."""

SAME = 0.91
"""The least agreement of files of one photograph (`python -m benchmarks.duplicates` measures it)."""

OVERLAP = 0.55
"""The least share of the larger that both show: crops of less are views of a part."""

SLACK = 0.06
"""How far, in half widths, one may stand out of the other: alignments are as inexact as half a pixel or one."""

PLAIN = 3.0
"""Grey levels of standard deviation below which a picture is too plain to tell from another plain one."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What was found of p pairs.

    Attributes
    ----------
    same
        Whether the two are files of one picture, shape (p,).
    agreement
        As `ilk.analysis.duplicates.agreement` has it, 0 where it did not come to aligning, shape (p,).
    likeness
        How alike the two are laid out, in [-1, 1], shape (p,): of the first look, upright.
    orientation
        How the second has to be laid, shape (p,).
    alignment
        Of the second so laid, shape (p, 4).
    """

    same: npt.NDArray[np.bool_]
    agreement: npt.NDArray[np.float32]
    likeness: npt.NDArray[np.float32]
    orientation: npt.NDArray[np.int8]
    alignment: npt.NDArray[np.float32]

    @classmethod
    def nothing(cls, count: int) -> Verdicts:
        """Of so many pairs, that they have nothing in common."""
        return cls(
            same=np.zeros(count, np.bool_),
            agreement=np.zeros(count, np.float32),
            likeness=np.zeros(count, np.float32),
            orientation=np.zeros(count, np.int8),
            alignment=np.zeros((count, 4), np.float32),
        )

    def put(self, rows: slice | npt.NDArray[np.bool_], others: Verdicts) -> None:
        """Take over what others say, at these rows."""
        self.same[rows] = others.same
        self.agreement[rows] = others.agreement
        self.likeness[rows] = others.likeness
        self.orientation[rows] = others.orientation
        self.alignment[rows] = others.alignment


def verify(pairs: npt.NDArray[np.int64], read: Callable[[npt.NDArray[np.int64]], Signatures]) -> Verdicts:
    """Look at pairs of numbers, shape (p, 2), whose signatures `read` gives.

    Cost: tens of microseconds for most pairs, a few milliseconds for those that come near to being the same.
    """
    verdicts = Verdicts.nothing(len(pairs))
    for start in range(0, len(pairs), PAIRS):
        block = slice(start, start + PAIRS)
        verdicts.put(block, _verified(pairs[block], read))
    return verdicts


def _verified(pairs: npt.NDArray[np.int64], read: Callable[[npt.NDArray[np.int64]], Signatures]) -> Verdicts:
    numbers, places = np.unique(pairs, return_inverse=True)
    first, second = places.reshape(pairs.shape).T
    grey = read(numbers).grey
    cells = coarse.cells(grey)
    looks = coarse.look(cells[first], cells[second])
    verdicts = Verdicts.nothing(len(pairs))
    verdicts.likeness[:] = looks.likeness[:, orientation.UPRIGHT]

    order = np.argsort(-looks.likeness, axis=1)[:, :2]
    high = np.take_along_axis(looks.likeness, order, axis=1)
    tried = (high >= LIKELY) & (high >= high[:, :1] - RIVALS)
    which, column = np.nonzero(tried)
    laid = order[which, column]
    squares = grey.astype(np.float32)
    for start in range(0, len(which), ALIGNED):
        some, ways = which[start : start + ALIGNED], laid[start : start + ALIGNED]
        ours, theirs = squares[first[some]], _laid(squares[second[some]], ways)
        found = alignment.align_small(ours, theirs, looks.starts[some, ways])
        small = correlations(alignment.shrunk(ours), alignment.shrunk(theirs), found)
        near = small >= SMALL_LIKELY
        some, ways, ours, theirs = some[near], ways[near], ours[near], theirs[near]
        if len(some):
            found = alignment.align(ours, theirs, found[near])
            _note(verdicts, some, ways, found, agreements(ours, theirs, found))
    return verdicts


def _laid(squares: npt.NDArray[np.float32], ways: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    laid = np.empty_like(squares)
    for way in np.unique(ways):
        laid[ways == way] = orientation.oriented(squares[ways == way], int(way))
    return laid


def _one_in_the_other(found: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Whether one of the two has nothing that the other lacks. Where both have, the camera moved: it is a burst."""
    stretch, shift = 1 + found[:, 0::2], found[:, 1::2]
    first_in_second = (stretch + np.abs(shift)).max(axis=1)
    second_in_first = ((1 + np.abs(shift)) / stretch).max(axis=1)
    inside: npt.NDArray[np.bool_] = np.minimum(first_in_second, second_in_first) <= 1 + SLACK
    return inside


def _note(
    verdicts: Verdicts,
    which: npt.NDArray[np.int64],
    ways: npt.NDArray[np.int64],
    found: npt.NDArray[np.float32],
    seen: Agreements,
) -> None:
    """Keep the better of two orientations. A pair comes twice at most, the likelier orientation first."""
    covered = seen.overlap * ((1 + found[:, 0]) * (1 + found[:, 2])).clip(max=1)  # of the larger of the two
    same = (seen.agreement >= SAME) & (covered >= OVERLAP) & (seen.texture >= PLAIN) & _one_in_the_other(found)
    for row, pair in enumerate(which):
        if seen.agreement[row] > verdicts.agreement[pair]:
            verdicts.agreement[pair] = seen.agreement[row]
            verdicts.same[pair] = same[row]
            verdicts.orientation[pair] = ways[row]
            verdicts.alignment[pair] = found[row]
