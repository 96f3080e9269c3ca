"""The order of candidates where it depends on what is beside them: grouped, then spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ilk.searching import diversity, grouping
from ilk.searching.candidates import Candidate
from ilk.searching.options import SearchOptions


@dataclass(slots=True, kw_only=True)
class Reordering:
    """Of one query's candidates, rung after rung.

    Attributes
    ----------
    options
        Whether to group, and how much to spread.
    kept
        Candidates of earlier rungs that are hits of their own, and their vectors.
    """

    options: SearchOptions
    kept: list[Candidate] = field(default_factory=list)
    rows: list[npt.NDArray[np.float32]] = field(default_factory=list)

    def order(self, candidates: Sequence[Candidate], vectors: Mapping[str, npt.NDArray[np.float32]]) -> list[Candidate]:
        """The candidates of one rung that are hits of their own, in their order.

        Parameters
        ----------
        candidates
            Best first.
        vectors
            Unit vectors of shape (d,) by id; one without is like nothing.
        """
        if not candidates or not vectors:
            return list(candidates)
        dimension = len(next(iter(vectors.values())))
        nothing = np.zeros(dimension, np.float32)
        rows = np.stack([vectors.get(each.id, nothing) for each in candidates])
        before = np.stack(self.rows) if self.rows else np.empty((0, dimension), np.float32)
        chosen = list(range(len(candidates)))
        if self.options.group_duplicates:
            chosen = self._grouped(candidates, rows, before)
        if self.options.diverse is not None:
            worths = np.array([candidates[place].worth for place in chosen])
            spread = diversity.spread(worths, rows[chosen], before, diverse=self.options.diverse)
            chosen = [chosen[place] for place in spread]
        self.kept += [candidates[place] for place in chosen]
        self.rows += [rows[place] for place in chosen]
        return [candidates[place] for place in chosen]

    def sentences(self, seen: int) -> list[str]:
        """What was done, for people."""
        said = []
        if self.options.group_duplicates:
            grouped = sum(len(each.duplicates) for each in self.kept)
            said.append(
                f"{grouped:,} of {seen:,} candidates are nearly the same as a better one (a cosine of "
                f"{grouping.NEARLY_SAME:g} or more) and were grouped with it."
            )
        if self.options.diverse is not None:
            said.append(
                f"{len(self.kept):,} candidates were spread by maximal marginal relevance, "
                f"with {self.options.diverse:g} for being unlike those before."
            )
        return said

    def _grouped(
        self, candidates: Sequence[Candidate], rows: npt.NDArray[np.float32], before: npt.NDArray[np.float32]
    ) -> list[int]:
        """The places of those that lead; the others are noted with their leaders."""
        leading = list[int]()
        for place, leader in enumerate(grouping.leaders(rows, before)):
            if leader == len(before) + place:
                leading.append(place)
            else:
                best = self.kept[leader] if leader < len(before) else candidates[leader - len(before)]
                best.duplicates.append(candidates[place].id)
        return leading


def unit(vector: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """A vector of shape (d,) at length 1; of zeros, which has no direction, itself."""
    length = float(np.linalg.norm(vector))
    return np.asarray(vector / length, np.float32) if length else vector
