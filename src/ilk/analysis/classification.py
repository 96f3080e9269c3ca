"""Labels without training: each picture gets the label whose sentences it is nearest to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, overload

import numpy as np

from ilk.analysis.background import CHANCE, Background
from ilk.analysis.labels import OTHER, Labels
from ilk.encoders.logits import Logits
from ilk.errors import InputError

if TYPE_CHECKING:
    import numpy.typing as npt

    from ilk.encoders.base import Encoder

ASSUMED = Logits(scale=100.0, source="assumed: what CLIP's own training ends at (Radford et al. 2021, section 2.5)")
"""Where a model's files do not say. Which label is best does not depend on it, only how sure it looks."""

CELLS = 2**22
"""Cosines computed at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A label, and how probable it is."""

    label: str
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """What one picture is called.

    Attributes
    ----------
    id
        Of the item; the path of a picture that is in no gallery.
    label
        The best, or ``"other"`` if it does not fit.
    probability
        Of the label, in [0, 1]; None for ``"other"``. Where labels compete it is among these labels only: they add up
        to 1 even if all are wrong.
    chance
        How likely the best of as many wrong words would be as near, in [0, 1]; None if that was not asked.
    top
        The best labels, best first, whether they fit or not.
    """

    id: str
    label: str
    probability: float | None
    chance: float | None
    top: tuple[Label, ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "id": self.id,
            "label": self.label,
            "probability": None if self.probability is None else round(self.probability, 4),
            "chance": None if self.chance is None else round(self.chance, 4),
            "top": [{"label": each.label, "probability": round(each.probability, 4)} for each in self.top],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """What pictures are called, in the order they were read.

    Attributes
    ----------
    model
        Which model's vectors were compared.
    labels, templates
        What was asked.
    logits
        What made probabilities of cosines.
    chance_at_most
        The `Labelled.chance` up to which a label fits, in this gallery; None if that was not asked.
    saved
        The field of the items' metadata that has the label now; None if it was not to be saved.
    items
        One for each picture.
    """

    model: str
    labels: tuple[str, ...]
    templates: tuple[str, ...]
    logits: Logits
    chance_at_most: float | None
    saved: str | None
    items: tuple[Labelled, ...]

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Labelled]:
        return iter(self.items)

    @overload
    def __getitem__(self, position: int) -> Labelled: ...
    @overload
    def __getitem__(self, position: slice) -> tuple[Labelled, ...]: ...
    def __getitem__(self, position: int | slice) -> Labelled | tuple[Labelled, ...]:
        return self.items[position]

    def counts(self) -> Mapping[str, int]:
        """How many pictures each label has, most first; labels that no picture has are left out."""
        return dict(Counter(each.label for each in self.items).most_common())

    def to_dict(self) -> dict[str, Any]:
        """As ``ilk classify --json`` prints it."""
        return {
            "model": self.model,
            "labels": list(self.labels),
            "templates": list(self.templates),
            "logits": self.logits.to_dict(),
            "chance_at_most": None if self.chance_at_most is None else round(self.chance_at_most, 4),
            "saved": self.saved,
            "count": len(self.items),
            "counts": self.counts(),
            "items": [each.to_dict() for each in self.items],
        }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Classifier:
    """Labels as a model reads them, ready to be compared with pictures.

    Attributes
    ----------
    labels
        What to choose among.
    rows
        Their vectors, unit rows of shape (l, d).
    logits
        What makes probabilities of cosines.
    background
        What tells whether a label fits; None to give each picture one.
    top
        How many of the best labels to name.
    bound
        The chance, as `Background.chances` has it, up to which a label fits.
    """

    labels: Labels
    rows: npt.NDArray[np.float32]
    logits: Logits
    background: Background | None
    top: int
    bound: float = CHANCE
    _together: int = field(init=False)

    def __post_init__(self) -> None:
        if type(self.top) is not int or self.top < 1:
            raise InputError(f"top is how many labels to name, a whole number from 1; {self.top!r} was given.")
        object.__setattr__(self, "_together", max(1, CELLS // len(self.rows)))

    @classmethod
    def of(
        cls,
        encoder: Encoder,
        labels: Labels,
        *,
        other: bool,
        top: int,
        sample: npt.NDArray[np.float32] | None = None,
    ) -> Self:
        """A classifier by a model that reads.

        Parameters
        ----------
        sample
            Unit rows, shape (m, d), of pictures of the gallery: they say where in it a label begins to fit. None, or
            a few, for what is usual.

        Raises
        ------
        InputError
            If a label is called as what fits none is.
        ModalityError
            If the model only sees.
        """
        if other and OTHER in {name.casefold() for name in labels.names}:
            raise InputError(
                f'"{OTHER}" is what pictures are called that no label fits: leave that label out, or say --no-other.'
            )
        rows = labels.encode(encoder)
        background = Background.beside(encoder, rows, labels.templates) if other else None
        bound = CHANCE
        if background is not None and sample is not None:
            bound = background.bound(sample, (sample @ rows.T).max(axis=1))
        logits = encoder.logits or ASSUMED
        return cls(labels=labels, rows=rows, logits=logits, background=background, top=top, bound=bound)

    def probabilities(self, vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Those of each label for each of n pictures, unit rows (n, d): shape (n, l), in [0, 1]."""
        return self._probabilities(vectors @ self.rows.T)

    def label(self, ids: Sequence[str], vectors: npt.NDArray[np.float32]) -> Iterator[Labelled]:
        """What n pictures are called, given their unit rows of shape (n, d)."""
        for start in range(0, len(ids), self._together):
            some = slice(start, start + self._together)
            yield from self._label(ids[some], vectors[some])

    def _probabilities(self, cosines: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        values = cosines.astype(np.float64) * self.logits.scale
        if self.logits.bias is not None:
            one_by_one: npt.NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(values + self.logits.bias, -500, 500)))
            return one_by_one
        raised = np.exp(values - values.max(axis=1, keepdims=True))
        together: npt.NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
        return together

    def _label(self, ids: Sequence[str], vectors: npt.NDArray[np.float32]) -> Iterator[Labelled]:
        names = self.labels.names
        cosines = vectors @ self.rows.T
        probabilities = self._probabilities(cosines)
        best = np.argsort(-cosines, axis=1, kind="stable")[:, : self.top]  # of equal ones, the first that was named
        chances = (
            self.background.chances(vectors, cosines.max(axis=1)).tolist() if self.background else [None] * len(ids)
        )
        sure = np.take_along_axis(probabilities, best, axis=1).tolist()
        for id_, places, chance, row in zip(ids, best.tolist(), chances, sure, strict=True):
            top = tuple(Label(label=names[place], probability=p) for place, p in zip(places, row, strict=True))
            fits = chance is None or chance <= self.bound
            yield Labelled(
                id=id_,
                label=top[0].label if fits else OTHER,
                probability=top[0].probability if fits else None,
                chance=chance,
                top=top,
            )
