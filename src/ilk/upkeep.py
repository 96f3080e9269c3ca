"""Everything that changes a gallery, one write at a time: each ends with captions, probes and indexes up to date."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ilk.errors import GalleryStorageError, MissingExtraError, ModelError
from ilk.records import AddReport, IndexState, Space

if TYPE_CHECKING:
    from ilk.encoders.base import Encoder
    from ilk.ingest import Progress
    from ilk.models import Models
    from ilk.sources.base import Source, VectorSource
    from ilk.stores.base import Store, Writer


@dataclass(frozen=True, slots=True, kw_only=True)
class Upkeep:
    """What writes to a gallery.

    Attributes
    ----------
    store
        Where it is kept.
    models
        Whose vectors it has, and what opens them.
    base
        Paths of pictures are relative to it.
    """

    store: Store
    models: Models
    base: Path

    def add(  # noqa: PLR0913 -- what people may set, one by one
        self,
        source: Source,
        *,
        model: str | None,
        retry_failed: bool,
        progress: Progress | None,
        stop: threading.Event,
        keep: bool,
        remove_missing: bool,
    ) -> AddReport:
        """Bring the gallery up to date with pictures."""
        from ilk.ingest import Ingest

        listing = source.listing(self.base)
        encoder = self.models.encoder(model)
        # What has made vectors here has shown that it can, and need not start where nothing is new.
        made = (space for space in self.store.spaces() if space.name == "image")
        known = next((space.dimension for space in made if space.digest == encoder.digest), None)
        if known is None:
            encoder.check("image")  # a model that cannot be used is refused before anything is written
        space = self.models.space_for(encoder, dimension=known)
        with self._writing(space, lambda: encoder) as writer:
            if retry_failed:
                writer.forget_failures()
            ingest = Ingest(
                listing=listing,
                store=self.store,
                writer=writer,
                encoder=encoder,
                space=space,
                progress=progress,
                stop=stop,
                keep=keep,
                remove_missing=remove_missing,
            )
            return self._with_captions(ingest.run(), writer, stop)

    def take(self, source: VectorSource, *, progress: Progress | None, stop: threading.Event) -> AddReport:
        """Bring the gallery up to date with vectors made elsewhere."""
        from ilk.importing import Importing

        space = self.models.given(source)
        with self._writing(space, lambda: self.models.encoder_of(space)) as writer:
            importing = Importing(
                source=source, store=self.store, writer=writer, space=space, progress=progress, stop=stop
            )
            return self._with_captions(importing.run(), writer, stop)

    def embed_captions(self, *, model: str | None, stop: threading.Event) -> int:
        """Give every item that has captions a vector of them."""
        from ilk.captioning import Captioning

        encoder = self.models.encoder(model)
        encoder.load("text")
        space = self.models.space_for(encoder, "caption")
        with self.store.writing() as writer:
            writer.add_space(space)
            done = Captioning(store=self.store, writer=writer, encoder=encoder, space=space, stop=stop).run()
            writer.refresh_index()
        return done

    def build_index(self, space: Space, spec: str) -> IndexState:
        """Choose how a space is searched, and make its index."""
        with self._writing(space, lambda: self.models.encoder_of(space)) as writer:
            writer.want_index(space, spec)
        return next(state for state in self.store.info().spaces if state.space == space)

    def remove_model(self, name: str) -> int:
        """Take a model's vectors out, and give their disk space back."""
        found = self.models.spaces_to_drop(name)
        with self.store.writing() as writer:
            removed = sum(writer.drop_space(space) for space in found)
            try:
                writer.compact()
            except GalleryStorageError as error:
                raise GalleryStorageError(
                    f'The vectors of the model "{name}" are removed, but there is too little free disk to make the '
                    "gallery's file smaller. What is added next takes the room that is free in it."
                ) from error
        return removed

    @contextmanager
    def _writing(self, space: Space, encoder: Callable[[], Encoder]) -> Iterator[Writer]:
        """Write; then give the space texts to measure its index with, where it needs them, and bring it up to date."""
        from ilk.probing import give_probes

        with self.store.writing() as writer:
            yield writer
            give_probes(self.store, writer, space, encoder)
            writer.refresh_index()

    def _with_captions(self, report: AddReport, writer: Writer, stop: threading.Event) -> AddReport:
        """Bring vectors of captions up to date, where the gallery has any, with the models that made them."""
        from ilk.captioning import Captioning

        captioned = uncaptioned = 0
        for space in self.store.spaces():
            if space.name != "caption" or stop.is_set() or not (lacking := self.store.count_lacking(space)):
                continue
            try:
                encoder = self.models.encoder_of(space)
                encoder.load("text")
            except (ModelError, MissingExtraError):  # the pictures are in; the report tells of the captions
                uncaptioned += lacking
                continue
            captioned += Captioning(store=self.store, writer=writer, encoder=encoder, space=space, stop=stop).run()
        return replace(report, captioned=captioned, uncaptioned=uncaptioned, interrupted=stop.is_set())
