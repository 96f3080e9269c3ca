"""Classifying a gallery, or some of it: stored vectors only, a block at a time, saved as it goes."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ilk.analysis.classification import Classification, Classifier, Labelled
from ilk.analysis.labels import TEMPLATES, Labels
from ilk.analysis.rows import Rows, blocks, unit_rows
from ilk.errors import InputError
from ilk.models import DEFAULT_MODEL, open_encoder
from ilk.records import MetadataValue

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ilk.encoders.base import Encoder
    from ilk.filters import Filter
    from ilk.gallery import Gallery
    from ilk.query import Query

PICTURES = 64
"""Pictures decoded and encoded at once."""

SAMPLE = 1_024
"""Vectors of the gallery that say where in it a label begins to fit; as many as a relevance is found by."""


def classify(  # noqa: PLR0913 -- what people may set, one by one
    gallery: Gallery | None,
    labels: Sequence[str],
    *,
    templates: Sequence[str] = TEMPLATES,
    other: bool = True,
    top: int = 3,
    save: str | None = None,
    where: str | Mapping[str, Any] | Filter | None = None,
    query: str | Query | None = None,
    k: int = 10,
    pictures: Sequence[str | PathLike[str]] | None = None,
    model: str | None = None,
) -> Classification:
    """Give each picture of a gallery the label that it looks most like.

    Parameters
    ----------
    gallery
        Whose pictures; None for pictures given by path, by a model alone.
    labels
        What to choose among, such as ``["cat", "dog", "car"]``: at most 10,000, none twice.
    templates
        Sentences with ``{}`` where the label goes; their vectors are averaged.
    other
        Whether a picture that no label fits is called ``"other"``. What belongs to another of a kind that was asked
        about is hard to tell: a coat among shirts mostly is, a pear among forty fruits mostly is not.
    top
        How many of the best labels to name for each picture.
    save
        A field of the items' metadata to write the label into, and with ``_probability`` behind its name how probable
        it is. Filters can use both, and indexing again leaves them alone. What no label fits is saved as ``"other"``.
    where
        Only items that this filter matches.
    query, k
        Only the k items nearest to this.
    pictures
        Paths of pictures to classify instead, whether they are in the gallery or not.
    model
        Whose vectors to compare, where the gallery has several models'.

    Returns
    -------
    Classification
        One entry for each picture that has a vector; some 500 bytes each. `Classifying.each` streams them.

    Raises
    ------
    InputError
        If labels or templates make no sense, or a field cannot be saved.
    ModalityError
        If the model cannot read.
    GalleryLockedError
        If it is to be saved and another process is writing.

    Notes
    -----
    Nothing is encoded but the labels, and pictures given by path. Cost: for n pictures and l labels, that of n times l
    cosines.
    """
    classifying = Classifying(
        gallery=gallery,
        labels=Labels(names=labels, templates=templates),
        other=other,
        top=top,
        save=save,
        where=where,
        query=query,
        k=k,
        pictures=None if pictures is None else tuple(pictures),
        model=model,
    )
    return classifying.gathered(classifying.each())


@dataclass(frozen=True, kw_only=True, eq=False)
class Classifying:
    """One run of `classify`, whose parameters these are; it is checked when it is made."""

    gallery: Gallery | None
    labels: Labels
    other: bool = True
    top: int = 3
    save: str | None = None
    where: str | Mapping[str, Any] | Filter | None = None
    query: str | Query | None = None
    k: int = 10
    pictures: tuple[str | PathLike[str], ...] | None = None
    model: str | None = None

    def __post_init__(self) -> None:
        if self.gallery is None and self.pictures is None:
            raise InputError("There is nothing to classify: give a gallery, or the paths of pictures.")
        if self.pictures is not None and (self.query is not None or self.where is not None or self.save is not None):
            raise InputError(
                "Pictures given by path are classified as they are: where, query and save are about the items of the "
                "gallery. Give one or the other."
            )
        if self.save is not None:
            _check_field(self.save)

    @cached_property
    def encoder(self) -> Encoder:
        """What reads the labels: the model that made the vectors."""
        if self.gallery is None:
            return open_encoder(self.model or DEFAULT_MODEL)
        if self.pictures is not None:
            return self.gallery.encoder(self.model)
        return self.gallery.models.encoder_of(self.gallery.models.space(self.model))

    @cached_property
    def classifier(self) -> Classifier:
        """The labels, read; what fits is told by the whole gallery, whichever of its pictures are asked about."""
        return Classifier.of(self.encoder, self.labels, other=self.other, top=self.top, sample=self._sample())

    def each(self) -> Generator[Labelled]:
        """What each picture is called, as it is found, and saved as it is given out, a block at a time."""
        if self.gallery is None or self.pictures is not None:
            yield from label_pictures(self.classifier, self.encoder, self.pictures or ())
            return
        found = (list(self.classifier.label(rows.ids, rows.vectors)) for rows in self._rows(self.gallery))
        if self.save is None:
            for block in found:
                yield from block
            return
        with self.gallery.store.writing() as writer:
            for block in found:
                writer.save_fields({each.id: _fields(self.save, each) for each in block})
                yield from block

    def gathered(self, items: Iterable[Labelled]) -> Classification:
        """The whole answer."""
        return Classification(
            model=self.encoder.name,
            labels=tuple(self.labels.names),
            templates=tuple(self.labels.templates),
            logits=self.classifier.logits,
            chance_at_most=self.classifier.bound if self.other else None,
            saved=self.save,
            items=tuple(items),
        )

    def _sample(self) -> npt.NDArray[np.float32] | None:
        """Some of the gallery's pictures, as unit rows; None where there is none, or nothing is to be told by them."""
        if self.gallery is None or not self.other:
            return None
        store = self.gallery.store
        if self.pictures is None:
            space = self.gallery.models.space(self.model)
        else:
            of_model = [each for each in store.spaces() if each.name == "image" and each.digest == self.encoder.digest]
            if not of_model:  # a gallery that is empty yet, or has the vectors of others
                return None
            space = of_model[-1]
        sample = store.sample(space, SAMPLE)
        return sample if space.normalised else unit_rows(sample)

    def _rows(self, gallery: Gallery) -> Iterator[Rows]:
        from ilk.filters import as_filter

        where = None if self.where is None else as_filter(self.where)
        space = gallery.models.space(self.model)
        if self.query is None:
            return blocks(gallery.store, space, where=where)
        hits = gallery.search(self.query, k=self.k, where=where, model=self.model)
        return blocks(gallery.store, space, ids=[hit.id for hit in hits])


def label_pictures(
    classifier: Classifier, encoder: Encoder, paths: Sequence[str | PathLike[str]]
) -> Iterator[Labelled]:
    """What pictures in files are called, which need not be in any gallery.

    Raises
    ------
    PictureError
        If one cannot be read.
    """
    from ilk import pictures

    for start in range(0, len(paths), PICTURES):
        some = paths[start : start + PICTURES]
        images = [pictures.load(Path(path).expanduser(), size=encoder.image_size).image for path in some]
        yield from classifier.label([str(path) for path in some], encoder.encode_images(images))


def _check_field(name: str) -> None:
    """Refuse a field that a filter would read as something else.

    Raises
    ------
    InputError
        If it is one.
    """
    from ilk.filters.fields import ALIASES, BUILT_IN, KEYWORDS

    if not name.isidentifier() or name in BUILT_IN or name in ALIASES or name.casefold() in KEYWORDS:
        raise InputError(
            f'The labels cannot be saved as "{name}": use letters, digits and underscores, and no word that filters '
            'have a meaning for, such as "kind".'
        )


def _fields(name: str, labelled: Labelled) -> dict[str, MetadataValue]:
    probability = labelled.probability
    return {name: labelled.label, f"{name}_probability": None if probability is None else round(probability, 4)}
