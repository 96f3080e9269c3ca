"""Candidates nearly the same, answered as one: bursts, copies, the same picture in two sizes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

NEARLY_SAME = 0.97
"""Cosine from which two items are one to somebody who looks for something. Pictures of one kind of thing are well
below it; the same one, made smaller or saved again, is above."""


def leaders(
    vectors: npt.NDArray[np.float32], before: npt.NDArray[np.float32], *, threshold: float = NEARLY_SAME
) -> list[int]:
    """Which earlier item each of n candidates, best first, is nearly the same as.

    The best of a group leads it, and the others are near to it; not every one need be near to every other.

    Parameters
    ----------
    vectors
        Unit rows of shape (n, d); zeros where there is none, which is like nothing.
    before
        Unit rows of shape (m, d): leaders of earlier rungs.

    Returns
    -------
    For each candidate the place of its leader: in `before` if it is less than m, else m more than that of a candidate.
    Those that lead have their own. Cost: n x (m + n) inner products.
    """
    known = len(before)
    found = np.full(len(vectors), -1)
    if known and len(vectors):
        cosines = vectors @ before.T
        found[:] = np.where(cosines.max(axis=1) >= threshold, cosines.argmax(axis=1), -1)
    alike = vectors @ vectors.T >= threshold
    for place in range(len(vectors)):
        if found[place] < 0:
            found[alike[place] & (found < 0)] = known + place
            found[place] = known + place  # also where it has no vector
    leading: list[int] = found.tolist()
    return leading
