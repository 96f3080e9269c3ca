"""The models of a gallery: which space is whose, and what opens each, once."""

from __future__ import annotations

import hashlib
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from ilk.errors import InputError, ModalityError, ModelMismatchError, ModelNotFoundError
from ilk.records import Comparing, Space, SpaceName

if TYPE_CHECKING:
    from ilk.encoders.base import Encoder
    from ilk.encoders.compute import ComputeOptions
    from ilk.sources.base import VectorSource
    from ilk.stores.base import Store

DEFAULT_MODEL = "pocket"

SHOWN_DIGEST = 12
"""Characters of a digest that are shown."""

MIN_DIGEST = 6
"""Characters of a digest that may stand for it."""


class Models:
    """The models whose vectors a store has, and any other that is to be added. Thread-safe.

    Parameters
    ----------
    store
        Where the vectors are.
    chosen
        The name of the model to use where a call does not say; None for the one the gallery was made with.
    compute
        Device and precision to open models with; None for what is best here.
    """

    def __init__(self, store: Store, *, chosen: str | None = None, compute: ComputeOptions | None = None) -> None:
        self.store, self.chosen, self.compute = store, chosen, compute
        self.opened: dict[str, Encoder] = {}
        self._loading = threading.Lock()

    def default(self) -> str:
        """The name of the model to use where nothing is said."""
        return self.chosen or self.store.default_model or DEFAULT_MODEL

    def encoder(self, name: str | None = None) -> Encoder:
        """The model of that name, opened once; by default the one the gallery was made with."""
        name = name or self.default()
        with self._loading:
            if name not in self.opened:
                self.opened[name] = open_encoder(name, self.compute)
            return self.opened[name]

    def space(self, name: str | None = None, *, kind: SpaceName = "image") -> Space:
        """The space to search: that of the named model, or of the one the gallery was made with.

        Where nothing is said and the gallery has the vectors of one model alone, that one is meant.

        A model that was renewed under its name has several spaces; the newest holds. A model that is named
        otherwise than it was then, such as a folder that has moved, or a checkpoint's export, is known by its digest.

        Raises
        ------
        InputError
            If the gallery is empty.
        ModelMismatchError
            If it has no vectors of that model.
        """
        spaces = [space for space in self.store.spaces() if space.name == kind]
        if not spaces and kind == "caption":
            raise InputError("The gallery has no vectors of captions: make them with `ilk index FOLDER --captions`.")
        if not spaces:
            raise InputError("The gallery is empty: add pictures with `ilk index FOLDER`.")
        if (name or self.chosen) is None and len({space.model for space in spaces}) == 1:
            return spaces[-1]
        wanted = name or self.default()
        for space in reversed(spaces):
            if space.model == wanted:
                return space
        with suppress(ModelNotFoundError):  # what it is not called here, it is not either
            encoder = self.encoder(wanted)
            for space in spaces:
                if encoder.digest == space.digest:
                    return space
        have = ", ".join(sorted({space.model for space in spaces}))
        raise ModelMismatchError(
            f'The gallery has no {kind} vectors of the model "{wanted}", only of {have}. Name one of these with '
            f"--model, or add the others with `ilk index FOLDER {'--captions' if kind == 'caption' else '--model'} "
            f"{wanted}`."
        )

    def spaces_to_drop(self, name: str) -> list[Space]:
        """The spaces of pictures and captions that are of one model.

        Parameters
        ----------
        name
            The model's, or the beginning of its digest, as `ilk info` shows it: of a model that was renewed under its
            name there may be several versions.

        Raises
        ------
        ModelMismatchError
            If there are no vectors of it, or there are those of several versions.
        InputError
            If nothing would be left to search.
        """
        spaces = self.store.spaces()
        found = [space for space in spaces if space.model == name]
        if not found and len(name) >= MIN_DIGEST:
            found = [space for space in spaces if space.digest.startswith(name.lower())]
        if not found:
            with suppress(ModelNotFoundError):
                digest = self.encoder(name).digest
                found = [space for space in spaces if space.digest == digest]
        if not found:
            have = ", ".join(sorted({space.model for space in spaces})) or "none"
            raise ModelMismatchError(f'The gallery has no vectors of the model "{name}". It has those of: {have}.')
        digests = list(dict.fromkeys(space.digest[:SHOWN_DIGEST] for space in found))
        if len(digests) > 1:
            raise ModelMismatchError(
                f'The gallery has vectors of {len(digests)} versions of the model "{name}", from the oldest to the '
                f"newest: {', '.join(digests)}. Say which by this number in place of the name."
            )
        if any(each.name == "image" for each in found) and not any(
            each.name == "image" and each not in found for each in spaces
        ):
            raise InputError(
                f'"{found[0].model}" is the only model whose vectors of pictures the gallery has: nothing could be '
                "found without them. Index with another model first, or delete the gallery's directory."
            )
        return found

    def space_for(self, encoder: Encoder, kind: SpaceName = "image", *, dimension: int | None = None) -> Space:
        """Where the vectors of a model belong, compared as those of it that are there, else as the gallery compares."""
        made = (space for space in self.store.spaces() if space.name == kind and space.digest == encoder.digest)
        known = next(made, None)
        comparing = self.store.comparing if known is None else known.comparing
        return space_of(encoder, kind, dimension=dimension, comparing=comparing)

    def given(self, source: VectorSource) -> Space:
        """Where vectors made elsewhere belong: with those of the model that they are said to be of, else apart.

        Raises
        ------
        InputError
            If cosines are to be compared of vectors as they are.
        ModelMismatchError
            If the model makes vectors of another dimension.
        """
        default = self.store.comparing
        metric = source.metric or default.metric
        normalised = source.normalise
        if normalised is None:
            normalised = default.normalised or metric == "cosine"
        comparing = Comparing(metric=metric, normalised=normalised)
        if source.model is None:
            known = f"{source.kind}:{source.dimension}"
            return Space(
                name="image",
                model=source.kind,
                revision=None,
                digest=hashlib.sha256(known.encode()).hexdigest(),
                dimension=source.dimension,
                modalities=frozenset(),
                metric=comparing.metric,
                normalised=comparing.normalised,
            )
        space = space_of(self.encoder(source.model), comparing=comparing)
        if space.dimension != source.dimension:
            raise ModelMismatchError(
                f'The vectors of "{source.name}" have {source.dimension} numbers; those of the model "{space.model}" '
                f"have {space.dimension}."
            )
        return space

    def encoder_of(self, space: Space) -> Encoder:
        """The model that a space's vectors are of.

        Raises
        ------
        ModelMismatchError
            If what is installed under its name is another version of it.
        ModalityError
            If its vectors were made elsewhere, by nobody knows what.
        """
        if not space.modalities:
            raise ModalityError(
                f'The vectors of "{space.model}" were made elsewhere, and nothing is known that would make one of '
                "words or pictures: search with item:ID, or with a vector in Python."
            )
        for encoder in self.opened.values():
            if encoder.digest == space.digest:
                return encoder
        encoder = self.encoder(space.model)
        if encoder.digest != space.digest:
            raise ModelMismatchError(
                f'The gallery was made with another version of the model "{space.model}" ({space.digest[:12]}) than '
                f"the one installed ({encoder.digest[:12]}). Encode the pictures with it: "
                f"`ilk index FOLDER --model {space.model}`."
            )
        return encoder


def open_encoder(name: str, compute: ComputeOptions | None = None) -> Encoder:
    """A model by its name, on the device and in the precision that were asked for."""
    from ilk.encoders import load_encoder

    if compute is None:
        return load_encoder(name)
    return load_encoder(
        name,
        device=compute.device,
        precision=compute.precision,
        threads=compute.threads,
        batch_size=compute.batch_size,
    )


def refuse_unit_rows(encoder: Encoder) -> None:
    """Refuse a model that gives vectors of length 1 alone. Cost: the model is loaded.

    Raises
    ------
    InputError
        If it does.
    """
    from PIL import Image

    if "image" in encoder.modalities:
        encoder.encode_images([Image.new("RGB", (64, 64), "gray")], normalise=False)
    else:
        encoder.encode_texts(["a"], normalise=False)


def space_of(
    encoder: Encoder,
    kind: SpaceName = "image",
    *,
    dimension: int | None = None,
    comparing: Comparing | None = None,
) -> Space:
    """Where the vectors that a model makes of pictures, or of captions, belong.

    The model may have to be loaded to know their dimension, unless it is known.
    """
    comparing = comparing or Comparing()
    return Space(
        name=kind,
        model=encoder.name,
        revision=encoder.revision,
        digest=encoder.digest,
        dimension=dimension or encoder.dimension,
        modalities=frozenset(encoder.modalities),
        metric=comparing.metric,
        normalised=comparing.normalised,
    )
