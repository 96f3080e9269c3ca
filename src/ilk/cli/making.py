"""The gallery that sources go into: found, or made once it is sure that something can be put into it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ilk.cli.output import complain

if TYPE_CHECKING:
    from ilk.encoders.compute import ComputeOptions
    from ilk.gallery import Gallery
    from ilk.records import Metric
    from ilk.sources.base import Source, VectorSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is said of the gallery.

    Attributes
    ----------
    model
        The model to use; None for the gallery's own.
    metric
        What vectors are compared by; None for as the gallery compares, a new one by cosine.
    raw
        Whether vectors are kept as the model gives them.
    """

    model: str | None = None
    metric: Metric | None = None
    raw: bool = False


def gallery_for(
    sources: Sequence[Source | VectorSource],
    wanted: Wanted,
    *,
    named: Path | None,
    compute: ComputeOptions | None,
    watched: bool,
) -> Gallery:
    """The gallery these sources go into, made if there is none.

    Nothing is made before it is sure that there are pictures and a model for them. Who makes one, watched by a person,
    without having chosen a model is told of better ones.

    Raises
    ------
    InputError
        If the sources are in several galleries; if one is there that compares otherwise than is wanted.
    """
    from ilk.errors import EmptySourceError, InputError
    from ilk.models import DEFAULT_MODEL, open_encoder, refuse_unit_rows
    from ilk.opening import create, open_gallery
    from ilk.place import DATABASE, DIRECTORY, find_gallery, gallery_directory
    from ilk.records import Comparing
    from ilk.sources.base import VectorSource

    model = wanted.model
    if named is not None:
        directory = gallery_directory(named)
    else:
        places = {find_gallery(source.top) or source.top / DIRECTORY for source in sources}
        directory = min(places, key=lambda place: len(place.parts))
        if not all(place.is_relative_to(directory.parent) for place in places):
            raise InputError("These sources have no gallery in common: say where it is to be with --gallery DIR.")
    pictured = [source for source in sources if not isinstance(source, VectorSource)]
    there = (directory / DATABASE).is_file()
    for source in pictured:
        with suppress(*[EmptySourceError] if there else []):  # what that means depends on what the gallery has of it
            next(iter(source.listing(directory.parent)), None)
    if watched and model is not None and pictured:
        from ilk.encoders.models import fetch_model
        from ilk.render.fetching import FetchBar

        with FetchBar(model) as bar:
            fetch_model(model, watcher=bar.update)
    if there:
        return _that_compares_so(open_gallery(directory, compute=compute), wanted)
    comparing = Comparing(metric=wanted.metric or "cosine", normalised=not wanted.raw)
    encoder = open_encoder(model or DEFAULT_MODEL, compute) if pictured else None
    if encoder is not None:
        encoder.check("image")
        if wanted.raw:
            refuse_unit_rows(encoder)
    made = create(directory, model=model, metric=comparing.metric, normalise=comparing.normalised, compute=compute)
    if encoder is not None:  # opening it once is enough
        made.models.opened.update({encoder.name: encoder, model or DEFAULT_MODEL: encoder})
    if watched and model is None and pictured:
        from ilk.encoders.runtimes import missing_packages
        from ilk.render.cards import hint_text

        complain(hint_text("onnx" if missing_packages() else "torch"))
    return made


def _that_compares_so(gallery: Gallery, wanted: Wanted) -> Gallery:
    """A gallery that is there, if it compares as is wanted.

    Raises
    ------
    InputError
        If it does not.
    """
    from ilk.errors import InputError

    has = gallery.store.comparing
    if (wanted.metric or has.metric) != has.metric or (wanted.raw and has.normalised):
        gallery.close()
        raise InputError(
            f"The gallery at {gallery.directory} compares by {has}, and does so for good: leave out --metric and "
            "--raw, or make another one with --gallery DIR."
        )
    return gallery
