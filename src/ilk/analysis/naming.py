"""How well labels that are known hold: whether neighbours share them, and whether texts find them.

Neighbours by the picture tower alone: precision at k and mean average precision over all other labelled pictures.
Texts: zero-shot classification as in Radford et al. 2021, section 3.1, with its confusions and its calibration.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ilk.analysis.classification import Classifier
from ilk.analysis.labels import TEMPLATES, Labels
from ilk.analysis.retrieval import TIE
from ilk.analysis.rows import blocks
from ilk.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from ilk.encoders.base import Encoder
    from ilk.filters import Filter
    from ilk.records import Item, Space
    from ilk.stores.base import Store

PRECISIONS = (1, 5, 10)

BINS = 10
"""Of the calibration error."""

MOST_LABELS = 1_000
"""A field with more different values is no label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZeroShot:
    """How often the label's sentence is the nearest text.

    Attributes
    ----------
    top_1, top_5
        The share of pictures whose own label is the first, or among the first five.
    calibration_error
        How far probabilities are from how often they hold, on average (Guo et al. 2017, equation 3, ten bins).
    confusion
        Pictures by own label (rows) and given label (columns), in the order of the labels.
    templates
        The sentences.
    """

    top_1: float
    top_5: float
    calibration_error: float
    confusion: tuple[tuple[int, ...], ...]
    templates: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "top_1": round(self.top_1, 4),
            "top_5": round(self.top_5, 4),
            "calibration_error": round(self.calibration_error, 4),
            "confusion": [list(row) for row in self.confusion],
            "templates": list(self.templates),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """How well a field's labels are told apart.

    Attributes
    ----------
    field
        Of the metadata.
    labels
        Its values, sorted.
    pictures
        How many were compared, of ``labelled``.
    precision
        The share of the k nearest other pictures that have the same label, by k.
    mean_average_precision
        Over all other pictures that were compared; pictures whose label no other has are left out.
    zero_shot
        By texts; None if the model cannot read.
    """

    field: str
    labels: tuple[str, ...]
    pictures: int
    labelled: int
    precision: Mapping[int, float]
    mean_average_precision: float
    zero_shot: ZeroShot | None

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "field": self.field,
            "labels": list(self.labels),
            "pictures": self.pictures,
            "labelled": self.labelled,
            **{f"precision@{k}": round(share, 4) for k, share in self.precision.items()},
            "mean_average_precision": round(self.mean_average_precision, 4),
            "zero_shot": None if self.zero_shot is None else self.zero_shot.to_dict(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledPictures:
    """One measurement.

    Attributes
    ----------
    store, space
        What is measured.
    encoder
        What reads the labels; None to leave that out.
    field
        Which field of the metadata has the label. Numbers are labels too; lists are not.
    where
        Which items count; None for all.
    limit
        At most so many pictures are compared, taken evenly from all that have a label.
    templates
        What the labels are put into.
    """

    store: Store
    space: Space
    encoder: Encoder | None
    field: str
    where: Filter | None
    limit: int
    templates: Sequence[str] = TEMPLATES

    def measure(self) -> Naming:
        """Do it. Cost: cosines of all pairs of the pictures compared; memory for their vectors, and a block of pairs.

        Raises
        ------
        InputError
            If no item has a label, or all have the same one, or there are too many different ones.
        """
        labelled = sum(1 for _ in self._labelled())
        wanted = set(np.unique(np.linspace(0, labelled - 1, min(self.limit, labelled)).astype(int)).tolist())
        chosen = [each for number, each in enumerate(self._labelled()) if number in wanted]
        labels = sorted({label for _, label, _ in chosen})
        if len(labels) < 2:  # noqa: PLR2004 -- of one there is nothing to tell apart
            said = f'all have the same, "{labels[0]}"' if labels else "no item has one"
            raise InputError(f'The field "{self.field}" tells no labels apart: {said}. Name a field of the metadata.')
        if len(labels) > MOST_LABELS:
            raise InputError(
                f'The field "{self.field}" has {len(labels):,} different values, more than {MOST_LABELS:,}: it is no '
                "label."
            )
        vectors = np.stack([vector for _, _, vector in chosen])
        right = np.array([labels.index(label) for _, label, _ in chosen])
        precision, average = neighbours(vectors, right)
        reads = self.encoder is not None and "text" in self.encoder.modalities
        return Naming(
            field=self.field,
            labels=tuple(labels),
            pictures=len(chosen),
            labelled=labelled,
            precision=precision,
            mean_average_precision=average,
            zero_shot=self._zero_shot(self.encoder, labels, vectors, right) if reads and self.encoder else None,
        )

    def _labelled(self) -> Iterator[tuple[str, str, npt.NDArray[np.float32]]]:
        for rows in blocks(self.store, self.space, where=self.where, with_items=True):
            for item, vector in zip(rows.items or (), rows.vectors, strict=True):
                label = _label(item, self.field)
                if label is not None:
                    yield item.id, label, vector

    def _zero_shot(
        self, encoder: Encoder, labels: Sequence[str], vectors: npt.NDArray[np.float32], right: npt.NDArray[np.int64]
    ) -> ZeroShot:
        asked = Labels(names=labels, templates=self.templates)
        classifier = Classifier.of(encoder, asked, other=False, top=min(5, len(labels)))
        confusion = np.zeros((len(labels), len(labels)), np.int64)
        found, sure = np.zeros((2, len(vectors)), bool), np.zeros(len(vectors))
        places = {name: place for place, name in enumerate(asked.names)}
        for number, each in enumerate(classifier.label([""] * len(vectors), vectors)):
            given = [places[best.label] for best in each.top]
            confusion[right[number], given[0]] += 1
            found[:, number] = given[0] == right[number], right[number] in given
            sure[number] = each.top[0].probability
        return ZeroShot(
            top_1=float(found[0].mean()),
            top_5=float(found[1].mean()),
            calibration_error=calibration_error(sure, found[0]),
            confusion=tuple(tuple(row) for row in confusion.tolist()),
            templates=tuple(asked.templates),
        )


def neighbours(vectors: npt.NDArray[np.float32], right: npt.NDArray[np.int64]) -> tuple[dict[int, float], float]:
    """Precision at k, and mean average precision, of n unit rows (n, d) with n labels as numbers."""
    counts = np.bincount(right)
    sums, averages = dict.fromkeys(PRECISIONS, 0.0), list[float]()
    width = max(1, 2**22 // len(vectors))
    for start in range(0, len(vectors), width):
        numbers = np.arange(start, min(start + width, len(vectors)))
        same = right[numbers][:, None] == right[None, :]
        cosines = vectors[numbers] @ vectors.T - TIE * same  # of equally near pictures the wrong one comes first
        cosines[np.arange(len(numbers)), numbers] = -np.inf
        hits = np.take_along_axis(same, np.argsort(-cosines, axis=1, kind="stable")[:, :-1], axis=1)
        for k in PRECISIONS:
            sums[k] += float(hits[:, :k].mean(axis=1).sum())
        precisions = hits.cumsum(axis=1) / np.arange(1, hits.shape[1] + 1)
        relevant = counts[right[numbers]] - 1
        some = relevant > 0
        averages += ((precisions * hits).sum(axis=1)[some] / relevant[some]).tolist()
    return {k: total / len(vectors) for k, total in sums.items()}, float(np.mean(averages)) if averages else 0.0


def calibration_error(sure: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]) -> float:
    """The expected calibration error: how far n probabilities are from how often they hold, bin by bin."""
    bins = np.minimum((sure * BINS).astype(int), BINS - 1)
    held = [(bins == each) for each in range(BINS) if (bins == each).any()]
    return float(sum(abs(right[some].mean() - sure[some].mean()) * some.mean() for some in held))


def _label(item: Item, field: str) -> str | None:
    value = item.metadata.get(field)
    text = None if value is None or isinstance(value, list) else str(value).strip()
    return text or None
