"""Groups of pictures by their places, and each copy described as it differs from the best of its group."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ilk.analysis.duplicates import orientation
from ilk.analysis.duplicates.census import Census
from ilk.analysis.duplicates.grouping import stars
from ilk.analysis.duplicates.groups import Kind, Tier

if TYPE_CHECKING:
    from ilk.analysis.duplicates.evidence import Evidence

Rows = npt.NDArray[np.int64]

LAID_OUT_ALIKE = 0.8
"""The least likeness at the first look of two views of one thing: models see the thing, not where it is."""

_TURNED_BACK = {5: 6, 6: 5}


@dataclass(frozen=True, slots=True)
class Alike:
    """A picture that is like the best of its group.

    Attributes
    ----------
    place
        Among the pictures with bytes of their own.
    tier, kinds, turned, similarity, agreement
        As in `ilk.analysis.duplicates.groups.Copy`.
    """

    place: int
    tier: Tier
    kinds: tuple[Kind, ...]
    turned: int = 0
    similarity: float | None = None
    agreement: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """Of m pictures with bytes of their own.

    Attributes
    ----------
    evidence
        What to compare them by.
    census, rows
        What is known of them, and the row of each.
    threshold
        Least cosine of similar pictures; None if they are not looked for.
    """

    evidence: Evidence
    census: Census
    rows: Rows
    threshold: float | None

    def compare(self, pairs: Rows) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Which of p pairs are the same, and which are the same or similar; both of shape (p,)."""
        verdicts = self.evidence.verify(pairs)
        if self.threshold is None:
            return verdicts.same, verdicts.same
        alike = (verdicts.likeness >= LAID_OUT_ALIKE) | ~self.evidence.have_signatures(pairs)
        alike[alike] = self.evidence.similarities(pairs[alike]) >= self.threshold  # NaN is not
        return verdicts.same, verdicts.same | alike

    def groups(self, same: Rows, similar: Rows) -> dict[int, list[Alike]]:
        """For each picture to keep what is like it, from the pairs that were found to be so."""
        groups = self._same(same)
        if self.threshold is not None:
            self._add_similar(groups, similar)
        return groups

    def _rank(self, place: int) -> tuple[int, int, int, str]:
        return self.census.order(int(self.rows[place]))

    def _same(self, same: Rows) -> dict[int, list[Alike]]:
        found = stars(same, self._rank, lambda asked: self.compare(asked)[0])
        pairs = np.array([(best, other) for best, others in found.items() for other in others], np.int64).reshape(-1, 2)
        verdicts, backwards = self.evidence.verify(pairs), self.evidence.verify(pairs[:, ::-1])
        similarities = self.evidence.similarities(pairs)
        groups: dict[int, list[Alike]] = defaultdict(list)
        for row, (best, other) in enumerate(pairs.tolist()):
            # Aligning goes from one to the other, and now and then comes off in one direction only.
            forth = bool(verdicts.same[row])
            seen, pair = (verdicts, (best, other)) if forth else (backwards, (other, best))
            laid = int(seen.orientation[row])
            kinds = self.evidence.kinds(pair, (self._shape(pair[0]), self._shape(pair[1])), seen, row)
            turned = orientation.turn(laid if forth else _TURNED_BACK.get(laid, laid))
            agreement = float(seen.agreement[row])
            groups[best].append(Alike(other, "same", kinds, turned, number(similarities[row]), agreement))
        return dict(groups)

    def _add_similar(self, groups: dict[int, list[Alike]], similar: Rows) -> None:
        """Let the best of groups take what is similar to them, with its own copies."""
        best_of = {each.place: best for best, alike in groups.items() for each in alike}
        lifted = {
            (min(pair), max(pair))
            for one, other in similar.tolist()
            if (pair := (best_of.get(one, one), best_of.get(other, other)))[0] != pair[1]
        }
        pairs = np.array(sorted(lifted), np.int64).reshape(-1, 2)
        pairs = pairs[self.compare(pairs)[1]]
        for best, others in stars(pairs, self._rank, lambda asked: self.compare(asked)[1]).items():
            places = [place for other in others for place in (other, *(each.place for each in groups.pop(other, [])))]
            asked = np.array([(best, place) for place in places], np.int64)
            similarities, agreement = self.evidence.similarities(asked), self.evidence.verify(asked).agreement
            seen = self.evidence.have_signatures(asked)
            groups.setdefault(best, []).extend(
                Alike(
                    place,
                    "similar",
                    ("similar",),
                    similarity=number(similarities[row]),
                    agreement=float(agreement[row]) if seen[row] else None,
                )
                for row, place in enumerate(places)
            )

    def _shape(self, place: int) -> tuple[int, int]:
        return self.census.shape(int(self.rows[place]))


def number(value: Any) -> float | None:
    """None for NaN."""
    return None if np.isnan(value) else float(value)
