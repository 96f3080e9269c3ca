"""What a gallery holds: pictures, those that could not be read, and the spaces of their vectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

from ilk.errors import InputError

MetadataValue: TypeAlias = str | int | float | bool | list[str] | list[int] | list[float] | None
"""What one metadata field may hold: JSON's scalars, and flat lists of them."""

Metadata: TypeAlias = Mapping[str, MetadataValue]

Metric: TypeAlias = Literal["cosine", "ip", "l2"]

SpaceName: TypeAlias = Literal["image", "caption"]
"""``image`` holds vectors of pictures, ``caption`` vectors of their texts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One picture, as a gallery knows it.

    Attributes
    ----------
    id
        Its name in the gallery, unique; for a folder, the path below the gallery's place, with ``/``.
    uri
        Where the picture is: a path relative to the gallery's place, or a URL.
    source
        The kind of source it came from, such as ``"folder"``.
    stamp
        What the source says changes when the picture or its texts do (size and time of a file, the tag of a URL).
    digest
        SHA-256 of the bytes, hexadecimal.
    size_bytes, width, height
        Of the file, and of the upright picture in pixels.
    captions
        Texts that belong to the picture.
    metadata
        Everything else that is known: date, camera, place, columns of a table.
    """

    id: str
    uri: str
    source: str
    stamp: str
    digest: str
    size_bytes: int
    width: int
    height: int
    captions: tuple[str, ...] = ()
    metadata: Metadata = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One picture that could not be read, and why.

    Attributes
    ----------
    id, uri, source, stamp
        As in `Item`: the failure is not retried until the stamp changes.
    code
        The reason as one word, to count by (see `ilk.errors.PictureError`).
    message
        The reason as a sentence.
    """

    id: str
    uri: str
    source: str
    stamp: str
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparing:
    """How vectors are compared with each other.

    Attributes
    ----------
    metric
        By ``"cosine"``, by inner product (``"ip"``) or by squared Euclidean distance (``"l2"``).
    normalised
        Whether each vector has length 1, or the one that its model gave it.

    Raises
    ------
    InputError
        If there is no such metric, or cosines are wanted of vectors as they are: they would be those of length 1.
    """

    metric: Metric = "cosine"
    normalised: bool = True

    def __post_init__(self) -> None:
        if self.metric not in get_args(Metric):
            raise InputError(f'Vectors are compared by "cosine", "ip" or "l2"; {self.metric!r} was given.')
        if self.metric == "cosine" and not self.normalised:
            raise InputError(
                "A cosine does not depend on how long vectors are, so that there is nothing to keep of their length: "
                'leave them normalised, or compare them by "l2" or "ip".'
            )

    def __str__(self) -> str:
        how = {"cosine": "cosine", "ip": "inner product", "l2": "squared distance"}[self.metric]
        return f"{how} of vectors {'of length 1' if self.normalised else 'as their model gives them'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """Vectors that may be compared with each other: one model's, of one kind.

    Attributes
    ----------
    name
        ``"image"`` or ``"caption"``.
    model
        The name the model was asked for by, such as ``"pocket"`` or ``"openai/clip-vit-base-patch32"``.
    revision
        Which version of it, where the name alone does not say.
    digest
        SHA-256 over the model's files: two spaces with the same digest hold comparable vectors.
    dimension
        Numbers in a vector.
    modalities
        What the model can encode into this space: ``"image"``, ``"text"``.
    metric
        How vectors are compared: by ``"cosine"``, by inner product (``"ip"``) or by squared distance (``"l2"``).
    normalised
        Whether each vector has length 1. Cosines are compared of such alone.
    """

    name: SpaceName
    model: str
    revision: str | None
    digest: str
    dimension: int
    modalities: frozenset[str]
    metric: Metric = "cosine"
    normalised: bool = True

    @property
    def comparing(self) -> Comparing:
        """How its vectors are compared."""
        return Comparing(metric=self.metric, normalised=self.normalised)


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """An item near a vector: what a store answers, before a gallery dresses it as a `Hit`.

    Its similarity is as the space compares: a cosine, an inner product, or the negative of a squared distance.
    """

    item: Item
    similarity: float
