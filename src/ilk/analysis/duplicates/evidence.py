"""What there is to compare pictures by: their vectors, their signatures, and which of them have either."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ilk.analysis.duplicates import orientation
from ilk.analysis.duplicates.groups import Kind
from ilk.analysis.duplicates.nearness import cosines
from ilk.analysis.duplicates.verification import Verdicts, verify
from ilk.analysis.rows import unit_rows

if TYPE_CHECKING:
    from ilk.analysis.duplicates.shelf import Shelf
    from ilk.analysis.duplicates.signature import Signatures
    from ilk.records import Space
    from ilk.stores.base import Store

Rows = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.float32]

PAGE = 2_048

STRETCHED = 0.025
"""A copy that shows this much less of one side is cropped: less may be the alignment's own error."""

RESIZED = 0.05
"""How far the scale of the two may be from the same."""

RECOLOURED = 3.0
"""Levels of 255 by which colours may differ: JPEG at low quality stays below; of a crop twice as many."""


class Evidence:
    """Of m pictures with bytes of their own, by place.

    Parameters
    ----------
    ids
        Of each.
    shelf, shelved
        Where each one's signature is on the shelf; -1 for those that could not be looked at.
    """

    def __init__(self, store: Store, space: Space, ids: Sequence[str], *, shelf: Shelf, shelved: Rows) -> None:
        self._store, self._space, self._ids = store, space, ids
        self._shelf, self._shelved = shelf, shelved
        encoded = np.zeros(len(ids), np.bool_)
        for start in range(0, len(ids), PAGE):
            page = ids[start : start + PAGE]
            known = store.lookup(page, space)
            encoded[start : start + PAGE] = [id_ in known and known[id_].encoded for id_ in page]
        self.encoded = np.flatnonzero(encoded)
        self.seen = np.flatnonzero(shelved >= 0)
        self._has_vector, self._has_signature = encoded, shelved >= 0

    def vectors(self, places: Rows) -> Vectors:
        """Unit rows, shape (p, d), of pictures that have one."""
        rows = np.empty((len(places), self._space.dimension), np.float32)
        for start in range(0, len(places), PAGE):
            page = [self._ids[place] for place in places[start : start + PAGE]]
            found = self._store.vectors(page, self._space)
            rows[start : start + PAGE] = [found[id_] for id_ in page]
        return rows if self._space.normalised else unit_rows(rows)

    def signatures(self, places: Rows) -> Signatures:
        """Of pictures that have one."""
        return self._shelf.read(self._shelved[places])

    def have_vectors(self, pairs: Rows) -> npt.NDArray[np.bool_]:
        """Which pairs, shape (p, 2), can be compared by vectors."""
        return self._has_vector[pairs[:, 0]] & self._has_vector[pairs[:, 1]]

    def have_signatures(self, pairs: Rows) -> npt.NDArray[np.bool_]:
        """Which pairs, shape (p, 2), can be compared by looks."""
        return self._has_signature[pairs[:, 0]] & self._has_signature[pairs[:, 1]]

    def similarities(self, pairs: Rows) -> Vectors:
        """Cosines, shape (p,); NaN where there is no vector."""
        found = np.full(len(pairs), np.nan, np.float32)
        comparable = self.have_vectors(pairs)
        found[comparable] = np.clip(cosines(pairs[comparable], self.vectors), -1, 1)
        return found

    def verify(self, pairs: Rows) -> Verdicts:
        """What looking at pairs says; of pairs that cannot be looked at, that they are not the same."""
        visible = self.have_signatures(pairs)
        verdicts = Verdicts.nothing(len(pairs))
        verdicts.put(visible, verify(pairs[visible], self.signatures))
        return verdicts

    def kinds(
        self, pair: tuple[int, int], shapes: tuple[tuple[int, int], tuple[int, int]], verdicts: Verdicts, row: int
    ) -> tuple[Kind, ...]:
        """How the second of two same pictures, of these widths and heights, differs from the first."""
        laid = int(verdicts.orientation[row])
        stretch_x, _, stretch_y, _ = (float(number) for number in verdicts.alignment[row])
        (width, height), (other_width, other_height) = shapes
        if orientation.is_sideways(laid):
            other_width, other_height = other_height, other_width
        scales = np.array([(1 + stretch_x) * other_width / width, (1 + stretch_y) * other_height / height])
        kinds = list[Kind]()
        if orientation.is_mirroring(laid):
            kinds.append("mirrored")
        if orientation.turn(laid):
            kinds.append("turned")
        if max(abs(stretch_x), abs(stretch_y)) > STRETCHED:
            kinds.append("cropped")
        if np.abs(scales - 1).max() > RESIZED:
            kinds.append("resized")
        first, second = self.signatures(np.array(pair, np.int64)).colour.astype(np.float32)
        differences = first - orientation.oriented(second.transpose(2, 0, 1), laid).transpose(1, 2, 0)
        # Of a crop the cells show other parts, and the means are all there is to compare.
        strength = np.abs(differences.mean(axis=(0, 1)) if "cropped" in kinds else differences).mean(axis=None)
        if strength > (2 * RECOLOURED if "cropped" in kinds else RECOLOURED):
            kinds.append("recoloured")
        return tuple(kinds) or ("re-encoded",)
