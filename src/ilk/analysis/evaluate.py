"""How good a gallery's answers are, measured on what is known of its own pictures."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ilk.analysis.fidelity import Fidelity, IndexTrial
from ilk.analysis.labels import TEMPLATES
from ilk.analysis.naming import LabelledPictures, Naming
from ilk.analysis.retrieval import CaptionedPictures, Retrieval
from ilk.errors import InputError

if TYPE_CHECKING:
    from ilk.encoders.base import Encoder
    from ilk.filters import Filter
    from ilk.gallery import Gallery
    from ilk.records import Space

LIMIT = 5_000
"""Pictures asked about unless told otherwise: as many as COCO's test part has."""

QUERIES = 200
"""Searches that an index is tried with in each modality."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What was measured; each part is None, or empty, where it was not asked for.

    Attributes
    ----------
    model
        Whose vectors.
    split
        Which pictures: all of the gallery, or the filter that chose them.
    captions
        Words and pictures finding each other.
    labels
        A field's labels, by neighbours and by texts.
    index
        The index against exact search, for each modality.
    took_s
        Seconds.
    """

    model: str
    split: str
    captions: Retrieval | None
    labels: Naming | None
    index: tuple[Fidelity, ...]
    took_s: float

    def to_dict(self) -> dict[str, Any]:
        """As ``ilk eval --json`` prints it."""
        return {
            "model": self.model,
            "split": self.split,
            "captions": None if self.captions is None else self.captions.to_dict(),
            "labels": None if self.labels is None else self.labels.to_dict(),
            "index": [each.to_dict() for each in self.index],
            "took_s": round(self.took_s, 2),
        }

    def plot(self, folder: str | PathLike[str]) -> tuple[Path, ...]:
        """Draw what was measured into PNG files, and say which; see `ilk.analysis.plots`.

        Raises
        ------
        MissingExtraError
            If matplotlib is not installed.
        """
        from ilk.analysis.plots import draw

        return draw(self, Path(folder))


def evaluate(  # noqa: PLR0913 -- what people may set, one by one
    gallery: Gallery,
    *,
    captions: bool | str | PathLike[str] = False,
    labels: str | None = None,
    index: bool = False,
    where: str | Mapping[str, Any] | Filter | None = None,
    model: str | None = None,
    limit: int = LIMIT,
    k: int = 10,
    queries: int = QUERIES,
    templates: Sequence[str] = TEMPLATES,
    parameters: Mapping[str, float] | None = None,
) -> Evaluation:
    """Measure how good a gallery's answers are.

    Parameters
    ----------
    captions
        True to ask with the gallery's own captions, or a CSV or JSON-lines file with those of its pictures.
    labels
        A field of the metadata that says what each picture is.
    index
        Whether to compare the index with exact search.
    where
        Only pictures that this filter matches, as questions and as answers; it names the split.
    model
        Whose vectors, where the gallery has several models'.
    limit
        At most so many pictures are asked about, taken evenly.
    k, queries, parameters
        Of the index's trial: how many neighbours, how many searches in each modality, and what the index is told.
    templates
        What labels are put into to be found by texts.

    Raises
    ------
    InputError
        If nothing is asked, or there is nothing to ask with.
    ModalityError
        If the model cannot read captions.

    Notes
    -----
    Ranks are exact: every query is compared with every stored vector, a block at a time. Memory holds the vectors of
    what is asked, never those of the gallery.
    """
    if captions is False and labels is None and not index:
        raise InputError("There is nothing to evaluate: ask for captions, for the labels of a field, or for the index.")
    for name, number in (("limit", limit), ("k", k), ("queries", queries)):
        if type(number) is not int or number < 1:
            raise InputError(f"{name} is a whole number from 1; {number!r} was given.")
    from ilk.filters import as_filter

    began = time.perf_counter()
    chosen = None if where is None else as_filter(where)
    space = gallery.models.space(model)
    reader = _reader(gallery, space)
    said: Retrieval | None = None
    if captions is not False:
        said = CaptionedPictures(
            store=gallery.store,
            space=space,
            encoder=gallery.models.encoder_of(space),
            where=chosen,
            limit=limit,
            file=None if captions is True else Path(captions).expanduser(),
        ).measure()
    named: Naming | None = None
    if labels is not None:
        named = LabelledPictures(
            store=gallery.store,
            space=space,
            encoder=reader,
            field=labels,
            where=chosen,
            limit=limit,
            templates=templates,
        ).measure()
    tried: tuple[Fidelity, ...] = ()
    if index:
        tried = IndexTrial(
            store=gallery.store,
            space=space,
            encoder=reader,
            where=chosen,
            queries=queries,
            k=k,
            parameters=parameters,
        ).measure()
    return Evaluation(
        model=space.model,
        split="the whole gallery" if chosen is None else str(chosen),
        captions=said,
        labels=named,
        index=tried,
        took_s=time.perf_counter() - began,
    )


def _reader(gallery: Gallery, space: Space) -> Encoder | None:
    """The model of a space, if it is known and reads."""
    return gallery.models.encoder_of(space) if "text" in space.modalities else None
