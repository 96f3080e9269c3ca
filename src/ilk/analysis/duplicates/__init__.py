"""Duplicates in tiers: identical files, files of the same picture, views that are alike. Nothing is ever removed here.

=============  ========================================================================  ===========================
tier           what it is                                                                known by
=============  ========================================================================  ===========================
``identical``  the same bytes                                                            SHA-256
``same``       one picture, saved again: other quality, size or colours, cropped,        looking at both, laid one
               turned, mirrored                                                          over the other
``similar``    another picture of the like: a burst, a second view                       vectors, and the layout
=============  ========================================================================  ===========================
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ilk.analysis.duplicates.groups import TIERS, Copy, Duplicates, Group, Kind, Progress, Tier, Unverified
from ilk.analysis.duplicates.removal import Removals, removals
from ilk.errors import InputError

if TYPE_CHECKING:
    from ilk.filters import Filter
    from ilk.gallery import Gallery

__all__ = [
    "TIERS",
    "Copy",
    "Duplicates",
    "Group",
    "Kind",
    "Progress",
    "Removals",
    "Tier",
    "Unverified",
    "duplicates",
    "removals",
]


def duplicates(  # noqa: PLR0913 -- what people may set, one by one
    gallery: Gallery,
    *,
    tier: Tier = "same",
    threshold: float | None = None,
    where: str | Mapping[str, Any] | Filter | None = None,
    model: str | None = None,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> Duplicates:
    """Find pictures of which a gallery has more than one. It changes and removes nothing.

    The first time, every picture is read once, as adding it did; what is remembered of each, 2.4 kB, is kept in the
    gallery's directory, so that the next time only new ones are. Candidates come from an index over the vectors, and
    from one over the pictures' outlines in all eight orientations; then the pictures themselves are compared.

    Parameters
    ----------
    tier
        The least alike tier to look for: ``"identical"`` needs neither pictures nor vectors, ``"same"`` is by default,
        ``"similar"`` adds views that are alike.
    threshold
        The least cosine of similar pictures, in [-1, 1]; only with ``tier="similar"``. By default 97 % of the way
        from the mean cosine of any two of the gallery's pictures to 1, since what is high depends on the model.
    where
        Compare only items that this filter matches.
    model
        Whose vectors, where the gallery has several models'.
    progress
        Called with a stage, how many of it are done, and of how many.
    stop
        Set it from elsewhere to stop early. What was remembered of pictures is kept; groups are then those of identical
        files alone.

    Raises
    ------
    InputError
        If there is no such tier, the threshold is no cosine or not for this tier, or the gallery has no vectors.
    FilterError
        If the filter cannot be read.
    ModelMismatchError
        If the gallery has no vectors of that model.
    """
    if tier not in TIERS:
        raise InputError(f'There is no tier "{tier}" of duplicates: choose {", ".join(TIERS[:-1])} or {TIERS[-1]}.')
    if threshold is not None and tier != "similar":
        raise InputError(
            f'A threshold is for similar pictures; tier "{tier}" was asked for. Ask for tier similar, or drop it.'
        )
    if threshold is not None and not -1 <= threshold <= 1:
        raise InputError(f"A threshold is a cosine similarity, between -1 and 1; {threshold} was given.")
    from ilk.analysis.duplicates.search import Search
    from ilk.filters import as_filter

    return Search(
        gallery=gallery,
        tier=tier,
        threshold=threshold,
        where=None if where is None else as_filter(where),
        model=model,
        progress=progress,
        stop=stop or threading.Event(),
    ).run()
